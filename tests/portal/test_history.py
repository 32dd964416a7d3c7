"""The demonstration opens onto a lived-in country: everything in it holds, and nothing of it lies in the future."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F, Q

from marketplace.models.claims import Claim, ClaimCheck, Payout, PayoutBatch
from marketplace.models.orders import Contract, Order, OrderMove, Rating, UsageDay
from marketplace.selectors.claimables import claimables
from marketplace.selectors.claims import payment_days
from marketplace.selectors.orders import VENDOR_TABS, vendor_counts
from marketplace.services.contracts import platform_key
from organisations.models.organisation import Organisation
from papers.seal import check_seal
from pmo.selectors import warroom
from pmo.selectors.period import Period
from pmo.selectors.reimbursements import tie_out
from points.models.grants import Application, Decision, Grant
from points.models.ledger import Account, Transfer
from points.selectors.funnel import funnel
from points.selectors.verification import verify_ledger
from points.selectors.zones import replay
from points.services import ledger
from portal.models import User
from portal.services.history import grow_history
from tests.past import AT, ENTERPRISES, grown  # noqa: F401 - a fixture
from vendors.models.solutions import Solution
from vendors.models.vendors import Vendor

State = Order.State
pytestmark = pytest.mark.usefixtures("grown")


def period() -> Period:
    return Period.from_query({}, at=AT)


def test_the_ledger_ties_out() -> None:
    assert Transfer.objects.filter(operation=Transfer.Operation.PAY).count() > 20
    assert verify_ledger() == []


def test_the_register_of_payments_agrees_with_the_ledger_for_all_zones_and_for_one() -> None:
    everything = tie_out(period())
    assert everything.agrees
    assert everything.payouts > 20
    general = tie_out(Period.from_query({"zone": "general"}, at=AT))
    assert general.agrees
    assert 0 < general.payouts < everything.payouts


def test_the_funnel_is_what_the_rows_say() -> None:
    rows = {row.code: row.value for row in funnel(until=AT)}
    assert rows["granted"] == sum(Grant.objects.values_list("points", flat=True))
    signed = Order.objects.filter(points__gt=0, signed_at__isnull=False)
    assert rows["ordered"] == sum(signed.values_list("points", flat=True))
    assert rows["claimable"] == sum(signed.filter(state=State.IN_USE).values_list("points", flat=True))
    assert rows["paid"] == sum(
        Claim.objects.filter(state=Claim.State.PAID).values_list("approved_points", flat=True)
    )
    assert rows["returned_3_months"] > 0


def test_every_point_granted_is_in_exactly_one_place() -> None:
    granted = sum(Grant.objects.values_list("points", flat=True))
    kinds = (Account.Kind.GRANT, Account.Kind.CLAIMABLE, Account.Kind.IN_CLAIM)
    kept = sum(row.posted_credit - row.posted_debit for row in Account.objects.filter(kind__in=kinds))
    gone = Transfer.objects.filter(operation__in=["pay", "unclaimable", "lapse"]).values_list(
        "points", flat=True
    )
    assert granted == kept + sum(gone)


def test_every_state_of_an_order_and_of_a_claim_can_be_seen() -> None:
    assert set(Order.objects.values_list("state", flat=True)) == set(State.values)
    seen = set(Claim.objects.values_list("state", flat=True))
    assert seen >= {"officer", "returned", "approved", "in_batch", "paid"}
    assert PayoutBatch.objects.filter(state=PayoutBatch.State.OPEN).count() == 1
    assert PayoutBatch.objects.filter(state=PayoutBatch.State.SETTLED).count() > 5
    assert {"live", "lapsed", "used"} == set(Grant.objects.values_list("state", flat=True))


def test_nothing_happened_in_the_future() -> None:
    assert not Transfer.objects.filter(event_at__gt=AT).exists()
    for model in (OrderMove, Claim.moves.rel.related_model, PayoutBatch.moves.rel.related_model):
        assert not model.objects.filter(at__gt=AT).exists(), model
    assert not UsageDay.objects.filter(reported_at__gt=AT).exists()
    assert not Rating.objects.filter(rated_at__gt=AT).exists()
    assert Transfer.objects.filter(created_at__lt=F("event_at"), event_at__gt=AT).count() == 0


def test_moves_lead_from_state_to_state_up_to_the_present_one() -> None:
    for order in Order.objects.prefetch_related("moves"):
        here = State.DRAFT
        for step in order.moves.all():
            sources, target = Order.MOVES[step.verb]
            assert step.source == here
            assert step.source in sources
            assert step.target == target
            here = target
        assert order.state == here
    for claim in Claim.objects.prefetch_related("moves"):
        here = Claim.State.CHECKING
        for step in claim.moves.all():
            assert (step.source, step.target) == (here, Claim.MOVES[step.verb][1]), (claim.number, step.verb)
            here = step.target
        assert claim.state == here


def test_nothing_is_overdue_in_a_way_that_the_next_sweep_would_change() -> None:
    today = AT.date()
    assert not Order.objects.filter(state=State.SIGNED, answer_by_date__lt=today).exists()
    assert not Order.objects.filter(state=State.ACCEPTED, activate_by_date__lt=today).exists()
    assert not Order.objects.filter(state=State.ACTIVATED, confirm_by_date__lt=today).exists()
    assert not Grant.objects.filter(state=Grant.State.LIVE, use_by_date__lt=today).exists()
    assert not Claim.objects.filter(state=Claim.State.RETURNED, answer_by_date__lt=today).exists()


def test_decisions_are_the_same_when_they_are_made_again() -> None:
    decisions = Decision.objects.select_related("zone_version")
    assert decisions.count() > ENTERPRISES * 0.9
    assert all(replay(decision).is_same for decision in decisions)


def test_shares_are_those_of_the_programme() -> None:
    members = Organisation.objects.filter(vendor__isnull=True)
    count = members.count()
    sections = Counter(members.values_list("industry__section", flat=True))
    assert abs(sections["G"] / count - 0.38) < 0.04
    assert abs(sections["I"] / count - 0.35) < 0.04
    municipal = members.filter(township__county__is_municipality=True).count()
    assert abs(municipal / count - 0.80) < 0.04
    small = members.filter(employees__lte=5).count()
    assert abs(small / count - 0.78) < 0.09


def test_the_figures_of_the_war_room_are_of_the_right_size() -> None:
    tiles = warroom.tiles(period())
    assert 1.1 < tiles.orders / tiles.enterprises < 1.6
    assert 14_000 < tiles.points_per_enterprise < 22_000
    counted = warroom.by_county(period())
    assert sum(row["orders"] for row in counted) == tiles.orders
    assert sum(row["orders"] for row in warroom.by_month(period())) == tiles.orders
    assert sum(row["enterprises"] for row in warroom.by_township(period())) == tiles.enterprises
    assert sum(row["paid_points"] for row in counted) == tiles.paid_points


def test_points_of_sale_and_customer_software_come_first() -> None:
    kinds = [row["category"].code for row in warroom.by_category(period())]
    assert set(kinds[:2]) == {"pos", "crm"}


def test_payment_took_two_to_six_and_a_half_days() -> None:
    for claim in Claim.objects.filter(state=Claim.State.PAID):
        days = ((claim.paid_at - claim.submitted_at).total_seconds() - claim.stopped_seconds) / 86_400
        assert 0.9 < days < 7, claim.number
    found = payment_days()
    assert found.median is not None
    assert 2 < found.median < 6.5


def test_two_people_stand_behind_every_payment() -> None:
    assert (
        not Claim.objects.filter(state=Claim.State.PAID)
        .filter(Q(decided_by=None) | Q(decided_by=F("submitted_by")))
        .exists()
    )
    settled = PayoutBatch.objects.filter(state=PayoutBatch.State.SETTLED)
    assert {batch.approved_by.username for batch in settled} == {"lee"}
    assert {batch.made_by.username for batch in settled} == {"chang"}
    for batch in settled:
        assert batch.payouts.filter(state=Payout.State.WAITING).count() == 0


def test_open_claims_were_checked_by_the_real_rules() -> None:
    waiting = Claim.objects.filter(state=Claim.State.OFFICER)
    assert waiting.count() >= 2
    for claim in waiting:
        seal = ClaimCheck.objects.get(claim=claim, rule="contract_seal")
        assert seal.verdict == "pass"
        report = check_seal(bytes(claim.order.contract.sealed_pdf), roots=[platform_key().certificate])
        assert report.is_good


def test_the_shop_of_the_cast_has_points_a_rating_due_and_an_order_that_waits() -> None:
    shop = Organisation.objects.get(memberships__user__username="chen", memberships__ended_at=None)
    grant = shop.grants.get()
    assert (grant.state, grant.points, grant.zone_version.zone.code) == ("live", 30_000, "general")
    used, waiting = shop.orders.order_by("placed_at")
    assert used.state == State.IN_USE
    assert not hasattr(used, "rating")
    assert used.claimable_from <= AT.date()
    assert (waiting.state, waiting.vendor.code) == (State.SIGNED, "V001")
    assert ledger.balance(grant.account_id).available == 30_000 - used.points - waiting.points > 0


def test_the_vendor_of_the_cast_has_work_in_every_tab_and_something_to_claim() -> None:
    vendor = Vendor.objects.get(code="V001")
    counts = vendor_counts(vendor)
    assert all(counts[tab] for tab in VENDOR_TABS), counts
    ready = [row for row in claimables(vendor, at=AT) if row.is_ready]
    assert len(ready) >= 2
    assert all(Contract.objects.filter(order=row.order, sealed_at__isnull=False).exists() for row in ready)
    assert vendor.claims.filter(state=Claim.State.PAID).exists()
    assert vendor.claims.exclude(state__in=[Claim.State.PAID, Claim.State.REJECTED]).exists()


def test_averages_of_solutions_are_their_ratings() -> None:
    sums: Counter[int] = Counter()
    for solution, stars in Rating.objects.values_list("order__version__solution", "stars"):
        sums[solution] += stars
    assert sums
    assert dict(Solution.objects.filter(rating_count__gt=0).values_list("pk", "rating_sum")) == dict(sums)


def test_nobody_of_the_past_can_sign_in() -> None:
    past = User.objects.filter(email__endswith="@history.example")
    assert past.count() > ENTERPRISES
    assert not any(user.has_usable_password() for user in past[:50])


def test_growing_twice_is_growing_once() -> None:
    before = (
        Order.objects.count(),
        Transfer.objects.count(),
        Application.objects.count(),
        User.objects.count(),
    )
    assert grow_history(enterprises=ENTERPRISES, at=AT + timedelta(days=1)) == 0
    call_command("grow_history", enterprises=40, verbosity=0)
    after = (
        Order.objects.count(),
        Transfer.objects.count(),
        Application.objects.count(),
        User.objects.count(),
    )
    assert after == before


def test_the_application_has_no_direct_way_into_the_ledger() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, has_table_privilege('points_transfer', 'INSERT')")
        assert cursor.fetchone()[1] is False
