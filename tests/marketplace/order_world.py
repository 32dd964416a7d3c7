"""A buyer with points and a vendor with a listed plan, and orders brought to any stage by the verbs themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.models.orders import Order
from marketplace.services import orders as verbs
from marketplace.services.signing import GivenSignature
from organisations.models.organisation import Organisation
from organisations.models.people import Membership
from points.models.grants import Grant
from points.services import ledger
from portal.models import User
from tests.marketplace.claim_world import AT, PRICE, a_grant, a_plan, a_vendor, an_organisation, member
from vendors.models.solutions import Plan
from vendors.models.vendors import Vendor

HALF = PRICE // 2
GRANTED = 30_000


@dataclass(frozen=True)
class Market:
    """Everybody around one sale. `boss` and `seller` may sign, `clerk` prepares, `guest` only looks."""

    shop: Organisation
    vendor: Vendor
    plan: Plan
    grant: Grant
    boss: User
    clerk: User
    guest: User
    seller: User

    def balances(self, order: Order) -> tuple[int, int, int]:
        """Points: free on the grant, held on it, claimable by the vendor."""
        purse = ledger.balance(self.grant.account_id)
        claimable = ledger.balance(order.account_id).available if order.account_id else 0
        return purse.available, purse.pending_debit, claimable

    def draft(
        self, points: int | None = HALF, *, plan: Plan | None = None, at: datetime = AT, **facts: Any
    ) -> Order:
        """A contract that waits for the buyer's signature."""
        plan = plan or self.plan
        return verbs.place_order(
            organisation=self.shop, plan=plan, points=points, by=self.clerk, at=at, **facts
        )

    def signed(self, points: int | None = HALF, *, at: datetime = AT) -> Order:
        """The buyer signed."""
        order = self.draft(points, at=at)
        verbs.sign_order(order, signature=a_signature(), by=self.boss, at=at)
        return order

    def accepted(self, points: int | None = HALF, *, at: datetime = AT) -> Order:
        """The vendor signed too."""
        order = self.signed(points, at=at)
        verbs.accept_order(order, signature=a_signature(), by=self.seller, at=at)
        return order

    def activated(self, points: int | None = HALF, *, at: datetime = AT) -> Order:
        """Paid and opened."""
        order = self.accepted(points, at=at)
        if order.copay_twd:
            verbs.record_copay(order, reference="R-20", by=self.seller, at=at)
        verbs.activate_order(order, url="https://shop.example/login", note="", by=self.seller, at=at)
        return order

    def in_use(self, points: int | None = HALF, *, at: datetime = AT) -> Order:
        """The buyer accepted."""
        order = self.activated(points, at=at)
        verbs.confirm_order(order, by=self.boss, at=at)
        return order


def a_market(*, granted: int = GRANTED, price_twd: int = PRICE, shop: Organisation | None = None) -> Market:
    """A fresh one; nothing in it belongs to another."""
    vendor = a_vendor()
    shop = shop or an_organisation()
    return Market(
        shop=shop,
        vendor=vendor,
        plan=a_plan(vendor, price_twd),
        grant=Grant.objects.select_related("zone_version").get(pk=a_grant(shop, granted).pk),
        boss=member(shop),
        clerk=member(shop, Membership.Role.PREPARER),
        guest=member(shop, Membership.Role.VIEWER),
        seller=member(vendor.organisation),
    )


def a_signature() -> GivenSignature:
    """What the verbs are handed after a card or passkey was verified."""
    return GivenSignature("moeaca", {"nonce": "00" * 32, "key": "4711"})
