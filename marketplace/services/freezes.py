"""The office's answer to "I never ordered this": when an officer has cleared it up, the order goes on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.models.orders import Order
from organisations.refusals import Refused
from organisations.selectors.access import membership_in
from organisations.services.outbox import publish


def lift_freeze(order: Order, *, reason: str, by: Any, at: datetime) -> Order:
    """Let a frozen order go on, with what was found out; its claim is checked again by hand.

    Raises: Refused with reason_missing, own_claim, not_frozen.
    """
    if not reason.strip():
        raise Refused("reason_missing", _("還沒寫理由。"), remedy=_("請寫查到什麼、問過誰。"))
    with transaction.atomic():
        locked = Order.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=order.pk)
        if any(membership_in(by, party) for party in (locked.organisation, locked.vendor.organisation)):
            raise Refused(
                "own_claim", _("您是這筆訂單的當事人，不能由您解除。"), remedy=_("請另一位同事處理。")
            )
        if locked.frozen_by_buyer_at is None:
            raise Refused("not_frozen", _("這筆訂單沒有凍結，或已經解除。"))
        locked.frozen_by_buyer_at = None
        locked.save(update_fields=["frozen_by_buyer_at"])
        locked.moves.create(
            verb="unfreeze", source=locked.state, target=locked.state, by=by, at=at, note=reason.strip()
        )
        publish("order.unfrozen", {"order": locked.pk}, at=at)
    return locked
