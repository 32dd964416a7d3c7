"""People are told about their points: once, in their language, in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from points.models.grants import Grant
from points.models.notices import PointsNotice
from points.models.programmes import Zone
from points.services import ledger
from points.services.grants import apply_for_points, decide_application, lapse_grants
from points.services.notices import send_notices, warn_of_lapses
from points.todos import todos
from tests.points.conftest import AT

pytestmark = pytest.mark.django_db
Maker = Callable[..., tuple[Any, Any]]


@pytest.fixture
def grant(new_organisation: Maker, general: Zone, settings: Any) -> Grant:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    organisation, person = new_organisation()
    person.email = "lin@example.org"
    person.save()
    decide_application(apply_for_points(organisation=organisation, zone=general, by=person, at=AT), at=AT)
    return Grant.objects.get()


def kinds() -> list[str]:
    return list(PointsNotice.objects.order_by("pk").values_list("kind", flat=True))


def test_a_grant_is_told_once_with_its_last_day(grant: Grant) -> None:
    assert send_notices(at=AT) == 1
    assert send_notices(at=AT) == 0
    assert mail.outbox[0].subject == "核發30,000點給阿英麵店"
    assert "民國116年2月23日" in mail.outbox[0].body


def test_a_reader_of_english_is_told_in_english(grant: Grant) -> None:
    person = grant.organisation.memberships.get().user
    person.language = "en"
    person.save()
    send_notices(at=AT)
    assert "2027-02-23" in mail.outbox[0].body
    assert "申請" not in mail.outbox[0].body


def test_a_refusal_is_told(new_organisation: Maker, general: Zone) -> None:
    organisation, person = new_organisation(tax_status="closed")
    person.email = "x@example.org"
    person.save()
    decide_application(apply_for_points(organisation=organisation, zone=general, by=person, at=AT), at=AT)
    assert kinds() == ["refused"]


def test_four_warnings_come_before_points_lapse_and_none_twice(grant: Grant) -> None:
    for day in range(40, -1, -1):
        warn_of_lapses(at=AT + timedelta(days=92 - day))
    assert kinds() == ["granted", *["lapse_warning"] * 4]
    days = [
        notice.facts["days"] for notice in PointsNotice.objects.filter(kind="lapse_warning").order_by("pk")
    ]
    assert days == [30, 14, 7, 1]


def test_nobody_is_warned_whose_points_are_all_ordered(grant: Grant) -> None:
    claimable, _in_claim = ledger.open_order_accounts(
        grant_account_id=grant.account_id, order_id=1, vendor_id=1
    )
    ledger.hold(
        account_id=grant.account_id,
        to_account_id=claimable,
        points=30_000,
        key="h",
        reason="order",
        cause=("order", 1),
        at=AT,
    )
    assert warn_of_lapses(at=AT + timedelta(days=91)) == 0


def test_a_lapse_is_told_with_how_much(grant: Grant) -> None:
    lapse_grants(at=AT + timedelta(days=100))
    notice = PointsNotice.objects.get(kind="lapsed")
    assert notice.facts["points"] == 30_000


def test_the_to_do_list_asks_to_apply_then_to_order(new_organisation: Maker, general: Zone) -> None:
    organisation, person = new_organisation()
    (first,) = todos(person, at=AT)
    assert first.sentence == "申請點數"
    application = apply_for_points(organisation=organisation, zone=general, by=person, at=AT)
    assert todos(person, at=AT) == []
    decide_application(application, at=AT)
    (order,) = todos(person, at=AT)
    assert (order.sentence, order.is_turn) == ("用30,000點選方案", False)
    assert todos(person, at=AT + timedelta(days=70))[0].is_turn
