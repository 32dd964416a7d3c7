"""The auditor's register of reimbursements: one row a payout that reached the vendor, and the ledger's own total beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Q, QuerySet, Sum, Value

from marketplace.models.claims import Payout
from pmo.selectors.period import Period
from points.models.ledger import Transfer


@dataclass(frozen=True)
class TieOut:
    """The register's total against the ledger's.

    Units: points, one point is NT$1.
    """

    register_points: int
    ledger_points: int
    payouts: int
    transfers: int

    @property
    def agrees(self) -> bool:
        """Whether both count the same payments and the same points."""
        return (self.register_points, self.payouts) == (self.ledger_points, self.transfers)


def reimbursements(period: Period) -> QuerySet[Payout]:
    """Payouts that the bank confirmed in the period, oldest first, with everything a register prints."""
    paid = Payout.objects.filter(
        state=Payout.State.PAID, settled_at__gte=period.since, settled_at__lt=period.until
    ).select_related(
        "claim__order__organisation__township__county",
        "claim__order__grant__budget_source",
        "claim__vendor__organisation",
        "batch",
        "bank_account",
    )
    if period.zone:
        paid = paid.filter(claim__order__grant__zone_version__zone__code=period.zone)
    return paid.annotate(
        invoice_numbers=StringAgg(
            "claim__invoices__number",
            "、",
            filter=Q(claim__invoices__voided_at=None),
            order_by="claim__invoices__number",
            default=Value(""),
        )
    ).order_by("settled_at", "pk")


def tie_out(period: Period) -> TieOut:
    """The register's sum and the ledger's sum of the same payments.

    Source: marketplace payouts; ledger transfers of operation "pay". With a zone chosen, only the payments it caused.
    """
    payouts = reimbursements(period)
    transfers = Transfer.objects.filter(
        operation=Transfer.Operation.PAY, event_at__gte=period.since, event_at__lt=period.until
    )
    if period.zone:
        transfers = transfers.filter(cause_type="claim", cause_id__in=payouts.order_by().values("claim_id"))
    ledger = transfers.aggregate(points=Sum("points", default=0))["points"]
    register = sum(payouts.values_list("amount_twd", flat=True))
    return TieOut(register, ledger, payouts.count(), transfers.count())


def register_row(payout: Payout) -> dict[str, Any]:
    """One line of the register."""
    claim, order = payout.claim, payout.claim.order
    buyer, seller = order.organisation, claim.vendor.organisation
    return {
        "settled_at": payout.settled_at,
        "claim": claim.number,
        "order": order.number,
        "vendor_ubn": seller.ubn,
        "vendor": seller.name,
        "buyer_ubn": buyer.ubn,
        "buyer": buyer.name,
        "county": str(buyer.township.county) if buyer.township else "",
        "budget": str(order.grant.budget_source) if order.grant else "",
        "invoices": payout.invoice_numbers,  # type: ignore[attr-defined]
        "price_twd": order.price_twd,
        "copay_twd": order.copay_twd,
        "points": payout.amount_twd,
        "batch": payout.batch.number,
    }
