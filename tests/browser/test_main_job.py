"""The main job, end to end, as its people live it: owner, vendor, officer, finance, PMO, auditor; both languages, both widths."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from python_calamine import CalamineWorkbook

from marketplace.models.claims import Claim
from marketplace.models.orders import Order
from outside.sandbox.samples import Sample, sample
from points.models.ledger import Account
from points.selectors.verification import verify_ledger
from tests.browser.walk import PASSWORD, Walk

pytestmark = pytest.mark.xdist_group("main job")


@pytest.fixture
def walk(request: pytest.FixtureRequest, browser: Browser, live_platform: Any) -> Iterator[Walk]:
    """The journey's windows; axe's complaints fail the test at the end."""
    language, width = request.param
    journey = Walk(browser, live_platform.url, language=language, width=width)
    yield journey
    journey.close()


@pytest.mark.parametrize("walk", [("zh", 1280)], indirect=True, ids=["zh-1280"])
def test_a_noodle_shop_gets_points_buys_uses_and_its_vendor_is_paid(walk: Walk) -> None:
    page = walk.person("lin")
    _may_i(page, walk, sample("restaurant"))
    _whole_life(walk, page, sample("restaurant"), code="S0002", invoice="AB12345678")
    _the_office_sees_it(walk)
    assert not walk.complaints


@pytest.mark.parametrize("walk", [("en", 390)], indirect=True, ids=["en-390"])
def test_a_new_owner_on_a_phone_signs_up_and_does_the_same_in_english(walk: Walk) -> None:
    page = _sign_up(walk, "tsai@shop.example")
    _whole_life(walk, page, sample("second_restaurant"), code="S0001", invoice="CD87654321")
    _the_auditor_ties_it_out(walk)
    assert not walk.complaints


def _may_i(page: Page, walk: Walk, shop: Sample) -> None:
    page.goto("")
    walk.look(page, "home")
    page.fill("main input[name=ubn]", "12345678")
    walk.submit(page, "main form:has(input[name=ubn]) button")
    expect(page.locator("main input[name=ubn][aria-invalid=true]")).to_be_visible()
    page.goto(f"eligibility/?ubn={sample('suspended').ubn}")
    expect(page.locator("main .seal.is-warn").first).to_be_visible()
    walk.look(page, "eligibility-no")
    page.goto(f"eligibility/?ubn={shop.ubn}")
    expect(page.locator("main .seal.is-pass").first).to_be_visible()
    walk.look(page, "eligibility-yes")


def _sign_up(walk: Walk, address: str) -> Page:
    page = walk.visitor("owner")
    page.goto("accounts/signup/")
    walk.look(page, "sign-up")
    page.fill("input[name=email]", address)
    page.fill("input[name=password1]", PASSWORD)
    page.fill("input[name=password2]", PASSWORD)
    walk.submit(page, "main form:has(input[name=password1]) button")
    page.fill("input[name=code]", walk.read_mailed_code(address))
    walk.submit(page, "main form:has(input[name=code]) button")
    return page


def _whole_life(walk: Walk, page: Page, shop: Sample, *, code: str, invoice: str) -> None:
    assert shop.enterprise is not None
    responsible = shop.enterprise.responsible
    walk.join(page, ubn=shop.ubn, national_id=responsible.national_id, phone=responsible.phone)
    walk.apply(page)
    number = walk.order(page, code)
    vendor = walk.person("wang")
    walk.deliver(vendor, number)
    walk.accept(page, number)
    walk.rate(page, number)
    started = walk.platform_now(page)
    walk.days_later(page, months=1, days=2)
    walk.report_use(vendor, number, since=started, days=30)
    order = Order.objects.get(number=number)
    claim = walk.claim(vendor, number, invoice=invoice, price=order.price_twd)
    _checked(claim)
    officer = walk.person("chang")
    walk.decide(officer, claim)
    walk.pay(walk.person("lee"), walk.batch(officer))
    _paid(order, claim)


def _checked(number: str) -> None:
    """The worker looks at a claim within seconds."""
    for _try in range(40):
        if Claim.objects.get(number=number).state != Claim.State.CHECKING:
            return
        time.sleep(0.5)
    pytest.fail(f"{number} was not checked")


def _paid(order: Order, number: str) -> None:
    claim = Claim.objects.get(number=number)
    assert claim.state == Claim.State.PAID
    assert claim.approved_points == order.points
    account = Account.objects.get(order_id=order.pk, kind=Account.Kind.IN_CLAIM)
    assert (account.posted_credit, account.posted_debit) == (order.points, order.points)
    assert verify_ledger() == []


def _the_office_sees_it(walk: Walk) -> None:
    office = walk.person("huang")
    for address, name in (
        ("office/warroom/", "war-room"),
        ("office/map/", "map"),
        ("office/budgets/", "budgets"),
    ):
        office.goto(address)
        walk.look(office, name)
    public = walk.visitor("public")
    for address, name in (
        ("transparency/", "transparency"),
        ("solutions/", "solutions"),
        ("zones/", "zones"),
        ("rules/", "rules"),
    ):
        public.goto(address)
        walk.look(public, name)


def _the_auditor_ties_it_out(walk: Walk) -> None:
    auditor = walk.person("wu")
    auditor.goto("audit/reimbursements/")
    walk.look(auditor, "reimbursements")
    paid = sum(Claim.objects.filter(state=Claim.State.PAID).values_list("approved_points", flat=True))
    for fmt in ("ods", "xlsx"):
        body = auditor.request.get(f"audit/reimbursements/register.{fmt}").body()
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0)
        totals = [cell for row in sheet.to_python()[-1:] for cell in row]
        assert paid in totals
    assert auditor.request.get("audit/reimbursements/register.csv").ok
    assert auditor.request.get("audit/reimbursements/register.pdf").body().startswith(b"%PDF")
    for address, name in (
        ("audit/", "audit"),
        ("audit/funnel/", "funnel"),
        ("audit/ledger/", "ledger"),
        ("audit/trail/", "trail"),
    ):
        auditor.goto(address)
        walk.look(auditor, name)
