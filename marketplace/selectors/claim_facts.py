"""Everything the rules of a claim may look at, read once from the tables."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone

from marketplace.claim_rules import (
    NEIGHBOUR_NUMBERS,
    ClaimCase,
    InvoiceFacts,
    OtherGrant,
    Party,
    RegistryState,
    UseFacts,
)
from marketplace.models.claims import Claim, Invoice
from marketplace.models.orders import Contract, Order, Rating, UsageDay
from marketplace.services.contracts import platform_key
from organisations.models.organisation import Organisation
from organisations.models.registry import RegistryCheck
from organisations.reasons import reason
from papers.seal import check_seal
from points.models.grants import SubsidyRecord

EFFECTS = ("cost", "revenue", "input", "product", "staff")
FRESH = timedelta(hours=1)
NO_MORE = ("withdrawn", "revoked", "reclaimed")


def claim_case(claim: Claim, *, at: datetime) -> ClaimCase:
    """The facts of a claim as they are now; `at` is the moment of the check."""
    order = Order.objects.select_related("organisation", "vendor__organisation", "grant").get(
        pk=claim.order_id
    )
    account = order.vendor.organisation.bank_accounts.filter(valid_to=None).first()
    rating = Rating.objects.filter(order=order).first()
    recent, usual = _volume(claim, at)
    return ClaimCase(
        at=at,
        points=claim.points,
        price_twd=order.price_twd,
        copay_twd=order.copay_twd,
        signed_on=timezone.localdate(order.signed_at or order.placed_at),
        buyer=_party(order.organisation, at=at),
        seller=_party(order.vendor.organisation, at=at),
        invoices=tuple(_invoice(row) for row in claim.invoices.filter(voided_at=None).order_by("number")),
        use=use_facts(order, at=at),
        seal=_seal(order),
        copay_paid_on=_day(order.copay_paid_at),
        copay_reference=order.copay_reference,
        stars=rating.stars if rating else None,
        effects=sum(name in rating.effects for name in EFFECTS) if rating else 0,
        frozen_on=_day(order.frozen_by_buyer_at),
        vendor_is_active=order.vendor.state == order.vendor.State.ACTIVE,
        account_since=_day(account.valid_from) if account else None,
        granted_at=order.grant.granted_at if order.grant else None,
        other_grants=_other_grants(order),
        claims_30_days=recent,
        claims_usual=usual,
    )


def use_facts(order: Order, *, at: datetime) -> UseFacts:
    """What was reported of the order's use since its activation."""
    since = timezone.localdate(order.activated_at) if order.activated_at else timezone.localdate(at)
    days = UsageDay.objects.filter(order=order, date__gte=since, date__lte=timezone.localdate(at))
    events = list(days.filter(events__gt=0).values_list("events", flat=True))
    asked = order.grant.zone_version.use_days_before_claim if order.grant else 30
    total = sum(events)
    return UseFacts(
        days_since_activation=(timezone.localdate(at) - since).days,
        days_used=len(events),
        days_asked=asked,
        busiest_share_bp=max(events) * 10_000 // total if total else 0,
    )


def _party(organisation: Organisation, *, at: datetime) -> Party:
    accounts = organisation.bank_accounts.values_list("bank_code", "account_number")
    return Party(
        ubn=organisation.ubn,
        responsible_person=organisation.responsible_person,
        address=organisation.address,
        phone=organisation.phone,
        bank_accounts=frozenset(f"{bank}-{number.lstrip('0')}" for bank, number in accounts),
        registry=registry_state(organisation, at=at),
        setup_date=organisation.setup_date,
    )


def newest_payment_check(ubn: str, *, at: datetime) -> RegistryCheck | None:
    """The registers' newest answer about a number for a payment, if it is not older than an hour."""
    asked = RegistryCheck.objects.filter(ubn=ubn, purpose=RegistryCheck.Purpose.PAYMENT, asked_at__lte=at)
    return asked.filter(asked_at__gt=at - FRESH).order_by("-asked_at", "-pk").first()


def registry_state(organisation: Organisation, *, at: datetime) -> RegistryState:
    """What the registers say of a number by now, in one word and a reason (in both languages: the reader is not known yet)."""
    check = newest_payment_check(organisation.ubn, at=at)
    if check is None or check.state in (RegistryCheck.State.WAITING, RegistryCheck.State.OFFICER):
        return RegistryState("unknown")
    as_of = _day(check.answered_at or check.asked_at)
    if check.state == RegistryCheck.State.PASSED:
        return RegistryState("active", as_of=as_of)
    named = [reason(row["code"]) for row in check.reasons if row["severity"] != "pass"]
    first = named[0] if named else reason("registry.not_found")
    return RegistryState("inactive", first.short_zh, first.short_en, as_of)


def _seal(order: Order) -> str:
    contract = Contract.objects.filter(order=order).first()
    if contract is None or contract.sealed_pdf is None:
        return "missing"
    report = check_seal(bytes(contract.sealed_pdf), roots=[platform_key().certificate])
    return "intact" if report.is_good else "broken"


def _invoice(row: Invoice) -> InvoiceFacts:
    same_number = Invoice.objects.filter(number=row.number, voided_at=None).exclude(pk=row.pk)
    return InvoiceFacts(
        number=row.number,
        period=row.period,
        issued_on=row.issued_on,
        seller_ubn=row.seller_ubn,
        buyer_ubn=row.buyer_ubn,
        amount_twd=row.amount_twd,
        tax_twd=row.tax_twd,
        used_elsewhere=same_number.filter(seller_ubn=row.seller_ubn).exclude(order_id=row.order_id).exists(),
        neighbours=_neighbours(row),
    )


def _neighbours(row: Invoice) -> tuple[str, ...]:
    """Numbers right beside it, of the same seller and day, to other buyers."""
    letters, digits = row.number[:2], int(row.number[2:])
    near = [
        f"{letters}{digits + step:08}" for step in range(-NEIGHBOUR_NUMBERS, NEIGHBOUR_NUMBERS + 1) if step
    ]
    found = Invoice.objects.filter(
        number__in=near, period=row.period, issued_on=row.issued_on, seller_ubn=row.seller_ubn, voided_at=None
    ).exclude(buyer_ubn=row.buyer_ubn)
    return tuple(found.order_by("number").values_list("number", flat=True))


def _other_grants(order: Order) -> tuple[OtherGrant, ...]:
    """Live records of anybody's subsidies for the buyer, but for our own grants (one zone excludes another by itself)."""
    rows = SubsidyRecord.objects.filter(ubn=order.organisation.ubn, grant=None).exclude(status__in=NO_MORE)
    return tuple(
        OtherGrant(row.programme_name, row.kind, row.approved_at) for row in rows.order_by("approved_at")
    )


def _volume(claim: Claim, at: datetime) -> tuple[int, int]:
    """Claims of the vendor in the last 30 days, and a month's usual number over the 90 days before."""
    claims = Claim.objects.filter(vendor_id=claim.vendor_id, submitted_at__lte=at)
    month, quarter = at - timedelta(days=30), at - timedelta(days=120)
    recent = claims.filter(submitted_at__gte=month).count()
    return recent, claims.filter(submitted_at__gte=quarter, submitted_at__lt=month).count() // 3


def _day(moment: datetime | None) -> date | None:
    return timezone.localdate(moment) if moment else None
