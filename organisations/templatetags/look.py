"""`{% load look %}`: how dates, money, verdicts and the five signs are set in every template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from math import gcd
from types import SimpleNamespace
from typing import Any

from django.template import Context, Library, Node, NodeList
from django.template.base import Parser, Token
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import override

from organisations import drawings, roc
from organisations.languages import in_english

register = Library()
NONE = "—"
VERDICTS = ("stop", "warn", "pass")


# Figures and dates


@register.filter
def roc_date(day: date | datetime | None, style: str = "plain") -> str:
    """A day in `<time>`: 115年11月20日; "long" adds 民國, "short" is 115/11/20, "month" 115年11月; in English 2026-11-20."""
    if not day:
        return NONE
    if isinstance(day, datetime):
        day = timezone.localdate(day) if timezone.is_aware(day) else day.date()
    return format_html('<time datetime="{}">{}</time>', day.isoformat(), _day_words(day, style))


@register.filter
def roc_datetime(moment: datetime | None, style: str = "plain") -> str:
    """A moment in Taipei to the minute, in `<time>`: 115年11月20日 09:12; in English 2026-11-20 09:12."""
    if not moment:
        return NONE
    local = timezone.localtime(moment)
    words = f"{_day_words(local.date(), style)} {local:%H:%M}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="minutes"), words)


def _day_words(day: date, style: str) -> str:
    if in_english():
        return day.isoformat()[:7] if style == "month" else day.isoformat()
    if style == "month":
        return f"{roc.roc_year(day)}年{day.month}月"
    if style == "short":
        return roc.roc_date(day, "short")
    words = roc.roc_date(day)
    return words if style == "long" else words.removeprefix("民國")


@register.filter
def number(value: float | None, places: int = 0) -> str:
    """A figure with thousands: 14,400; `number:1` keeps one decimal."""
    return NONE if value is None else f"{value:,.{places}f}"


@register.filter
def twd(value: int | None) -> str:
    """Money: 14,400元 or NT$14,400."""
    if value is None:
        return NONE
    return f"NT${value:,}" if in_english() else f"{value:,}元"


@register.filter
def points(value: int | None) -> str:
    """Points: 14,400點 or 14,400 points."""
    if value is None:
        return NONE
    if not in_english():
        return f"{value:,}點"
    return f"{value:,} point" if value == 1 else f"{value:,} points"


@register.filter
def figure(value: float | str | None) -> str:
    """A published figure: whole ones with thousands, measured ones with one decimal, words as they are."""
    if value is None or isinstance(value, str):
        return value or NONE
    return number(value, 0 if isinstance(value, int) or (float(value).is_integer() and value >= 100) else 1)


@register.filter
def percent(share: float | None, places: int = 0) -> str:
    """A share of one as per cent: 0.7 → 70%."""
    return NONE if share is None else f"{100 * share:.{places}f}%"


@register.filter
def ratio(rate_bp: int) -> str:
    """Points to own money of a rate in basis points: 5,000 → 1：1, 8,000 → 4：1."""
    divisor = gcd(rate_bp, 10_000 - rate_bp) or 1
    sign = ":" if in_english() else "："
    return f"{rate_bp // divisor}{sign}{(10_000 - rate_bp) // divisor}"


# Addresses


@register.simple_tag
def path(address: str) -> str:
    """An address of the site in the person's language: /solutions/ or /en/solutions/."""
    return f"/en{address}" if in_english() else address


@register.simple_tag(takes_context=True)
def other_language_url(context: Context) -> str:
    """This page in the other language, or that language's home page."""
    request = context.get("request")
    now = request.get_full_path() if request else "/"
    language, there = ("zh-hant", now.removeprefix("/en") or "/") if in_english() else ("en", f"/en{now}")
    try:
        with override(language):
            resolve(there.split("?")[0])
    except Resolver404:
        return "/en/" if language == "en" else "/"
    return there


@register.simple_tag(takes_context=True)
def here(context: Context, address: str, exact: bool = False) -> SafeString:
    """`aria-current` when the person is at this address or below it."""
    request = context.get("request")
    now = request.path if request else ""
    hit = now == address if exact else now.startswith(address)
    return SafeString(' aria-current="page"') if hit else SafeString("")


# Signs

icon = register.simple_tag(drawings.icon, name="icon")


@register.simple_tag
def split(points: int, copay: int, tall: bool = False, label: str = "") -> SafeString:
    """Two halves of a price: dyed = points, hatched = own money."""
    said = label or _("點數%(points)s，自付%(copay)s元") % {
        "points": f"{points:,}",
        "copay": f"{copay:,}",
    }
    return drawings.halves([("points", points), ("own", copay)], said, tall)


@register.simple_tag
def split_rate(rate_bp: int, label: str = "") -> SafeString:
    """Two halves of a rate in basis points: 5,000 is one to one."""
    said = label or _("點數占%(points)s%%，自付占%(own)s%%") % {
        "points": rate_bp // 100,
        "own": 100 - rate_bp // 100,
    }
    return drawings.halves([("points", rate_bp), ("own", 10_000 - rate_bp)], said)


@register.simple_tag
def purse(used: int, held: int, free: int) -> SafeString:
    """A grant's points: used, held by orders, free."""
    said = _("已使用%(used)s點，圈存中%(held)s點，可用%(free)s點") % {
        "used": f"{used:,}", "held": f"{held:,}", "free": f"{free:,}",
    }  # fmt: skip
    return drawings.halves([("points", used), ("held", held), ("free", free)], said, tall=True)


@register.simple_tag
def swatch(kind: str) -> SafeString:
    """A legend's square: split-points, split-own, split-held, split-free, dye-0 … dye-6, cat-1 … cat-6."""
    return drawings.swatch(kind)


@register.simple_tag
def beads(day: int, state: str = "running", total: int = 7, large: bool = False) -> SafeString:
    """The payout clock. States: running, stopped, late, paid."""
    return drawings.beads(day, total, state, large)


@register.simple_tag
def bar(part: float, whole: float = 100, kind: str = "bar") -> SafeString:
    """A dyed strip `part` of `whole` long; kinds: bar, bar-2, bar-warn, bar-stop, bar-pass, dye-n, cat-n."""
    return drawings.strip(part, whole, kind)


@register.simple_tag
def sparkline(values: Sequence[float], label: str) -> SafeString:
    """A small line of a figure's course."""
    return drawings.sparkline(values, label)


@register.simple_tag
def seal(decision: str, small: bool = False) -> SafeString:
    """A decision's seal: eligible 可, approve 准, pending 待, refuse 否."""
    sign, kind, word = {
        "eligible": ("可", "pass", _("可以申請")),
        "approve": ("准", "pass", _("核准")),
        "pending": ("待", "warn", _("待辦")),
        "refuse": ("否", "stop", _("未通過")),
    }[decision]
    size = " is-small" if small else ""
    return format_html(
        '<span class="seal is-{}{}" role="img" aria-label="{}" lang="zh-Hant">{}</span>',
        kind,
        size,
        word,
        sign,
    )


@register.simple_tag
def verdict(kind: str, word: str = "") -> SafeString:
    """Shape + word + colour of a verdict: pass, warn or stop."""
    words = {"pass": _("通過"), "warn": _("注意"), "stop": _("不符")}
    return tag(word or words[kind], kind)


@register.simple_tag
def tag(word: str, kind: str = "", sign: str = "") -> SafeString:
    """A small label. Kinds: pass, warn, stop (with their shapes), info, turn (輪到您 only), line."""
    shape = sign or (kind if kind in VERDICTS else "")
    classes = f"tag is-{kind}" if kind else "tag"
    return format_html(
        '<span class="{}">{}{}</span>',
        classes,
        drawings.icon(shape) if shape else "",
        word,
    )


@register.inclusion_tag("components/weave.html")
def county_weave(counties: Iterable[Any]) -> dict[str, Any]:
    """The pole of counties: each has `name` and `per_hundred`. One row on wide screens, two poles on phones."""
    rows = [SimpleNamespace(**each) if isinstance(each, Mapping) else each for each in counties]
    ranked = sorted(rows, key=lambda row: row.per_hundred)
    return {
        "wide": drawings.weave(rows, per_pole=22, reach=516, radius=12),
        "narrow": drawings.weave(rows, per_pole=11, reach=250, radius=13),
        "most": ranked[-1] if ranked else None,
        "least": ranked[0] if ranked else None,
        "count": len(rows),
    }


# Parts of a page


@register.simple_tag
def crumbs(*parts: str) -> SafeString:
    """The way here: name, address, name, address, …, name of this page."""
    home = (_("首頁"), path("/"))
    steps = [home, *zip(parts[:-1:2], parts[1::2], strict=True)]
    links = format_html_join("", '<li><a href="{1}">{0}</a></li>', steps)
    return format_html(
        '<nav class="crumbs" aria-label="{}"><ol>{}<li><span aria-current="page">{}</span></li></ol></nav>',
        _("目前位置"), links, parts[-1],
    )  # fmt: skip


@register.simple_tag
def steps(names: Sequence[str], current: int) -> SafeString:
    """A bar of steps; `current` counts from one."""
    rows = []
    for place, name in enumerate(names, start=1):
        mark = (
            SafeString(' aria-current="step"')
            if place == current
            else SafeString(' class="is-done"' if place < current else "")
        )
        rows.append((mark, name))
    return format_html('<ol class="steps">{}</ol>', format_html_join("", "<li{}>{}</li>", rows))


@register.inclusion_tag("components/thread.html")
def thread(knots: Iterable[Any], dated: bool = True, tight: bool = False) -> dict[str, Any]:
    """A way with knots. Each: state (done, now, next, bad), title, and as known text, when, who (you, vendor, office), who_name, tag, url, url_label."""
    return {"knots": knots, "dated": dated, "tight": tight}


@register.inclusion_tag("components/check_list.html")
def check_list(checks: Iterable[Any], tight: bool = False) -> dict[str, Any]:
    """Checks, stops first. Each: verdict, name, fact, and as known source, checked_at, remedy, remedy_url, remedy_label."""
    ranked = sorted(checks, key=lambda check: VERDICTS.index(_part(check, "verdict")))
    return {"checks": ranked, "tight": tight}


def _part(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, Mapping) else getattr(row, name)


@register.inclusion_tag("components/funnel.html")
def funnel(rows: Iterable[Any], unit: str = "") -> dict[str, Any]:
    """Strips under one another, longest = most. Each row: label, value, and as known note, kind."""
    listed = list(rows)
    return {
        "rows": listed,
        "most": max((_part(row, "value") for row in listed), default=0),
        "unit": unit,
    }


@register.inclusion_tag("components/facts.html")
def facts(rows: Iterable[tuple[str, Any]], wide: bool = False) -> dict[str, Any]:
    """Pairs of name and value as a list of facts."""
    return {"rows": rows, "wide": wide}


@register.inclusion_tag("components/empty.html")
def empty_state(title: str, text: str = "", url: str = "", label: str = "") -> dict[str, str]:
    """Nothing here: why, and the one act."""
    return {"title": title, "text": text, "url": url, "label": label}


@register.inclusion_tag("components/pages.html", takes_context=True)
def pages(context: Context, page: Any) -> dict[str, Any]:
    """Links to the pages of a list; the rest of the query is kept."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return {"page": page, "numbers": numbers, "request": context["request"]}


@register.simple_tag(takes_context=True)
def sort_link(context: Context, label: str, key: str, figures: bool = False, default: str = "") -> SafeString:
    """A heading cell that sorts by link: `?sort=key` or `?sort=-key`; `default` is the order without a query."""
    query = context["request"].GET.copy()
    now = query.get("sort") or default
    query["sort"] = f"-{key}" if now == key else key
    query.pop("page", None)
    order = {key: "ascending", f"-{key}": "descending"}.get(now)
    return format_html(
        '<th scope="col"{}{}><a class="sort" href="?{}">{}</a></th>',
        SafeString(' class="num"') if figures else "",
        format_html(' aria-sort="{}"', order) if order else "",
        query.urlencode(),
        label,
    )


class AsideNode(Node):
    """Matter left, the one decision right; without a decision the matter takes the whole width."""

    child_nodelists = ("matter", "decision")

    def __init__(self, matter: NodeList, decision: NodeList) -> None:
        self.matter = matter
        self.decision = decision

    def render(self, context: Context) -> SafeString:
        matter, decision = self.matter.render(context), self.decision.render(context)
        if not decision.strip():
            return format_html('<div class="stack stack-l">{}</div>', matter)
        return format_html(
            '<div class="with-aside"><div class="stack stack-l">{}</div><aside class="stack sticky">{}</aside></div>',
            matter,
            decision,
        )


@register.tag
def with_aside(parser: Parser, token: Token) -> AsideNode:
    """`{% with_aside %}matter{% aside %}decision{% endwith_aside %}`"""
    matter = parser.parse(("aside",))
    parser.delete_first_token()
    decision = parser.parse(("endwith_aside",))
    parser.delete_first_token()
    return AsideNode(matter, decision)


class WrapNode(Node):
    """A box that is not drawn when there is nothing in it."""

    def __init__(self, classes: str, nodelist: NodeList) -> None:
        self.classes = classes
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        body = self.nodelist.render(context)
        return format_html('<div class="{}">{}</div>', self.classes, body) if body.strip() else SafeString("")


@register.tag
def wrap(parser: Parser, token: Token) -> WrapNode:
    """`{% wrap page-head %}…{% endwrap %}`"""
    classes = " ".join(token.split_contents()[1:])
    nodelist = parser.parse(("endwrap",))
    parser.delete_first_token()
    return WrapNode(classes, nodelist)
