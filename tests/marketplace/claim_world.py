"""Sales for tests of claims: an order in use with its points in the ledger, its people, and invoices that fit it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from django.utils import timezone

from marketplace.models.claims import Claim
from marketplace.models.orders import Contract, Order, Rating, UsageDay
from marketplace.services.claims import check_claim, submit_claim
from marketplace.services.contracts import platform_key
from marketplace.services.invoices import InvoiceDraft
from organisations.models.organisation import BankAccount, Organisation
from organisations.models.people import Agency, Membership, StaffRole
from organisations.models.places import Category, SubCategory
from organisations.models.registry import RegistryCheck
from outside.sandbox.ubn import with_check_digit
from papers.seal import seal_pdf
from points.models.grants import Grant
from points.models.programmes import BudgetSource, Programme, Zone, ZoneVersion
from points.services import ledger
from portal.models import User
from vendors.models.solutions import Plan, Solution, SolutionVersion
from vendors.models.vendors import Vendor

AT = datetime(2026, 11, 20, 1, 12, tzinfo=UTC)  # 09:12 in Taipei
SIGNED = AT - timedelta(days=50)
ACTIVATED = AT - timedelta(days=45)
PRICE, POINTS = 28_800, 14_400
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Sale:
    """One order in use and everybody around it."""

    order: Order
    budget: BudgetSource
    seller: User
    buyer: User

    @property
    def vendor(self) -> Vendor:
        return self.order.vendor

    @property
    def in_claim(self) -> int:
        return ledger.open_account("in_claim", order_id=self.order.pk)

    @property
    def paid(self) -> int:
        return ledger.open_account("paid", budget_source_id=self.budget.pk)

    @property
    def unclaimable(self) -> int:
        return ledger.open_account("unclaimable", budget_source_id=self.budget.pk)

    def balances(self) -> dict[str, int]:
        """Points of this order by where they are (paid and unclaimable are the budget's: one sale per budget here)."""
        places = {
            "claimable": self.order.account_id,
            "in_claim": self.in_claim,
            "paid": self.paid,
            "unclaimable": self.unclaimable,
        }
        return {name: ledger.balance(account or 0).available for name, account in places.items()}


def a_user(name: str = "") -> User:
    """A person with an account."""
    number = next(_numbers)
    email = f"person{number}@example.org"
    return User.objects.create_user(username=email, email=email, display_name=name or f"第{number}號")


def staff(role: str, name: str = "") -> User:
    """A colleague of the office."""
    user = a_user(name)
    StaffRole.objects.create(user=user, role=role, given_at=AT)
    return user


def officer(name: str = "張美玲") -> User:
    return staff(StaffRole.Role.OFFICER, name)


def finance(name: str = "李國華") -> User:
    return staff(StaffRole.Role.FINANCE, name)


def member(organisation: Organisation, role: str = Membership.Role.ACCEPTOR) -> User:
    """A person who acts for an organisation."""
    user = a_user()
    Membership.objects.create(user=user, organisation=organisation, role=role, started_at=AT)
    return user


def an_organisation(name: str = "阿滿豆花店", **facts: Any) -> Organisation:
    """An organisation with facts that nobody else shares."""
    number = next(_numbers)
    unique = {
        "ubn": with_check_digit(4_000_000 + number * 7),
        "kind": Organisation.Kind.SOLE,
        "responsible_person": f"負責人{number}",
        "address": f"臺南市東區大學路{number}號",
        "phone": f"06-{2_000_000 + number}",
        "setup_date": date(2015, 3, 1),
        "joined_at": AT - timedelta(days=200),
    }
    return Organisation.objects.create(name=name, **unique | facts)


def a_vendor(name: str = "禾田資訊股份有限公司", *, with_account: bool = True) -> Vendor:
    """A vendor in good standing whose account is older than the cooling time."""
    organisation = an_organisation(name, kind=Organisation.Kind.COMPANY)
    if with_account:
        an_account(organisation)
    return Vendor.objects.create(
        organisation=organisation,
        code=f"V{next(_numbers):05}",
        state="active",
        name_en="Hetian",
        passed_at=AT,
    )


def an_account(organisation: Organisation, *, since: datetime | None = None) -> BankAccount:
    """The organisation's account in force; an earlier one ends."""
    since = since or AT - timedelta(days=100)
    organisation.bank_accounts.filter(valid_to=None).update(valid_to=since)
    return BankAccount.objects.create(
        organisation=organisation,
        bank_code="0040037",
        account_number=f"{next(_numbers):012}7",
        account_name=organisation.name,
        valid_from=since,
    )


def a_plan(vendor: Vendor, price_twd: int) -> Plan:
    """A listed solution with one plan."""
    number = next(_numbers)
    category, _new = Category.objects.get_or_create(
        code="test", defaults={"name_zh": "測試", "name_en": "Test"}
    )
    kind, _new = SubCategory.objects.get_or_create(
        code="T1",
        defaults={
            "category": category,
            "name_zh": "收銀",
            "name_en": "POS",
            "group_zh": "店",
            "group_en": "Shop",
        },
    )
    solution = Solution.objects.create(
        vendor=vendor, code=f"S{number:06}", state="listed", main_sub_category=kind
    )
    version = SolutionVersion.objects.create(
        solution=solution,
        number=1,
        valid_from=AT,
        name_zh="快手雲端收銀",
        name_en="Quick POS",
        summary_zh="收銀",
        summary_en="POS",
    )
    solution.current = version
    solution.save()
    return Plan.objects.create(
        version=version,
        position=1,
        name_zh="標準",
        name_en="Standard",
        price_twd=price_twd,
        months=12,
        data_volume=1_000,
        users=5,
    )


def a_grant(organisation: Organisation, points: int, *, auto_limit: int = 0, sampling_bp: int = 0) -> Grant:
    """Points out of a budget of their own, so that its totals are this sale's."""
    number = next(_numbers)
    agency, _new = Agency.objects.get_or_create(
        code="test", defaults={"name_zh": "測試署", "name_en": "Test agency"}
    )
    programme = Programme.objects.create(
        code=f"p{number}", name_zh="計畫", name_en="Programme", agency=agency,
        starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31),
    )  # fmt: skip
    budget = BudgetSource(
        programme=programme, agency=agency, code=f"b{number}", name_zh="經費", name_en="Budget", roc_year=115
    )
    budget.account_id = -number
    budget.save()
    budget.account_id = ledger.open_account("budget", budget_source_id=budget.pk, buckets=1)
    budget.save()
    ledger.appropriate(
        budget_account_id=budget.account_id,
        points=points,
        key=f"t:{budget.pk}:a",
        reason="yearly",
        cause=("test", 1),
        at=SIGNED,
    )
    zone = Zone.objects.create(programme=programme, code=f"z{number}", funding="own")
    version = ZoneVersion.objects.create(
        zone=zone,
        number=1,
        state="draft",
        valid=(SIGNED, None),
        name_zh="補助專區",
        name_en="General zone",
        auto_claim_limit_points=auto_limit,
        sampling_rate_bp=sampling_bp,
    )
    grant = Grant.objects.create(
        organisation=organisation,
        zone_version=version,
        budget_source=budget,
        account_id=-number,
        points=points,
        granted_at=SIGNED - timedelta(days=5),
        use_by_date=date(2026, 12, 31),
    )
    grant.account_id = ledger.open_account(
        "grant", budget_source_id=budget.pk, grant_id=grant.pk, organisation_id=organisation.pk
    )
    grant.save()
    ledger.grant(
        budget_account_id=budget.account_id,
        account_id=grant.account_id,
        points=points,
        key=f"t:{grant.pk}:g",
        reason="first",
        cause=("test", 1),
        at=SIGNED,
    )
    return grant


def a_sale(
    *,
    vendor: Vendor | None = None,
    organisation: Organisation | None = None,
    price_twd: int = PRICE,
    points: int = POINTS,
    auto_limit: int = 0,
    sampling_bp: int = 0,
    rated: bool = True,
    copay_paid: bool = True,
    days_used: int = 25,
    state: str = Order.State.IN_USE,
    activated_at: datetime = ACTIVATED,
    sealed: bool = True,
    checked: bool = True,
) -> Sale:
    """An order that can be claimed at `AT`; each argument takes one thing away."""
    vendor = vendor or a_vendor()
    organisation = organisation or an_organisation()
    grant = a_grant(organisation, points, auto_limit=auto_limit, sampling_bp=sampling_bp)
    order = _an_order(vendor, organisation, grant, price_twd, points, state, activated_at, copay_paid)
    Contract.objects.create(
        order=order,
        unsigned_pdf=b"-",
        sha256="0" * 64,
        sealed_pdf=sealed_paper() if sealed else None,
        sealed_at=SIGNED if sealed else None,
        made_at=SIGNED,
    )
    report_use(order, days_used)
    if rated:
        rate(order)
    if checked:
        registers_say("passed", organisation, vendor.organisation)
    return Sale(order, grant.budget_source, member(vendor.organisation), member(organisation))


def _an_order(
    vendor: Vendor,
    organisation: Organisation,
    grant: Grant,
    price_twd: int,
    points: int,
    state: str,
    activated_at: datetime,
    copay_paid: bool,
) -> Order:
    plan = a_plan(vendor, price_twd)
    order = Order.objects.create(
        number=f"1151001{next(_numbers):013}",
        organisation=organisation,
        vendor=vendor,
        version=plan.version,
        plan=plan,
        grant=grant,
        state=state,
        frozen={},
        price_twd=price_twd,
        points=points,
        copay_twd=price_twd - points,
        placed_by=a_user(),
        placed_at=SIGNED,
        signed_at=SIGNED,
        activated_at=activated_at,
        confirmed_at=activated_at if state == Order.State.IN_USE else None,
        claimable_from=timezone.localdate(activated_at) + timedelta(days=30),
        copay_paid_at=activated_at if copay_paid else None,
        copay_reference="R-1" if copay_paid else "",
    )
    claimable, _in_claim = ledger.open_order_accounts(
        grant_account_id=grant.account_id, order_id=order.pk, vendor_id=vendor.pk
    )
    shared: dict[str, Any] = {"cause": ("order", order.pk), "at": SIGNED, "reason": "test"}
    order.account_id = claimable
    order.hold_id = ledger.hold(
        account_id=grant.account_id, to_account_id=claimable, points=points, key=f"t:{order.pk}:h", **shared
    )
    order.save()
    if state == Order.State.IN_USE:
        ledger.capture(hold_id=order.hold_id, points=points, key=f"t:{order.pk}:c", **shared)
    return order


def report_use(order: Order, days: int) -> None:
    """So many days of use since the activation, every second day first."""
    since = timezone.localdate(order.activated_at or AT)
    offsets = sorted(range(45), key=lambda n: (n % 2, n))[:days]
    UsageDay.objects.bulk_create(
        UsageDay(
            order=order,
            date=since + timedelta(days=n),
            active_users=2,
            events=40,
            reported_at=AT,
            reported_with="test",
        )
        for n in offsets
    )


def rate(order: Order) -> Rating:
    """Four stars and all five effects."""
    effects = dict.fromkeys(("cost", "revenue", "input", "product", "staff"), 2)
    return Rating.objects.create(order=order, stars=4, effects=effects, rated_at=AT)


def registers_say(state: str, *organisations: Organisation, at: datetime = AT, code: str = "") -> None:
    """An answer of the registers before a payment."""
    reasons = [{"code": code, "severity": "stop", "source": "tax_registry", "as_of": None}] if code else []
    for each in organisations:
        RegistryCheck.objects.create(
            ubn=each.ubn,
            organisation=each,
            purpose="payment",
            state=state,
            reasons=reasons,
            asked_at=at - timedelta(minutes=1),
            answered_at=at,
        )


@cache
def sealed_paper() -> bytes:
    """A sealed PDF; sealing takes its time, so one serves all."""
    return seal_pdf(blank_pdf(), key=platform_key(), reason="test", at=SIGNED)


def blank_pdf() -> bytes:
    """One empty page."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Resources<<>>>>",
    ]
    body, starts = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, start=1):
        starts.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    tail = b"xref\n0 4\n0000000000 65535 f \n%strailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return body + tail % (table, len(body))


def an_invoice(sale: Sale, **facts: Any) -> InvoiceDraft:
    """An invoice over the whole price."""
    amount = facts.get("amount_twd", sale.order.price_twd)
    plain: dict[str, Any] = {
        "number": f"TB{next(_numbers) * 100:08}",
        "issued_on": date(2026, 10, 5),
        "amount_twd": amount,
        "tax_twd": round(amount * 5 / 105),
        "seller_ubn": sale.vendor.organisation.ubn,
        "buyer_ubn": sale.order.organisation.ubn,
    }
    return InvoiceDraft(**plain | facts)


def a_claim(sale: Sale | None = None, *, at: datetime = AT, checked: bool = True, **facts: Any) -> Claim:
    """A claim that was sent in and, unless told, checked: it waits for an officer."""
    sale = sale or a_sale(**facts)
    claim = submit_claim(order=sale.order, invoices=[an_invoice(sale)], by=sale.seller, at=at)
    return check_claim(claim, at=at) if checked else claim
