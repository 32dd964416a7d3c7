"""The five signs and the icons as SVG: sizes are attributes, never inline styles, so that a strict CSP holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

SPRITE = Path(__file__).resolve().parent.parent / "static" / "img" / "icons.svg"
SYMBOL = re.compile(
    r'<symbol id="([\w-]+)"( class="solid")? viewBox="0 0 20 20">(.*?)</symbol>',
    re.DOTALL,
)
DYES = 6
SHORT_NAMES = {"right": "chevron-right", "left": "chevron-left", "down": "chevron-down", "up": "chevron-up"}


def icon(name: str, label: str = "") -> SafeString:
    """One drawing of `static/img/icons.svg`, silent beside a word or named by `label`.

    Raises: KeyError for a name that is not drawn.
    """
    solid, body = _drawings()[SHORT_NAMES.get(name, name)]
    kind = "icon icon-solid" if solid else "icon"
    if label:
        return format_html(
            '<svg class="{}" viewBox="0 0 20 20" role="img" aria-label="{}">{}</svg>',
            kind,
            label,
            body,
        )
    return format_html('<svg class="{}" viewBox="0 0 20 20" aria-hidden="true">{}</svg>', kind, body)


def icon_names() -> list[str]:
    """Every drawing there is, in the order of the sheet."""
    return list(_drawings())


@cache
def _drawings() -> dict[str, tuple[bool, SafeString]]:
    # Our own file, not a person's text: it may be trusted as markup.
    found = SYMBOL.findall(SPRITE.read_text(encoding="utf-8"))
    return {name: (bool(solid), mark_safe(body)) for name, solid, body in found}


def _percent(part: float, whole: float) -> str:
    share = 100 * part / whole if whole else 0
    return f"{max(0.0, min(100.0, share)):.2f}".rstrip("0").rstrip(".") + "%"


def halves(parts: Sequence[tuple[str, int]], label: str, tall: bool = False) -> SafeString:
    """A bar of neighbouring parts `(kind, amount)`; kinds: points, held, free, own."""
    whole = sum(amount for _kind, amount in parts)
    start, rects = 0, []
    for kind, amount in parts:
        rects.append((kind, _percent(start, whole), _percent(amount, whole)))
        start += amount
    body = format_html_join("", '<rect class="split-{}" x="{}" width="{}" height="100%"/>', rects)
    classes = "split is-tall" if tall else "split"
    return format_html('<svg class="{}" role="img" aria-label="{}">{}</svg>', classes, label, body)


def swatch(kind: str) -> SafeString:
    """The small square of a legend."""
    return format_html(
        '<svg class="swatch" aria-hidden="true"><rect class="{}" width="100%" height="100%"/></svg>',
        kind,
    )


def strip(part: float, whole: float, kind: str = "bar") -> SafeString:
    """A dyed strip: `part` of `whole` as a length. The figure stands beside it, so it is silent."""
    return format_html(
        '<svg aria-hidden="true"><rect class="{}" width="{}" height="100%"/></svg>',
        kind,
        _percent(part, whole),
    )


def beads(day: int, total: int, state: str, large: bool = False) -> SafeString:
    """The payout clock: one bead a day. States: running, stopped, late, paid."""
    paid = state == "paid"
    knots = ["is-past" if paid or n < day else "" for n in range(1, total + 1)]
    if state == "stopped":
        knots = ["is-past" if n < day else "is-stopped" for n in range(1, total + 1)]
    elif not paid and day:
        knots[min(day, total) - 1] = "is-now"
    classes = " ".join(["beads"] + [f"is-{state}"] * (state in ("late", "paid")) + ["is-large"] * large)
    body = format_html_join("", '<i class="{}"></i>', ((knot,) for knot in knots))
    return format_html(
        '<span class="{}" role="img" aria-label="{}">{}</span>',
        classes,
        _bead_words(day, total, state),
        body,
    )


def _bead_words(day: int, total: int, state: str) -> str:
    words = {
        "paid": _("已撥款"),
        "stopped": _("時鐘暫停在第%(day)s日") % {"day": day},
        "late": _("已過%(total)s日期限，第%(day)s日") % {"day": day, "total": total},
    }
    return words.get(state) or _("%(total)s日中的第%(day)s日") % {
        "day": day,
        "total": total,
    }


def sparkline(values: Sequence[float], label: str) -> SafeString:
    """A small line of a figure's course; the last point is marked."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    reach = (high - low) or 1
    spots = [
        (2 + 92 * n / (len(values) - 1), 25 - 22 * (value - low) / reach) for n, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    x, y = (f"{part:.1f}" for part in spots[-1])
    return format_html(
        '<svg class="spark" viewBox="0 0 96 28" role="img" aria-label="{}"><polyline points="{}"/>'
        '<circle cx="{}" cy="{}" r="2.5"/></svg>',
        label, line, x, y,
    )  # fmt: skip


class County(Protocol):
    """What a strip of the weave needs: a name and how many of a hundred enterprises are in the cloud."""

    name: str
    per_hundred: float


@dataclass(frozen=True)
class Strip:
    """One county's cloth on the pole, in drawing units."""

    name: str
    said: str
    dye: int
    x: float
    middle: float
    top: float
    length: float
    radius: float

    @property
    def path(self) -> str:
        """Outline: square at the pole, rounded at the hem."""
        side = 2 * self.radius
        return f"M{self.x:g} {self.top:g}h{side:g}v{self.length:.1f}a{self.radius:g} {self.radius:g} 0 0 1 -{side:g} 0z"

    @property
    def text_top(self) -> float:
        """Where the name begins."""
        return self.top + 22

    @property
    def ink(self) -> str:
        """Class of a name that stays legible on this dye."""
        return "on-deep" if self.dye >= 4 else "on-pale"


@dataclass(frozen=True)
class Pole:
    """A pole with its strips."""

    y: float
    strips: list[Strip]


@dataclass(frozen=True)
class Weave:
    """A drawing of poles; `width` and `height` are its view box."""

    width: int
    height: int
    poles: list[Pole]
    wefts: list[int]


def weave(counties: Iterable[County], *, per_pole: int, reach: int, radius: float) -> Weave:
    """Counties as strips of cloth, `per_pole` to a pole; the longest is `reach` units."""
    rows = list(counties)
    most = max((row.per_hundred for row in rows), default=0) or 1
    width, drop = round(per_pole * (2 * radius + 4) + 8), reach + radius + 26
    # Every strip keeps room for its county's name, upright in Chinese, lying in English.
    least = max((24 + (7 if row.name.isascii() else 18) * len(row.name) for row in rows), default=0)
    poles = []
    for start in range(0, len(rows), per_pole):
        top = 12 + (start // per_pole) * drop
        poles.append(
            Pole(
                top - 2,
                [
                    _strip(row, n, top, row.per_hundred / most, (least, reach, radius))
                    for n, row in enumerate(rows[start : start + per_pole])
                ],
            )
        )
    height = round(len(poles) * drop)
    return Weave(width, height, poles, list(range(22, height, 6)))


def _strip(row: County, place: int, top: float, share: float, sizes: tuple[float, float, float]) -> Strip:
    least, reach, radius = sizes
    x = 6 + place * (2 * radius + 4)
    said = ngettext("%(county)s：每百家有%(figure)s家", "%(county)s：每百家有%(figure)s家", 2) % {
        "county": row.name,
        "figure": f"{row.per_hundred:.1f}",
    }
    # A county with nothing yet is undyed.
    dye = max(1, min(DYES, 1 + int(share * (DYES - 0.01)))) if row.per_hundred else 0
    return Strip(row.name, said, dye, x, x + radius, top, least + (reach - least) * share, radius)
