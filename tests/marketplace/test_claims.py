"""A claim's life: what may be sent in, how it is checked and decided, its clock, its points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from marketplace.models.claims import Claim, ClaimCheck, Invoice
from marketplace.models.orders import Order
from marketplace.notices import mail_of
from marketplace.selectors.claim_words import newest_checks, thread_of, why
from marketplace.selectors.claimables import claimable, claimables, orders_to_claim
from marketplace.selectors.claims import (
    claims_of,
    clock,
    frozen_without_claim,
    office_counts,
    office_figures,
    payment_days,
    queue,
)
from marketplace.services import claims, payouts
from marketplace.services.freezes import lift_freeze
from marketplace.services.invoices import period_of, read_number
from marketplace.tasks.claims import check_claim as check_task
from marketplace.tasks.claims import check_missed_claims
from organisations.models.jobs import Outbox
from organisations.models.people import Membership
from organisations.models.registry import RegistryCheck
from organisations.refusals import Refused
from points.models.ledger import Account, Transfer
from points.services import ledger
from portal.models import User
from tests.marketplace.claim_world import (
    AT,
    POINTS,
    PRICE,
    Sale,
    a_claim,
    a_sale,
    a_vendor,
    an_invoice,
    an_organisation,
    finance,
    member,
    officer,
    registers_say,
)
from tests.marketplace.claim_world import a_user as a_stranger

pytestmark = pytest.mark.django_db
State = Claim.State


def refused(code: str) -> Any:
    """Expect this refusal."""
    return pytest.raises(Refused, match=f"^{code}$|") if not code else _Expect(code)


class _Expect:
    def __init__(self, code: str) -> None:
        self.code = code

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, problem: Any, _trace: Any) -> bool:
        assert isinstance(problem, Refused), f"expected a refusal ({self.code}), got {problem!r}"
        assert problem.code == self.code
        assert str(problem.sentence)
        return True


def send(sale: Sale, **facts: Any) -> Claim:
    return claims.submit_claim(order=sale.order, invoices=[an_invoice(sale, **facts)], by=sale.seller, at=AT)


# Sending in


def test_a_claim_takes_all_claimable_points_into_the_claim() -> None:
    sale = a_sale()
    claim = send(sale)
    assert claim.state == State.CHECKING
    assert claim.points == POINTS
    assert sale.balances() == {"claimable": 0, "in_claim": POINTS, "paid": 0, "unclaimable": 0}
    assert claim.number == f"C115-{100_000 + claim.pk}"
    assert Outbox.objects.filter(topic="claim.submitted", payload__claim=claim.pk).exists()


def test_several_invoices_may_make_the_price_together() -> None:
    sale = a_sale()
    drafts = [an_invoice(sale, amount_twd=20_000), an_invoice(sale, amount_twd=PRICE - 20_000)]
    claim = claims.submit_claim(order=sale.order, invoices=drafts, by=sale.seller, at=AT)
    assert claim.invoices.count() == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"rated": False}, "rating"),
        ({"copay_paid": False}, "copay"),
        ({"days_used": 0}, "use"),
        ({"activated_at": AT - timedelta(days=29)}, "time"),
        ({"state": Order.State.ACTIVATED}, "acceptance"),
    ],
)
def test_what_is_missing_is_named_and_keeps_the_claim_out(arguments: dict[str, Any], code: str) -> None:
    sale = a_sale(**arguments)
    row = orders_to_claim().get(pk=sale.order.pk)
    assert code in [each.code for each in claimable(row, at=AT).missing]
    with refused("not_claimable"):
        send(sale)
    assert not Claim.objects.exists()


def test_a_claim_is_possible_on_the_very_day_it_becomes_claimable() -> None:
    sale = a_sale(activated_at=AT - timedelta(days=30))
    assert send(sale).points == POINTS


def test_a_vendor_without_a_bank_account_is_told_to_enter_one() -> None:
    sale = a_sale(vendor=a_vendor(with_account=False))
    with refused("not_claimable"):
        send(sale)
    assert [each.code for each in claimables(sale.vendor, at=AT)[0].missing] == ["account"]


def test_a_frozen_order_and_a_suspended_vendor_cannot_claim() -> None:
    frozen, suspended = a_sale(), a_sale()
    Order.objects.filter(pk=frozen.order.pk).update(frozen_by_buyer_at=AT)
    suspended.vendor.state = "suspended"
    suspended.vendor.save()
    for sale, code in ((frozen, "frozen"), (suspended, "suspended")):
        assert [each.code for each in claimables(sale.vendor, at=AT)[0].missing] == [code]
        with refused("not_claimable"):
            send(sale)


def test_a_self_paid_order_has_nothing_to_claim() -> None:
    sale = a_sale()
    Order.objects.filter(pk=sale.order.pk).update(points=0, copay_twd=PRICE)
    with refused("not_claimable"):
        send(sale)


def test_an_order_with_a_claim_is_not_claimed_again() -> None:
    sale = a_sale()
    send(sale)
    with refused("claim_exists"):
        send(sale)
    assert claimables(sale.vendor, at=AT) == []
    assert sale.balances()["in_claim"] == POINTS


# Invoices


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("TB40118231", "TB40118231"),
        ("tb-40118231", "TB40118231"),
        (" ＴＢ－４０１１８２３１ ", "TB40118231"),
        ("TB 4011 8231", "TB40118231"),
        ("tb–40118231", "TB40118231"),
    ],
)
def test_a_number_is_read_as_it_is_meant(typed: str, number: str) -> None:
    assert read_number(typed) == number


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "TB4011823",
        "TB401182311",
        "T140118231",
        "4011823123",
        "ＴＢ",
        "TB4011823A",
        "發票40118231",
        "TB٤٠١١٨٢٣١",
        "TB40118231\n; DROP TABLE",
        "<b>TB40118231</b>",
        "=TB40118231",
        "TB\x0040118231",
        "ÀÉ40118231",
        "TB" + "1" * 5_000,
    ],
)
def test_a_malformed_number_is_refused_with_the_form(typed: str) -> None:
    with refused("invoice_form"):
        read_number(typed)


@pytest.mark.parametrize(
    ("day", "period"),
    [
        (date(2024, 5, 1), "11306"),
        (date(2024, 6, 30), "11306"),
        (date(2026, 1, 1), "11502"),
        (date(2026, 12, 31), "11512"),
        (date(2010, 2, 1), "9902"),
    ],
)
def test_the_period_is_the_roc_year_and_the_even_month(day: date, period: str) -> None:
    assert period_of(day) == period


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"amount_twd": PRICE - 1}, "invoice_total"),
        ({"amount_twd": 0, "tax_twd": 0}, "invoice_amount"),
        ({"amount_twd": -5, "tax_twd": 0}, "invoice_amount"),
        ({"amount_twd": 10**12, "tax_twd": 0}, "invoice_amount"),
        ({"tax_twd": PRICE}, "invoice_amount"),
        ({"tax_twd": -1}, "invoice_amount"),
        ({"issued_on": date(2026, 11, 21)}, "invoice_date"),
        ({"issued_on": date(2026, 9, 30)}, "invoice_date"),
        ({"seller_ubn": "99999999"}, "invoice_parties"),
        ({"buyer_ubn": "99999999"}, "invoice_parties"),
        ({"number": "T140118231"}, "invoice_form"),
    ],
)
def test_a_wrong_invoice_is_refused_and_nothing_moves(facts: dict[str, Any], code: str) -> None:
    sale = a_sale()
    with refused(code):
        send(sale, **facts)
    assert sale.balances()["claimable"] == POINTS
    assert not Invoice.objects.exists()


def test_a_claim_needs_an_invoice_and_takes_ten_at_most() -> None:
    sale = a_sale()
    with refused("invoice_missing"):
        claims.submit_claim(order=sale.order, invoices=[], by=sale.seller, at=AT)
    many = [an_invoice(sale) for _n in range(11)]
    with refused("invoice_missing"):
        claims.submit_claim(order=sale.order, invoices=many, by=sale.seller, at=AT)


def test_an_invoice_is_used_once_in_the_whole_system() -> None:
    first, second = a_sale(), a_sale()
    number = send(first).invoices.get().number
    with refused("invoice_used"):
        send(second, number=number)
    with refused("invoice_used"):
        claims.submit_claim(
            order=second.order,
            invoices=[an_invoice(second, number="AA00000001")] * 2,
            by=second.seller,
            at=AT,
        )


def test_the_same_number_in_another_period_is_another_invoice() -> None:
    first, second = a_sale(), a_sale()
    number = send(first).invoices.get().number
    assert send(second, number=number, issued_on=date(2026, 11, 2)).state == State.CHECKING


# Checks and routing


def test_a_small_claim_of_low_risk_is_approved_by_the_platform() -> None:
    claim = a_claim(auto_limit=POINTS)
    assert claim.state == State.APPROVED
    assert claim.is_automatic
    assert claim.decided_by is None
    assert claim.approved_points == POINTS


@pytest.mark.parametrize(
    "arguments", [{"auto_limit": POINTS - 1}, {"auto_limit": 0}, {"auto_limit": POINTS, "sealed": False}]
)
def test_a_large_or_stopped_claim_goes_to_an_officer(arguments: dict[str, Any]) -> None:
    assert a_claim(**arguments).state == State.OFFICER


def test_the_drawn_ones_are_looked_at_afterwards() -> None:
    drawn, spared = a_claim(auto_limit=POINTS, sampling_bp=10_000), a_claim(auto_limit=POINTS, sampling_bp=0)
    assert drawn.is_sampled
    assert not spared.is_sampled
    assert list(queue(tab="sample")) == [drawn]
    claims.look_at_sample(drawn, by=officer(), at=AT)
    assert list(queue(tab="sample")) == []
    with refused("not_sampled"):
        claims.look_at_sample(drawn, by=officer(), at=AT)


def test_checks_are_run_again_without_losing_the_first_run() -> None:
    sale = a_sale(sealed=False)
    claim = a_claim(sale)
    first = ClaimCheck.objects.filter(claim=claim).count()
    contract = sale.order.contract
    contract.sealed_pdf, contract.sealed_at = a_sale().order.contract.sealed_pdf, AT
    contract.save()
    claims.recheck_claim(claim, by=officer(), at=AT + timedelta(minutes=5))
    claim.refresh_from_db()
    assert ClaimCheck.objects.filter(claim=claim).count() == 2 * first
    assert all(line.verdict == "pass" for line in newest_checks(claim))


def test_a_changed_contract_stops_the_claim() -> None:
    sale = a_sale()
    contract = sale.order.contract
    contract.sealed_pdf = bytes(contract.sealed_pdf or b"").replace(
        b"/MediaBox[0 0 99 99]", b"/MediaBox[0 0 98 99]"
    )
    contract.save()
    assert [line.rule for line in newest_checks(a_claim(sale)) if line.verdict == "stop"] == ["contract_seal"]


def test_neighbouring_invoices_to_other_buyers_are_seen() -> None:
    vendor = a_vendor()
    first, second = a_sale(vendor=vendor), a_sale(vendor=vendor)
    send(first, number="AB00000100")
    claim = claims.check_claim(send(second, number="AB00000102"), at=AT)
    lines = {line.rule: line for line in newest_checks(claim)}
    assert lines["invoice_sequence"].verdict == "warn"
    assert "AB00000100" in lines["invoice_sequence"].fact


def test_checking_twice_moves_and_writes_once() -> None:
    claim = a_claim(checked=False)
    claims.check_claim(claim, at=AT)
    again = claims.check_claim(claim, at=AT + timedelta(seconds=5))
    assert again.moves.filter(verb="queue").count() == 1
    assert again.checked_at == AT


def test_a_claim_whose_worker_died_is_checked_by_the_sweep(settings: Any) -> None:
    settings.SANDBOX_URL = ""
    sale = a_sale(checked=False)
    moment = datetime.now(UTC) - timedelta(minutes=5)
    claim = claims.submit_claim(order=sale.order, invoices=[an_invoice(sale)], by=sale.seller, at=AT)
    Claim.objects.filter(pk=claim.pk).update(submitted_at=moment)
    registers_say("passed", sale.order.organisation, sale.vendor.organisation, at=datetime.now(UTC))
    assert check_missed_claims() == 1
    assert check_missed_claims() == 0
    claim.refresh_from_db()
    assert claim.state == State.OFFICER


def test_a_worker_that_dies_half_way_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = a_claim(checked=False)

    def die(*_arguments: Any, **_facts: Any) -> None:
        raise SystemExit("killed")

    with monkeypatch.context() as patch:
        patch.setattr(claims, "_route", die)
        with pytest.raises(SystemExit), transaction.atomic():
            claims.check_claim(claim, at=AT)
    claim.refresh_from_db()
    assert (claim.state, claim.checked_at, claim.checks.count()) == (State.CHECKING, None, 0)
    claims.check_claim(claim, at=AT)
    claim.refresh_from_db()
    assert claim.state == State.OFFICER


def test_a_claim_waits_while_a_register_is_down_and_goes_on_when_it_answers() -> None:
    sale = a_sale(checked=False)
    claim = send(sale)
    now = datetime.now(UTC)
    registers_say("waiting", sale.order.organisation, at=now)
    registers_say("passed", sale.vendor.organisation, at=now)
    RegistryCheck.objects.filter(state="waiting").update(
        next_try_at=now + timedelta(hours=1), answered_at=None
    )
    check_task(claim_id=claim.pk)
    claim.refresh_from_db()
    assert claim.state == State.CHECKING
    RegistryCheck.objects.filter(state="waiting").update(state="officer")
    check_task(claim_id=claim.pk)
    claim.refresh_from_db()
    assert claim.state == State.OFFICER
    assert [line.rule for line in newest_checks(claim) if line.verdict == "warn"] == ["buyer_registry"]


def test_a_buyer_who_closed_meanwhile_stops_the_claim() -> None:
    sale = a_sale(checked=False)
    registers_say("failed", sale.order.organisation, code="registry.tax_closed")
    registers_say("passed", sale.vendor.organisation)
    claim = a_claim(sale)
    assert [line.rule for line in newest_checks(claim) if line.verdict == "stop"] == ["buyer_registry"]
    with refused("stop_stands"):
        claims.approve_claim(claim, by=officer(), at=AT)


# Deciding


def test_an_approval_moves_no_points_before_they_are_paid() -> None:
    sale = a_sale()
    claim = claims.approve_claim(a_claim(sale), by=officer(), at=AT)
    assert claim.state == State.APPROVED
    assert claim.approved_points == POINTS
    assert sale.balances() == {"claimable": 0, "in_claim": POINTS, "paid": 0, "unclaimable": 0}


def test_a_part_is_approved_and_the_rest_becomes_unclaimable() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    with refused("reason_missing"):
        claims.approve_claim(claim, points=10_000, by=officer(), at=AT)
    claims.approve_claim(claim, points=10_000, reason="只用了8個月", by=officer(), at=AT)
    assert sale.balances() == {"claimable": 0, "in_claim": 10_000, "paid": 0, "unclaimable": POINTS - 10_000}


@pytest.mark.parametrize("points", [0, -1, POINTS + 1])
def test_an_approval_is_between_one_point_and_all(points: int) -> None:
    with refused("approve_amount"):
        claims.approve_claim(a_claim(), points=points, reason="x", by=officer(), at=AT)


def test_a_rejection_makes_the_points_unclaimable_and_frees_the_invoices() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    number = claim.invoices.get().number
    claims.reject_claim(claim, reason="沒有使用", by=officer(), at=AT)
    assert sale.balances() == {"claimable": 0, "in_claim": 0, "paid": 0, "unclaimable": POINTS}
    assert send(a_sale(), number=number).state == State.CHECKING
    with refused("not_claimable"):
        send(sale)


def test_a_return_stops_the_clock_and_keeps_the_points_in_claim() -> None:
    sale = a_sale()
    claim = claims.return_claim(a_claim(sale), reason="發票金額不對", by=officer(), at=AT + timedelta(days=3))
    assert claim.answer_by_date == date(2026, 11, 30)
    assert sale.balances()["in_claim"] == POINTS
    later = clock(claim, at=AT + timedelta(days=9))
    assert (later.state, later.day, later.days_left, later.holder) == ("stopped", 3, 4, "vendor")


def test_an_answer_replaces_the_invoices_and_the_clock_runs_on() -> None:
    sale = a_sale()
    claim = claims.return_claim(a_claim(sale), reason="換發票", by=officer(), at=AT + timedelta(days=3))
    back = AT + timedelta(days=8)
    new = an_invoice(sale, number="ZZ00000009")
    claims.resubmit_claim(claim, invoices=[new], answer="換好了", by=sale.seller, at=back)
    claim.refresh_from_db()
    assert claim.state == State.CHECKING
    assert list(claim.invoices.filter(voided_at=None).values_list("number", flat=True)) == ["ZZ00000009"]
    assert clock(claim, at=back).day == 3
    assert clock(claim, at=back).due_date == date(2026, 12, 2)


def test_the_same_invoice_may_be_sent_again_with_a_better_answer() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    same = replace(an_invoice(sale), number=claim.invoices.get().number)
    claims.return_claim(claim, reason="說明開立經過", by=officer(), at=AT)
    claims.resubmit_claim(claim, invoices=[same], answer="同一天開了三張", by=sale.seller, at=AT)
    assert Invoice.objects.filter(number=same.number, voided_at=None).count() == 1


def test_a_refused_answer_leaves_the_returned_claim_as_it_was() -> None:
    sale = a_sale()
    claim = claims.return_claim(a_claim(sale), reason="換發票", by=officer(), at=AT)
    with refused("invoice_total"):
        claims.resubmit_claim(
            claim, invoices=[an_invoice(sale, amount_twd=5)], answer="x", by=sale.seller, at=AT
        )
    with refused("answer_missing"):
        claims.resubmit_claim(claim, invoices=[an_invoice(sale)], answer="  ", by=sale.seller, at=AT)
    claim.refresh_from_db()
    assert claim.state == State.RETURNED
    assert claim.invoices.filter(voided_at=None).count() == 1


def test_a_return_without_answer_ends_and_the_points_can_be_claimed_again() -> None:
    sale = a_sale()
    claim = claims.return_claim(a_claim(sale), reason="換發票", by=officer(), at=AT)
    assert claims.close_unanswered(at=AT + timedelta(days=7)) == 0
    assert claims.close_unanswered(at=AT + timedelta(days=8)) == 1
    assert claims.close_unanswered(at=AT + timedelta(days=8)) == 0
    claim.refresh_from_db()
    assert claim.state == State.REJECTED
    assert sale.balances() == {"claimable": POINTS, "in_claim": 0, "paid": 0, "unclaimable": 0}
    assert send(sale).points == POINTS


def test_the_reason_is_for_the_vendor_and_the_note_is_not() -> None:
    claim = claims.return_claim(a_claim(), reason="換發票", note="上次也這樣", by=officer("張美玲"), at=AT)
    said = [f"{knot.title}{knot.text}{knot.who_name}" for knot in thread_of(claim, for_office=False)]
    assert any("換發票" in each for each in said)
    assert not any("上次也這樣" in each or "張美玲" in each for each in said)
    assert why(claim) == "換發票"
    assert claim.notes.get().text == "上次也這樣"


def test_both_sides_are_told_what_concerns_them() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    claims.return_claim(claim, reason="換發票", note="只給同事看", by=officer(), at=AT)
    told = list(sale.order.notices.order_by("pk").values_list("kind", "side", "user"))
    assert told == [("claimed", "buyer", sale.buyer.pk), ("returned", "vendor", sale.seller.pk)]
    subject, text = mail_of(sale.order.notices.get(kind="returned"))
    assert claim.number in subject
    assert "換發票" in text
    assert "只給同事看" not in text
    assert f"/vendor/claims/{claim.number}/" in text


def test_a_signal_is_no_reason_that_the_vendor_reads() -> None:
    vendor = a_vendor()
    buyer = an_organisation(phone=vendor.organisation.phone)
    claim = a_claim(a_sale(vendor=vendor, organisation=buyer))
    listed = claims_of(vendor).get(pk=claim.pk)
    assert listed.top_rule == "related_parties"  # type: ignore[attr-defined]
    assert why(listed) == "由承辦人看過再決定"


# Four eyes


def deciders() -> dict[str, Callable[[Claim, User], Any]]:
    return {
        "approve": lambda claim, by: claims.approve_claim(claim, by=by, at=AT),
        "return": lambda claim, by: claims.return_claim(claim, reason="x", by=by, at=AT),
        "reject": lambda claim, by: claims.reject_claim(claim, reason="x", by=by, at=AT),
    }


@pytest.mark.parametrize("verb", ["approve", "return", "reject"])
def test_nobody_decides_a_claim_of_their_own(verb: str) -> None:
    sale = a_sale()
    claim = a_claim(sale)
    both_sides = [
        sale.seller,
        member(sale.vendor.organisation, Membership.Role.VIEWER),
        member(sale.order.organisation, Membership.Role.VIEWER),
    ]
    for person in both_sides:
        with refused("own_claim"):
            deciders()[verb](claim, person)
    deciders()[verb](claim, officer())


def test_the_database_itself_refuses_a_claim_decided_by_its_sender() -> None:
    claim = a_claim()
    with pytest.raises(IntegrityError, match="claim_needs_a_second_person"), transaction.atomic():
        Claim.objects.filter(pk=claim.pk).update(
            state="approved", decided_by=claim.submitted_by_id, decided_at=AT, approved_points=1
        )
    with pytest.raises(IntegrityError, match="approved_claim_has_an_approver"), transaction.atomic():
        Claim.objects.filter(pk=claim.pk).update(state="approved", approved_points=1)


def test_a_decision_on_an_old_page_is_refused() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    seen = claim.moves.latest("pk").pk
    claims.return_claim(claim, reason="換發票", by=officer(), at=AT, seen_move=seen)
    claims.resubmit_claim(claim, invoices=[an_invoice(sale)], answer="好了", by=sale.seller, at=AT)
    claims.check_claim(claim, at=AT + timedelta(minutes=1))
    with refused("changed_meanwhile"):
        claims.approve_claim(claim, by=officer(), at=AT, seen_move=seen)


def test_a_frozen_order_is_not_approved_even_if_the_checks_were_fine() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    Order.objects.filter(pk=sale.order.pk).update(frozen_by_buyer_at=AT)
    with refused("frozen"):
        claims.approve_claim(claim, by=officer(), at=AT)
    assert list(queue(tab="frozen")) == [claim]


def test_a_freeze_is_lifted_by_an_officer_with_a_finding_and_the_claim_goes_on() -> None:
    sale = a_sale()
    claim = a_claim(sale)
    Order.objects.filter(pk=sale.order.pk).update(frozen_by_buyer_at=AT)
    claims.recheck_claim(claim, by=officer(), at=AT + timedelta(seconds=1))
    with refused("reason_missing"):
        lift_freeze(sale.order, reason=" ", by=officer(), at=AT)
    with refused("own_claim"):
        lift_freeze(sale.order, reason="x", by=sale.seller, at=AT)
    lift_freeze(sale.order, reason="老闆娘確認是她下的", by=officer(), at=AT)
    with refused("not_frozen"):
        lift_freeze(sale.order, reason="x", by=officer(), at=AT)
    with refused("stop_stands"):
        claims.approve_claim(claim, by=officer(), at=AT)
    claims.recheck_claim(claim, by=officer(), at=AT + timedelta(seconds=2))
    assert claims.approve_claim(claim, by=officer(), at=AT).state == State.APPROVED
    assert sale.order.moves.get(verb="unfreeze").note == "老闆娘確認是她下的"


def test_a_frozen_order_without_a_claim_is_found_in_the_office() -> None:
    sale = a_sale()
    Order.objects.filter(pk=sale.order.pk).update(frozen_by_buyer_at=AT)
    assert list(frozen_without_claim()) == [sale.order]


# Every state and verb


def claim_in(state: str) -> tuple[Sale, Claim]:
    """A claim that was led to a state by its own verbs."""
    sale = a_sale()
    claim = a_claim(sale, checked=state != State.CHECKING)
    steps: dict[str, Callable[[], Any]] = {
        State.RETURNED: lambda: claims.return_claim(claim, reason="x", by=officer(), at=AT),
        State.REJECTED: lambda: claims.reject_claim(claim, reason="x", by=officer(), at=AT),
    }
    if state in steps:
        steps[state]()
    if state in (State.APPROVED, State.IN_BATCH, State.PAID, State.FAILED):
        claims.approve_claim(claim, by=officer(), at=AT)
    if state in (State.IN_BATCH, State.PAID, State.FAILED):
        batch = payouts.make_batch(claim_ids=[claim.pk], by=officer(), at=AT)
        if state != State.IN_BATCH:
            payouts.approve_batch(batch, by=finance(), at=AT)
            _answered_by_bank(batch, code="00" if state == State.PAID else "04")
    claim.refresh_from_db()
    assert claim.state == state
    return sale, claim


def _answered_by_bank(batch: Any, *, code: str) -> None:
    from outside.ach import build_result_file  # noqa: PLC0415

    batch.refresh_from_db()
    type(batch).objects.filter(pk=batch.pk).update(state="sent", receipt="B1")
    batch.refresh_from_db()
    answer = build_result_file(bytes(batch.file), {f"{1:08}": code}, previous_day=date(2026, 11, 19))
    payouts.settle_batch(batch, result_file=answer, at=AT)


ALLOWED = {
    "approve": {State.OFFICER},
    "return": {State.OFFICER},
    "reject": {State.OFFICER},
    "recheck": {State.OFFICER},
    "resubmit": {State.RETURNED},
    "batch": {State.APPROVED},
}


@pytest.mark.parametrize("verb", ALLOWED)
@pytest.mark.parametrize("state", State.values)
def test_a_verb_works_in_its_states_and_is_refused_in_all_others(state: str, verb: str) -> None:
    sale, claim = claim_in(state)
    acts: dict[str, Callable[[], Any]] = {
        "approve": lambda: claims.approve_claim(claim, by=officer(), at=AT),
        "return": lambda: claims.return_claim(claim, reason="x", by=officer(), at=AT),
        "reject": lambda: claims.reject_claim(claim, reason="x", by=officer(), at=AT),
        "recheck": lambda: claims.recheck_claim(claim, by=officer(), at=AT + timedelta(seconds=1)),
        "resubmit": lambda: claims.resubmit_claim(
            claim, invoices=[an_invoice(sale)], answer="x", by=sale.seller, at=AT
        ),
        "batch": lambda: payouts.make_batch(claim_ids=[claim.pk], by=officer(), at=AT),
    }
    points = sale.balances()
    if state in ALLOWED[verb]:
        acts[verb]()
        return
    with pytest.raises(Refused) as no:
        acts[verb]()
    assert no.value.code in ("already_decided", "wrong_state", "nothing_to_pay")
    claim.refresh_from_db()
    assert claim.state == state
    assert sale.balances() == points


def test_the_points_of_every_end_tie_out() -> None:
    """Whatever became of them, the points of the claims are where the ledger says, and none is lost or made."""
    for state in State.values:
        sale, claim = claim_in(state)
        assert sum(sale.balances().values()) == POINTS
        where = {State.PAID: "paid", State.REJECTED: "unclaimable"}.get(State(state), "in_claim")
        assert sale.balances()[where] == claim.points
    moved = Transfer.objects.filter(cause_type="claim")
    assert moved.filter(operation="claim").count() == len(State.values)
    assert moved.filter(operation="pay").count() == 1
    for account in Account.objects.filter(capped=True):
        assert account.posted_credit >= account.posted_debit + account.pending_debit


# The clock


@pytest.mark.parametrize(
    ("days", "day", "left", "state"),
    [(0, 0, 7, "running"), (5, 5, 2, "running"), (7, 7, 0, "running"), (8, 8, -1, "late")],
)
def test_the_clock_counts_calendar_days_in_taipei(days: int, day: int, left: int, state: str) -> None:
    claim = Claim(state=State.OFFICER, submitted_at=AT)
    shown = clock(claim, at=AT + timedelta(days=days))
    assert (shown.day, shown.days_left, shown.state) == (day, left, state)
    assert shown.due_date == date(2026, 11, 27)


def test_a_claim_sent_before_midnight_is_a_day_old_after_midnight() -> None:
    evening = datetime(2026, 11, 20, 15, 59, tzinfo=UTC)  # 23:59 in Taipei
    claim = Claim(state=State.OFFICER, submitted_at=evening)
    assert clock(claim, at=evening).day == 0
    assert clock(claim, at=evening + timedelta(minutes=2)).day == 1


def test_the_clock_stands_when_it_is_paid() -> None:
    claim = Claim(state=State.PAID, submitted_at=AT, paid_at=AT + timedelta(days=4))
    shown = clock(claim, at=AT + timedelta(days=90))
    assert (shown.day, shown.state, shown.holder) == (4, "paid", "nobody")


def test_published_days_leave_out_the_time_the_clock_stood() -> None:
    assert payment_days().median is None
    for days, stopped in ((2, 0), (4, 1), (10, 2)):
        _sale, claim = claim_in(State.PAID)
        Claim.objects.filter(pk=claim.pk).update(
            submitted_at=AT - timedelta(days=days), paid_at=AT, stopped_seconds=stopped * 86_400
        )
    found = payment_days()
    assert (found.count, found.median) == (3, pytest.approx(3.0))
    assert found.p95 == pytest.approx(7.5)
    assert payment_days(since=AT + timedelta(seconds=1)).count == 0


# The queue


def test_the_queue_has_the_longest_running_first_then_the_riskier() -> None:
    young, old, risky = a_claim(), a_claim(), a_claim()
    Claim.objects.filter(pk=old.pk).update(submitted_at=AT - timedelta(days=5))
    Claim.objects.filter(pk=risky.pk).update(risk=70)
    assert [each.pk for each in queue()] == [old.pk, risky.pk, young.pk]
    assert next(each.pk for each in queue(sort="-risk")) == risky.pk
    assert [each.pk for each in queue(risk="high")] == [risky.pk]


def test_the_queue_is_found_by_names_numbers_and_reason() -> None:
    sale = a_sale(organisation=an_organisation("鹿港永成五金行"), sealed=False)
    claim = a_claim(sale)
    a_claim()
    for text in ("永成", claim.number, sale.order.number, sale.order.organisation.ubn):
        assert [each.pk for each in queue(q=text)] == [claim.pk]
    assert [each.pk for each in queue(rule="contract_seal")] == [claim.pk]
    assert list(queue(q="%' OR 1=1 --")) == []


def test_the_counters_count_what_the_tabs_show() -> None:
    for state in (State.OFFICER, State.OFFICER, State.RETURNED, State.APPROVED, State.PAID):
        claim_in(state)
    counts = office_counts()
    assert {tab: counts[tab] for tab in ("mine", "second", "returned", "frozen", "all")} == {
        "mine": 2,
        "second": 1,
        "returned": 1,
        "frozen": 0,
        "all": 5,
    }
    figures = office_figures(at=AT)
    assert (figures.waiting, figures.late) == (2, 0)
    assert office_figures(at=AT + timedelta(days=8)).late == 3


def test_a_stranger_is_no_party() -> None:
    """The control of the four-eyes tests: an officer without any tie may decide."""
    claim = a_claim()
    assert claims.approve_claim(claim, by=a_stranger(), at=AT).state == State.APPROVED
    assert ledger.balance(claim.account_id or 0).available == POINTS
