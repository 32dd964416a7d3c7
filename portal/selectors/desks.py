"""The figures on the first page of each desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Sum

from marketplace.models.claims import Claim, PayoutBatch
from marketplace.models.orders import Order
from organisations.models.organisation import Organisation
from organisations.models.registry import RegistryCheck
from points.selectors.purse import purse_of
from vendors.models.vendors import Vendor

SHOWN_ORDERS = 4


def my_summary(organisation: Organisation, *, at: datetime) -> dict[str, Any]:
    """`purse` (granted, used, held, free, use_by_date; points) and the newest `orders`."""
    orders = organisation.orders.select_related("version", "plan").order_by("-placed_at")[:SHOWN_ORDERS]
    return {"purse": purse_of(organisation, at=at), "orders": orders}


def vendor_summary(vendor: Vendor, *, at: datetime) -> dict[str, Any]:
    """Orders to answer, orders in use, points in claim and paid."""
    claims = Claim.objects.filter(vendor=vendor)
    underway = claims.exclude(state__in=[Claim.State.PAID, Claim.State.REJECTED])
    return {
        "waiting_orders": vendor.orders.filter(state=Order.State.SIGNED).count(),
        "orders_in_use": vendor.orders.filter(state=Order.State.IN_USE).count(),
        "in_claim_points": underway.aggregate(all=Sum("points", default=0))["all"],
        "paid_points": claims.filter(state=Claim.State.PAID).aggregate(all=Sum("approved_points", default=0))[
            "all"
        ],
    }


def office_summary(*, at: datetime) -> dict[str, Any]:
    """What waits in the office: claims, batches, register checks. Units: numbers of rows."""
    return {
        "claims_waiting": Claim.objects.filter(state=Claim.State.OFFICER).count(),
        "claims_approved": Claim.objects.filter(state__in=[Claim.State.APPROVED, Claim.State.FAILED]).count(),
        "batches_open": PayoutBatch.objects.filter(state=PayoutBatch.State.OPEN).count(),
        "registry_waiting": RegistryCheck.objects.filter(state=RegistryCheck.State.OFFICER).count(),
    }
