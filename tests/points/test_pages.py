"""Pages of points, as strangers, members and the office see them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from organisations.models.people import Membership, StaffRole
from organisations.models.places import County, Township
from organisations.models.registry import RegistryImport, RegistryRecord
from organisations.selectors import facts as registry
from points.download import verify
from points.models.grants import Application, Grant, SubsidyRecord
from points.models.programmes import Zone
from points.services.digests import publish_digest
from points.services.grants import apply_for_points, decide_application
from tests.points.conftest import AT

pytestmark = pytest.mark.django_db
Maker = Callable[..., tuple[Any, Any]]
UBN = "04595257"


@pytest.fixture(autouse=True)
def _fresh_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    for module in ("eligibility", "zones", "my_points", "budgets", "ledger_proof"):
        monkeypatch.setattr(f"points.views.{module}.clock.now", lambda: AT)


@pytest.fixture
def registered() -> Callable[..., RegistryRecord]:
    """Makes numbers that the tax register knows."""

    def make(**facts: Any) -> RegistryRecord:
        about = {
            "ubn": UBN, "name": "阿滿豆花店", "address": "臺南市東區大學路1號", "capital_twd": 200_000, "setup_date": date(2018, 3, 1),
            "organisation_kind": "獨資", "industry_code": "561113", "industry_name": "飲料店", "status": "operating", "row_hash": 1,
            "data_date": date(2026, 11, 19),
        }  # fmt: skip
        return RegistryRecord.objects.create(**about | facts)

    return make


def words(response: Any) -> str:
    """What the page says, without its marks."""
    text = re.sub(r"<(script|style|svg).*?</\1>", "", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", text))


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


# Eligibility


def test_the_question_stands_without_log_in(client: Client, programme: None) -> None:
    response = client.get("/eligibility/")
    assert response.status_code == 200
    assert "補助專區" in words(response)


def test_a_good_number_may_apply_and_is_told_each_condition(
    client: Client, programme: None, registered: Any
) -> None:
    registered()
    said = words(client.get(f"/eligibility/?ubn={UBN}"))
    assert "阿滿豆花店可以申請，最高30,000點" in said
    assert "資本額200,000元，未超過100,000,000元。" in said
    assert "其他專區為什麼不行" in said


@pytest.mark.parametrize("typed", ["0459 5257", "０４５９５２５７", " 04595257 "])
def test_a_number_is_understood_as_people_type_it(
    client: Client, programme: None, registered: Any, typed: str
) -> None:
    registered()
    assert "阿滿豆花店" in words(client.get("/eligibility/", {"ubn": typed}))


@pytest.mark.parametrize(
    "typed", ["04595258", "1234567", "abc", "00000000", "<script>alert(1)</script>", "9" * 500]
)
def test_a_wrong_number_is_explained_and_kept_in_the_box(client: Client, programme: None, typed: str) -> None:
    response = client.get("/eligibility/", {"ubn": typed})
    assert response.status_code == 200
    assert "統一編號不正確" in words(response)
    assert "<script>alert" not in response.content.decode()


def test_a_number_no_register_knows_is_told_what_to_do(client: Client, programme: None, sandbox: Any) -> None:
    assert f"登記資料裡沒有{UBN}" in words(client.get(f"/eligibility/?ubn={UBN}"))


def test_a_register_that_is_down_is_said_to_be_down(client: Client, programme: None, sandbox: Any) -> None:
    sandbox.misbehave("gcis", "500")
    sandbox.misbehave("tax-registry", "500")
    response = client.get(f"/eligibility/?ubn={UBN}")
    assert response.status_code == 200
    assert response.context["is_down"]
    assert f"登記資料裡沒有{UBN}" not in words(response)


def test_a_suspended_shop_with_another_grant_is_told_both_things_first(
    client: Client, programme: None, registered: Any
) -> None:
    registered(status="suspended")
    SubsidyRecord.objects.create(
        ubn=UBN, programme_name="商業服務業數位轉型", kind="small", amount_twd=20_000, approved_at=AT
    )
    said = words(client.get(f"/eligibility/?ubn={UBN}"))
    assert "現在還不能申請，先處理2件事" in said
    assert said.index("稅籍停業中") < said.index("企業規模")
    assert said.index("已領小型補助") < said.index("企業規模")
    assert "先向國稅局辦理復業" in said


def test_a_stranger_does_not_see_the_points_of_a_number(
    client: Client, programme: None, registered: Any, new_organisation: Maker
) -> None:
    """Rule book R2-9."""
    registered()
    organisation, person = new_organisation(ubn=UBN)
    decide_application(
        apply_for_points(organisation=organisation, zone=Zone.objects.get(code="general"), by=person, at=AT),
        at=AT,
    )
    said = words(client.get(f"/eligibility/?ubn={UBN}"))
    assert "登入後才看得到" in said
    assert "已經有一筆可用的點數" not in said


def test_a_rural_shop_is_shown_the_rural_zone(client: Client, programme: None, registered: Any) -> None:
    township = Township.objects.filter(is_rural=True).select_related("county").first()
    if township is None:
        county = County.objects.create(
            code="10015", name_zh="花蓮縣", name_en="Hualien", region="east", id_letter="U"
        )
        township = Township.objects.create(
            code="10015120",
            county=county,
            name_zh="萬榮鄉",
            name_en="Wanrong",
            postal_code="979",
            is_rural=True,
            longitude=121,
            latitude=23,
        )
    registry.forget_places()
    registered(township=township)
    response = client.get(f"/eligibility/?ubn={UBN}")
    registry.forget_places()
    fitting = {row.code for row in response.context["fitting"]}
    assert {"general", "rural"} <= fitting
    assert "clinics" not in fitting


def test_twenty_questions_a_minute_are_answered_the_next_gets_a_clear_sentence(
    client: Client, programme: None
) -> None:
    for _ask in range(20):
        assert client.get("/eligibility/?ubn=1").status_code == 200
    response = client.get("/eligibility/?ubn=1")
    assert response.status_code == 429
    assert "一分鐘最多查20次" in words(response)
    assert client.get("/eligibility/?ubn=1", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_an_answer_costs_few_queries(
    client: Client, programme: None, registered: Any, django_assert_max_num_queries: Any
) -> None:
    registered()
    RegistryImport.objects.all()
    with django_assert_max_num_queries(15):
        client.get(f"/eligibility/?ubn={UBN}")


# Zones and rules


def test_every_zone_has_a_page_and_the_list_links_to_it(client: Client, programme: None) -> None:
    listed = client.get("/zones/").content.decode()
    codes = list(Zone.objects.values_list("code", flat=True))
    assert len(codes) == 12
    for code in codes:
        assert f"/zones/{code}/" in listed
        assert client.get(f"/zones/{code}/").status_code == 200


def test_the_general_zone_says_its_parameters(client: Client, programme: None) -> None:
    said = words(client.get("/zones/general/"))
    for words_of_the_rules in (
        "30,000點",
        "核發後3個月內下單",
        "業者5個工作天內回覆",
        "接單後第14天啟用",
        "用滿30天後",
        "實收資本額100,000,000元以下，或員工未滿200人",
    ):
        assert words_of_the_rules in said


def test_an_unknown_zone_is_not_found(client: Client, programme: None) -> None:
    assert client.get("/zones/nothing/").status_code == 404


def test_the_rule_book_in_force_has_an_anchor_for_each_clause_and_the_earlier_version_stays(
    client: Client, programme: None
) -> None:
    now, before = client.get("/rules/").content.decode(), client.get("/rules/?version=1").content.decode()
    assert 'id="R4-4"' in now
    assert "業者應在簽約後5個工作日內接單" in now
    assert "業者應在簽約後7個工作日內接單" in before


@pytest.mark.parametrize(
    "page",
    ["/eligibility/", "/zones/", "/zones/general/", "/zones/rural/", "/rules/", "/transparency/ledger/"],
)
def test_pages_stand_in_english_too(client: Client, programme: None, page: str) -> None:
    main = re.search(r"<main.*</main>", client.get(f"/en{page}").content.decode(), flags=re.S)
    assert main is not None
    chinese = re.findall(r"[\u3400-\u9fff]+", re.sub(r"<[^>]+lang=\"zh[^>]*>.*?</", "", main[0]))
    assert chinese == []


# One's own points


def test_strangers_are_asked_to_sign_in(client: Client, programme: None) -> None:
    for address in ("/my/points/", "/my/points/state/", "/my/points/statement.pdf", "/office/budgets/"):
        assert client.get(address).status_code == 302
    assert client.post("/my/points/apply/general/").status_code == 302


def test_a_member_without_points_is_offered_the_zones_that_fit(
    new_organisation: Maker, programme: None
) -> None:
    _organisation, person = new_organisation()
    response = signed_in(person).get("/my/points/")
    assert "申請「補助專區」的點數" in words(response)
    assert {row.code for row in response.context["offers"]} == {
        "general",
        "digital-payment",
        "generative-ai",
        "net-zero",
    }


def test_applying_makes_one_application_and_shows_that_it_is_being_checked(
    new_organisation: Maker, programme: None
) -> None:
    organisation, person = new_organisation()
    client = signed_in(person)
    for _click in range(2):
        client.post("/my/points/apply/general/", {"declared": "中小型製造業數位轉型計畫\n\n"})
    application = Application.objects.get(organisation=organisation)
    assert application.declared_grants == ["中小型製造業數位轉型計畫"]
    page = client.get("/my/points/")
    assert "正在查核" in words(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()
    assert client.get("/my/points/state/").status_code == 200
    decide_application(application, at=AT)
    done = client.get("/my/points/state/")
    assert (done.status_code, done["HX-Refresh"]) == (286, "true")
    assert "30,000" in words(client.get("/my/points/"))


def test_a_refused_member_reads_why_and_what_to_do(new_organisation: Maker, programme: None) -> None:
    organisation, person = new_organisation(tax_status="suspended")
    decide_application(
        apply_for_points(organisation=organisation, zone=Zone.objects.get(code="general"), by=person, at=AT),
        at=AT,
    )
    said = words(signed_in(person).get("/my/points/"))
    assert "這次的申請沒有通過" in said
    assert "先向國稅局辦理復業" in said


def test_a_viewer_may_look_and_not_apply(new_organisation: Maker, programme: None) -> None:
    organisation, _person = new_organisation()
    membership = organisation.memberships.get()
    membership.role = Membership.Role.VIEWER
    membership.save()
    client = signed_in(membership.user)
    assert client.get("/my/points/").status_code == 200
    assert client.post("/my/points/apply/general/").status_code == 403


@pytest.mark.parametrize(("fmt", "begins"), [("pdf", b"%PDF"), ("ods", b"PK"), ("xlsx", b"PK"), ("csv", b"")])
def test_the_statement_is_a_file_in_each_format(
    new_organisation: Maker, programme: None, fmt: str, begins: bytes
) -> None:
    organisation, person = new_organisation()
    decide_application(
        apply_for_points(organisation=organisation, zone=Zone.objects.get(code="general"), by=person, at=AT),
        at=AT,
    )
    response = signed_in(person).get(f"/my/points/statement.{fmt}")
    assert response.status_code == 200
    assert response.content.startswith(begins)
    if fmt == "csv":
        assert "30000" in response.content.decode("utf-8-sig").replace(",", "")


def test_the_statement_of_an_earlier_day_shows_that_day(new_organisation: Maker, programme: None) -> None:
    organisation, person = new_organisation()
    decide_application(
        apply_for_points(organisation=organisation, zone=Zone.objects.get(code="general"), by=person, at=AT),
        at=AT,
    )
    before = signed_in(person).get("/my/points/statement.csv?until=115/11/22").content.decode()
    assert "核發" not in before
    assert signed_in(person).get("/my/points/statement.exe").status_code == 404


# The office, and everybody's proof


def test_budgets_are_for_the_office(new_person: Any, programme: None) -> None:
    person = new_person()
    assert signed_in(person).get("/office/budgets/").status_code == 404
    StaffRole.objects.create(user=person, role=StaffRole.Role.SUPPORT, given_at=AT)
    assert signed_in(person).get("/office/budgets/").status_code in (302, 403)


def test_the_three_downloads_prove_the_ledger(
    client: Client, new_organisation: Maker, programme: None, tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    organisation, person = new_organisation()
    decide_application(
        apply_for_points(organisation=organisation, zone=Zone.objects.get(code="general"), by=person, at=AT),
        at=AT,
    )
    assert Grant.objects.count() == 1
    publish_digest(at=AT)
    for name in ("digests.csv", "transfers.csv", "verify.py"):
        response = client.get(f"/transparency/ledger/{name}")
        (tmp_path / name).write_bytes(
            b"".join(response.streaming_content) if response.streaming else response.content
        )
    assert (tmp_path / "verify.py").read_bytes() == Path(verify.__file__).read_bytes()
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "digests.csv", "transfers.csv"], cwd=tmp_path, check=False
    )
    assert done.returncode == 0
