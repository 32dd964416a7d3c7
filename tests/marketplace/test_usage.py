"""Daily use as vendors report it: by key, row by row, aggregates only."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from marketplace.models.orders import UsageDay
from marketplace.services.usage import UsageRow, report_usage
from organisations.services.api_keys import make_key, revoke_key
from tests.marketplace.claim_world import AT, an_organisation, member
from tests.marketplace.order_world import Market, a_market
from tests.points.ledger_world import at_once

pytestmark = pytest.mark.django_db
URL = "/api/v1/usage/"
TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interface reads the platform's clock; here it stands at AT. Nobody has called yet."""
    monkeypatch.setattr("marketplace.api.usage.now", lambda: AT)
    cache.clear()


def key_of(market: Market, *scopes: str) -> str:
    organisation = market.vendor.organisation
    chosen = list(scopes or ["usage"])
    return make_key(organisation=organisation, label="t", scopes=chosen, by=market.seller, at=AT)[1]


def post(body: Any, key: str = "", *, raw: bool = False) -> Any:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    content = body if raw else json.dumps(body, default=str)
    return Client().post(URL, content, content_type="application/json", headers=headers)


def row(order: Any, day: date = TODAY, **facts: Any) -> dict[str, Any]:
    return {"order": order.number, "date": day, "active_users": 2, "events": 40} | facts


def test_a_day_is_kept_with_the_key_that_told_it() -> None:
    market = a_market()
    order, key = market.in_use(), key_of(market)
    answer = post({"rows": [row(order, last_used_at="2026-11-20T08:30:00+08:00")]}, key)
    assert (answer.status_code, answer.json()["kept"]) == (200, 1)
    day = UsageDay.objects.get()
    assert (day.order, day.date, day.active_users, day.events) == (order, TODAY, 2, 40)
    assert key.split("_")[1] == day.reported_with
    assert day.last_used_at == datetime.fromisoformat("2026-11-20T00:30:00+00:00")


def test_a_day_told_again_replaces_what_was_said_and_is_one_day() -> None:
    market = a_market()
    order, key = market.in_use(), key_of(market)
    post({"rows": [row(order)]}, key)
    answer = post({"rows": [row(order, events=7), row(order, events=9)]}, key)
    assert answer.json()["kept"] == 2
    assert UsageDay.objects.get().events == 9


def test_rows_that_are_refused_do_not_stop_the_others() -> None:
    market, other = a_market(), a_market()
    order, foreign = market.in_use(), other.in_use()
    waiting = a_market().signed()
    rows = [
        row(foreign),
        row(waiting),
        row(order, TODAY - timedelta(days=1)),
        row(order, TODAY + timedelta(days=1)),
        row(order, last_used_at="2026-11-20T23:00:00+08:00"),
        row(order),
    ]
    answer = post({"rows": rows}, key_of(market)).json()
    codes = [each["code"] for each in answer["rows"]]
    assert codes == ["no_such_order", "no_such_order", "too_early", "in_future", "in_future", ""]
    assert (answer["kept"], answer["refused"]) == (1, 5)
    assert all(each["sentence"] for each in answer["rows"] if each["state"] == "refused")
    assert UsageDay.objects.get().order == order


def test_an_order_that_does_not_run_takes_no_use() -> None:
    market = a_market()
    order = market.accepted()
    answer = post({"rows": [row(order)]}, key_of(market)).json()
    assert answer["rows"][0]["code"] == "not_running"
    assert not UsageDay.objects.exists()


def test_use_of_more_than_two_months_ago_comes_too_late() -> None:
    market = a_market()
    order = market.in_use()
    rows = [UsageRow(order.number, TODAY, 1, 1)]
    (answer,) = report_usage(vendor=market.vendor, rows=rows, key_prefix="x", at=AT + timedelta(days=63))
    assert answer.code == "too_old"
    (answer,) = report_usage(vendor=market.vendor, rows=rows, key_prefix="x", at=AT + timedelta(days=62))
    assert answer.state == "kept"


def test_a_thousand_rows_are_taken_and_one_more_is_not() -> None:
    market = a_market()
    order, key = market.in_use(), key_of(market)
    rows = [row(order, events=n) for n in range(1_000)]
    assert post({"rows": rows}, key).json()["kept"] == 1_000
    assert UsageDay.objects.get().events == 999
    assert post({"rows": [*rows, row(order)]}, key).status_code == 400


def test_without_a_key_with_a_wrong_one_or_a_revoked_one_nothing_is_taken() -> None:
    market = a_market()
    body = {"rows": [row(market.in_use())]}
    key, text = make_key(
        organisation=market.vendor.organisation, label="t", scopes=["usage"], by=market.seller, at=AT
    )
    assert post(body).status_code == 401
    assert post(body, "cm_aaaaaaaa_nothing").status_code == 401
    revoke_key(key, by=market.seller, at=AT)
    assert post(body, text).status_code == 401
    assert not UsageDay.objects.exists()


def test_a_key_for_something_else_or_of_a_buyer_is_forbidden() -> None:
    market = a_market()
    body = {"rows": [row(market.in_use())]}
    assert post(body, key_of(market, "orders")).status_code == 403
    shop = an_organisation()
    _key, text = make_key(organisation=shop, label="t", scopes=["usage"], by=member(shop), at=AT)
    assert post(body, text).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "5",
        "null",
        '"rows"',
        "{}",
        '{"rows": null}',
        '{"rows": "x"}',
        '{"rows": []}',
        '{"rows": [5]}',
        '{"rows": [{}]}',
        '{"rows": [{"order": "a\\u0000b", "date": "2026-11-20", "active_users": 1, "events": 1}]}',
        '{"rows": [{"order": "x", "date": "115-11-20", "active_users": 1, "events": 1}]}',
        '{"rows": [{"order": "x", "date": "2026-02-30", "active_users": 1, "events": 1}]}',
        '{"rows": [{"order": "x", "date": "2026-11-20", "active_users": -1, "events": 1}]}',
        '{"rows": [{"order": "x", "date": "2026-11-20", "active_users": 1e400, "events": 1}]}',
        '{"rows": [{"order": "x", "date": "2026-11-20", "active_users": 99999999999999999999, "events": 1}]}',
        '{"rows": [{"order": "x", "date": "2026-11-20", "active_users": true, "events": NaN}]}',
        '{"rows": [{"order": ["x"], "date": "2026-11-20", "active_users": 1, "events": 1}]}',
        '{"rows": [{"order": "x", "date": "2026-11-20", "active_users": 1, "events": 1, "last_used_at": "0001-01-01T00:00:00+14:00"}]}',
        "\udcff",
    ],
)
def test_what_cannot_be_read_is_a_clear_400(body: str) -> None:
    market = a_market()
    answer = post(body.encode("utf-8", "surrogateescape"), key_of(market), raw=True)
    assert answer.status_code == 400
    assert answer.json()


def test_days_at_the_ends_of_time_are_refused_row_by_row() -> None:
    market = a_market()
    order = market.in_use()
    rows = [row(order, date(1, 1, 1)), row(order, date(9999, 12, 31))]
    answer = post({"rows": rows}, key_of(market)).json()
    assert [each["code"] for each in answer["rows"]] == ["too_early", "in_future"]


@pytest.mark.django_db(transaction=True)
def test_two_reports_at_once_in_opposite_order_keep_every_day() -> None:
    market = a_market()
    order = market.in_use()
    days = [TODAY + timedelta(days=n) for n in range(60)]
    rows = [UsageRow(order.number, day, 1, 1) for day in days]
    later = AT + timedelta(days=60)

    def report(n: int) -> int:
        mine = rows if n % 2 else rows[::-1]
        for _again in range(5):
            report_usage(vendor=market.vendor, rows=mine, key_prefix=f"k{n}", at=later)
        return n

    assert at_once(4, report) == [0, 1, 2, 3]
    assert UsageDay.objects.filter(order=order).count() == 60
