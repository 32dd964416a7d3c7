"""The past of the money: claims that were decided and paid in batches, and those that wait for somebody today.

What was paid is written in bulk, through the ledger's own verbs. What is still open goes through the real verbs of
`marketplace.services`: checked by the real rules, returned, approved and batched by the people of the cast.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from marketplace import claim_rules
from marketplace.claim_rules import ClaimCase, InvoiceFacts, Party, RegistryState, UseFacts
from marketplace.models.claims import (
    Claim,
    ClaimAnswer,
    ClaimCheck,
    ClaimMove,
    Invoice,
    Payout,
    PayoutBatch,
    PayoutBatchMove,
)
from marketplace.models.orders import Contract, Order, Signature, UsageDay
from marketplace.services.claims import FIRST_NUMBER, check_claim, return_claim
from marketplace.services.contracts import draw_contract, seal_contract
from marketplace.services.invoices import period_of
from marketplace.services.payouts import FIRST_NUMBER as FIRST_BATCH
from marketplace.services.payouts import make_batch
from organisations.models.organisation import BankAccount
from organisations.models.registry import RegistryCheck
from organisations.roc import roc_year
from outside import ach
from points.models.grants import SubsidyRecord
from points.models.ledger import Account, Transfer
from points.models.programmes import SubProgramme
from points.services import ledger
from portal.services.history_plan import Life, Market, at_hour, office_hours

State = Claim.State
SECOND = timedelta(seconds=1)
PAYDAYS = (0, 2, 4)  # Monday, Wednesday, Friday
CHECKS_KEPT = timedelta(days=45)
BANK_FAILED = "98"
RETURNS = (
    "發票日期看不清楚，請重新上傳或更正日期。",
    "自付額憑據號碼與匯款單不符，請補正確的號碼。",
    "使用回報集中在兩天，請補教學紀錄或說明。",
)
ANSWERS = (
    "已更正發票日期，附上新的明細。",
    "號碼打錯，已改成匯款單上的號碼。",
    "那兩天是教育訓練，已附簽到表。",
)
PARTS = "方案含的設備不在補助範圍，扣除後核給。"
REJECTION = "企業表示沒有使用，也沒有教學紀錄，依規則R5-5不予撥款。"
Op = tuple[datetime, Callable[[], object]]


@dataclass
class Past:
    """A claim that was decided: its rows, and what is still to be filled in when its order's accounts are known."""

    life: Life
    claim: Claim
    moves: list[dict[str, Any]] = field(default_factory=list)
    returned: tuple[datetime, datetime] | None = None
    paid_in: datetime | None = None
    to_batch: bool = False


@dataclass
class Wait:
    """A claim that waits today, and for whom: the officer or the vendor."""

    life: Life
    submitted_at: datetime
    goes_to: str  # officer, returned
    trait: str = ""
    claim: Claim | None = None


@dataclass
class Money:
    """All claims of the past."""

    past: list[Past] = field(default_factory=list)
    waiting: list[Wait] = field(default_factory=list)
    kept: list[Life] = field(default_factory=list)


# What is asked for, what is left open -----------------------------------------------------------------------------------


def plan_claims(market: Market, lives: Sequence[Life], *, enterprises: int) -> Money:
    """Which orders were claimed and paid, and which of the recent ones wait today: for whom, with what trait."""
    rng, money, pool = market.rng, Money(), []
    for life in lives:
        ready = life.claimable_at
        if ready is None or ready >= market.at - timedelta(hours=3) or life.shop.is_known:
            continue
        asked = office_hours(rng, ready + timedelta(days=rng.random() * 12))
        recent = timedelta(days=25 if life.solution.vendor.code == "V001" else 9)
        if asked < market.at - recent:
            past = _settled(market, life, asked)
            if past.paid_in is None or settled_at(past.paid_in) < market.at - timedelta(hours=1):
                money.past.append(past)
        else:
            pool.append(life)
    _leave_open(market, pool, money, share=enterprises / 1500)
    _unrate_the_rest(lives, money)
    _fail_one(money)
    return money


def _settled(market: Market, life: Life, asked: datetime) -> Past:
    rng, order = market.rng, life.order
    claim = Claim(
        state=State.PAID,
        points=order.points,
        approved_points=order.points,
        submitted_at=asked,
        checked_at=asked + 15 * SECOND,
    )
    past = Past(life, claim)
    _log(past, "queue", "checking", "officer", "", asked + 15 * SECOND)
    looked = asked
    if rng.random() < 0.05:
        back = office_hours(rng, asked + timedelta(hours=20))
        again = back + timedelta(hours=rng.randint(4, 20))
        past.returned, claim.stopped_seconds = (back, again), int((again - back).total_seconds())
        reason = rng.randrange(len(RETURNS))
        _log(past, "return", "officer", "returned", "officer", back, RETURNS[reason])
        _log(past, "resubmit", "returned", "checking", "vendor", again)
        _log(past, "queue", "checking", "officer", "", again + 15 * SECOND)
        looked, claim.checked_at = again, again + 15 * SECOND
    decided = office_hours(rng, looked + timedelta(days=rng.uniform(0.9, 1.8)))
    claim.decided_at = decided
    draw = rng.random()
    if draw < 0.012:
        claim.state, claim.approved_points, claim.reason = State.REJECTED, None, REJECTION
        _log(past, "reject", "officer", "rejected", "officer", decided, REJECTION)
        return past
    if draw < 0.03:
        claim.approved_points, claim.reason = order.points - order.points // 5, PARTS
    _log(past, "approve", "officer", "approved", "officer", decided, claim.reason)
    past.paid_in = _batch_moment(decided)
    return past


def _fail_one(money: Money) -> None:
    """One transfer of the newest batch came back from the bank; it can be paid again."""
    for past in money.past:
        past.claim.paid_at = settled_at(past.paid_in) if past.paid_in else None
    last = max(
        (past for past in money.past if past.paid_in),
        key=lambda past: (past.paid_in, past.claim.submitted_at),
        default=None,
    )
    if last is not None:
        last.claim.state, last.claim.clock_stopped_at, last.claim.paid_at = (
            State.FAILED,
            last.claim.paid_at,
            None,
        )


def _log(past: Past, verb: str, source: str, target: str, by: str, at: datetime, note: str = "") -> None:
    past.moves.append({"verb": verb, "source": source, "target": target, "by": by, "at": at, "note": note})


def _batch_moment(decided: datetime) -> datetime:
    """The next pay day at eleven after it was decided."""
    day = timezone.localdate(decided + timedelta(hours=13))
    while day.weekday() not in PAYDAYS:
        day += timedelta(days=1)
    return at_hour(day, 11)


TRAITS = (
    "",
    "weak_use",
    "",
    "no_reference",
    "",
    "over",
    "",
    "neighbours",
    "",
    "phone",
    "",
    "odd_tax",
    "",
    "frozen",
    "",
    "later_grant",
    "",
    "new_account",
    "",
    "registry",
    "",
    "weak_use",
    "",
    "",
    "",
)


def _leave_open(market: Market, pool: list[Life], money: Money, *, share: float) -> None:
    """About twenty-five at the officer with clocks from an hour to six days, a few returned, approved, in an open batch."""
    rng, at = market.rng, market.at
    rng.shuffle(pool)
    own = [life for life in pool if life.solution.vendor.code == "V001"]
    money.kept, own = own[:3], own[3:]  # these the vendor of the cast can claim now
    others = [life for life in pool if life.solution.vendor.code != "V001"]
    plan = (
        ("batch", 6, (4.0, 5.5)),
        ("approved", 5, (2.2, 4.0)),
        ("returned", 4, (2.5, 6.0)),
        ("officer", 25, (0.05, 6.2)),
    )
    for goes_to, wanted, (least, most) in plan:
        count = max(2, round(wanted * share))
        for turn in range(count):
            asked = at - timedelta(days=least + (most - least) * (turn + rng.random()) / count)
            rows = own if turn < (2 if goes_to == "officer" else 1) else others
            found = next((life for life in rows if (life.claimable_at or at) < asked), None)
            if found is None:
                continue
            rows.remove(found)
            if goes_to in ("batch", "approved"):
                money.past.append(_approved(market, found, asked, goes_to == "batch"))
            else:
                money.waiting.append(
                    Wait(found, asked, goes_to, TRAITS[turn % len(TRAITS)] if goes_to == "officer" else "")
                )
    for life in own:
        past = _settled(market, life, office_hours(rng, life.claimable_at or at))
        if past.paid_in is not None and settled_at(past.paid_in) < at - timedelta(hours=1):
            money.past.append(past)


def _unrate_the_rest(lives: Sequence[Life], money: Money) -> None:
    """The vendor of the cast waits for the ratings of its other orders: what it could claim has a sealed contract."""
    placed = {id(row.life) for row in money.past} | {id(row.life) for row in money.waiting}
    for life in lives:
        of_cast = life.solution.vendor.code == "V001"
        if of_cast and id(life) not in placed and not any(life is kept for kept in money.kept):
            life.rated_at, life.stars = None, 0


def _approved(market: Market, life: Life, asked: datetime, to_batch: bool) -> Past:
    """Approved, and not paid yet."""
    points = life.order.points
    claim = Claim(
        state=State.APPROVED,
        points=points,
        approved_points=points,
        submitted_at=asked,
        checked_at=asked + 15 * SECOND,
    )
    past = Past(life, claim, to_batch=to_batch)
    claim.decided_at = min(asked + timedelta(days=1.6), market.at - timedelta(hours=4))
    _log(past, "queue", "checking", "officer", "", asked + 15 * SECOND)
    _log(past, "approve", "officer", "approved", "officer", claim.decided_at)
    return past


# Written -----------------------------------------------------------------------------------------------------------------


def claim_operations(past: Past, life: Life, at_pay: datetime | None) -> list[Op]:
    """The ledger's moves of a claim of the past, as `marketplace.services` makes them: same operations, keys and causes."""
    claim, order = past.claim, life.order

    def move(
        operation: str,
        points: int,
        reason: str,
        at: datetime,
        to: Callable[[], int],
        debit: Callable[[], int],
    ) -> Op:
        def run() -> None:
            ledger.transfer(
                operation=operation,
                debit=debit(),
                credit=to(),
                points=points,
                key=f"claim:{claim.pk}:{operation}",
                reason=reason,
                cause=("claim", claim.pk),
                at=at,
            )

        return at, run

    def in_claim() -> int:
        assert claim.account_id is not None
        return claim.account_id

    def claimable() -> int:
        assert order.account_id is not None
        return order.account_id

    def final(kind: Account.Kind) -> Callable[[], int]:
        budget = life.shop.grant.budget.pk if life.shop.grant else 0
        return lambda: ledger.open_account(kind, budget_source_id=budget)

    found = [move(Transfer.Operation.CLAIM, claim.points, "claim", claim.submitted_at, in_claim, claimable)]
    lost = claim.points - (claim.approved_points or 0)
    if claim.decided_at and lost:
        why = "rejected" if claim.state == State.REJECTED else "partial"
        found.append(
            move(
                Transfer.Operation.UNCLAIMABLE,
                lost,
                why,
                claim.decided_at,
                final(Account.Kind.UNCLAIMABLE),
                in_claim,
            )
        )
    if at_pay is not None and claim.state == State.PAID:
        found.append(
            move(
                Transfer.Operation.PAY,
                claim.approved_points or 0,
                "payout",
                at_pay,
                final(Account.Kind.PAID),
                in_claim,
            )
        )
    return found


def settled_at(batch_at: datetime) -> datetime:
    """When the bank had answered a batch of that moment: the same afternoon."""
    return batch_at + timedelta(hours=5, minutes=20)


def number_claims(rows: Sequence[Claim]) -> None:
    """Numbers as `submit_claim` gives them."""
    for claim in rows:
        claim.number = f"C{roc_year(timezone.localdate(claim.submitted_at))}-{FIRST_NUMBER + claim.pk}"


def invoice_of(market: Market, life: Life, claim: Claim, serial: int, trait: str = "") -> Invoice:
    """The vendor's one invoice over the whole price."""
    order = life.order
    issued = timezone.localdate(order.confirmed_at or order.activated_at or order.placed_at)
    amount = order.price_twd + (2_000 if trait == "over" else 0)
    tax = round(amount * 5 / 105) + (40 if trait == "odd_tax" else 0)
    period = period_of(issued)
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    pair = letters[int(period[:3]) % 24] + letters[int(period[3:]) * 2 % 24]
    return Invoice(
        order=order,
        claim=claim,
        number=f"{pair}{10_000_000 + serial * 17:08}",
        period=period,
        issued_on=issued,
        seller_ubn=life.solution.vendor.organisation.ubn,
        buyer_ubn=life.shop.facts.ubn,
        amount_twd=amount,
        tax_twd=tax,
        entered_at=claim.submitted_at,
        voided_at=claim.decided_at if claim.state == State.REJECTED else None,
    )


def write_past(
    market: Market,
    money: Money,
    people: dict[str, Any],
    vendor_users: dict[int, Any],
    accounts: dict[int, BankAccount],
) -> None:
    """Claims of the past with their moves, answers, checks and payout batches; the ledger has moved already."""
    claims = [past.claim for past in money.past]
    for past in money.past:
        claim, life = past.claim, past.life
        claim.order, claim.vendor = life.order, life.solution.vendor
        claim.submitted_by, claim.decided_by = vendor_users[life.solution.vendor_id], people["chang"]
    batches = _batches(money)
    for past in money.past:
        _risk_and_checks(past)
    Claim.objects.bulk_create(claims, batch_size=1000)
    Invoice.objects.bulk_create(
        [invoice_of(market, past.life, past.claim, n) for n, past in enumerate(money.past)], batch_size=1000
    )
    who = {"officer": people["chang"], "": None}
    ClaimMove.objects.bulk_create(
        [
            ClaimMove(
                claim=past.claim,
                **{**row, "by": who.get(row["by"], past.claim.submitted_by)},
            )
            for past in money.past
            for row in past.moves
        ],
        batch_size=2000,
    )
    ClaimAnswer.objects.bulk_create(
        ClaimAnswer(
            claim=past.claim,
            text=ANSWERS[RETURNS.index(past.moves[1]["note"])],
            by=past.claim.submitted_by,
            at=past.returned[1],
        )
        for past in money.past
        if past.returned
    )
    since = market.at - CHECKS_KEPT
    ClaimCheck.objects.bulk_create(
        [row for past in money.past if past.claim.submitted_at > since for row in _checks(past.claim)],
        batch_size=2000,
    )
    _write_batches(batches, people, accounts)


def _batches(money: Money) -> dict[datetime, list[Past]]:
    """Claims by the batch they were paid in; the moves that follow from it."""
    found: dict[datetime, list[Past]] = defaultdict(list)
    for past in sorted(money.past, key=lambda row: row.claim.submitted_at):
        if past.paid_in is not None:
            found[past.paid_in].append(past)
    return dict(sorted(found.items()))


def _write_batches(
    batches: dict[datetime, list[Past]], people: dict[str, Any], accounts: dict[int, BankAccount]
) -> None:
    rows, moves, payouts, log = [], [], [], []
    first = reserve(PayoutBatch, len(batches))
    for pk, (made, members) in zip(first, batches.items(), strict=True):
        approved, sent, settled = made + timedelta(minutes=50), made + timedelta(minutes=51), settled_at(made)
        number = f"P{roc_year(timezone.localdate(made))}-{FIRST_BATCH + pk}"
        batch = PayoutBatch(
            pk=pk,
            number=number,
            state=PayoutBatch.State.SETTLED,
            made_by=people["chang"],
            made_at=made,
            approved_by=people["lee"],
            transfer_date=timezone.localdate(made),
            receipt=f"H{pk:08d}",
        )
        mine = [_payout(past, batch, n, accounts, settled) for n, past in enumerate(members, start=1)]
        _files(batch, mine, approved)
        rows.append(batch)
        payouts += mine
        for verb, source, target, by, at, note in (
            ("approve", "open", "approved", people["lee"], approved, ""),
            ("send", "approved", "sent", None, sent, batch.receipt),
            ("settle", "sent", "settled", None, settled, ""),
        ):
            moves.append(
                PayoutBatchMove(batch=batch, verb=verb, source=source, target=target, by=by, at=at, note=note)
            )
        for past in members:
            failed = past.claim.state == State.FAILED
            log.append(
                ClaimMove(
                    claim=past.claim,
                    verb="batch",
                    source="approved",
                    target="in_batch",
                    by=people["chang"],
                    at=made,
                    note=number,
                )
            )
            log.append(
                ClaimMove(
                    claim=past.claim,
                    verb="fail" if failed else "pay",
                    source="in_batch",
                    target=past.claim.state,
                    by=None,
                    at=settled,
                    note=BANK_FAILED if failed else "",
                )
            )
    PayoutBatch.objects.bulk_create(rows)
    PayoutBatchMove.objects.bulk_create(moves)
    Payout.objects.bulk_create(payouts, batch_size=2000)
    ClaimMove.objects.bulk_create(log, batch_size=2000)


def reserve(model: type[models.Model], count: int) -> list[int]:
    """Ids for rows whose ledger accounts are opened before them, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def _payout(
    past: Past, batch: PayoutBatch, sequence: int, accounts: dict[int, BankAccount], settled: datetime
) -> Payout:
    failed = past.claim.state == State.FAILED
    return Payout(
        claim=past.claim,
        batch=batch,
        sequence=sequence,
        bank_account=accounts[past.life.solution.vendor.organisation_id],
        amount_twd=past.claim.approved_points or 0,
        state=Payout.State.FAILED if failed else Payout.State.PAID,
        bank_code=BANK_FAILED if failed else ach.ACCEPTED,
        settled_at=settled,
    )


def _files(batch: PayoutBatch, payouts: Sequence[Payout], at: datetime) -> None:
    """The file that went to the bank and the one that came back, in the interbank layout."""
    header = ach.CreditHeader(
        processing_at=timezone.localtime(at),
        sending_bank=settings.PAYER_BANK_CODE,
        sending_account=settings.PAYER_ACCOUNT,
        sender_ubn=settings.PAYER_UBN,
    )
    lines = [
        ach.Payment(
            sequence=row.sequence,
            bank_code=row.bank_account.bank_code,
            account=row.bank_account.account_number,
            amount_twd=row.amount_twd,
            receiver_id=row.bank_account.organisation.ubn,
            reference=row.claim.number,
            memo="雲市集",
        )
        for row in payouts
    ]
    batch.file = ach.build_credit_file(header, lines)
    batch.file_sha256 = hashlib.sha256(batch.file).hexdigest()
    codes = {f"{row.sequence:08d}": row.bank_code for row in payouts if row.bank_code != ach.ACCEPTED}
    batch.result_file = ach.build_result_file(
        batch.file, codes, previous_day=timezone.localdate(at) - timedelta(days=1)
    )


# The checks of the past, by the real rules over what was known ------------------------------------------------------------


def _risk_and_checks(past: Past) -> None:
    claim = past.claim
    answers = claim_rules.ask_all(_case(past))
    claim.risk = claim_rules.risk_of(answer for _rule, answer in answers)
    parts = [{"rule": rule.name, "risk": answer.risk} for rule, answer in answers if answer.risk]
    claim.risk_parts = sorted(parts, key=lambda part: -int(part["risk"]))
    claim._answers = answers  # type: ignore[attr-defined]


def _checks(claim: Claim) -> list[ClaimCheck]:
    return [
        ClaimCheck(
            claim=claim,
            rule=rule.name,
            rule_version=rule.version,
            verdict=answer.verdict,
            outcome=answer.outcome,
            facts=answer.facts,
            risk=answer.risk,
            made_at=claim.checked_at or claim.submitted_at,
        )
        for rule, answer in claim._answers  # type: ignore[attr-defined]
    ]


def _case(past: Past) -> ClaimCase:
    life, claim = past.life, past.claim
    order, at = life.order, claim.submitted_at + 15 * SECOND
    today = timezone.localdate(at)
    seller = life.solution.vendor.organisation
    active = RegistryState("active", as_of=today)
    issued = timezone.localdate(order.confirmed_at or at)
    since = (today - timezone.localdate(order.activated_at or at)).days
    invoice = InvoiceFacts(
        number="AB12345678",
        period=period_of(issued),
        issued_on=issued,
        seller_ubn=seller.ubn,
        buyer_ubn=life.shop.facts.ubn,
        amount_twd=order.price_twd,
        tax_twd=round(order.price_twd * 5 / 105),
    )
    return ClaimCase(
        at=at,
        points=claim.points,
        price_twd=order.price_twd,
        copay_twd=order.copay_twd,
        signed_on=timezone.localdate(order.signed_at or order.placed_at),
        buyer=Party(
            life.shop.facts.ubn,
            life.shop.responsible,
            life.shop.facts.address,
            "",
            frozenset(),
            active,
            life.shop.facts.setup_date,
        ),
        seller=Party(
            seller.ubn, seller.responsible_person, seller.address, "", frozenset(), active, seller.setup_date
        ),
        invoices=(invoice,),
        use=UseFacts(since, round(since * (0.55 if order.points % 7 else 0.2)), 30),
        seal="intact",
        copay_paid_on=timezone.localdate(order.copay_paid_at) if order.copay_paid_at else None,
        copay_reference=order.copay_reference,
        stars=life.stars,
        effects=5,
        frozen_on=None,
        vendor_is_active=True,
        account_since=today - timedelta(days=300),
        granted_at=life.shop.grant.granted_at if life.shop.grant else None,
    )


# What is open today ---------------------------------------------------------------------------------------------------------


def open_claim(market: Market, wait: Wait, pk: int, by: Any) -> Claim:
    """A claim as it stands right after it was sent in."""
    order = wait.life.order
    wait.claim = Claim(
        pk=pk,
        order=order,
        vendor=wait.life.solution.vendor,
        points=order.points,
        submitted_at=wait.submitted_at,
        submitted_by=by,
    )
    return wait.claim


def write_waiting(market: Market, money: Money, people: dict[str, Any], serial: int) -> None:
    """Open claims, their traits, the registers' answers; then the real checks and the people's real decisions."""
    claims = [wait.claim for wait in money.waiting if wait.claim]
    Claim.objects.bulk_create(claims)
    invoices = [
        invoice_of(market, wait.life, wait.claim, serial + n * 3, wait.trait)
        for n, wait in enumerate(money.waiting)
        if wait.claim
    ]
    for turn, wait in enumerate(money.waiting):
        if wait.trait == "neighbours" and turn:
            _beside(invoices, turn, money)
    Invoice.objects.bulk_create(invoices)
    for wait in money.waiting:
        _give_trait(market, wait)
        _registers_answered(wait)
    for wait in sorted(money.waiting, key=lambda row: row.submitted_at):
        assert wait.claim is not None
        check_claim(wait.claim, at=wait.submitted_at + 15 * SECOND)
    _decide_waiting(market, money, people)


def _beside(invoices: list[Invoice], turn: int, money: Money) -> None:
    """Two invoices of one vendor with neighbouring numbers on one day, if there is another one of it."""
    mine = invoices[turn]
    other = next(
        (
            row
            for row in invoices
            if row is not mine and row.seller_ubn == mine.seller_ubn and row.period == mine.period
        ),
        None,
    )
    if other is not None and other.issued_on >= timezone.localdate(money.waiting[turn].life.order.signed_at):
        mine.issued_on = other.issued_on
        mine.number = f"{other.number[:2]}{int(other.number[2:]) + 1:08}"


def _give_trait(market: Market, wait: Wait) -> None:
    order, day = wait.life.order, timedelta(days=1)
    if wait.trait == "no_reference" and order.copay_twd:
        Order.objects.filter(pk=order.pk).update(copay_reference="")
    elif wait.trait == "weak_use":
        kept = list(
            UsageDay.objects.filter(order_id=order.pk).order_by("date").values_list("pk", flat=True)[:4]
        )
        UsageDay.objects.filter(order_id=order.pk).exclude(pk__in=kept).delete()
    elif wait.trait == "frozen":
        Order.objects.filter(pk=order.pk).update(frozen_by_buyer_at=market.at - timedelta(hours=20))
    elif wait.trait == "phone":
        seller = order.vendor.organisation
        type(seller).objects.filter(pk=seller.pk).update(phone=wait.life.shop.phone)
    elif wait.trait == "later_grant" and wait.life.shop.grant:
        sister = SubProgramme.objects.filter(kind="small").order_by("code").first()
        SubsidyRecord.objects.create(
            ubn=wait.life.shop.facts.ubn,
            sub_programme=sister,
            programme_name=sister.name_zh if sister else "",
            kind="small",
            cost_item="雲端服務",
            amount_twd=24_000,
            approved_at=wait.life.shop.grant.granted_at + 20 * day,
        )
    elif wait.trait == "new_account" and wait.life.solution.vendor.code != "V001":
        old = BankAccount.objects.filter(
            organisation_id=wait.life.solution.vendor.organisation_id, valid_to=None
        ).first()
        if old is not None:
            changed = market.at - 8 * day
            BankAccount.objects.filter(pk=old.pk).update(valid_to=changed)
            BankAccount.objects.create(
                organisation_id=old.organisation_id,
                bank_code="0080012",
                account_number=f"0552{old.pk:08d}",
                account_name=old.account_name,
                valid_from=changed,
            )


def _registers_answered(wait: Wait) -> None:
    at = wait.submitted_at + 5 * SECOND
    shop, seller = wait.life.shop, wait.life.solution.vendor.organisation
    bad = wait.trait == "registry"
    for ubn, organisation_id, is_bad in (
        (shop.facts.ubn, shop.organisation_id, bad),
        (seller.ubn, seller.pk, False),
    ):
        reasons = [
            {
                "code": "registry.tax_suspended",
                "severity": "stop",
                "facts": {},
                "source": "tax_registry",
                "as_of": at.isoformat(),
            }
        ]
        RegistryCheck.objects.create(
            ubn=ubn,
            organisation_id=organisation_id,
            purpose=RegistryCheck.Purpose.PAYMENT,
            state=RegistryCheck.State.FAILED if is_bad else RegistryCheck.State.PASSED,
            reasons=reasons if is_bad else [],
            tries=1,
            asked_at=at,
            answered_at=at + SECOND,
        )


def _decide_waiting(market: Market, money: Money, people: dict[str, Any]) -> None:
    for turn, wait in enumerate(money.waiting):
        if wait.goes_to == "returned" and wait.claim is not None:
            back = min(wait.submitted_at + timedelta(days=1.1), market.at - timedelta(hours=2))
            return_claim(wait.claim, reason=RETURNS[turn % len(RETURNS)], by=people["chang"], at=back)
    batched = [past.claim.pk for past in money.past if past.to_batch]
    if batched:
        make_batch(by=people["chang"], at=market.at - timedelta(hours=3), claim_ids=batched)


def seal_papers(lives: Sequence[tuple[Life, Any, Any]]) -> int:
    """Contracts with both sides' signatures and the platform's seal, for orders whose paper somebody will look at."""
    for life, buyer, vendor in lives:
        order = life.order
        contract = draw_contract(order, at=order.placed_at)
        if order.signed_at:
            _sign(contract, Signature.Party.BUYER, buyer, order.signed_at)
        if order.accepted_at:
            _sign(contract, Signature.Party.VENDOR, vendor, order.accepted_at)
            seal_contract(order, at=order.accepted_at + 20 * SECOND)
    return len(lives)


def _sign(contract: Contract, party: str, by: Any, at: datetime) -> None:
    evidence = {
        "method_name": "工商憑證",
        "key": hashlib.sha256(f"{contract.sha256}{party}".encode()).hexdigest()[:16].upper(),
    }
    Signature.objects.create(
        contract=contract, party=party, method="moeaca", signed_by=by, signed_at=at, evidence=evidence
    )
