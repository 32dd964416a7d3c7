"""What finance looks at: claims that can be paid, batches, what each waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.models.claims import Claim, Payout, PayoutBatch
from organisations.models.organisation import BankAccount
from outside import ach
from vendors.models.vendors import Vendor

BATCH_TABS: dict[str, tuple[str | Promise, tuple[str, ...]]] = {
    "open": (_("進行中"), (PayoutBatch.State.OPEN, PayoutBatch.State.APPROVED, PayoutBatch.State.SENT)),
    "settled": (_("已完成"), (PayoutBatch.State.SETTLED,)),
    "discarded": (_("已取消"), (PayoutBatch.State.DISCARDED,)),
}
# Answers of the bank that only another account can mend. Source: clearing house return codes.
ACCOUNT_FAULTS = ("04", "05", "22", "23", "24", "25", "26")


def payable_claims() -> QuerySet[Claim]:
    """Approved claims and failed ones, of vendors in good standing with an account, whose order the buyer did not freeze.

    A failed claim also needs a mended account: ask `needs_new_account`.
    """
    account = BankAccount.objects.filter(organisation=OuterRef("vendor__organisation"), valid_to=None)
    return (
        Claim.objects.filter(state__in=[Claim.State.APPROVED, Claim.State.FAILED])
        .filter(Exists(account), order__frozen_by_buyer_at=None, vendor__state=Vendor.State.ACTIVE)
        .select_related("order__organisation", "vendor__organisation")
        .order_by("submitted_at", "pk")
    )


def needs_new_account(claim: Claim) -> bool:
    """Whether the bank sent the money back because of the account, and the vendor has not changed it since."""
    if claim.state != Claim.State.FAILED:
        return False
    last = claim.payouts.filter(state=Payout.State.FAILED).order_by("-pk").first()
    if last is None or last.bank_code not in ACCOUNT_FAULTS:
        return False
    return BankAccount.objects.filter(pk=last.bank_account_id, valid_to=None).exists()


@dataclass(frozen=True)
class PayableRow:
    """A claim on the list of what can be batched. `waits_for_account`: the vendor has to act first."""

    claim: Claim
    bank_account: BankAccount | None
    waits_for_account: bool


def payable_rows() -> list[PayableRow]:
    """Claims for the next batch, oldest first, and those that wait for a mended account."""
    claims = list(payable_claims()[:2_000])
    organisations = {claim.vendor.organisation_id for claim in claims}
    accounts = {
        row.organisation_id: row
        for row in BankAccount.objects.filter(organisation__in=organisations, valid_to=None)
    }
    return [
        PayableRow(claim, accounts.get(claim.vendor.organisation_id), needs_new_account(claim))
        for claim in claims
    ]


def batches(*, tab: str = "open") -> QuerySet[PayoutBatch]:
    """Batches with their count and sum, newest first."""
    states = BATCH_TABS.get(tab, BATCH_TABS["open"])[1]
    return (
        PayoutBatch.objects.filter(state__in=states)
        .select_related("made_by", "approved_by")
        .defer("file", "result_file")
        .annotate(
            count=Count("payouts"),
            total_twd=Sum("payouts__amount_twd"),
            paid=Count("payouts", filter=Q(payouts__state=Payout.State.PAID)),
            failed=Count("payouts", filter=Q(payouts__state=Payout.State.FAILED)),
        )
        .order_by("-pk")
    )


def batch_counts() -> dict[str, int]:
    """How many batches stand under each tab."""
    by_state = dict(PayoutBatch.objects.order_by().values_list("state").annotate(n=Count("pk")))
    return {
        tab: sum(by_state.get(state, 0) for state in states) for tab, (_label, states) in BATCH_TABS.items()
    }


@dataclass(frozen=True)
class PayoutFigures:
    """The tiles above the batches. Units: NT$."""

    payable: int
    payable_twd: int
    to_approve: int
    at_bank_twd: int
    failed: int


def payout_figures() -> PayoutFigures:
    """What waits for a batch, for approval, at the bank, and what came back."""
    payable = (
        payable_claims()
        .filter(state=Claim.State.APPROVED)
        .aggregate(n=Count("pk"), total=Sum("approved_points"))
    )
    at_bank = Payout.objects.filter(state=Payout.State.WAITING, batch__state=PayoutBatch.State.SENT)
    return PayoutFigures(
        payable=payable["n"],
        payable_twd=payable["total"] or 0,
        to_approve=PayoutBatch.objects.filter(state=PayoutBatch.State.OPEN).count(),
        at_bank_twd=at_bank.aggregate(total=Sum("amount_twd"))["total"] or 0,
        failed=Claim.objects.filter(state=Claim.State.FAILED).count(),
    )


def unsent_batches(*, at: datetime, minutes: int = 2) -> QuerySet[PayoutBatch]:
    """Approved batches that should have gone by now."""
    late = PayoutBatch.objects.filter(state=PayoutBatch.State.APPROVED, moves__verb="approve")
    return late.filter(moves__at__lte=at - timedelta(minutes=minutes)).defer("file").order_by("pk").distinct()


def unanswered_batches() -> QuerySet[PayoutBatch]:
    """Sent batches whose result is not here."""
    return PayoutBatch.objects.filter(state=PayoutBatch.State.SENT).defer("file").order_by("pk")


def result_word(payout: Payout) -> str:
    """What the bank said of one payout, in the reader's language."""
    if not payout.bank_code or payout.bank_code == ach.ACCEPTED:
        return str(payout.get_state_display())
    return str(ach.RETURN_REASONS.get(payout.bank_code, payout.bank_code))
