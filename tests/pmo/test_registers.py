"""What the office and the auditors download says what the ledger says: the same totals in every form of the file."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from allauth.account.internal.flows.login import _AUTHENTICATION_METHODS_USER_SESSION_KEY
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from marketplace.models.claims import Payout
from organisations.models.places import Township
from pmo.reports.registers import reimbursement_register
from pmo.reports.tables import TABLES
from pmo.selectors import warroom
from pmo.selectors.period import Period
from pmo.selectors.reimbursements import register_row, reimbursements, tie_out
from points.models.ledger import Transfer
from points.models.programmes import BudgetSource
from points.selectors.funnel import funnel
from portal.models import User
from portal.selectors.public_figures import counties_reached, public_figures
from tests.past import AT, grown  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("grown")


@pytest.fixture(autouse=True)
def _in_chinese() -> Iterator[None]:
    with override("zh-hant"):
        yield


def everything() -> Period:
    return Period.from_query({}, at=AT)


def paid_points() -> int:
    return sum(Transfer.objects.filter(operation="pay").values_list("points", flat=True))


def register(fmt: str) -> bytes:
    return reimbursement_register(everything(), fmt, made_by="吳宗翰", at=AT)


def test_the_csv_register_adds_up_to_the_payments_of_the_ledger() -> None:
    lines = list(csv.reader(io.StringIO(register("csv").decode("utf-8-sig"))))
    head = next(n for n, line in enumerate(lines) if "請款編號" in line)
    column = lines[head].index("已撥點數")
    claims = [
        line
        for line in lines[head + 1 :]
        if len(line) > column and line[lines[head].index("請款編號")].startswith("C115-")
    ]
    assert len(claims) == Payout.objects.filter(state=Payout.State.PAID).count()
    assert sum(int(line[column].replace(",", "")) for line in claims) == paid_points()


@pytest.mark.parametrize(("fmt", "part"), [("ods", "content.xml"), ("xlsx", "xl/worksheets/sheet1.xml")])
def test_the_total_of_a_spreadsheet_is_the_ledger_s(fmt: str, part: str) -> None:
    with zipfile.ZipFile(io.BytesIO(register(fmt))) as packed:
        words = "".join(packed.read(part).decode())
    ElementTree.fromstring(words)
    assert str(paid_points()) in words


def test_the_register_on_paper_is_a_pdf_with_a_page() -> None:
    made = register("pdf")
    assert made.startswith(b"%PDF-")
    assert len(made) > 10_000


def test_a_register_s_line_names_its_valid_invoices_in_plain_words() -> None:
    for payout in reimbursements(everything())[:40]:
        valid = (
            payout.claim.invoices.filter(voided_at=None).order_by("number").values_list("number", flat=True)
        )
        assert register_row(payout)["invoices"] == "、".join(valid)


def test_each_zone_ties_out_and_together_they_are_everything() -> None:
    codes = set(
        reimbursements(everything()).values_list("claim__order__grant__zone_version__zone__code", flat=True)
    )
    found = [tie_out(Period.from_query({"zone": code}, at=AT)) for code in codes]
    assert len(found) > 1
    assert all(each.agrees for each in found)
    assert sum(each.ledger_points for each in found) == paid_points()


def test_a_year_without_payments_is_empty_and_agrees() -> None:
    later = Period(since=AT, until=AT)
    assert tie_out(later).agrees
    assert tie_out(later).payouts == 0


def test_a_payment_that_the_register_does_not_know_is_seen() -> None:
    payout = Payout.objects.filter(state=Payout.State.PAID).first()
    assert payout is not None
    Payout.objects.filter(pk=payout.pk).update(state=Payout.State.FAILED)
    try:
        assert not tie_out(everything()).agrees
    finally:
        Payout.objects.filter(pk=payout.pk).update(state=Payout.State.PAID)


def test_budgets_make_up_the_funnel() -> None:
    whole = {row.code: row.value for row in funnel(until=AT)}
    parts = [funnel(budget_source=source, until=AT) for source in BudgetSource.objects.all()]
    for place, code in enumerate(whole):
        assert sum(part[place].value for part in parts) == whole[code], code


def test_the_tables_of_the_war_room_add_up_to_its_tiles() -> None:
    tiles = warroom.tiles(everything())
    for name, build in TABLES.items():
        _title, columns, rows = build(everything())
        names = [column.name for column in columns]
        if "orders" in names:
            assert sum(row[names.index("orders")] for row in rows) == tiles.orders, name  # type: ignore[misc]
    assert len(TABLES["townships"](everything())[2]) == Township.objects.count() == 368


def test_layers_of_the_map_are_parts_of_the_country() -> None:
    whole = {row["township"].pk: row["enterprises"] for row in warroom.by_township(everything())}
    for layer in ("rural", "indigenous", "hakka", "offshore"):
        part = warroom.by_township(everything(), layer=layer)
        assert 0 < len(part) < 368
        assert all(whole[row["township"].pk] == row["enterprises"] for row in part)
    assert any(whole.values())
    assert not all(whole.values())


def test_months_stand_in_order_and_each_has_orders() -> None:
    months = warroom.by_month(everything())
    assert [row["month"] for row in months] == sorted(row["month"] for row in months)
    assert len(months) >= 9
    assert months[-1]["month"] <= timezone.localtime(AT)


def test_what_everybody_sees_is_what_the_office_sees() -> None:
    tiles, shown = warroom.tiles(everything()), public_figures(at=AT)
    values = [row["value"] for row in shown]
    assert values[:4] == [tiles.enterprises, tiles.townships, tiles.points_per_enterprise, tiles.paid_points]
    assert len(shown) == 5
    counties = counties_reached(at=AT)
    assert len(counties) == 22
    assert any(row["per_hundred"] for row in counties)


def signed_in(name: str) -> Client:
    client = Client()
    user = User.objects.get(username=name)
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": time.time()}]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()
    return client


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("huang", "/office/warroom/"),
        ("huang", "/office/map/"),
        ("wu", "/audit/reimbursements/"),
        ("tsai", "/office/warroom/"),
    ],
)
def test_the_pages_show_their_figures(who: str, path: str) -> None:
    answer: Any = signed_in(who).get(path)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "Value(" not in text
    assert "還沒有訂單" not in text


def test_a_shopkeeper_sees_none_of_it() -> None:
    for path in ("/office/warroom/", "/audit/reimbursements/", "/audit/reimbursements/register.ods"):
        assert signed_in("chen").get(path).status_code in (302, 403, 404), path
