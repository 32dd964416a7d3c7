"""Clients of the tax register and of GCIS against their twins."""

from datetime import date

import pytest

from outside import gcis, http, tax_registry
from outside.sandbox.country import enterprises
from outside.sandbox.samples import sample, samples, vendor_ubn, vendors
from tests.sandbox import Sandbox


def test_tax_registry_tells_everything_about_a_business(sandbox: Sandbox) -> None:
    one = sample("retail").enterprise
    record = tax_registry.look_up(one.ubn)
    assert record is not None
    assert (record.ubn, record.name, record.address) == (one.ubn, one.name, one.address)
    assert record.capital_twd == 5_000_000
    assert record.setup_date == one.setup_date
    assert record.industries == (("471913", "雜貨店"), ("473211", "服裝零售"))
    assert record.uses_invoice
    assert record.is_business
    assert (record.status, record.suspended_from) == ("operating", None)
    assert record.raw["businessNm"] == one.name
    assert record.source.startswith(sandbox.url)


@pytest.mark.parametrize(("key", "status"), [("suspended", "suspended"), ("closed", "closed")])
def test_tax_registry_tells_that_a_business_does_not_operate(sandbox: Sandbox, key: str, status: str) -> None:
    record = tax_registry.look_up(sample(key).ubn)
    assert record is not None
    assert record.status == status
    assert record.suspended_from == (date(2025, 9, 1) if key == "suspended" else None)


def test_tax_registry_finds_a_body_that_is_no_business(sandbox: Sandbox) -> None:
    record = tax_registry.look_up(sample("cooperative").ubn)
    assert record is not None
    assert not record.is_business
    assert record.name == sample("cooperative").name


def test_tax_registry_names_the_head_office_of_a_branch(sandbox: Sandbox) -> None:
    record = tax_registry.look_up(sample("branch").ubn)
    assert record is not None
    assert record.head_office_ubn == sample("retail").ubn


@pytest.mark.parametrize("key", ["unknown", "wrong_checksum"])
def test_registers_do_not_know_a_number_that_nobody_has(sandbox: Sandbox, key: str) -> None:
    assert tax_registry.look_up(sample(key).ubn) is None
    assert gcis.look_up(sample(key).ubn) is None


def test_every_enterprise_of_the_country_is_read_without_complaint(sandbox: Sandbox) -> None:
    for one in enterprises(150):
        tax, commerce = tax_registry.look_up(one.ubn), gcis.look_up(one.ubn)
        assert tax is not None
        assert (tax.name, tax.status) == (one.name, one.tax_status)
        assert (commerce.kind if commerce else "") == one.gcis_kind


def test_gcis_tells_a_company_with_its_business_items(sandbox: Sandbox) -> None:
    record = gcis.look_up(vendor_ubn("V001"))
    vendor = vendors()[0]
    assert record is not None
    assert (record.kind, record.name) == ("company", vendor.name)
    assert record.paid_in_capital_twd == vendor.capital_twd
    assert record.responsible_name == vendor.responsible.name
    assert [code for code, _ in record.business_items] == ["I301010", "I301020", "I301030"]
    assert (record.status_code, record.is_active) == ("01", True)


def test_gcis_tells_that_a_company_is_dissolved(sandbox: Sandbox) -> None:
    record = gcis.look_up(sample("dissolved").ubn)
    assert record is not None
    assert (record.status_code, record.status_description, record.is_active) == ("04", "解散", False)


def test_gcis_tells_a_sole_business_and_its_owner(sandbox: Sandbox) -> None:
    record = gcis.look_up(sample("restaurant").ubn)
    assert record is not None
    assert (record.kind, record.organisation_kind, record.responsible_name) == ("business", "獨資", "林秀琴")


def test_gcis_tells_a_branch_and_its_head_office(sandbox: Sandbox) -> None:
    record = gcis.look_up(sample("branch").ubn)
    assert record is not None
    assert (record.kind, record.head_office_ubn) == ("branch", sample("retail").ubn)


def test_gcis_twin_answers_a_miss_with_an_empty_body(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/gcis/od/data/api/{gcis.COMPANY}"
    query = {
        "$format": "json",
        "$filter": f"Business_Accounting_NO eq {sample('unknown').ubn}",
        "$skip": "0",
        "$top": "50",
    }
    assert http.get("gcis", url, params=query).body == b""


@pytest.mark.parametrize("top", ["0", "1001", "many"])
def test_gcis_twin_refuses_a_page_size_out_of_range(sandbox: Sandbox, top: str) -> None:
    url = f"{sandbox.url}/gcis/od/data/api/{gcis.COMPANY}"
    query = {"$format": "json", "$filter": f"Business_Accounting_NO eq {sample('retail').ubn}", "$top": top}
    assert http.get("gcis", url, params=query, accept=(400,)).status == 400


def test_status_table_has_33_codes_of_which_one_is_active() -> None:
    assert len(gcis.status_descriptions()) == 33
    assert [code for code in gcis.status_descriptions() if gcis.is_active(code)] == ["01"]
    assert gcis.code_of("解散") == "04"


def test_names_of_samples_are_what_the_registers_print(sandbox: Sandbox) -> None:
    for one in samples():
        record = tax_registry.look_up(one.ubn)
        assert (record.name if record else "") == one.name
