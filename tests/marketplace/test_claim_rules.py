"""Each check of a claim, alone: what it answers, what it says, how much it adds to the risk."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.translation import override

from marketplace.claim_rules import (
    PASS,
    RISK_FOR_OFFICER,
    RULES,
    STOP,
    WARN,
    Answer,
    ClaimCase,
    InvoiceFacts,
    OtherGrant,
    Party,
    RegistryState,
    UseFacts,
    ask_all,
    evidence_strength,
    is_for_officer,
    risk_of,
)
from marketplace.models.claims import Claim, ClaimCheck
from marketplace.selectors.claim_words import check_line
from tests.marketplace.claim_world import AT

TODAY = date(2026, 11, 20)
INVOICE = InvoiceFacts("TB40118231", "11510", date(2026, 10, 5), "22222222", "11111111", 28_800, 1_371)
BUYER = Party(
    ubn="11111111",
    responsible_person="陳阿滿",
    address="臺南市東區大學路1號",
    phone="06-2000001",
    bank_accounts=frozenset(),
    registry=RegistryState("active", as_of=TODAY),
    setup_date=date(2015, 1, 1),
)
SELLER = replace(
    BUYER,
    ubn="22222222",
    responsible_person="王建宏",
    address="臺北市中山區南京東路2號",
    phone="02-25000000",
    bank_accounts=frozenset({"0040037-1234"}),
)
GOOD = ClaimCase(
    at=AT,
    points=14_400,
    price_twd=28_800,
    copay_twd=14_400,
    signed_on=date(2026, 10, 1),
    buyer=BUYER,
    seller=SELLER,
    invoices=(INVOICE,),
    use=UseFacts(days_since_activation=45, days_used=25, days_asked=30, busiest_share_bp=500),
    seal="intact",
    copay_paid_on=date(2026, 10, 6),
    copay_reference="R-1",
    stars=4,
    effects=5,
    frozen_on=None,
    vendor_is_active=True,
    account_since=date(2026, 1, 1),
    granted_at=AT - timedelta(days=60),
)


def with_invoice(**facts: Any) -> dict[str, Any]:
    return {"invoices": (replace(INVOICE, **facts),)}


def with_use(**facts: Any) -> dict[str, Any]:
    return {"use": replace(GOOD.use, **facts)}


GRANT = OtherGrant("農業數位補助", "small", AT - timedelta(days=90))

CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("buyer_registry", {"buyer": replace(BUYER, registry=RegistryState("inactive", "停業", "suspended", TODAY))}, STOP, "inactive"),
    ("buyer_registry", {"buyer": replace(BUYER, registry=RegistryState("unknown"))}, WARN, "unknown"),
    ("seller_registry", {"seller": replace(SELLER, registry=RegistryState("inactive", "停業", "suspended"))}, STOP, "inactive"),
    ("seller_registry", {"seller": replace(SELLER, registry=RegistryState("unknown"))}, WARN, "unknown"),
    ("buyer_freeze", {"frozen_on": TODAY}, STOP, "frozen"),
    ("vendor_suspended", {"vendor_is_active": False}, STOP, "suspended"),
    ("related_parties", {"seller": replace(SELLER, responsible_person="陳 阿滿")}, WARN, "shared"),
    ("related_parties", {"seller": replace(SELLER, address="台南市東區大學路1號")}, WARN, "shared"),
    ("related_parties", {"seller": replace(SELLER, phone="(06)2000001")}, WARN, "shared"),
    ("related_parties", {"buyer": replace(BUYER, bank_accounts=SELLER.bank_accounts)}, WARN, "shared"),
    ("related_parties", {"buyer": replace(BUYER, ubn=SELLER.ubn)}, STOP, "self"),
    ("related_parties", {"buyer": replace(BUYER, responsible_person=""), "seller": replace(SELLER, responsible_person="")}, PASS, "none"),
    ("contract_seal", {"seal": "broken"}, STOP, "broken"),
    ("contract_seal", {"seal": "missing"}, STOP, "missing"),
    ("copay_proof", {"copay_paid_on": None}, STOP, "unpaid"),
    ("copay_proof", {"copay_reference": ""}, WARN, "no_reference"),
    ("copay_proof", {"copay_twd": 0, "copay_paid_on": None}, PASS, "none_due"),
    ("use_evidence", with_use(days_used=0, busiest_share_bp=0), STOP, "none"),
    ("use_evidence", with_use(days_used=2), WARN, "weak"),
    ("use_evidence", with_use(busiest_share_bp=7_000), WARN, "concentrated"),
    ("rating", {"stars": None}, STOP, "missing"),
    ("rating", {"effects": 3}, WARN, "partial"),
    ("invoice_form", with_invoice(number="TB4011823"), STOP, "number"),
    ("invoice_form", with_invoice(period="11508"), STOP, "period"),
    ("invoice_form", with_invoice(issued_on=date(2026, 9, 30), period="11510"), WARN, "too_early"),
    ("invoice_parties", with_invoice(buyer_ubn="33333333"), STOP, "other"),
    ("invoice_sum", with_invoice(amount_twd=28_000), STOP, "under"),
    ("invoice_sum", with_invoice(amount_twd=30_000), WARN, "over"),
    ("invoice_tax", with_invoice(tax_twd=2_880), WARN, "odd"),
    ("invoice_tax", with_invoice(tax_twd=0), PASS, "usual"),
    ("invoice_duplicate", with_invoice(used_elsewhere=True), STOP, "used"),
    ("invoice_sequence", with_invoice(neighbours=("TB40118230",)), WARN, "neighbours"),
    ("double_subsidy", {"other_grants": (GRANT,)}, STOP, "earlier"),
    ("double_subsidy", {"other_grants": (replace(GRANT, approved_at=AT),)}, WARN, "later"),
    ("double_subsidy", {"other_grants": (replace(GRANT, kind="large"),)}, PASS, "large"),
    ("account_changed", {"account_since": TODAY - timedelta(days=13)}, WARN, "changed"),
    ("account_changed", {"account_since": TODAY - timedelta(days=14)}, PASS, "settled"),
    ("account_changed", {"account_since": None}, STOP, "missing"),
    ("vendor_volume", {"claims_30_days": 36, "claims_usual": 20}, WARN, "high"),
    ("vendor_volume", {"claims_30_days": 35, "claims_usual": 20}, PASS, "usual"),
    ("vendor_volume", {"claims_30_days": 19, "claims_usual": 0}, PASS, "usual"),
    ("business_age", {"buyer": replace(BUYER, setup_date=date(2026, 1, 1))}, PASS, "new"),
    ("business_age", {"buyer": replace(BUYER, setup_date=None)}, PASS, "unknown"),
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_good_claim_passes_every_rule(rule: str) -> None:
    assert RULES[rule].ask(GOOD).verdict == PASS
    assert RULES[rule].ask(GOOD).risk == 0


@pytest.mark.parametrize(("rule", "changes", "verdict", "outcome"), CASES)
def test_one_fact_changed_is_seen_by_its_rule(
    rule: str, changes: dict[str, Any], verdict: str, outcome: str
) -> None:
    answer = RULES[rule].ask(replace(GOOD, **changes))
    assert (answer.verdict, answer.outcome) == (verdict, outcome)


@pytest.mark.parametrize(("rule", "changes", "verdict", "outcome"), CASES)
def test_one_fact_changed_disturbs_no_other_rule(
    rule: str, changes: dict[str, Any], verdict: str, outcome: str
) -> None:
    case = replace(GOOD, **changes)
    others = {each.name: answer for each, answer in ask_all(case) if each.name != rule}
    loud = {name: answer.outcome for name, answer in others.items() if answer.verdict != PASS}
    # What one changed number must do to two rules: a UBN of both sides is also on the invoice, a sum carries its tax.
    expected = {"self": {"invoice_parties"}, "under": {"invoice_tax"}, "over": {"invoice_tax"}}.get(
        outcome, set()
    )
    assert set(loud) == expected


@pytest.mark.parametrize("language", ["zh-hant", "en"])
def test_every_outcome_has_a_sentence_that_its_figures_fill(language: str) -> None:
    for name, changes, verdict, outcome in CASES:
        answer = RULES[name].ask(replace(GOOD, **changes))
        row = ClaimCheck(claim=Claim(), rule=name, verdict=verdict, outcome=outcome, facts=answer.facts)
        with override(language):
            line = check_line(row)
        assert line.fact
        assert "%(" not in line.fact
        if verdict == STOP:
            assert line.remedy


def test_every_answer_of_every_rule_is_among_its_words() -> None:
    seen = {(name, RULES[name].ask(replace(GOOD, **changes)).outcome) for name, changes, *_rest in CASES}
    seen |= {(rule.name, answer.outcome) for rule, answer in ask_all(GOOD)}
    assert seen == {(rule.name, outcome) for rule in RULES.values() for outcome in rule.words}


@pytest.mark.parametrize(
    ("since", "used", "busiest", "strength"),
    [
        (30, 15, 0, "A"),
        (30, 14, 0, "B"),
        (30, 8, 0, "B"),
        (30, 7, 0, "C"),
        (30, 3, 0, "C"),
        (30, 2, 0, "D"),
        (60, 16, 0, "B"),
        (30, 15, 6_001, "B"),
        (0, 0, 0, "D"),
    ],
)
def test_evidence_is_graded_by_days_of_use(since: int, used: int, busiest: int, strength: str) -> None:
    assert evidence_strength(UseFacts(since, used, 30, busiest)) == strength


def test_risk_is_the_sum_of_its_parts_and_never_above_a_hundred() -> None:
    assert risk_of([Answer(WARN, "x", risk=28), Answer(PASS, "y", risk=8)]) == 36
    assert risk_of([Answer(STOP, "x", risk=60), Answer(STOP, "y", risk=60)]) == 100


@pytest.mark.parametrize(
    ("answers", "points", "limit", "officer"),
    [
        ([Answer(PASS, "x")], 10_000, 10_000, False),
        ([Answer(PASS, "x")], 10_001, 10_000, True),
        ([Answer(PASS, "x")], 1, 0, True),
        ([Answer(WARN, "x", risk=RISK_FOR_OFFICER - 1)], 1, 10_000, False),
        ([Answer(WARN, "x", risk=RISK_FOR_OFFICER)], 1, 10_000, True),
        ([Answer(STOP, "x")], 1, 10_000, True),
    ],
)
def test_a_person_looks_at_stops_at_risk_and_at_large_claims(
    answers: list[Answer], points: int, limit: int, officer: bool
) -> None:
    assert is_for_officer(answers, points=points, limit_points=limit) is officer
