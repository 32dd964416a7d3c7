"""Ratings of delivered orders: once, complete, and counted for the solution."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from marketplace.models.orders import Rating
from marketplace.services.ratings import EFFECTS, rate_order
from organisations.refusals import Refused
from tests.marketplace.claim_world import AT
from tests.marketplace.order_world import Market, a_market
from tests.points.ledger_world import at_once

pytestmark = pytest.mark.django_db
ALL = dict.fromkeys(EFFECTS, 3)


def rate(market: Market, order: Any, **facts: Any) -> Rating:
    values = {"stars": 4, "text": " 好用 ", "effects": ALL, "still_used": True} | facts
    return rate_order(order, by=market.boss, at=AT, **values)


def code_of(call: Any) -> str:
    with pytest.raises(Refused) as caught, transaction.atomic():
        call()
    return caught.value.code


def test_a_rating_is_kept_and_counts_for_the_solution() -> None:
    market = a_market()
    order = market.in_use()
    rating = rate(market, order)
    assert (rating.text, rating.effects, rating.rated_by) == ("好用", ALL, market.boss)
    solution = type(market.plan.version.solution).objects.get(pk=market.plan.version.solution_id)
    assert (solution.rating_sum, solution.rating_count) == (4, 1)


def test_only_what_was_accepted_is_rated() -> None:
    market = a_market()
    assert code_of(lambda: rate(market, market.activated())) == "not_delivered"


def test_an_order_is_rated_once() -> None:
    market = a_market()
    order = market.in_use()
    rate(market, order)
    assert code_of(lambda: rate(market, order, stars=1)) == "already_rated"
    solution = type(market.plan.version.solution).objects.get(pk=market.plan.version.solution_id)
    assert (solution.rating_sum, solution.rating_count) == (4, 1)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"effects": {}}, "effects_missing"),
        ({"effects": ALL | {"cost": 5}}, "effects_missing"),
        ({"effects": ALL | {"more": 1}}, "effects_missing"),
        ({"stars": 0}, "stars_missing"),
        ({"stars": 6}, "stars_missing"),
    ],
)
def test_all_five_effects_and_one_to_five_stars_are_needed(wrong: dict[str, Any], code: str) -> None:
    market = a_market()
    order = market.in_use()
    assert code_of(lambda: rate(market, order, **wrong)) == code
    assert not Rating.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rating_twice_at_once_counts_once() -> None:
    market = a_market()
    order = market.in_use()
    answers = at_once(4, lambda n: rate(market, type(order).objects.get(pk=order.pk), stars=n + 1))
    assert sum(isinstance(answer, Rating) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refused)} == {"already_rated"}
    solution = type(market.plan.version.solution).objects.get(pk=market.plan.version.solution_id)
    assert (solution.rating_count, solution.rating_sum) == (1, Rating.objects.get().stars)


def test_a_good_rating_lasts_when_the_use_ended_long_ago() -> None:
    market = a_market()
    order = market.in_use(at=AT)
    assert (
        rate_order(
            order,
            stars=5,
            text="",
            effects=ALL,
            still_used=False,
            by=market.clerk,
            at=AT + timedelta(days=400),
        ).still_used
        is False
    )
