"""A lived-in country, thought out before anything is written: who joined when, who asked for points, who ordered what.

Everything is drawn from one seed, so that the same moment always gives the same country. Nothing here writes.
Source of the shares: `member_distribution` and `order_statistics` of the programme's yearbooks.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from marketplace.deadlines import CONFIRM_DAYS, copay_due, end_of_month, last_day_of_term
from marketplace.models.orders import Order
from marketplace.services.orders import ALPHABET, check_character
from organisations.industries import section_of
from organisations.models.places import OfficeDay, Township
from organisations.models.registry import RegistryRecord
from organisations.money import share_of
from organisations.roc import roc_year
from organisations.selectors.facts import RegistryFacts, local_facts
from outside.sandbox.country import by_ubn
from outside.sandbox.enterprise import Enterprise
from points.models.programmes import BudgetSource, ZoneVersion
from points.services.grants import last_day_of_use
from vendors.models.solutions import Plan, Solution, SolutionVersion

State = Order.State
COUNTRY_LIMIT = 40_000
FIRST_DAY = date(2026, 1, 1)
LONGEST = timedelta(days=326)
MUNICIPAL_SHARE = 0.80
SECTION_SHARES = {"G": 0.38, "I": 0.35, "C": 0.054, "M": 0.044, "S": 0.039}
OTHER_SECTIONS = 0.133
REACHED_TOWNSHIPS, REACHED_SHARE = 342, 0.23
# Orders by kind of software, by section of trade; figures are weights.
WANTS: dict[str, dict[str, int]] = {
    "G": {
        "1245": 44,
        "1242": 24,
        "1256": 8,
        "1249": 8,
        "1212": 6,
        "1254": 3,
        "1215": 3,
        "1213": 2,
        "1248": 2,
        "1224": 2,
    },
    "I": {
        "1245": 54,
        "1254": 14,
        "1242": 12,
        "1256": 9,
        "1212": 3,
        "1213": 3,
        "1249": 3,
        "1246": 2,
        "1224": 2,
    },
    "C": {
        "1246": 24,
        "1234": 20,
        "1243": 14,
        "1247": 12,
        "1248": 10,
        "1249": 8,
        "1242": 6,
        "1272": 3,
        "1273": 3,
    },
    "M": {
        "1242": 34,
        "1234": 22,
        "1232": 10,
        "1248": 10,
        "1246": 8,
        "1233": 6,
        "1244": 6,
        "1265": 2,
        "1264": 2,
    },
    "S": {"1242": 36, "1254": 28, "1256": 14, "1245": 12, "1255": 6, "1224": 4},
    "": {
        "1242": 34,
        "1254": 14,
        "1245": 12,
        "1248": 10,
        "1246": 10,
        "1249": 6,
        "1234": 6,
        "1232": 4,
        "1222": 4,
        "1253": 4,
    },
}
USUAL_PRICE = {
    "1245": 24_000,
    "1242": 39_000,
    "1254": 34_000,
    "1256": 27_000,
    "1272": 105_000,
    "1264": 56_000,
    "1265": 55_000,
}
ELSE_PRICE = 26_000
ORDERS_OF_A_SHOP = ((0, 6), (1, 58), (2, 29), (3, 7))
FATES = (("good", 86), ("refused", 3), ("withdrawn", 3), ("silent", 3), ("late", 5))
REFUSALS = (
    "這個月排不出導入人力，下個月再麻煩您下單。",
    "您的店用離線機台，我們的方案現在還接不上。",
    "服務地區不含離島，無法到場教學。",
)
SECOND_THOUGHTS = ("老闆決定明年再換。", "跟會計師討論後，先用原本的。", "選錯方案，要改訂小一點的。")


@dataclass
class Shop:
    """One enterprise of the past. `sure`: the only one of its township, so it must have ordered."""

    facts: RegistryFacts
    responsible: str
    phone: str
    employees: int
    joined_at: datetime
    sure: bool = False
    is_known: bool = False  # one of the cast: it has its rows already
    is_taken: bool = False  # stands on a desk of the cast
    organisation_id: int = 0
    user_id: int = 0
    grant: Award | None = None
    orders: list[Life] = field(default_factory=list)

    @property
    def section(self) -> str:
        """The section of its trade, as far as orders differ by it."""
        return self.facts.industry_section if self.facts.industry_section in WANTS else ""


@dataclass
class Award:
    """Points that a shop gets: where from, when, how many; the ledger's account is filled in when it is opened."""

    version: ZoneVersion
    budget: BudgetSource
    applied_at: datetime
    granted_at: datetime
    points: int
    use_by: date
    id: int = 0
    account_id: int = 0
    left: int = 0
    state: str = "live"


@dataclass
class Step:
    """One change of state. `by`: buyer, vendor or nobody."""

    verb: str
    source: str
    target: str
    by: str
    at: datetime
    note: str = ""


@dataclass
class Life:
    """An order with what happened to it up to now. `stars` 0 = not rated."""

    shop: Shop
    order: Order
    solution: Solution
    steps: list[Step] = field(default_factory=list)
    ended_at: datetime | None = None
    ended_why: str = ""
    rated_at: datetime | None = None
    stars: int = 0
    has_use: bool = False

    @property
    def claimable_at(self) -> datetime | None:
        """The first moment at which the vendor can claim it; None when something is missing."""
        order = self.order
        if (
            order.state != State.IN_USE
            or not order.points
            or self.rated_at is None
            or order.claimable_from is None
        ):
            return None
        return max(at_hour(order.claimable_from, 9), self.rated_at + timedelta(hours=1))


@dataclass
class Market:
    """What can be bought and granted, read once."""

    rng: random.Random
    at: datetime
    start: datetime
    products: dict[str, list[tuple[Solution, list[Plan]]]]
    category_of: dict[str, str]
    zones: dict[str, list[ZoneVersion]]
    budgets: dict[int, BudgetSource]
    days_off: dict[date, bool]
    vendors: dict[int, Any]
    numbers: set[str] = field(default_factory=set)

    def zone(self, code: str, at: datetime) -> ZoneVersion | None:
        """The version of a zone that was in force then."""
        return next((row for row in self.zones.get(code, []) if at in row.valid), None)

    def working_days_after(self, day: date, count: int) -> date:
        """As `add_working_days`, without asking the database each time."""
        while count:
            day += timedelta(days=1)
            count -= not self.days_off.get(day, day.weekday() >= 5)
        return day


def read_market(*, at: datetime, seed: int) -> Market:
    """Solutions with their plans by kind of software, zones that give points, the office calendar."""
    products: dict[str, list[tuple[Solution, list[Plan]]]] = defaultdict(list)
    solutions = Solution.objects.filter(state=Solution.State.LISTED, current__isnull=False).order_by("code")
    for solution in solutions.select_related(
        "vendor__organisation", "current", "main_sub_category"
    ).prefetch_related("current__plans"):
        current: SolutionVersion = solution.current  # type: ignore[assignment]
        current.solution = solution
        plans = list(current.plans.all())
        for plan in plans:
            plan.version = current
        products[solution.main_sub_category_id].append((solution, plans))
    zones: dict[str, list[ZoneVersion]] = defaultdict(list)
    approved = ZoneVersion.objects.filter(state=ZoneVersion.State.APPROVED, cap_points__gt=0, rate_bp__gt=0)
    for version in approved.select_related("zone__programme").prefetch_related("zone_budgets").order_by("pk"):
        zones[version.zone.code].append(version)
    start = max(at_hour(FIRST_DAY, 9), at - LONGEST)
    everything = [solution for rows in products.values() for solution, _plans in rows]
    return Market(
        rng=random.Random(seed),
        at=at,
        start=start,
        products=dict(products),
        category_of={
            solution.main_sub_category_id: solution.main_sub_category.category_id for solution in everything
        },
        zones=dict(zones),
        budgets={row.pk: row for row in BudgetSource.objects.all()},
        days_off=dict(OfficeDay.objects.values_list("date", "is_off")),
        vendors={solution.vendor_id: solution.vendor for solution in everything},
    )


# Who joined ------------------------------------------------------------------------------------------------------------


def choose_shops(market: Market, count: int) -> list[Shop]:
    """Enterprises out of the register, in the programme's shares by trade and region, spread over the townships."""
    rng = market.rng
    rows = list(
        RegistryRecord.objects.filter(status=RegistryRecord.Status.OPERATING, township__isnull=False)
        .exclude(organisation_kind="分公司")
        .order_by("ubn")
        .values_list("ubn", "industry_code", "township_id", "organisation_kind")
    )
    rng.shuffle(rows)
    rows = [
        row for row in rows if row[3] != "其他" or rng.random() < 0.5
    ]  # tax registration alone is rare among members
    return [_shop(market, enterprise, sure) for enterprise, sure in _drawn(market, rows, count)]


def _drawn(
    market: Market, rows: Sequence[tuple[str, str, str, str]], count: int
) -> Iterator[tuple[Enterprise, bool]]:
    places = {row.pk: row for row in Township.objects.select_related("county")}
    sections = Counter({name: round(count * share) for name, share in SECTION_SHARES.items()})
    sections[""] = round(count * OTHER_SECTIONS) + 3
    regions = Counter({True: round(count * MUNICIPAL_SHARE), False: count - round(count * MUNICIPAL_SHARE)})
    most = min(REACHED_TOWNSHIPS, int(count * REACHED_SHARE))
    # the smallest stay empty, but the countryside is looked after: 92 % of rural townships were reached
    known = sorted(
        {row[2] for row in rows},
        key=lambda code: (-places[code].population * (4 if places[code].is_rural else 1), code),
    )
    wanted = set(known[:most])
    later: list[tuple[str, str, str, str]] = []
    for is_first in (True, False):
        for row in rows if is_first else later:
            ubn, code, town, _kind = row
            if is_first and town not in wanted:
                later.append(row)
                continue
            section = section_of(code) or ""
            section = section if section in SECTION_SHARES else ""
            region = places[town].county.is_municipality
            if sections[section] <= 0 or regions[region] <= 0:
                continue
            enterprise = by_ubn(ubn, limit=COUNTRY_LIMIT)
            if enterprise is None:  # of the cast
                continue
            wanted.discard(town)
            sections[section] -= 1
            regions[region] -= 1
            yield enterprise, is_first


def _shop(market: Market, enterprise: Enterprise, sure: bool) -> Shop:
    facts = local_facts(enterprise.ubn)
    assert facts is not None
    facts = replace(
        facts, register_status=enterprise.gcis_status, responsible_person=enterprise.responsible.name
    )
    return Shop(
        facts=facts,
        responsible=enterprise.responsible.name,
        phone=enterprise.responsible.phone,
        employees=enterprise.employees,
        joined_at=_joined(market, sure),
        sure=sure and enterprise.gcis_status in ("", "01"),
    )


def _joined(market: Market, sure: bool) -> datetime:
    """More and more join from month to month; hardly anybody around the Lunar New Year."""
    rng, span = market.rng, (market.at - market.start).total_seconds()
    while True:
        share = rng.random() ** 0.68
        moment = market.start + timedelta(seconds=share * span)
        if sure and moment > market.at - timedelta(days=24):
            continue
        if timezone.localdate(moment).month == 2 and rng.random() < 0.6:
            continue
        moment = _awake(rng, moment)
        if market.start <= moment < market.at - timedelta(minutes=40):
            return moment


def award(market: Market, shop: Shop) -> Award | None:
    """The points it asks for: the zone that fits it best, or the general one."""
    rng = market.rng
    applied = shop.joined_at + timedelta(
        minutes=rng.choice((4, 7, 11, 16, 25, 60 * 5, 60 * 26)), seconds=rng.randrange(60)
    )
    if applied >= market.at - timedelta(minutes=5):
        return None
    version = market.zone(_zone_of(rng, shop), applied) or market.zone("general", applied)
    if version is None:
        return None
    return new_award(market, version, applied)


def new_award(market: Market, version: ZoneVersion, applied: datetime) -> Award:
    """Points of one zone version, out of its first budget, decided within seconds."""
    granted = applied + timedelta(seconds=market.rng.randint(3, 9))
    budget = market.budgets[next(iter(version.zone_budgets.all())).budget_source_id]
    return Award(
        version,
        budget,
        applied,
        granted,
        version.cap_points,
        last_day_of_use(granted, version.use_by_months),
        left=version.cap_points,
    )


def _zone_of(rng: random.Random, shop: Shop) -> str:
    draw, flags, section = rng.random(), shop.facts.flags, shop.facts.industry_section
    if flags & {"rural", "indigenous", "offshore"} and draw < 0.75:
        return "rural"
    if shop.facts.kind == "clinic" and draw < 0.6:
        return "clinics"
    if shop.facts.kind in ("cooperative", "social", "association") and draw < 0.8:
        return "social"
    if section == "C" and draw < 0.38:
        return "net-zero" if draw < 0.05 else "manufacturing"
    if section in ("G", "I") and draw < 0.10:
        return "commerce"
    return "digital-payment" if draw > 0.93 else "generative-ai" if draw > 0.88 else "general"


# What they ordered -----------------------------------------------------------------------------------------------------


def plan_orders(market: Market, shop: Shop) -> None:
    """The shop's orders one after the other, each within what is left of its points."""
    grant, rng = shop.grant, market.rng
    if grant is None or grant.state == "refused":
        return
    count = _weighted(rng, ORDERS_OF_A_SHOP)
    count = max(count, 1) if shop.sure else count
    placed = grant.granted_at + timedelta(days=0.02 + (rng.random() ** 2) * (12 if shop.sure else 55))
    for turn in range(count):
        placed = _awake(rng, placed)
        if timezone.localdate(placed) == end_of_month(timezone.localdate(placed)):
            placed += timedelta(days=1)  # the month of signing is the month of activation
        if placed >= market.at or timezone.localdate(placed) > grant.use_by:
            return
        fate = "good" if shop.sure and turn == 0 else _weighted(rng, FATES)
        product = choose_product(market, shop, placed)
        if product is None:
            return
        life = live(market, shop, *product, placed=placed, fate=fate)
        placed = max(placed, life.ended_at or placed) + timedelta(days=rng.uniform(1, 25))


def choose_product(
    market: Market, shop: Shop, at: datetime, *, vendor: str = ""
) -> tuple[Solution, Plan] | None:
    """A solution that the zone allows and the shop has not ordered yet, with a plan of about the usual price."""
    rng, grant = market.rng, shop.grant
    allowed = set(grant.version.categories) if grant else set()
    taken = {life.solution.pk for life in shop.orders}
    kinds = {
        kind: n
        for kind, n in WANTS[shop.section].items()
        if not allowed or market.category_of.get(kind) in allowed
    }
    kinds = kinds or {kind: 1 for kind in sorted(market.products) if market.category_of[kind] in allowed}
    for _try in range(12):
        kind = _weighted(rng, tuple(kinds.items()))
        rows = [
            row
            for row in market.products[kind]
            if row[0].pk not in taken and (not vendor or row[0].vendor.code == vendor)
        ]
        rows = [row for row in rows if row[0].vendor.organisation.responsible_person != shop.responsible]
        if rows:
            solution, plans = rng.choices(
                rows, [1 + row[0].demo_quality ** 2 / 4 + 6 / (n + 1) for n, row in enumerate(rows)]
            )[0]
            usual = USUAL_PRICE.get(kind, ELSE_PRICE) * rng.uniform(0.7, 1.5)
            return solution, min(plans, key=lambda plan: abs(plan.price_twd - usual))
    return None


def live(
    market: Market,
    shop: Shop,
    solution: Solution,
    plan: Plan,
    *,
    placed: datetime,
    fate: str = "good",
    stop: str = "",
    points: int | None = None,
) -> Life:
    """An order and what became of it until now. `stop`: the state in which it still stands today."""
    grant = shop.grant
    assert grant is not None
    most = min(share_of(plan.price_twd, grant.version.rate_bp), grant.left)
    used = most if points is None else min(points, most)
    used = used if used >= 500 else 0
    order = Order(
        number=_number(market, placed),
        vendor=solution.vendor,
        version=plan.version,
        plan=plan,
        state=State.DRAFT,
        price_twd=plan.price_twd,
        points=used,
        copay_twd=plan.price_twd - used,
        placed_at=placed,
    )
    life = Life(shop, order, solution)
    shop.orders.append(life)
    _walk(market, life, fate, stop)
    if used and order.state not in (State.REFUSED, State.EXPIRED, State.CANCELLED):
        grant.left -= used
    return life


def _walk(market: Market, life: Life, fate: str, stop: str) -> None:
    """Signing, answer, own share, activation, acceptance, rating; nothing later than now."""
    order, rng, now = life.order, market.rng, market.at
    signed = order.placed_at + timedelta(minutes=rng.randint(2, 40))
    if stop == "draft" or not _step(life, now, "sign", signed, "buyer"):
        return
    day = timezone.localdate(signed)
    version = life.shop.grant.version if life.shop.grant and order.points else None
    order.signed_at = signed
    order.answer_by_date = market.working_days_after(
        day, version.answer_within_working_days if version else 5
    )
    order.activate_by_date = end_of_month(day)
    order.copay_due_date = copay_due(day) if order.copay_twd else None
    limit = at_hour(end_of_month(day), 18)
    if stop == "signed":
        return
    if fate == "silent":
        _end(
            life,
            now,
            "expire",
            at_hour(order.answer_by_date + timedelta(days=1), 0, 20),
            "nobody",
            "vendor_silent",
        )
        return
    room = max(min(limit - signed, timedelta(days=12)), timedelta(hours=4))
    if stop in ("accepted", "activated"):
        room = (now - signed) * 0.9
    accepted = min(office_hours(rng, signed + room * rng.uniform(0.05, 0.3)), signed + room * 0.4)
    if fate == "refused":
        _end(life, now, "refuse", accepted, "vendor", "vendor_refused", rng.choice(REFUSALS))
        return
    if not _step(life, now, "accept", accepted, "vendor"):
        return
    order.accepted_at = accepted
    if stop == "accepted":
        return
    if fate == "withdrawn":
        _end(
            life,
            now,
            "withdraw",
            accepted + room * 0.3,
            "buyer",
            "buyer_withdrew",
            rng.choice(SECOND_THOUGHTS),
        )
        return
    if fate == "late":
        _pay_own_share(market, life, accepted + room * 0.1)
        _end(
            life,
            now,
            "expire",
            at_hour(end_of_month(day) + timedelta(days=1), 0, 20),
            "nobody",
            "return_1_month",
        )
        return
    _deliver(market, life, accepted, room, stop)


def _deliver(market: Market, life: Life, accepted: datetime, room: timedelta, stop: str) -> None:
    order, rng, now = life.order, market.rng, market.at
    _pay_own_share(market, life, accepted + room * rng.uniform(0.1, 0.3))
    active = accepted + room * 0.55
    if not _step(life, now, "activate", active, "vendor"):
        return
    day = timezone.localdate(active)
    version = life.shop.grant.version if life.shop.grant and order.points else None
    order.activated_at = active
    order.service_url = f"https://{life.solution.code.lower()}.vendor.example/{order.number[-6:].lower()}"
    order.activation_note = "已寄出開通信，第一次登入請照信裡的連結設定。"
    order.confirm_by_date = day + timedelta(days=CONFIRM_DAYS)
    order.claimable_from = day + timedelta(days=version.use_days_before_claim if version else 30)
    order.service_ends_on = last_day_of_term(day, order.plan.months)
    if stop == "activated":
        return
    is_silent = rng.random() < 0.13 and not stop
    confirmed = (
        at_hour(order.confirm_by_date + timedelta(days=1), 0, 20)
        if is_silent
        else _awake(rng, active + timedelta(days=rng.uniform(0.2, 12)))
    )
    note = "default_acceptance" if is_silent else ""
    if not _step(life, now, "confirm", confirmed, "nobody" if is_silent else "buyer", note):
        return
    order.confirmed_at = confirmed
    _rate(market, life, confirmed, stop)


def _pay_own_share(market: Market, life: Life, paid: datetime) -> None:
    if life.order.copay_twd and paid < market.at:
        life.order.copay_paid_at = paid
        life.order.copay_reference = (
            f"{market.rng.choice(('匯款', '收據', '轉帳'))}{market.rng.randint(10_000, 99_999)}"
        )


def _rate(market: Market, life: Life, confirmed: datetime, stop: str) -> None:
    rng, quality = market.rng, life.solution.demo_quality
    waits = 1 if stop == "rated" else 2 + (rng.random() ** 1.5) * 32
    rated = _awake(rng, confirmed + timedelta(days=waits))
    if (
        stop != "unrated"
        and rated < market.at - timedelta(hours=2)
        and (stop == "rated" or rng.random() < 0.88)
    ):
        life.rated_at = rated
        life.stars = min(5, max(1, round(rng.gauss(quality + 0.25, 0.8))))


def _step(life: Life, now: datetime, verb: str, at: datetime, by: str, note: str = "") -> bool:
    if at >= now:
        return False
    source, target = life.order.state, Order.MOVES[verb][1]
    life.steps.append(Step(verb, source, target, by, at, note))
    life.order.state = target
    return True


def _end(life: Life, now: datetime, verb: str, at: datetime, by: str, why: str, note: str = "") -> None:
    if _step(life, now, verb, at, by, note or why):
        life.ended_at, life.ended_why = at, why


def _number(market: Market, at: datetime) -> str:
    """As `new_number` makes them, but drawn from the seed."""
    day = timezone.localdate(at)
    while True:
        body = f"{roc_year(day):03d}{day:%m%d}" + "".join(market.rng.choice(ALPHABET) for _place in range(12))
        if body not in market.numbers:
            market.numbers.add(body)
            return body + check_character(body)


# Hours of the day ------------------------------------------------------------------------------------------------------


def at_hour(day: date, hour: int, minute: int = 0) -> datetime:
    """A day's hour in Taipei."""
    return datetime.combine(day, time(hour, minute), tzinfo=timezone.get_default_timezone())


def _awake(rng: random.Random, moment: datetime) -> datetime:
    """The same day at an hour at which shops do their paperwork; never earlier than asked for by more than a day's turn."""
    here = timezone.localtime(moment)
    if 9 <= here.hour < 22:
        return moment
    day = here.date() + timedelta(days=here.hour >= 22)
    return at_hour(day, rng.choice((9, 10, 11, 14, 15)), rng.randrange(60)) + timedelta(
        seconds=rng.randrange(60)
    )


def office_hours(rng: random.Random, moment: datetime) -> datetime:
    """The same moment, or the next office hours."""
    here = timezone.localtime(moment)
    if 9 <= here.hour < 18 and here.weekday() < 5:
        return moment
    day = here.date() + timedelta(days=here.hour >= 18)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return at_hour(day, rng.choice((9, 10, 11)), rng.randrange(60)) + timedelta(seconds=rng.randrange(60))


def _weighted(rng: random.Random, pairs: Sequence[tuple[Any, int]]) -> Any:
    return rng.choices([value for value, _n in pairs], [n for _value, n in pairs])[0]
