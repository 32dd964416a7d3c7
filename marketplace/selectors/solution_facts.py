"""What the page of one solution says: three years' cost, how to leave, service levels, what verified buyers think."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketplace.models.orders import Order, Rating
from marketplace.selectors.catalogue_words import EFFECTS
from marketplace.selectors.shares import Share
from organisations.languages import in_english, localised
from organisations.models.places import Industry
from organisations.roc import parse_roc_date
from vendors.models.solutions import Plan, Solution, SolutionVersion

YEARS = 3
FEWEST_FOR_FIGURES = 5  # a mean of fewer would tell one shop's answers
UNLIMITED = 999


@dataclass(frozen=True)
class YearCost:
    """What one year costs. Units: points, NT$."""

    number: int
    points: int
    copay_twd: int
    longest_twd: int

    @property
    def total_twd(self) -> int:
        """Points and own money."""
        return self.points + self.copay_twd

    @property
    def rest_twd(self) -> int:
        """What is missing to the dearest of the years: the empty end of its bar."""
        return self.longest_twd - self.total_twd


@dataclass(frozen=True)
class ThreeYears:
    """Total cost of ownership over three years. Units: NT$ of own money."""

    years: tuple[YearCost, ...]

    @property
    def copay_twd(self) -> int:
        """Own money over all years."""
        return sum(year.copay_twd for year in self.years)


def three_years(version: SolutionVersion, plan: Plan, share: Share) -> ThreeYears:
    """The term that is bought, then years two and three at the price the vendor is bound to.

    The file's later prices are twelve months of the middle plan; another plan pays in proportion.
    """
    costs: list[tuple[int, int]] = []
    for year in range(1, YEARS + 1):
        if year == 1:
            costs.append((share.points, share.copay_twd))
        elif plan.months >= 12 * year:
            costs.append((0, 0))
        else:
            costs.append((0, _later_price(version, plan, year)))
    longest = max(points + copay for points, copay in costs)
    return ThreeYears(
        tuple(
            YearCost(number, points, copay, longest) for number, (points, copay) in enumerate(costs, start=1)
        )
    )


def _later_price(version: SolutionVersion, plan: Plan, year: int) -> int:
    middle = middle_plan(version)
    price = int(version.details.get(f"year{year}_price_twd", 0))
    per_month = middle.price_twd * plan.months
    return -(-price * plan.price_twd * middle.months // per_month) if per_month else price


def middle_plan(version: SolutionVersion) -> Plan:
    """The plan that a page proposes: the middle one."""
    plans = list(version.plans.all())
    return plans[(len(plans) - 1) // 2]


def plan_lines(plan: Plan) -> list[str]:
    """What a plan holds, line by line."""
    users = _("使用人數不限") if plan.users >= UNLIMITED else _("%(n)s個帳號") % {"n": f"{plan.users:,}"}
    return [users, _("%(n)s筆資料") % {"n": f"{plan.data_volume:,}"}, _("%(n)s個月") % {"n": plan.months}]


def exit_facts(version: SolutionVersion) -> list[tuple[str, str]]:
    """How one leaves with one's data."""
    leaving = version.details.get("exit", {})
    processors = [each["en" if in_english() else "zh"] for each in leaving.get("sub_processors", [])]
    return [
        (_("匯出格式"), _("、").join(leaving.get("export_formats", [])) or _("未填")),
        (_("終止前通知"), _("%(n)s天") % {"n": leaving.get("notice_days", "—")}),
        (_("資料存放"), _said(leaving, "data_location")),
        (_("經手資料的其他業者"), _("、").join(processors) or _("沒有")),
    ]


def service_facts(version: SolutionVersion) -> list[tuple[str, Any]]:
    """Promised service levels and AI use."""
    sla = version.details.get("sla", {})
    return [
        (_("可用率承諾"), _("每月%(n)s%%") % {"n": sla.get("availability_percent", "—")}),
        (_("回應時間"), _("%(n)s小時內") % {"n": sla.get("response_hours", "—")}),
        (_("當機復原"), _("%(n)s小時內") % {"n": sla.get("recovery_hours", "—")}),
        (_("備份"), _said(sla, "backup")),
        (_("使用AI"), _said(version.details, "ai_note") if version.details.get("uses_ai") else _("否")),
    ]


@dataclass(frozen=True)
class SecurityReport:
    """The newest security test of the file."""

    kind: str
    scope: str
    valid_until: date | None
    load_test_users: int

    def is_valid_on(self, day: date) -> bool:
        """Whether the report still counts."""
        return self.valid_until is not None and self.valid_until >= day


def security_report(version: SolutionVersion) -> SecurityReport:
    """What was tested and until when it counts."""
    security = version.details.get("security", {})
    return SecurityReport(
        kind=_said(security, "report_kind"),
        scope=_said(security, "report_scope"),
        valid_until=parse_roc_date(str(security.get("report_valid_until", ""))),
        load_test_users=int(security.get("load_test_users", 0)),
    )


def _said(mapping: dict[str, Any], name: str) -> str:
    own = mapping.get(f"{name}_en") if in_english() else None
    return str(own or mapping.get(f"{name}_zh") or "—")


# What buyers think


@dataclass(frozen=True)
class Opinion:
    """Ratings of verified orders. `effects` only from five raters on. Units: stars 1–5, effects 0–4."""

    count: int
    stars: float
    spread: tuple[tuple[int, float], ...]
    effects: tuple[tuple[str, float], ...]
    users: int


def opinion_of(solution: Solution) -> Opinion:
    """Stars, their spread, and the mean effects of all versions of a solution."""
    rows = list(_ratings(solution).values_list("stars", "effects"))
    counted = Counter(stars for stars, _effects in rows)
    total = len(rows)
    spread = tuple((stars, counted[stars] / total if total else 0.0) for stars in range(5, 0, -1))
    means = tuple(
        (str(label), sum(effects.get(name, 0) for _stars, effects in rows) / total)
        for name, label in EFFECTS.items()
        if total >= FEWEST_FOR_FIGURES
    )
    mean = sum(stars for stars, _effects in rows) / total if total else 0.0
    users = Order.objects.filter(version__solution=solution, state=Order.State.IN_USE)
    return Opinion(total, mean, spread, means, users.values("organisation").distinct().count())


@dataclass(frozen=True)
class Review:
    """One opinion as strangers read it: trade, county and size instead of a name."""

    stars: int
    text: str
    who: str
    rated_at: Any


def reviews_of(solution: Solution) -> QuerySet[Rating]:
    """Ratings with words, newest first."""
    return (
        _ratings(solution)
        .exclude(text="")
        .select_related("order__organisation__township__county", "order__organisation__industry")
        .order_by("-rated_at", "-pk")
    )


def shown_review(rating: Rating) -> Review:
    """A rating without anything that names the rater."""
    organisation = rating.order.organisation
    trade = organisation.industry_name if not in_english() else ""
    parts = [
        trade or (_trade_name(organisation.industry) if organisation.industry else ""),
        localised(organisation.township.county, "name") if organisation.township else "",
        _("%(n)s人") % {"n": organisation.employees} if organisation.employees else "",
    ]
    return Review(rating.stars, rating.text, _("・").join(part for part in parts if part), rating.rated_at)


def _trade_name(industry: Industry) -> str:
    return localised(industry, "name")


def _ratings(solution: Solution) -> QuerySet[Rating]:
    return Rating.objects.filter(order__version__solution=solution, order__frozen_by_buyer_at=None)
