"""From an application to points, and back when nobody orders with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from organisations.models.jobs import Outbox
from organisations.refusals import Refused
from points.models.grants import Application, Decision, Grant, SubsidyRecord
from points.models.ledger import Account, Transfer
from points.models.programmes import BudgetSource, Zone, ZoneVersion
from points.selectors.zones import replay, zone_in_force
from points.services import ledger
from points.services.grants import (
    apply_for_points,
    decide_application,
    lapse_grants,
    last_day_of_use,
    return_points,
)
from tests.points.conftest import AT
from tests.points.ledger_world import at_once

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=120)
Maker = Callable[..., tuple[Any, Any]]


def applied(make: Maker, zone: Zone, **facts: Any) -> Application:
    organisation, person = make(**facts)
    return apply_for_points(organisation=organisation, zone=zone, by=person, at=AT)


def granted(make: Maker, zone: Zone, **facts: Any) -> Grant:
    application = decide_application(applied(make, zone, **facts), at=AT)
    assert application.state == Application.State.GRANTED
    return Grant.objects.get(organisation=application.organisation)


def drain(zone: Zone, leave: int = 0) -> None:
    """Take everything but `leave` out of every budget of the zone."""
    for line in zone_in_force(zone.code, at=AT).zone_budgets.all():
        source = line.budget_source
        account = ledger.open_account(
            Account.Kind.GRANT, budget_source_id=source.pk, grant_id=8_000_000 + source.pk
        )
        points = ledger.balance(source.account_id).available - leave
        ledger.grant(
            budget_account_id=source.account_id,
            account_id=account,
            points=points,
            key=f"drain{source.pk}",
            reason="x",
            cause=("t", 1),
            at=AT,
        )


def test_an_eligible_organisation_gets_thirty_thousand_points_for_three_months(
    new_organisation: Maker, general: Zone
) -> None:
    grant = granted(new_organisation, general)
    assert grant.points == 30_000
    assert ledger.balance(grant.account_id).available == 30_000
    assert grant.use_by_date == date(2027, 2, 23)
    assert grant.budget_source.code == "115-moda-general"
    assert not grant.is_regrant


def test_a_grant_is_written_into_the_register_of_subsidies_and_told_to_the_apps_above(
    new_organisation: Maker, general: Zone
) -> None:
    grant = granted(new_organisation, general)
    record = SubsidyRecord.objects.get(grant=grant)
    assert (record.ubn, record.kind, record.amount_twd) == (grant.organisation.ubn, "small", 30_000)
    assert Outbox.objects.get(topic="grant.made").payload["grant_id"] == grant.pk


def test_deciding_twice_grants_once(new_organisation: Maker, general: Zone) -> None:
    application = applied(new_organisation, general)
    for _turn in range(2):
        assert decide_application(application, at=AT).state == Application.State.GRANTED
    assert Grant.objects.count() == Decision.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"tax_status": "suspended"}, "registry.tax_suspended"),
        ({"tax_status": "closed"}, "registry.tax_closed"),
        ({"register_status": "04"}, "registry.company_dissolved"),
        ({"register_status": "05"}, "registry.company_revoked"),
        ({"capital_twd": 100_000_001, "employees": 200}, "eligibility.not_sme"),
        ({"capital_twd": 100_000_001}, "eligibility.not_sme"),
        ({"kind": "branch"}, "eligibility.kind_not_covered"),
    ],
)
def test_an_application_is_refused_with_a_named_reason(
    new_organisation: Maker, general: Zone, facts: dict[str, Any], reason: str
) -> None:
    application = decide_application(applied(new_organisation, general, **facts), at=AT)
    assert application.state == Application.State.REFUSED
    stops = [row["reason"] for row in application.decision.outcomes if row["severity"] == "stop"]
    assert stops == [reason]
    assert Grant.objects.count() == 0


@pytest.mark.parametrize(
    "facts",
    [{"capital_twd": 100_000_000}, {"capital_twd": 100_000_001, "employees": 199}, {"register_status": "01"}],
)
def test_an_application_at_the_edge_of_the_rules_is_granted(
    new_organisation: Maker, general: Zone, facts: dict[str, Any]
) -> None:
    assert granted(new_organisation, general, **facts).points == 30_000


def test_a_small_grant_of_another_programme_stands_in_the_way_a_large_one_does_not(
    new_organisation: Maker, general: Zone
) -> None:
    for kind, state in (("large", "granted"), ("small", "refused")):
        application = applied(new_organisation, general)
        ubn = application.organisation.ubn
        SubsidyRecord.objects.create(
            ubn=ubn,
            programme_name="商業服務業數位轉型",
            kind=kind,
            amount_twd=20_000,
            approved_at=AT - timedelta(days=40),
        )
        assert decide_application(application, at=AT).state == state


def test_a_small_grant_that_has_ended_does_not_stand_in_the_way(
    new_organisation: Maker, general: Zone
) -> None:
    application = applied(new_organisation, general)
    SubsidyRecord.objects.create(
        ubn=application.organisation.ubn,
        programme_name="x",
        kind="small",
        amount_twd=1,
        approved_at=AT,
        ends_on=date(2026, 11, 22),
    )
    assert decide_application(application, at=AT).state == Application.State.GRANTED


def test_an_undeclared_large_grant_is_a_warning_in_the_decision(
    new_organisation: Maker, general: Zone
) -> None:
    application = applied(new_organisation, general)
    SubsidyRecord.objects.create(
        ubn=application.organisation.ubn, programme_name="大計畫", kind="large", amount_twd=1, approved_at=AT
    )
    decided = decide_application(application, at=AT)
    assert {"duplicate.undeclared"} == {
        row["reason"] for row in decided.decision.outcomes if row["severity"] == "warn"
    }


def test_a_person_without_proof_gets_no_points(new_organisation: Maker, general: Zone) -> None:
    application = applied(new_organisation, general)
    application.organisation.memberships.get().proofs.all().delete()
    assert decide_application(application, at=AT).decision.outcomes[0]["reason"] == "identity.method_too_weak"


def test_applying_twice_at_the_same_time_is_refused_with_a_sentence(
    new_organisation: Maker, general: Zone
) -> None:
    application = applied(new_organisation, general)
    with pytest.raises(Refused) as caught:
        apply_for_points(
            organisation=application.organisation, zone=general, by=application.applied_by, at=AT
        )
    assert caught.value.code == "already_applied"


@pytest.mark.parametrize("code", ["self-paid", "international", "agriculture"])
def test_a_zone_without_points_takes_no_application(
    new_organisation: Maker, programme: None, code: str
) -> None:
    organisation, person = new_organisation()
    with pytest.raises(Refused) as caught:
        apply_for_points(organisation=organisation, zone=Zone.objects.get(code=code), by=person, at=AT)
    assert caught.value.code == "zone_gives_no_points"


def test_a_frozen_programme_takes_no_application(new_organisation: Maker, general: Zone) -> None:
    general.programme.grants_frozen_at = AT
    with pytest.raises(Refused) as caught:
        applied(new_organisation, general)
    assert caught.value.code == "programme_frozen"


def test_one_live_grant_per_organisation_whatever_the_zone(new_organisation: Maker, general: Zone) -> None:
    grant = granted(new_organisation, general)
    other = Zone.objects.get(code="digital-payment")
    by = grant.organisation.memberships.get().user
    application = apply_for_points(organisation=grant.organisation, zone=other, by=by, at=AT)
    decided = decide_application(application, at=AT)
    assert decided.state == Application.State.REFUSED
    assert {row["condition"] for row in decided.decision.outcomes if row["severity"] == "stop"} == {
        "no_live_grant",
        "cap_not_reached",
    }


def test_the_next_budget_is_used_when_the_first_has_no_room(new_organisation: Maker, programme: None) -> None:
    zone = Zone.objects.get(code="digital-payment")
    first = BudgetSource.objects.get(code="115-moda-payment")
    account = ledger.open_account(Account.Kind.GRANT, budget_source_id=first.pk, grant_id=8_100_000)
    points = ledger.balance(first.account_id).available - 29_999
    ledger.grant(
        budget_account_id=first.account_id,
        account_id=account,
        points=points,
        key="drain",
        reason="x",
        cause=("t", 1),
        at=AT,
    )
    assert granted(new_organisation, zone).budget_source.code == "115-moda-general"
    assert ledger.balance(first.account_id).available == 29_999


def test_without_room_an_application_waits_and_is_granted_in_its_turn(
    new_organisation: Maker, general: Zone
) -> None:
    drain(general)
    first, second = applied(new_organisation, general), applied(new_organisation, general)
    assert decide_application(first, at=AT).state == Application.State.WAITING
    source = BudgetSource.objects.get(code="115-moda-general")
    decide_application(second, at=AT)
    before = Decision.objects.count()
    assert decide_application(first, at=AT).state == Application.State.WAITING
    assert Decision.objects.count() == before  # waiting costs no rows
    ledger.appropriate(
        budget_account_id=source.account_id,
        points=30_000,
        key="more",
        reason="supplement",
        cause=("t", 1),
        at=AT,
    )
    third = applied(new_organisation, general)
    assert (
        decide_application(third, at=AT).state == Application.State.WAITING
    )  # not before those who came first
    assert decide_application(first, at=AT).state == Application.State.GRANTED
    assert decide_application(second, at=AT).state == Application.State.WAITING


def test_unordered_points_lapse_after_their_last_day_and_not_before(
    new_organisation: Maker, general: Zone
) -> None:
    grant = granted(new_organisation, general)
    before = ledger.balance(grant.budget_source.account_id).available
    assert lapse_grants(at=AT + timedelta(days=92)) == 0  # 23 February, the last day
    assert lapse_grants(at=AT + timedelta(days=93)) == 1
    grant.refresh_from_db()
    assert grant.state == Grant.State.LAPSED
    assert ledger.balance(grant.account_id).available == 0
    assert ledger.balance(grant.budget_source.account_id).available == before + 30_000
    assert Transfer.objects.get(operation="lapse").reason == "return_3_months"
    assert lapse_grants(at=AT + timedelta(days=93)) == 0


def test_held_points_do_not_lapse_until_they_are_released(new_organisation: Maker, general: Zone) -> None:
    grant = granted(new_organisation, general)
    claimable, _in_claim = ledger.open_order_accounts(
        grant_account_id=grant.account_id, order_id=1, vendor_id=1
    )
    held = ledger.hold(
        account_id=grant.account_id,
        to_account_id=claimable,
        points=30_000,
        key="h",
        reason="order",
        cause=("order", 1),
        at=AT,
    )
    lapse_grants(at=LATER)
    grant.refresh_from_db()
    assert grant.state == Grant.State.USED
    ledger.release(
        hold_id=held, points=30_000, key="r", reason="return_1_month", cause=("order", 1), at=LATER
    )
    assert lapse_grants(at=LATER + timedelta(days=1)) == 1
    assert ledger.balance(grant.account_id).available == 0


def test_after_a_lapse_the_rest_up_to_the_cap_can_be_asked_for_again(
    new_organisation: Maker, general: Zone
) -> None:
    grant = granted(new_organisation, general)
    claimable, _in_claim = ledger.open_order_accounts(
        grant_account_id=grant.account_id, order_id=1, vendor_id=1
    )
    ledger.hold(
        account_id=grant.account_id,
        to_account_id=claimable,
        points=12_000,
        key="h",
        reason="order",
        cause=("order", 1),
        at=AT,
    )
    lapse_grants(at=LATER)
    by = grant.organisation.memberships.get().user
    again = apply_for_points(organisation=grant.organisation, zone=general, by=by, at=LATER)
    assert decide_application(again, at=LATER).state == Application.State.GRANTED
    assert Grant.objects.get(organisation=grant.organisation, state=Grant.State.LIVE).points == 18_000


def test_a_grant_out_of_returned_points_is_a_regrant(new_organisation: Maker, general: Zone) -> None:
    drain(general, leave=30_000)
    first = granted(new_organisation, general)
    return_points(grant=first, points=30_000, key="back", cause=("order", 1), at=AT)
    second = granted(new_organisation, general)
    assert (first.is_regrant, second.is_regrant) == (False, True)
    assert Transfer.objects.get(idempotency_key=f"grant:{second.pk}").reason == "regrant"


def test_the_last_day_of_use_is_the_same_day_three_months_later_or_the_end_of_that_month() -> None:
    assert last_day_of_use(AT, 3) == date(2027, 2, 23)
    assert last_day_of_use(AT.replace(month=11, day=30), 3) == date(2027, 2, 28)
    assert last_day_of_use(AT.replace(month=12, day=31), 3) == date(2027, 3, 31)


def test_a_decision_is_replayed_from_its_own_version_and_facts(
    new_organisation: Maker, general: Zone
) -> None:
    application = decide_application(applied(new_organisation, general), at=AT)
    again = replay(application.decision)
    assert again.is_eligible
    assert again.is_same
    application.organisation.tax_status = "closed"  # what happens later does not change what was known then
    application.organisation.save()
    assert replay(application.decision).is_same


def test_a_replay_shows_a_decision_that_was_changed_afterwards(
    new_organisation: Maker, general: Zone
) -> None:
    decision = decide_application(applied(new_organisation, general), at=AT).decision
    assert decision is not None
    decision.facts = decision.facts | {"status": "closed"}
    assert not replay(decision).is_same


def test_a_zone_version_needs_a_second_person(general: Zone, new_person: Callable[..., Any]) -> None:
    person = new_person()
    facts = {
        "zone": general,
        "number": 9,
        "state": "approved",
        "valid": (LATER, None),
        "approved_at": AT,
        "name_zh": "x",
        "name_en": "x",
    }
    with pytest.raises(IntegrityError, match="zone_version_needs_a_second_person"), transaction.atomic():
        ZoneVersion.objects.create(made_by=person, approved_by=person, **facts)


def test_two_versions_of_a_zone_are_never_in_force_together(general: Zone) -> None:
    version = general.versions.get(number=2)
    with pytest.raises(IntegrityError, match="one_zone_version_in_force"), transaction.atomic():
        ZoneVersion.objects.create(
            zone=general,
            number=9,
            state="approved",
            valid=(LATER, None),
            approved_at=AT,
            approved_by=version.approved_by,
            name_zh="x",
            name_en="x",
        )


@pytest.mark.django_db(transaction=True)
def test_two_applications_of_one_organisation_decided_at_once_give_one_grant(
    new_organisation: Maker, general: Zone
) -> None:
    organisation, person = new_organisation()
    zones = list(Zone.objects.filter(code__in=["general", "digital-payment", "generative-ai", "net-zero"]))
    applications = [
        apply_for_points(organisation=organisation, zone=zone, by=person, at=AT) for zone in zones
    ]
    answers = at_once(4, lambda number: decide_application(applications[number], at=AT).state)
    assert Counter(map(str, answers)) == {"granted": 1, "refused": 3}
    assert sum(ledger.balance(grant.account_id).available for grant in Grant.objects.all()) == 30_000


@pytest.mark.django_db(transaction=True)
def test_applications_at_once_for_the_last_points_give_no_more_than_there_are(
    new_organisation: Maker, general: Zone
) -> None:
    drain(general, leave=60_000)
    applications = [applied(new_organisation, general) for _client in range(6)]
    at_once(6, lambda number: decide_application(applications[number], at=AT))
    states = Counter(Application.objects.values_list("state", flat=True))
    assert states["granted"] == 2
    assert ledger.balance(BudgetSource.objects.get(code="115-moda-general").account_id).available == 0
