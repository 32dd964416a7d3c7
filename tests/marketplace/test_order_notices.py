"""Who gets which mail about an order, in which language, and that nobody gets it twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from marketplace.models.notices import Notice
from marketplace.models.orders import UsageDay
from marketplace.notices import NOTICES
from marketplace.services import orders as verbs
from marketplace.services.late_orders import expire_orders, warn_idle
from marketplace.services.notices import send_notices
from tests.marketplace.claim_world import AT
from tests.marketplace.order_world import a_market, a_signature
from tests.points.ledger_world import at_once

pytestmark = pytest.mark.django_db


def told(kind: str) -> set[tuple[str, str]]:
    return set(Notice.objects.filter(kind=kind).values_list("side", "user__email"))


def test_a_signature_is_told_to_the_vendor_and_to_the_buyers_own_people() -> None:
    market = a_market()
    order = market.signed()
    assert told("signed") == {
        ("vendor", market.seller.email),
        ("buyer", market.boss.email),
        ("buyer", market.clerk.email),
    }
    assert send_notices(at=AT) == 3
    vendors = next(each for each in mail.outbox if each.to == [market.seller.email])
    assert market.shop.name in vendors.subject
    assert "115/11/27" in vendors.subject
    assert f"/vendor/orders/{order.number}/" in vendors.body
    buyers = next(each for each in mail.outbox if each.to == [market.boss.email])
    assert "這筆不是我下的" in buyers.body
    assert f"/my/orders/{order.number}/" in buyers.body


def test_everybody_reads_their_own_language() -> None:
    market = a_market()
    type(market.seller).objects.filter(pk=market.seller.pk).update(language="en")
    order = market.signed()
    send_notices(at=AT)
    english = next(each for each in mail.outbox if each.to == [market.seller.email])
    assert "2026-11-27" in english.subject
    assert f"/en/vendor/orders/{order.number}/" in english.body
    plain = (english.subject + english.body).replace(market.shop.name, "")
    assert not [sign for sign in plain if "\u4e00" <= sign <= "\u9fff"]


def test_a_mail_goes_out_once_however_often_the_sweep_runs() -> None:
    a_market().signed()
    assert send_notices(at=AT) == 3
    assert send_notices(at=AT + timedelta(hours=1)) == 0
    assert len(mail.outbox) == 3


def test_a_mail_server_that_is_down_is_tried_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_self: Any, _messages: Any) -> int:
        raise OSError("no route")

    a_market().signed()
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", down)
        assert send_notices(at=AT) == 0
    assert send_notices(at=AT + timedelta(minutes=9)) == 0
    assert send_notices(at=AT + timedelta(minutes=10)) == 3


def test_every_step_tells_the_side_that_waits_for_it() -> None:
    market = a_market()
    order = market.activated()
    verbs.object_to_delivery(order, reason="登不進去", by=market.clerk, at=AT)
    verbs.activate_order(order, url="https://shop.example/", note="", by=market.seller, at=AT)
    verbs.confirm_order(order, by=market.boss, at=AT)
    verbs.freeze_order(order, by=market.boss, at=AT)
    sides = {(kind, side) for kind, side in Notice.objects.values_list("kind", "side")}
    kinds = ("signed", "accepted", "copay", "activated", "objected", "confirmed", "frozen")
    assert sides == {(kind, side) for kind in kinds for side in NOTICES[kind]}
    assert Notice.objects.filter(kind="activated", user=market.boss).count() == 2
    assert send_notices(at=AT) == Notice.objects.count()
    assert any("登不進去" in each.body for each in mail.outbox)


@pytest.mark.parametrize("end", ["refused", "withdrawn", "expired"])
def test_an_order_that_ends_says_why(end: str) -> None:
    market = a_market()
    order = market.signed()
    if end == "refused":
        verbs.refuse_order(order, reason="這個月排滿了", by=market.seller, at=AT)
    elif end == "withdrawn":
        verbs.withdraw_order(order, reason="這個月排滿了", by=market.boss, at=AT)
    else:
        expire_orders(at=AT + timedelta(days=8))
    send_notices(at=AT)
    said = "業者沒有在期限前回覆" if end == "expired" else "這個月排滿了"
    ends = Notice.objects.filter(kind=end)
    assert set(ends.values_list("side", flat=True)) == set(NOTICES[end])
    assert any(said in each.body for each in mail.outbox)


def test_people_who_left_only_look_or_are_blocked_get_nothing() -> None:
    market = a_market()
    market.shop.memberships.filter(user=market.clerk).update(ended_at=AT)
    type(market.boss).objects.filter(pk=market.boss.pk).update(is_active=False)
    order = market.draft()
    verbs.sign_order(order, signature=a_signature(), by=market.boss, at=AT)
    assert told("signed") == {("vendor", market.seller.email)}


def test_idle_software_is_told_at_14_21_and_30_days_once_each() -> None:
    market = a_market()
    market.in_use()
    counts = {day: warn_idle(at=AT + timedelta(days=day)) for day in (13, 14, 15, 21, 22, 30, 31)}
    assert counts == {13: 0, 14: 1, 15: 0, 21: 1, 22: 0, 30: 1, 31: 0}
    assert set(told("idle")) == {
        ("vendor", market.seller.email),
        ("buyer", market.boss.email),
        ("buyer", market.clerk.email),
    }


def test_use_starts_the_days_anew_and_a_report_of_nothing_does_not() -> None:
    market = a_market()
    order = market.in_use()
    later = AT + timedelta(days=14)
    day = UsageDay.objects.create(
        order=order,
        date=AT.date() + timedelta(days=5),
        active_users=0,
        events=0,
        reported_at=AT,
        reported_with="t",
    )
    assert warn_idle(at=later) == 1
    day.events = 3
    day.save()
    assert warn_idle(at=AT + timedelta(days=18)) == 0
    assert warn_idle(at=AT + timedelta(days=19)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_each_mail_once() -> None:
    a_market().signed()
    answers = at_once(4, lambda _n: send_notices(at=AT))
    assert sum(answers) == 3  # type: ignore[arg-type]
    assert len(mail.outbox) == 3
