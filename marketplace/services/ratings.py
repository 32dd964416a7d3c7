"""What the buyer thinks of it: stars, words and the five effects. They gate the claim, whatever they say (rule R5-7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from marketplace.models.orders import Order, Rating
from organisations.refusals import Refused
from organisations.services.outbox import publish
from vendors.models.solutions import Solution

EFFECTS = ("cost", "revenue", "input", "product", "staff")


def rate_order(
    order: Order,
    *,
    stars: int,
    text: str,
    effects: Mapping[str, int],
    still_used: bool,
    by: Any,
    at: datetime,
) -> Rating:
    """Keep the one rating of a delivered order.

    Units: stars 1–5; each of the five effects 0 (none) to 4 (very much).
    Raises: Refused with not_delivered, already_rated, effects_missing, stars_missing.
    """
    if order.state != Order.State.IN_USE:
        raise Refused("not_delivered", _("驗收之後才能評分。"))
    if not 1 <= stars <= 5:
        raise Refused("stars_missing", _("請選1到5分。"))
    if set(effects) != set(EFFECTS) or not all(0 <= value <= 4 for value in effects.values()):
        raise Refused("effects_missing", _("五個成效問題都要回答；沒有差別就選「沒有」。"))
    try:
        with transaction.atomic():
            rating = Rating.objects.create(
                order=order,
                stars=stars,
                text=text.strip(),
                effects=dict(effects),
                still_used=still_used,
                rated_by=by,
                rated_at=at,
            )
            Solution.objects.filter(pk=order.version.solution_id).update(
                rating_sum=F("rating_sum") + stars, rating_count=F("rating_count") + 1
            )
            publish("order.rated", {"order": order.pk, "stars": stars}, at=at)
    except IntegrityError as error:
        raise Refused("already_rated", _("這筆訂單已經評過分了。")) from error
    return rating
