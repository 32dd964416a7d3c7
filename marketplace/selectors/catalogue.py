"""Finding solutions: search, filters with counts, order. Listed ones only; delisted ones keep their page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from time import monotonic

import numpy as np
from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, QuerySet, Subquery, Sum
from django.utils.translation import pgettext_lazy
from numpy.typing import NDArray

from marketplace.selectors.catalogue_words import TRADES
from marketplace.selectors.search_index import Document, SearchIndex
from organisations.models.places import SubCategory
from vendors.models.solutions import Plan, Solution, SolutionVersion, Synonym
from vendors.models.vendors import Vendor

PAGE_SIZE = 12
ENOUGH_RATINGS = 5
SLOT = "now"
RATINGS_SECONDS = 3600  # how long the order by rating may lag; the stars themselves are read fresh
ANY_TRADE = "不限產業"
OPEN_FORMATS = frozenset({"CSV", "JSON", "XML", "ODS"})
ABROAD = (
    "東京",
    "大阪",
    "日本",
    "新加坡",
    "香港",
    "美國",
    "歐洲",
)  # the file says in words where data and backups lie
PRICE_BANDS = {
    "to10": (0, 10_000),
    "to20": (10_000, 20_000),
    "to30": (20_000, 30_000),
    "over30": (30_000, 10**9),
}
SORTS = {
    "fit": pgettext_lazy("sort", "最適合"),
    "price": pgettext_lazy("sort", "價格低到高"),
    "rating": pgettext_lazy("sort", "評分高到低"),
    "newest": pgettext_lazy("sort", "最近上架"),
}


@dataclass(frozen=True)
class Entry:
    """What the list needs to know of one listed solution. Units: `price_twd` is its cheapest plan."""

    id: int
    code: str
    categories: frozenset[str]
    sub_categories: frozenset[str]
    price_twd: int
    trades: frozenset[str]
    regions: frozenset[str]
    traits: frozenset[str]
    listed_at: float
    stars: float
    ratings: int


@dataclass(frozen=True)
class Filters:
    """What the person ticked. Empty = no wish. `zone_categories` are those a zone pays for (empty = all)."""

    categories: frozenset[str] = frozenset()
    sub_categories: frozenset[str] = frozenset()
    prices: frozenset[str] = frozenset()
    trades: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()
    zone_categories: frozenset[str] = frozenset()

    @property
    def count(self) -> int:
        """How many boxes are ticked."""
        groups = (self.categories, self.sub_categories, self.prices, self.trades, self.regions, self.traits)
        return sum(len(group) for group in groups)


NO_FILTERS = Filters()


@dataclass(frozen=True)
class Found:
    """One page of what was found, and how many there would be under each further filter."""

    page: Page[Solution]
    total: int
    counts: dict[str, Counter[str]] = field(default_factory=dict)


# A group holds when any of its ticks does; traits when all do.
GROUPS: dict[str, Callable[[Entry], Iterable[str]]] = {
    "categories": lambda entry: entry.categories,
    "sub_categories": lambda entry: entry.sub_categories,
    "prices": lambda entry: [
        name for name, (low, high) in PRICE_BANDS.items() if low < entry.price_twd <= high
    ],
    "trades": lambda entry: TRADES if ANY_TRADE in entry.trades else entry.trades,
    "regions": lambda entry: entry.regions,
    "traits": lambda entry: entry.traits,
}
Places = NDArray[np.int64]
Ticks = NDArray[np.bool_]


class Shelf:
    """All listed solutions in memory with their index, as they were at one stamp of the catalogue.

    Entries have places 0, 1, 2 …; per group of filters one matrix says which entry has which value, so that counts
    under every tick are one product and not a walk over three thousand rows.
    """

    def __init__(self, entries: Sequence[Entry], index: SearchIndex) -> None:
        self.entries = list(entries)
        self.index = index
        self._place = {entry.id: place for place, entry in enumerate(entries)}
        self._names = {group: _names(entries, values) for group, values in GROUPS.items()}
        self._ticks = {
            group: _matrix(entries, values, self._names[group]) for group, values in GROUPS.items()
        }
        self._prices = np.array([entry.price_twd for entry in entries])
        self._stars = np.array([entry.stars for entry in entries])
        self._listed = np.array([entry.listed_at for entry in entries])
        liked = np.array([entry.stars * min(entry.ratings, ENOUGH_RATINGS) for entry in entries])
        self._unasked: Places = np.lexsort((-self._listed, -liked))

    def ranked(self, query: str, trade: str = "") -> Places:
        """Places that fit the words, best first; without words what suits the trade, the best liked, then the newest."""
        if not query.strip():
            return self._suiting_first(trade)
        return np.array([self._place[number] for number in self.index.rank(query)], dtype=np.int64)

    def _suiting_first(self, trade: str) -> Places:
        names = self._names["trades"]
        if trade not in names:
            return self._unasked
        suits = self._ticks["trades"][self._unasked, names.index(trade)]
        return np.concatenate([self._unasked[suits], self._unasked[~suits]])

    def ordered(self, places: Places, sort: str) -> Places:
        """The same places in the wanted order; what fits better comes first among equals."""
        keys = {"price": self._prices, "rating": -self._stars, "newest": -self._listed}
        return places[np.argsort(keys[sort][places], kind="stable")] if sort in keys else places

    def fitting(self, places: Places, filters: Filters, *, but: str = "") -> Places:
        """Those that have the ticks of every group, one group left out."""
        kept = np.ones(len(places), dtype=bool)
        for group, names in self._names.items():
            wanted: frozenset[str] = getattr(filters, group)
            if wanted and group != but:
                columns = self._ticks[group][places][
                    :, [place for place, name in enumerate(names) if name in wanted]
                ]
                has_all = group == "traits" and columns.shape[1] == len(wanted)
                kept &= columns.all(axis=1) if has_all else columns.any(axis=1) & (group != "traits")
        return places[kept]

    def in_zone(self, places: Places, filters: Filters) -> Places:
        """Those of the kinds that the zone pays for."""
        wanted = filters.zone_categories
        return self.fitting(places, Filters(categories=wanted)) if wanted else places

    def counts(self, places: Places, filters: Filters) -> dict[str, Counter[str]]:
        """Per group: how many there would be with each tick, given the ticks of the other groups."""
        counted = {}
        for group, names in self._names.items():
            # Ticks of one group widen, so its own are left out; traits narrow, so theirs stay.
            kept = self.fitting(places, filters, but="" if group == "traits" else group)
            sums = self._ticks[group][kept].sum(axis=0)
            counted[group] = Counter(dict(zip(names, map(int, sums), strict=True)))
        return counted

    def ids(self, places: Places) -> list[int]:
        """The solutions at these places."""
        return [self.entries[place].id for place in places]


def _names(entries: Sequence[Entry], values: Callable[[Entry], Iterable[str]]) -> list[str]:
    return sorted({value for entry in entries for value in values(entry)})


def _matrix(entries: Sequence[Entry], values: Callable[[Entry], Iterable[str]], names: list[str]) -> Ticks:
    column = {name: place for place, name in enumerate(names)}
    matrix = np.zeros((len(entries), len(names)), dtype=bool)
    for row, entry in enumerate(entries):
        for value in values(entry):
            matrix[row, column[value]] = True
    return matrix


def search_solutions(
    query: str = "", *, filters: Filters = NO_FILTERS, sort: str = "fit", page: int | str = 1, trade: str = ""
) -> Found:
    """The solutions that fit words and filters, best first; without words those made for `trade` lead."""
    shelf = current_shelf()
    places = shelf.in_zone(shelf.ranked(query, trade), filters)
    chosen = shelf.ordered(shelf.fitting(places, filters), sort)
    paginator = Paginator(shelf.ids(chosen), PAGE_SIZE)
    page_of_ids = paginator.get_page(page)
    rows = listing_rows(page_of_ids.object_list)
    found: Page[Solution] = Page(rows, page_of_ids.number, paginator)  # type: ignore[arg-type]
    return Found(found, len(chosen), shelf.counts(places, filters))


def listing_rows(ids: Iterable[int]) -> list[Solution]:
    """Solutions with all that a listing prints, in the order of `ids`. Three queries."""
    wanted = list(ids)
    rows = with_versions(Solution.objects.filter(pk__in=wanted)).in_bulk()
    return [rows[number] for number in wanted if number in rows]


def with_versions(solutions: QuerySet[Solution]) -> QuerySet[Solution]:
    """The same rows with version, plans, kinds and vendor."""
    return solutions.select_related(
        "current", "vendor__organisation", "main_sub_category__category"
    ).prefetch_related("current__plans", "sub_categories")


# The shelf in memory

_lock = Lock()
_kept: dict[str, tuple[tuple[object, ...], Shelf]] = {}  # one slot, replaced in one step


def current_shelf() -> Shelf:
    """The shelf of this moment; made anew when the catalogue has changed since.

    One thread makes it. The others wait for the first one ever; later they read the shelf before for that second or two.
    """
    stamp, kept = _stamp(), _kept.get(SLOT)
    if kept is not None and kept[0] == stamp:
        return kept[1]
    if not _lock.acquire(blocking=kept is None):
        assert kept is not None
        return kept[1]
    try:
        kept = _kept.get(SLOT)
        if kept is None or kept[0] != stamp:
            kept = _kept[SLOT] = (stamp, _made())
    finally:
        _lock.release()
    return kept[1]


def _on_sale() -> QuerySet[Solution]:
    return Solution.objects.filter(
        state=Solution.State.LISTED, vendor__state=Vendor.State.ACTIVE, current__isnull=False
    )


def _stamp() -> tuple[object, ...]:
    """Changes with every new version, listing, delisting, suspension and synonym; once an hour for the order by rating."""
    newest_synonym = Synonym.objects.order_by("-pk").values("pk")[:1]
    seen = (
        _on_sale()
        .annotate(synonym=Subquery(newest_synonym))
        .aggregate(count=Count("pk"), ids=Sum("pk"), versions=Sum("current_id"), synonyms=Max("synonym"))
    )
    return (*seen.values(), int(monotonic() // RATINGS_SECONDS))


def _made() -> Shelf:
    solutions = list(with_versions(_on_sale()).order_by("code"))
    synonyms = list(Synonym.objects.values_list("term", "synonym"))
    return Shelf(
        [_entry(row) for row in solutions], SearchIndex([_document(row) for row in solutions], synonyms)
    )


def _version(solution: Solution) -> SolutionVersion:
    assert solution.current is not None
    return solution.current


def _entry(solution: Solution) -> Entry:
    version = _version(solution)
    kinds = list(solution.sub_categories.all())
    return Entry(
        id=solution.pk,
        code=solution.code,
        categories=frozenset(kind.category_id for kind in kinds),
        sub_categories=frozenset(kind.code for kind in kinds),
        price_twd=min((plan.price_twd for plan in version.plans.all()), default=0),
        trades=frozenset(version.details.get("suits_industries", ())),
        regions=frozenset(version.details.get("regions", ())),
        traits=frozenset(_traits(version)),
        listed_at=solution.listed_at.timestamp() if solution.listed_at else 0.0,
        stars=solution.rating_sum / solution.rating_count if solution.rating_count else 0.0,
        ratings=solution.rating_count,
    )


def _traits(version: SolutionVersion) -> Iterable[str]:
    leaving = version.details.get("exit", {})
    if OPEN_FORMATS & set(leaving.get("export_formats", ())):
        yield "open_formats"
    place = leaving.get("data_location_zh", "")
    if "臺灣" in place and not any(name in place for name in ABROAD):
        yield "in_taiwan"
    if version.details.get("uses_ai"):
        yield "uses_ai"
    if version.details.get("international_ready"):
        yield "international"


def _document(solution: Solution) -> Document:
    version, main = _version(solution), solution.main_sub_category
    others: list[SubCategory] = [kind for kind in solution.sub_categories.all() if kind != main]
    return Document(
        id=solution.pk,
        family=main.code,
        texts=(
            (f"{version.name_zh} {version.name_en}", 3.0),
            (f"{main.name_zh} {main.name_en} {main.category.name_zh} {main.category.name_en}", 3.0),
            (" ".join(f"{kind.name_zh} {kind.name_en}" for kind in others), 1.0),
            (" ".join([*version.functions_zh, *version.functions_en]), 2.0),
            (f"{version.tagline_zh} {version.tagline_en}", 1.5),
            (f"{version.summary_zh} {version.summary_en}", 1.0),
            (f"{solution.vendor.organisation.name} {solution.vendor.name_en}", 1.0),
            (" ".join(version.details.get("suits_industries", ())), 0.5),
        ),
    )


def cheapest_plan(solution: Solution) -> Plan | None:
    """The plan a listing shows."""
    return min(_version(solution).plans.all(), key=lambda plan: plan.price_twd, default=None)


def within_zone(filters: Filters, categories: Iterable[str]) -> Filters:
    """The same wishes, narrowed to what a zone pays for."""
    return replace(filters, zone_categories=frozenset(categories))
