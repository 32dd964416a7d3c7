"""Funnel, purse and statement: three readings of one ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import override

from points import conditions
from points.models.grants import Grant
from points.models.ledger import Account
from points.models.programmes import BudgetSource, Clause, Zone
from points.selectors.funnel import funnel
from points.selectors.purse import purse_of
from points.selectors.statements import statement
from points.services import ledger
from points.services.grants import apply_for_points, decide_application, lapse_grants
from points.services.seeding import load_programme
from tests.points.conftest import AT

pytestmark = pytest.mark.django_db
Maker = Callable[..., tuple[Any, Any]]
DAY = timedelta(days=1)


@pytest.fixture
def grant(new_organisation: Maker, general: Zone) -> Grant:
    """30,000 points, of which one order used 12,000, another gave 5,000 back after a missed start, a third holds 4,000."""
    organisation, person = new_organisation()
    decide_application(apply_for_points(organisation=organisation, zone=general, by=person, at=AT), at=AT)
    grant = Grant.objects.get()
    claimable, in_claim = ledger.open_order_accounts(
        grant_account_id=grant.account_id, order_id=1, vendor_id=1
    )
    paid = ledger.open_account(Account.Kind.PAID, budget_source_id=grant.budget_source_id)
    order: dict[str, Any] = {"reason": "order", "cause": ("order", 1)}
    used, missed, _held = (
        ledger.hold(
            account_id=grant.account_id,
            to_account_id=claimable,
            points=points,
            key=f"h{points}",
            at=AT + DAY,
            **order,
        )
        for points in (12_000, 5_000, 4_000)
    )
    ledger.release(
        hold_id=missed, points=5_000, key="r", reason="return_1_month", cause=("order", 2), at=AT + 8 * DAY
    )
    ledger.capture(hold_id=used, points=12_000, key="c", at=AT + 9 * DAY, **order)
    ledger.transfer(
        operation="claim", debit=claimable, credit=in_claim, points=12_000, key="k", at=AT + 40 * DAY, **order
    )
    ledger.transfer(
        operation="return",
        debit=in_claim,
        credit=claimable,
        points=12_000,
        key="b",
        at=AT + 41 * DAY,
        **order,
    )
    ledger.transfer(
        operation="claim",
        debit=claimable,
        credit=in_claim,
        points=12_000,
        key="k2",
        at=AT + 42 * DAY,
        **order,
    )
    ledger.transfer(
        operation="pay", debit=in_claim, credit=paid, points=12_000, key="p", at=AT + 45 * DAY, **order
    )
    return grant


def test_the_funnel_shows_each_stage_once(grant: Grant) -> None:
    stages = {row.code: row.value for row in funnel(budget_source=grant.budget_source)}
    assert stages == {
        "appropriated": 600_000_000,
        "granted": 30_000,
        "ordered": 21_000,
        "returned_1_month": 5_000,
        "returned_3_months": 0,
        "granted_again": 0,
        "claimable": 12_000,
        "in_claim": 12_000,
        "paid": 12_000,
        "unclaimable": 0,
    }


def test_the_funnel_of_all_budgets_is_the_sum_of_each(grant: Grant) -> None:
    lapse_grants(at=AT + 100 * DAY)
    each = [[row.value for row in funnel(budget_source=source)] for source in BudgetSource.objects.all()]
    assert [row.value for row in funnel()] == [sum(column) for column in zip(*each, strict=True)]


def test_the_funnel_counts_only_what_happened_in_the_period(grant: Grant) -> None:
    stages = {row.code: row.value for row in funnel(since=AT + 8 * DAY, until=AT + 9 * DAY)}
    assert stages["returned_1_month"] == 5_000
    assert sum(stages.values()) == 5_000


def test_the_purse_adds_up(grant: Grant) -> None:
    purse = purse_of(grant.organisation, at=AT + 50 * DAY)
    assert (purse.granted, purse.used, purse.held, purse.free) == (30_000, 12_000, 4_000, 14_000)
    assert purse.use_by_date == grant.use_by_date


def test_the_purse_forgets_what_went_back_to_the_budget(grant: Grant) -> None:
    lapse_grants(at=AT + 100 * DAY)
    purse = purse_of(grant.organisation, at=AT + 100 * DAY)
    assert (purse.granted, purse.used, purse.held, purse.free, purse.use_by_date) == (
        16_000,
        12_000,
        4_000,
        0,
        None,
    )


def test_a_statement_of_a_past_day_is_what_it_was(grant: Grant) -> None:
    first, later = (statement(organisation=grant.organisation, until=AT + days * DAY) for days in (1, 30))
    assert (first.available_points, first.held_points) == (9_000, 21_000)
    assert (later.available_points, later.held_points) == (14_000, 4_000)
    assert [line.balance_points for line in later.lines] == [30_000, 18_000, 13_000, 9_000, 14_000]


def test_a_statement_ends_where_the_ledger_stands(grant: Grant) -> None:
    lapse_grants(at=AT + 100 * DAY)
    said, stands = (
        statement(organisation=grant.organisation, until=AT + 200 * DAY),
        ledger.balance(grant.account_id),
    )
    assert (said.available_points, said.held_points) == (stands.available, stands.pending_debit)


def test_stages_have_english_names() -> None:
    with override("en"):
        assert [row.label for row in funnel()][:2] == ["Appropriated", "Granted"]


def test_loading_the_programme_again_changes_nothing(general: Zone) -> None:
    before = [row.value for row in funnel()], general.versions.count(), Account.objects.count()
    load_programme(at=AT + DAY)
    assert ([row.value for row in funnel()], general.versions.count(), Account.objects.count()) == before


def test_every_zone_that_gives_points_has_conditions_budgets_and_clauses_that_exist(programme: None) -> None:
    codes = set(Clause.objects.filter(regulation__version=2).values_list("code", flat=True))
    for zone in Zone.objects.all():
        for version in zone.versions.all():
            assert version.made_by_id != version.approved_by_id
            assert {row["name"] for row in version.conditions} <= set(conditions.CONDITIONS)
            assert {row["clause"] for row in version.conditions} <= codes
            assert version.gives_points == bool(version.zone_budgets.exists())
            assert version.gives_points == (zone.funding == Zone.Funding.OWN)
