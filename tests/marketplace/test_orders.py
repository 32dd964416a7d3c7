"""An order's life on the real ledger: each step, each refusal, each night."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from marketplace.deadlines import answer_due, copay_due, end_of_month, last_day_of_term
from marketplace.models.orders import Order
from marketplace.selectors.purchase import offer_for
from marketplace.services import orders as verbs
from marketplace.services.late_orders import discard_old_drafts, expire_orders
from organisations.models.jobs import Outbox
from organisations.models.people import Membership
from organisations.refusals import Refused
from points.models.grants import Grant
from points.models.ledger import Transfer
from points.services.grants import lapse_grants
from tests.marketplace.claim_world import AT, PRICE, a_grant, a_plan, a_vendor, an_organisation
from tests.marketplace.order_world import GRANTED, HALF, Market, a_market, a_signature
from vendors.models.solutions import Solution, SolutionVersion

pytestmark = pytest.mark.django_db
State = Order.State
MONTH_START = AT.replace(day=2)
DAY = timedelta(days=1)


def refused(call: Callable[[], Any]) -> str:
    """The code of the refusal, and nothing was written."""
    with pytest.raises(Refused) as caught, transaction.atomic():
        call()
    assert str(caught.value.sentence)
    return caught.value.code


def sign(market: Market, order: Order, at: Any = AT) -> None:
    verbs.sign_order(order, signature=a_signature(), by=market.boss, at=at)


def accept(market: Market, order: Order, at: Any = AT) -> None:
    verbs.accept_order(order, signature=a_signature(), by=market.seller, at=at)


def activate(market: Market, order: Order, at: Any = AT) -> None:
    verbs.activate_order(order, url="https://shop.example/", note="", by=market.seller, at=at)


# The way of the points


def test_points_are_held_when_signed_and_claimable_when_accepted_by_the_buyer() -> None:
    market = a_market()
    order = market.draft()
    assert market.balances(order) == (GRANTED, 0, 0)
    sign(market, order)
    assert market.balances(order) == (GRANTED - HALF, HALF, 0)
    accept(market, order)
    verbs.record_copay(order, reference=" R-20 ", by=market.seller, at=AT)
    activate(market, order)
    assert market.balances(order) == (GRANTED - HALF, HALF, 0)
    verbs.confirm_order(order, by=market.boss, at=AT)
    assert market.balances(order) == (GRANTED - HALF, 0, HALF)
    order.refresh_from_db()
    assert order.state == State.IN_USE
    assert order.copay_reference == "R-20"
    assert (order.claimable_from, order.service_ends_on) == (date(2026, 12, 20), date(2027, 11, 19))
    verbs_made = list(order.moves.values_list("verb", flat=True))
    assert verbs_made == ["sign", "accept", "copay", "activate", "confirm"]
    news = Outbox.objects.filter(payload__order=order.pk).values_list("topic", flat=True)
    assert {"order.signed", "order.accepted", "order.activated", "order.confirmed"} <= set(news)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (
            lambda market, order: verbs.refuse_order(order, reason="滿了", by=market.seller, at=AT),
            "vendor_refused",
        ),
        (lambda market, order: verbs.withdraw_order(order, by=market.boss, at=AT), "buyer_withdrew"),
        (lambda market, order: expire_orders(at=AT + 8 * DAY), "vendor_silent"),
    ],
)
def test_points_come_back_when_a_signed_order_comes_to_nothing(end: Any, reason: str) -> None:
    market = a_market()
    order = market.signed()
    end(market, order)
    assert market.balances(order) == (GRANTED, 0, 0)
    assert Transfer.objects.get(operation="release", cause_id=order.pk).reason == reason


def test_order_without_points_touches_no_ledger() -> None:
    market = a_market()
    order = market.in_use(0)
    assert (order.grant, order.account_id, order.hold_id) == (None, None, None)
    assert order.copay_twd == PRICE
    assert market.balances(order) == (GRANTED, 0, 0)


def test_order_number_has_twenty_characters_and_shows_a_slip() -> None:
    number = verbs.new_number(AT)
    assert len(number) == 20
    assert number.startswith("1151120")
    assert verbs.check_character(number[:-1]) == number[-1]
    swapped = number[:8] + number[9] + number[8] + number[10:-1]
    assert number[8] == number[9] or verbs.check_character(swapped) != number[-1]


def test_the_plan_is_frozen_whatever_the_vendor_lists_later() -> None:
    market = a_market()
    order = market.draft()
    market.plan.version.name_zh = "別的名字"
    market.plan.version.save()
    order.refresh_from_db()
    assert order.frozen["solution"]["name_zh"] == "快手雲端收銀"
    assert order.frozen["plan"]["price_twd"] == order.price_twd == PRICE


# What may not be ordered


def test_half_the_price_and_no_more_than_the_grant_may_be_points() -> None:
    market = a_market(granted=10_000)
    offer = offer_for(market.shop, market.plan, at=AT)
    assert (offer.most_points, offer.copay_twd) == (10_000, PRICE - 10_000)
    rich = a_market(granted=20_000)
    assert offer_for(rich.shop, rich.plan, at=AT).most_points == HALF
    assert refused(lambda: rich.draft(HALF + 1)) == "points_over_limit"
    assert refused(lambda: rich.draft(-1)) == "points_over_limit"
    assert rich.draft(None).points == HALF


def test_solution_off_the_list_cannot_be_ordered_nor_signed() -> None:
    market = a_market()
    order = market.draft()
    Solution.objects.filter(pk=market.plan.version.solution_id).update(state="stopped")
    assert refused(lambda: sign(market, Order.objects.get(pk=order.pk))) == "not_listed"
    assert (
        refused(lambda: market.draft(plan=type(market.plan).objects.get(pk=market.plan.pk))) == "not_listed"
    )


def test_a_version_that_was_replaced_cannot_be_ordered() -> None:
    market = a_market()
    old = market.plan.version
    new = SolutionVersion.objects.create(
        solution=old.solution,
        number=2,
        valid_from=AT,
        name_zh="二",
        name_en="Two",
        summary_zh="",
        summary_en="",
    )
    Solution.objects.filter(pk=old.solution_id).update(current=new)
    assert (
        refused(lambda: market.draft(plan=type(market.plan).objects.get(pk=market.plan.pk))) == "not_listed"
    )


def test_suspended_vendor_cannot_be_ordered_from_and_cannot_accept() -> None:
    market = a_market()
    order = market.signed()
    type(market.vendor).objects.filter(pk=market.vendor.pk).update(state="suspended")
    fresh = Order.objects.get(pk=order.pk)
    assert refused(lambda: accept(market, fresh)) == "vendor_not_active"
    other = a_market()
    type(other.vendor).objects.filter(pk=other.vendor.pk).update(state="suspended")
    assert refused(lambda: other.draft(plan=type(other.plan).objects.get(pk=other.plan.pk))) == "not_listed"


@pytest.mark.parametrize("shared", ["itself", "responsible_person", "address"])
def test_nobody_buys_from_itself_or_a_relative(shared: str) -> None:
    vendor = a_vendor()
    seller = vendor.organisation
    shop = seller if shared == "itself" else an_organisation(**{shared: getattr(seller, shared)})
    plan = a_plan(vendor, PRICE)
    a_grant(shop, GRANTED)
    assert (
        refused(lambda: verbs.place_order(organisation=shop, plan=plan, points=0, by=None, at=AT))
        == "self_dealing"
    )


def test_the_buyers_signer_does_not_sign_for_the_vendor() -> None:
    market = a_market()
    order = market.signed()
    Membership.objects.create(
        user=market.boss, organisation=market.vendor.organisation, role="acceptor", started_at=AT
    )
    code = refused(lambda: verbs.accept_order(order, signature=a_signature(), by=market.boss, at=AT))
    assert code == "same_person"


def test_points_pay_the_first_adoption_only_and_own_money_any_later_one() -> None:
    market = a_market()
    market.in_use(1_000)
    assert refused(lambda: market.draft(1_000)) == "already_adopted"
    assert market.draft(0).copay_twd == PRICE


def test_a_draft_stands_in_the_way_until_it_is_put_away() -> None:
    market = a_market()
    order = market.draft()
    assert refused(lambda: market.draft()) == "draft_waiting"
    verbs.discard_order(order, by=market.clerk, at=AT)
    assert market.draft().state == State.DRAFT


def test_a_product_may_be_tried_again_after_the_vendor_refused() -> None:
    market = a_market()
    verbs.refuse_order(market.signed(), reason="忙", by=market.seller, at=AT)
    assert market.draft().points == HALF


def test_without_a_grant_only_own_money_counts() -> None:
    market = a_market()
    Grant.objects.filter(pk=market.grant.pk).update(state=Grant.State.LAPSED)
    assert refused(lambda: market.draft(1)) == "no_grant"
    assert market.draft(0).grant is None


def test_a_zone_of_other_kinds_does_not_pay() -> None:
    market = a_market()
    version = market.grant.zone_version
    type(version).objects.filter(pk=version.pk).update(categories=["elsewhere"])
    assert refused(lambda: market.draft(1)) == "no_grant"


# Between draft and signature


def test_points_spent_elsewhere_meanwhile_refuse_the_signature_and_keep_the_draft() -> None:
    market = a_market(granted=HALF)
    one, other = market.draft(), market.draft(plan=a_plan(a_vendor(), PRICE))
    sign(market, one)
    assert refused(lambda: sign(market, other)) == "insufficient_points"
    other.refresh_from_db()
    assert (other.state, other.hold_id, other.contract.signatures.count()) == (State.DRAFT, None, 0)
    assert market.balances(one) == (0, HALF, 0)


def test_a_grant_that_lapsed_meanwhile_refuses_the_signature() -> None:
    market = a_market()
    late = timezone.make_aware(timezone.datetime(2027, 1, 4, 9))
    order = market.draft(at=AT)
    lapse_grants(at=late)
    assert refused(lambda: sign(market, order, late)) in ("no_grant", "grant_over")


def test_a_second_grant_does_not_stand_in_for_the_one_that_is_over() -> None:
    market = a_market()
    order = market.draft()
    Grant.objects.filter(pk=market.grant.pk).update(state=Grant.State.USED)
    a_grant(market.shop, GRANTED)
    assert refused(lambda: sign(market, Order.objects.get(pk=order.pk))) == "grant_over"


def test_yesterdays_contract_is_not_signed_today() -> None:
    market = a_market()
    order = market.draft()
    assert refused(lambda: sign(market, order, AT + DAY)) == "contract_is_old"


# Days


def test_days_follow_from_the_day_of_signing() -> None:
    order = a_market().signed(at=MONTH_START)
    assert order.answer_by_date == date(2026, 11, 9)
    assert order.copay_due_date == date(2026, 11, 16)
    assert order.activate_by_date == date(2026, 11, 30)


def test_no_day_lies_beyond_the_month_of_signing() -> None:
    day = date(2026, 11, 27)
    assert answer_due(day, None) == copay_due(day) == end_of_month(day) == date(2026, 11, 30)
    assert end_of_month(date(2028, 2, 3)) == date(2028, 2, 29)
    assert last_day_of_term(date(2026, 1, 31), 1) == date(2026, 2, 27)
    assert last_day_of_term(date(2026, 11, 20), 12) == date(2027, 11, 19)


def test_answer_on_the_last_day_counts_and_a_day_later_does_not() -> None:
    market = a_market()
    order = market.signed(at=MONTH_START)
    assert refused(lambda: accept(market, order, MONTH_START + 8 * DAY)) == "too_late"
    accept(market, order, MONTH_START + 7 * DAY)
    assert order.state == State.ACCEPTED


def test_activation_after_the_month_is_refused() -> None:
    market = a_market()
    order = market.accepted(at=MONTH_START)
    verbs.record_copay(order, reference="R", by=market.seller, at=MONTH_START)
    assert refused(lambda: activate(market, order, MONTH_START + 29 * DAY)) == "too_late"


def test_own_share_comes_before_activation() -> None:
    market = a_market()
    order = market.accepted()
    assert refused(lambda: activate(market, order)) == "copay_unpaid"
    assert (
        refused(lambda: verbs.record_copay(order, reference="  ", by=market.seller, at=AT))
        == "reference_missing"
    )
    verbs.record_copay(order, reference="R", by=market.seller, at=AT)
    verbs.record_copay(order, reference="another", by=market.seller, at=AT + DAY)
    assert (order.copay_reference, order.copay_paid_at) == ("R", AT)
    activate(market, order)


def test_own_share_is_not_registered_before_the_vendor_accepted() -> None:
    market = a_market()
    order = market.signed()
    assert refused(lambda: verbs.record_copay(order, reference="R", by=market.seller, at=AT)) == "wrong_state"


def test_order_all_in_points_has_no_own_share() -> None:
    market = a_market(price_twd=1_000)
    version = market.grant.zone_version
    type(version).objects.filter(pk=version.pk).update(rate_bp=10_000)
    order = market.accepted(None)
    assert (order.points, order.copay_twd, order.copay_due_date) == (1_000, 0, None)
    assert refused(lambda: verbs.record_copay(order, reference="R", by=market.seller, at=AT)) == "no_copay"
    activate(market, order)


# Words that are needed


def test_refusing_and_objecting_need_a_reason() -> None:
    market = a_market()
    signed = market.signed()
    assert (
        refused(lambda: verbs.refuse_order(signed, reason=" ", by=market.seller, at=AT)) == "reason_missing"
    )
    active = a_market().activated()
    assert (
        refused(lambda: verbs.object_to_delivery(active, reason="", by=market.boss, at=AT))
        == "reason_missing"
    )


def test_objection_takes_nothing_and_gives_the_vendor_seven_days() -> None:
    market = a_market()
    last = AT.replace(day=29)
    order = market.activated(at=last)
    verbs.object_to_delivery(order, reason="登不進去", by=market.clerk, at=last)
    assert (order.state, order.activated_at, order.claimable_from) == (State.ACCEPTED, None, None)
    assert order.activate_by_date == date(2026, 12, 6)
    assert expire_orders(at=last + 5 * DAY) == 0
    activate(market, order, last + 5 * DAY)
    verbs.confirm_order(order, by=market.boss, at=last + 6 * DAY)
    assert market.balances(order) == (GRANTED - HALF, 0, HALF)


# "I never ordered this"


def test_frozen_order_binds_nobody_and_pays_nobody() -> None:
    market = a_market()
    signed = market.signed()
    verbs.freeze_order(signed, by=market.boss, at=AT)
    verbs.freeze_order(signed, by=market.boss, at=AT + DAY)
    assert signed.frozen_by_buyer_at == AT
    assert refused(lambda: accept(market, signed)) == "frozen"

    other = a_market()
    accepted = other.accepted()
    verbs.freeze_order(accepted, by=other.boss, at=AT)
    assert refused(lambda: verbs.record_copay(accepted, reference="R", by=other.seller, at=AT)) == "frozen"
    assert refused(lambda: activate(other, accepted)) == "frozen"

    third = a_market()
    active = third.activated()
    verbs.freeze_order(active, by=third.boss, at=AT)
    assert refused(lambda: verbs.confirm_order(active, by=third.boss, at=AT)) == "frozen"
    assert third.balances(active) == (GRANTED - HALF, HALF, 0)


def test_points_of_a_frozen_order_still_come_back_when_its_days_are_over() -> None:
    market = a_market()
    order = market.signed()
    verbs.freeze_order(order, by=market.boss, at=AT)
    assert expire_orders(at=AT + 8 * DAY) == 1
    assert market.balances(order) == (GRANTED, 0, 0)


def test_drafts_and_ended_orders_are_not_frozen() -> None:
    market = a_market()
    order = market.draft()
    assert refused(lambda: verbs.freeze_order(order, by=market.boss, at=AT)) == "wrong_state"
    verbs.discard_order(order, by=market.boss, at=AT)
    assert refused(lambda: verbs.freeze_order(order, by=market.boss, at=AT)) == "wrong_state"


# Every state and every verb


def calls(market: Market, order: Order) -> dict[str, Callable[[], Any]]:
    """Each verb of `Order.MOVES`, called in the way that is right for its own state."""
    return {
        "sign": lambda: sign(market, order),
        "discard": lambda: verbs.discard_order(order, by=market.clerk, at=AT),
        "accept": lambda: accept(market, order),
        "refuse": lambda: verbs.refuse_order(order, reason="x", by=market.seller, at=AT),
        "expire": lambda: verbs.end_order(order, "expire", "vendor_silent", by=None, at=AT),
        "activate": lambda: activate(market, order),
        "object": lambda: verbs.object_to_delivery(order, reason="x", by=market.boss, at=AT),
        "confirm": lambda: verbs.confirm_order(order, by=market.boss, at=AT),
        "withdraw": lambda: verbs.withdraw_order(order, by=market.boss, at=AT),
    }


def outcome(order: Order, call: Callable[[], Any]) -> str:
    """The state that the verb leads to, or the code of its refusal; nothing stays."""
    mark = transaction.savepoint()
    try:
        call()
    except Refused as refusal:
        return refusal.code
    else:
        return Order.objects.values_list("state", flat=True).get(pk=order.pk)
    finally:
        transaction.savepoint_rollback(mark)


@pytest.mark.parametrize("state", State.values)
def test_each_verb_works_from_its_states_and_from_no_other(state: str) -> None:
    market = a_market()
    order = market.draft() if state == State.DRAFT else market.signed()
    Order.objects.filter(pk=order.pk).update(
        state=state, copay_paid_at=AT, activated_at=AT if state in (State.ACTIVATED, State.IN_USE) else None
    )
    found, expected = {}, {}
    for verb, (sources, target) in Order.MOVES.items():
        row = Order.objects.get(pk=order.pk)
        found[verb] = outcome(row, calls(market, row)[verb])
        expected[verb] = target if state in sources else "wrong_state"
    assert found == expected


def test_a_row_read_before_somebody_elses_change_leaves_no_hold_behind() -> None:
    market = a_market()
    order = market.draft()
    stale = Order.objects.get(pk=order.pk)
    sign(market, order)
    verbs.withdraw_order(stale, by=market.boss, at=AT)
    assert market.balances(order) == (GRANTED, 0, 0)


# Nights


@pytest.mark.parametrize(
    ("stage", "day", "reason"),
    [
        ("signed", 8, "vendor_silent"),
        ("accepted", 15, "copay_overdue"),
        ("paid", 29, "return_1_month"),
    ],
)
def test_a_late_order_ends_once_and_its_points_come_back_once(stage: str, day: int, reason: str) -> None:
    market = a_market()
    order = market.signed(at=MONTH_START) if stage == "signed" else market.accepted(at=MONTH_START)
    if stage == "paid":
        verbs.record_copay(order, reference="R", by=market.seller, at=MONTH_START)
    assert expire_orders(at=MONTH_START + (day - 1) * DAY) == 0
    assert expire_orders(at=MONTH_START + day * DAY) == 1
    assert expire_orders(at=MONTH_START + day * DAY) == 0
    order.refresh_from_db()
    assert order.state == State.EXPIRED
    assert order.moves.last().note == reason
    assert Transfer.objects.get(operation="release", cause_id=order.pk).reason == reason
    assert market.balances(order) == (GRANTED, 0, 0)


def test_silence_is_no_acceptance() -> None:
    market = a_market()
    order = market.activated()
    later = AT + timedelta(days=90)
    assert (expire_orders(at=later), discard_old_drafts(at=later)) == (0, 0)
    order.refresh_from_db()
    assert order.state == State.ACTIVATED
    assert market.balances(order) == (GRANTED - HALF, HALF, 0)


def test_a_contract_nobody_signed_is_put_away_after_fourteen_days() -> None:
    market = a_market()
    order = market.draft()
    assert discard_old_drafts(at=AT + 14 * DAY) == 0
    assert discard_old_drafts(at=AT + 14 * DAY + timedelta(minutes=1)) == 1
    assert discard_old_drafts(at=AT + 15 * DAY) == 0
    order.refresh_from_db()
    assert (order.state, order.moves.last().note) == (State.CANCELLED, "draft_old")


def test_points_of_an_expired_order_lapse_when_their_own_days_are_over() -> None:
    market = a_market()
    order = market.signed(at=MONTH_START)
    after = timezone.make_aware(timezone.datetime(2027, 1, 4, 9))
    expire_orders(at=after)
    lapse_grants(at=after)
    assert market.balances(order) == (0, 0, 0)
