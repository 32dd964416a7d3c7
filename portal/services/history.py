"""What happened before the demonstration begins: a country of enterprises, orders and payments, grown in one transaction.

Points move only through the ledger's verbs, in the order in which it all happened; rows are written in bulk.
Nothing lies later than the moment it is grown at.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from marketplace.models.claims import Claim
from marketplace.models.orders import Order, OrderMove, Rating, UsageDay
from marketplace.services.contracts import freeze
from marketplace.services.ratings import EFFECTS
from organisations.models.organisation import BankAccount, Organisation
from organisations.models.people import IdentityProof, Membership, ProofMethod
from organisations.models.places import Township
from organisations.selectors.facts import RegistryFacts, local_facts
from outside.sandbox.samples import sample
from points import conditions
from points.conditions import Facts
from points.models.grants import Application, ApplicationMove, Decision, Grant, GrantMove, SubsidyRecord
from points.models.ledger import Account
from points.models.programmes import BudgetSource
from points.services import ledger
from points.services.grants import LAPSE_REASON
from portal.services import history_claims as claims
from portal.services.history_claims import Money, Op, reserve
from portal.services.history_plan import (
    Life,
    Market,
    Shop,
    at_hour,
    award,
    choose_product,
    choose_shops,
    live,
    new_award,
    plan_orders,
    read_market,
)
from vendors.models.solutions import Solution

ENTERPRISES, SEED = 1_500, 115
CONTENT = Path(__file__).resolve().parent.parent / "demonstration"
CAST_SHOP, CAST_VENDOR = "retail", "V001"
LEAST_PAST = timedelta(days=120)
METHODS = (
    (ProofMethod.MOBILE,) * 7 + (ProofMethod.BUSINESS_CERTIFICATE,) * 2 + (ProofMethod.CITIZEN_CERTIFICATE,)
)
Told = Callable[[str], object]
User = get_user_model()


def grow_history(
    *, enterprises: int = ENTERPRISES, at: datetime, seed: int = SEED, told: Told = lambda sentence: None
) -> int:
    """How many orders were grown: 0 when there are orders already, or too little time has passed since the programme began.

    Units: `enterprises` is the number of organisations that joined before `at`.
    Raises: AssertionError without the cast, the catalogue and the registers.
    """
    market = read_market(at=at, seed=seed)
    if Order.objects.exists() or at - market.start < LEAST_PAST:
        return 0
    with transaction.atomic():
        people = _people(market)
        shops = choose_shops(market, enterprises)
        for shop in shops:
            shop.grant = award(market, shop)
        told(f"{len(shops):,} enterprises that joined")
        _write_shops(market, shops)
        shops.append(_cast_shop(market, people))
        rows = _decide(market, shops)
        _plan(market, shops, people)
        lives = sorted(
            (life for shop in shops for life in shop.orders), key=lambda life: life.order.placed_at
        )
        money = claims.plan_claims(market, lives, enterprises=enterprises)
        told(f"{len(lives):,} orders, {len(money.past):,} claims")
        _number_everything(market, shops, lives, money, people)
        moved = _move_points(market, shops, lives, money)
        _write_grants(market, shops, rows, moved)
        _write_orders(market, lives, money, people)
        told("payments, open claims, contracts")
        _write_money(market, lives, money, people)
    return len(lives)


# People and enterprises ---------------------------------------------------------------------------------------------------


def _people(market: Market) -> dict[str, Any]:
    """The cast by key, and one person for every vendor without one."""
    people: dict[str, Any] = {user.username: user for user in User.objects.all()}
    wanted = [vendor for vendor in market.vendors.values() if vendor.code != CAST_VENDOR]
    users = [
        _user(f"history-{vendor.code.lower()}", vendor.organisation.responsible_person) for vendor in wanted
    ]
    User.objects.bulk_create(users)
    Membership.objects.bulk_create(
        Membership(
            user=user,
            organisation=vendor.organisation,
            role=Membership.Role.ACCEPTOR,
            started_at=market.start,
        )
        for user, vendor in zip(users, wanted, strict=True)
    )
    people |= {vendor.code: user for user, vendor in zip(users, wanted, strict=True)}
    return people | {CAST_VENDOR: people["wang"]}


def _user(name: str, display_name: str) -> Any:
    return User(
        username=name,
        email=f"{name}@history.example",
        display_name=display_name[:60],
        password=f"{UNUSABLE_PASSWORD_PREFIX}{name}",
    )


def _write_shops(market: Market, shops: Sequence[Shop]) -> None:
    """Users, organisations, memberships and proofs."""
    users = User.objects.bulk_create(
        [_user(f"history-{n:05}", shop.responsible) for n, shop in enumerate(shops, start=1)], batch_size=1000
    )
    organisations = Organisation.objects.bulk_create([_organisation(shop) for shop in shops], batch_size=1000)
    for shop, user, organisation in zip(shops, users, organisations, strict=True):
        shop.user_id, shop.organisation_id = user.pk, organisation.pk
    memberships = Membership.objects.bulk_create(
        [
            Membership(
                user_id=shop.user_id,
                organisation_id=shop.organisation_id,
                role=Membership.Role.ACCEPTOR,
                started_at=shop.joined_at,
            )
            for shop in shops
        ],
        batch_size=1000,
    )
    IdentityProof.objects.bulk_create(
        [
            IdentityProof(
                membership=membership,
                method=_method(shop),
                evidence={"name": shop.responsible, "phone": "•" * 7 + shop.phone[-3:]},
                proven_at=shop.joined_at,
            )
            for shop, membership in zip(shops, memberships, strict=True)
        ],
        batch_size=1000,
    )


def _method(shop: Shop) -> str:
    return METHODS[int(shop.facts.ubn) % len(METHODS)]


def _organisation(shop: Shop) -> Organisation:
    facts = shop.facts
    return Organisation(
        ubn=facts.ubn,
        name=facts.name[:200],
        kind=facts.kind,
        responsible_person=shop.responsible[:60],
        address=facts.address[:300],
        township_id=facts.township_code,
        industry_id=facts.industry_division,
        industry_name=facts.industry_name[:80],
        capital_twd=facts.capital_twd,
        employees=shop.employees,
        setup_date=facts.setup_date,
        head_office_ubn=facts.head_office_ubn,
        tax_status=facts.status,
        register_status=facts.register_status,
        checked_at=shop.joined_at,
        phone=shop.phone,
        joined_at=shop.joined_at,
    )


def _cast_shop(market: Market, people: dict[str, Any]) -> Shop:
    """The cast's shop has points to spend: granted while its owner still has weeks to order."""
    known = sample(CAST_SHOP)
    assert known.enterprise is not None
    organisation = Organisation.objects.get(ubn=known.ubn)
    joined = market.at - timedelta(days=70)
    shop = Shop(
        facts=_known_facts(organisation),
        responsible=organisation.responsible_person,
        phone=organisation.phone,
        employees=known.enterprise.employees,
        joined_at=joined,
        is_known=True,
        organisation_id=organisation.pk,
        user_id=people["chen"].pk,
    )
    Organisation.objects.filter(pk=organisation.pk).update(joined_at=joined, employees=shop.employees)
    Membership.objects.filter(organisation=organisation).update(started_at=joined)
    membership = Membership.objects.get(organisation=organisation, user=people["chen"])
    IdentityProof.objects.create(
        membership=membership,
        method=ProofMethod.MOBILE,
        evidence={"name": shop.responsible, "phone": "•" * 7 + shop.phone[-3:]},
        proven_at=joined,
    )
    version = market.zone("general", joined)
    assert version is not None
    shop.grant = new_award(market, version, joined + timedelta(minutes=9))
    return shop


def _known_facts(organisation: Organisation) -> RegistryFacts:
    facts = local_facts(organisation.ubn)
    assert facts is not None
    return facts


# Decisions ----------------------------------------------------------------------------------------------------------------


def _decide(market: Market, shops: Sequence[Shop]) -> dict[str, tuple[Facts, list[dict[str, Any]], bool]]:
    """Every application decided by the zone's real conditions; who does not fit gets no points and orders nothing."""
    rows = {}
    for shop in shops:
        if shop.grant is None:
            continue
        facts = _facts(shop)
        outcomes = conditions.as_rows(shop.grant.version.conditions, facts, at=shop.grant.granted_at)
        fits = all(row["severity"] != "stop" for row in outcomes)
        shop.grant.state = "live" if fits else "refused"
        rows[shop.facts.ubn] = (facts, outcomes, fits)
    return rows


def _facts(shop: Shop) -> Facts:
    """As `facts_of_organisation` would have found them that day."""
    known = shop.facts
    as_of = known.as_of
    day = timezone.localdate(as_of) if isinstance(as_of, datetime) else as_of
    return Facts(
        ubn=known.ubn,
        name=known.name,
        kind=known.kind,
        status=known.status,
        register_status=known.register_status,
        source=known.source,
        as_of=day.isoformat() if day else "",
        capital_twd=known.capital_twd,
        employees=shop.employees,
        setup_date=known.setup_date.isoformat() if known.setup_date else "",
        township_code=known.township_code or "",
        township=_township_names().get(known.township_code or "", ""),
        flags=tuple(sorted(known.flags)),
        industry_section=known.industry_section or "",
        industry_name=known.industry_name,
        identity_methods=(ProofMethod.MOBILE if shop.is_known else _method(shop),),
        live_groups=(),
        used_points={},
        subsidies=(),
        declared_grants=(),
    )


@cache
def _township_names() -> dict[str, str]:
    return {row.pk: f"{row.county.name_zh}{row.name_zh}" for row in Township.objects.select_related("county")}


# Orders -------------------------------------------------------------------------------------------------------------------


def _plan(market: Market, shops: Sequence[Shop], people: dict[str, Any]) -> None:
    """Everybody's orders; then those that the cast needs to find on its desks."""
    for shop in shops:
        if shop.is_known:
            _orders_of_the_cast(market, shop)
        else:
            plan_orders(market, shop)
    _desk_of_the_vendor(market, shops)


def _orders_of_the_cast(market: Market, shop: Shop) -> None:
    """One in use whose rating is due, one that waits for the vendor's answer."""
    at = market.at
    used = at - timedelta(days=50)
    while (day_of := timezone.localdate(used)).day > 20:
        used -= timedelta(days=1)
    used = at_hour(day_of, 10, 20)
    for placed, stop in ((used, "unrated"), (at - timedelta(hours=26), "signed")):
        product = choose_product(market, shop, placed, vendor=CAST_VENDOR)
        if product is not None:
            live(market, shop, *product, placed=placed, stop=stop, points=12_000)


def _desk_of_the_vendor(market: Market, shops: Sequence[Shop]) -> None:
    """Orders in every tab of the cast's vendor, some that can be claimed, and a few drafts of others."""
    at, day = market.at, timedelta(days=1)
    early = min(3 * day, at - at_hour(timezone.localdate(at).replace(day=1), 0, 5))
    recent = [
        (timedelta(hours=7), "signed", ""),
        (early * 0.8, "accepted", ""),
        (early * 0.9, "accepted", ""),
        (early, "activated", ""),
        (early * 0.95, "activated", ""),
        (40 * day, "", "refused"),
        (timedelta(hours=3), "draft", ""),
        (timedelta(hours=9), "draft", ""),
        (timedelta(hours=30), "draft", ""),
    ]
    for ago, stop, fate in [*recent, *((day * (50 + n), "rated", "") for n in range(9))]:
        placed = at - ago
        for shop in _free_shops(shops, placed):
            product = choose_product(market, shop, placed, vendor="" if stop == "draft" else CAST_VENDOR)
            if product is not None and shop.grant is not None:
                shop.is_taken, shop.grant.left = True, shop.grant.points
                shop.orders.clear()
                live(market, shop, *product, placed=placed, stop=stop, fate=fate or "good")
                break


def _free_shops(shops: Sequence[Shop], placed: datetime) -> Iterator[Shop]:
    """Those whose points can be used at that moment and whose own orders nobody counts on."""
    for shop in shops:
        grant = shop.grant
        if grant is None or grant.state != "live" or shop.sure or shop.is_known or shop.is_taken:
            continue
        if not grant.version.categories and timedelta(days=1) < placed - grant.granted_at < timedelta(
            days=75
        ):
            yield shop


def _number_everything(
    market: Market, shops: Sequence[Shop], lives: Sequence[Life], money: Money, people: dict[str, Any]
) -> None:
    """Ids in the order in which things happened, before anything is written: the ledger's keys name them."""
    awarded = sorted(
        (shop for shop in shops if shop.grant and shop.grant.state != "refused"),
        key=lambda shop: shop.grant.granted_at if shop.grant else market.at,
    )
    for shop, pk in zip(awarded, reserve(Grant, len(awarded)), strict=True):
        assert shop.grant is not None
        shop.grant.id = pk
    for life, pk in zip(lives, reserve(Order, len(lives)), strict=True):
        order = life.order
        order.pk, order.organisation_id, order.placed_by_id = pk, life.shop.organisation_id, life.shop.user_id
        order.grant_id = life.shop.grant.id if life.shop.grant and order.points else None
        order.frozen = freeze(order.plan)
    both: list[claims.Past | claims.Wait] = [*money.past, *money.waiting]
    asked = sorted(both, key=_asked_at)
    for row, pk in zip(asked, reserve(Claim, len(asked)), strict=True):
        by = people[row.life.solution.vendor.code]
        if isinstance(row, claims.Wait):
            claims.open_claim(market, row, pk, by)
        else:
            row.claim.pk = pk
    claims.number_claims([row.claim for row in asked if row.claim])


def _asked_at(row: claims.Past | claims.Wait) -> datetime:
    return row.submitted_at if isinstance(row, claims.Wait) else row.claim.submitted_at


# Points -------------------------------------------------------------------------------------------------------------------


def _move_points(
    market: Market, shops: Sequence[Shop], lives: Sequence[Life], money: Money
) -> dict[int, list[tuple[datetime, int]]]:
    """All moves of the ledger in the order of their moments. Grant id → what lapsed, and when."""
    lapsed: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    _open_accounts(shops)
    operations: list[Op] = []
    for shop in shops:
        if shop.grant and shop.grant.id:
            operations += _grant_operations(market, shop, lapsed)
    for life in lives:
        operations += _order_operations(life)
    for past in money.past:
        operations += claims.claim_operations(past, past.life, past.claim.paid_at)
    for wait in money.waiting:
        assert wait.claim is not None
        operations += claims.claim_operations(claims.Past(wait.life, wait.claim), wait.life, None)
    both: list[claims.Past | claims.Wait] = [*money.past, *money.waiting]
    by_order = {row.life.order.pk: row.claim for row in both}
    for life in lives:
        life.order._claim = by_order.get(life.order.pk)  # type: ignore[attr-defined]
    for _at, run in sorted(operations, key=lambda pair: pair[0]):
        run()
    for budget in BudgetSource.objects.order_by("account_id"):
        ledger.rebalance(budget_account_id=budget.account_id, at=market.at)
    return lapsed


def _open_accounts(shops: Sequence[Shop]) -> None:
    by_budget: dict[int, list[Shop]] = defaultdict(list)
    for shop in shops:
        if shop.grant and shop.grant.id:
            by_budget[shop.grant.budget.pk].append(shop)
    for budget, members in by_budget.items():
        pairs = [(shop.grant.id, shop.organisation_id) for shop in members if shop.grant]
        for shop, account in zip(
            members, ledger.open_grant_accounts(budget_source_id=budget, grants=pairs), strict=True
        ):
            assert shop.grant is not None
            shop.grant.account_id = account


def _grant_operations(market: Market, shop: Shop, lapsed: dict[int, list[tuple[datetime, int]]]) -> list[Op]:
    grant = shop.grant
    assert grant is not None
    give = partial(
        ledger.grant,
        budget_account_id=grant.budget.account_id,
        account_id=grant.account_id,
        points=grant.points,
        key=f"grant:{grant.id}",
        reason="first",
        cause=("grant", grant.id),
        at=grant.granted_at,
    )
    found: list[Op] = [(grant.granted_at, give)]
    swept = at_hour(grant.use_by + timedelta(days=1), 0, 10)
    if swept >= market.at:
        return found
    late = [
        life.ended_at + timedelta(minutes=50)
        for life in shop.orders
        if life.ended_at and life.ended_at > swept
    ]
    for moment in (swept, *(each for each in late if each < market.at)):
        found.append((moment, partial(_lapse, shop, moment, lapsed)))
    return found


def _lapse(shop: Shop, moment: datetime, lapsed: dict[int, list[tuple[datetime, int]]]) -> None:
    grant = shop.grant
    assert grant is not None
    line = ledger.Lapsing(grant.account_id, f"lapse:{grant.id}:{timezone.localdate(moment)}", grant.id)
    back = ledger.lapse_many(lapsing=[line], reason=LAPSE_REASON, cause_type="grant", at=moment)
    lapsed[grant.id].append((moment, back.get(grant.account_id, 0)))


def _order_operations(life: Life) -> list[Op]:
    order = life.order
    found: list[Op] = []
    if not order.points:
        return []
    cause, key = ("order", order.pk), f"order:{order.pk}"

    def hold() -> None:
        grant = life.shop.grant
        assert grant is not None
        shared: dict[str, Any] = {
            "budget_source_id": grant.budget.pk,
            "grant_id": grant.id,
            "organisation_id": life.shop.organisation_id,
            "order_id": order.pk,
            "vendor_id": order.vendor_id,
        }
        order.account_id = ledger.open_account(Account.Kind.CLAIMABLE, **shared)
        in_claim = ledger.open_account(Account.Kind.IN_CLAIM, **shared)
        if order._claim is not None:  # type: ignore[attr-defined]
            order._claim.account_id = in_claim  # type: ignore[attr-defined]
        order.hold_id = ledger.hold(
            account_id=grant.account_id,
            to_account_id=order.account_id,
            points=order.points,
            key=f"{key}:hold",
            reason="order_signed",
            cause=cause,
            at=order.signed_at or order.placed_at,
        )

    def settle(operation: Callable[..., int], name: str, reason: str, at: datetime) -> None:
        assert order.hold_id is not None
        operation(
            hold_id=order.hold_id, points=order.points, key=f"{key}:{name}", reason=reason, cause=cause, at=at
        )

    if order.signed_at:
        found.append((order.signed_at, hold))
    if order.confirmed_at:
        found.append(
            (order.confirmed_at, partial(settle, ledger.capture, "capture", "accepted", order.confirmed_at))
        )
    if life.ended_at:
        found.append(
            (life.ended_at, partial(settle, ledger.release, "release", life.ended_why, life.ended_at))
        )
    return found


# Rows ---------------------------------------------------------------------------------------------------------------------


def _write_grants(
    market: Market,
    shops: Sequence[Shop],
    rows: dict[str, tuple[Facts, list[dict[str, Any]], bool]],
    lapsed: dict[int, list[tuple[datetime, int]]],
) -> None:
    """Applications with their decisions, grants with their end, subsidy records; the newest applications are still open."""
    asked = [shop for shop in shops if shop.grant]
    asked.sort(key=lambda shop: shop.grant.granted_at if shop.grant else market.at)
    decisions = [_decision(shop, *rows[shop.facts.ubn]) for shop in asked]
    Decision.objects.bulk_create(decisions, batch_size=500)
    applications = [_application(shop, decision) for shop, decision in zip(asked, decisions, strict=True)]
    fresh = [
        _fresh_application(market, shop, n)
        for n, shop in enumerate([s for s in shops if s.grant is None][:4])
    ]
    Application.objects.bulk_create([*applications, *fresh], batch_size=1000)
    ApplicationMove.objects.bulk_create(
        [
            ApplicationMove(
                application=row,
                verb="grant" if row.state == "granted" else "refuse",
                source="checking",
                target=row.state,
                at=row.decision.made_at,
            )
            for row in applications
            if row.decision
        ],
        batch_size=1000,
    )
    given = [
        (shop, decision) for shop, decision in zip(asked, decisions, strict=True) if decision.is_eligible
    ]
    grants = [_grant(shop, decision, lapsed) for shop, decision in given]
    Grant.objects.bulk_create(grants, batch_size=1000)
    GrantMove.objects.bulk_create(
        [
            GrantMove(
                grant=grant,
                verb="lapse" if back else "use_up",
                source="live",
                target=grant.state,
                at=moment,
                note=f"{back}",
            )
            for grant in grants
            for moment, back in lapsed.get(grant.pk, [])[:1]
        ],
        batch_size=1000,
    )
    SubsidyRecord.objects.bulk_create(
        [_record(shop, grant) for (shop, _d), grant in zip(given, grants, strict=True)], batch_size=1000
    )


def _decision(shop: Shop, facts: Facts, outcomes: list[dict[str, Any]], fits: bool) -> Decision:
    assert shop.grant is not None
    return Decision(
        organisation_id=shop.organisation_id,
        zone_version=shop.grant.version,
        facts=facts.as_json(),
        outcomes=outcomes,
        is_eligible=fits,
        made_at=shop.grant.granted_at,
    )


def _application(shop: Shop, decision: Decision) -> Application:
    assert shop.grant is not None
    return Application(
        organisation_id=shop.organisation_id,
        zone=shop.grant.version.zone,
        applied_by_id=shop.user_id,
        applied_at=shop.grant.applied_at,
        state=Application.State.GRANTED if decision.is_eligible else Application.State.REFUSED,
        decision=decision,
    )


def _fresh_application(market: Market, shop: Shop, turn: int) -> Application:
    """Sent in a moment ago: a worker decides it."""
    version = market.zone("general", market.at)
    assert version is not None
    return Application(
        organisation_id=shop.organisation_id,
        zone=version.zone,
        applied_by_id=shop.user_id,
        applied_at=market.at - timedelta(seconds=5 + 11 * turn),
    )


def _grant(shop: Shop, decision: Decision, lapsed: dict[int, list[tuple[datetime, int]]]) -> Grant:
    award = shop.grant
    assert award is not None
    swept = lapsed.get(award.id)
    state = Grant.State.LIVE if not swept else Grant.State.LAPSED if swept[0][1] else Grant.State.USED
    return Grant(
        pk=award.id,
        organisation_id=shop.organisation_id,
        zone_version=award.version,
        decision=decision,
        budget_source=award.budget,
        account_id=award.account_id,
        points=award.points,
        exclusion_group=award.version.exclusion_group,
        granted_at=award.granted_at,
        use_by_date=award.use_by,
        state=state,
    )


def _record(shop: Shop, grant: Grant) -> SubsidyRecord:
    version = grant.zone_version
    return SubsidyRecord(
        ubn=shop.facts.ubn,
        programme_name=f"{version.zone.programme.name_zh}（{version.name_zh}）",
        kind="small",
        amount_twd=grant.points,
        approved_at=grant.granted_at,
        starts_on=timezone.localdate(grant.granted_at),
        ends_on=version.zone.programme.ends_on,
        grant=grant,
    )


def _write_orders(market: Market, lives: Sequence[Life], money: Money, people: dict[str, Any]) -> None:
    """Orders with their moves, days of use, ratings, and the solutions' averages."""
    Order.objects.bulk_create([life.order for life in lives], batch_size=500)
    OrderMove.objects.bulk_create(
        [
            OrderMove(
                order=life.order,
                verb=step.verb,
                source=step.source,
                target=step.target,
                by_id=_who(life, step.by, people),
                at=step.at,
                note=step.note,
            )
            for life in lives
            for step in life.steps
        ],
        batch_size=2000,
    )
    UsageDay.objects.bulk_create(_usage(market, lives, money), batch_size=4000)
    _write_ratings(market, lives)


def _who(life: Life, by: str, people: dict[str, Any]) -> int | None:
    if by == "nobody":
        return None
    return int(life.shop.user_id if by == "buyer" else people[life.solution.vendor.code].pk)


def _usage(market: Market, lives: Sequence[Life], money: Money) -> list[UsageDay]:
    """What vendors reported: of every third order, and of all that are or can be claimed now."""
    rng, today, settled = (
        market.rng,
        timezone.localdate(market.at),
        {past.life.order.pk for past in money.past},
    )
    rows = []
    for life in lives:
        order = life.order
        if order.activated_at is None or order.state not in (Order.State.ACTIVATED, Order.State.IN_USE):
            continue
        if order.pk in settled and rng.random() > 0.33:
            continue
        first = timezone.localdate(order.activated_at)
        span = min((today - first).days, 45)
        usual, people = rng.randint(5, 90), rng.randint(1, 6)
        for n in range(1, span):
            if rng.random() < 0.62:
                rows.append(
                    UsageDay(
                        order=order,
                        date=first + timedelta(days=n),
                        active_users=rng.randint(1, people),
                        events=rng.randint(1, usual),
                        reported_at=order.activated_at + timedelta(days=n, hours=8),
                        reported_with="history",
                    )
                )
    return [row for row in rows if row.reported_at < market.at]


def _write_ratings(market: Market, lives: Sequence[Life]) -> None:
    rng, texts = market.rng, _reviews(market)
    rated = sorted((life for life in lives if life.rated_at), key=lambda life: (life.rated_at, life.order.pk))
    rows: list[Rating] = []
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for life in rated:
        words = texts[life.solution.main_sub_category_id, life.stars]
        rows.append(
            Rating(
                order=life.order,
                stars=life.stars,
                text=words.pop() if words and rng.random() < 0.6 else "",
                effects={name: min(4, max(0, round(rng.gauss(life.stars - 2, 1)))) for name in EFFECTS},
                still_used=life.stars > 1,
                rated_by_id=life.shop.user_id,
                rated_at=life.rated_at or market.at,
            )
        )
        sums[life.solution.pk][0] += life.stars
        sums[life.solution.pk][1] += 1
    Rating.objects.bulk_create(rows, batch_size=1000)
    for pk, (stars, count) in sorted(sums.items()):
        Solution.objects.filter(pk=pk).update(
            rating_sum=F("rating_sum") + stars, rating_count=F("rating_count") + count
        )


def _reviews(market: Market) -> dict[tuple[str, int], list[str]]:
    """What owners wrote, by kind of software and stars; each text is used once."""
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    with (CONTENT / "reviews.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            found[row["sub_category"], row["rating"]].append(row["text"])
    for texts in found.values():
        market.rng.shuffle(texts)
    return found


# Money --------------------------------------------------------------------------------------------------------------------


def _write_money(market: Market, lives: Sequence[Life], money: Money, people: dict[str, Any]) -> None:
    accounts = {
        row.organisation_id: row
        for row in BankAccount.objects.filter(valid_to=None).select_related("organisation")
    }
    vendor_users = {pk: people[vendor.code] for pk, vendor in market.vendors.items()}
    claims.write_past(market, money, people, vendor_users, accounts)
    waiting = {wait.life.order.pk for wait in money.waiting}
    kept = {id(life) for life in money.kept}
    shown = [life for life in lives if life.order.pk in waiting or id(life) in kept or _is_on_a_desk(life)]
    buyers = User.objects.in_bulk([life.shop.user_id for life in shown])
    claims.seal_papers(
        [(life, buyers[life.shop.user_id], people[life.solution.vendor.code]) for life in shown]
    )
    claims.write_waiting(market, money, people, serial=len(money.past) + 50)


def _is_on_a_desk(life: Life) -> bool:
    """Whether somebody of the cast goes on with it: only then is its contract needed."""
    of_vendor = life.solution.vendor.code == CAST_VENDOR
    return life.shop.is_known or (
        of_vendor and life.order.state in (Order.State.SIGNED, Order.State.ACCEPTED, Order.State.ACTIVATED)
    )
