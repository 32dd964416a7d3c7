"""The war room: figures that open to their rows."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.selectors.claims import payment_days
from organisations import clock
from organisations.models.people import StaffRole
from organisations.models.places import Township
from organisations.views.access import staff_required
from papers.tables import FORMATS
from pmo.reports import charts, tables
from pmo.reports.township_map import legend, township_map
from pmo.selectors import warroom
from pmo.selectors.period import LAYERS, Period
from points.models.programmes import BudgetSource
from points.selectors.funnel import funnel
from points.selectors.zones import zones_in_force

WATCHERS = (StaffRole.Role.PMO, StaffRole.Role.DECISION_MAKER, StaffRole.Role.ADMINISTRATOR)


@staff_required(*WATCHERS)
def overview(request: HttpRequest) -> HttpResponse:
    """Tiles, funnel by budget, orders and claims by county and category, the map in small."""
    period = Period.from_query(request.GET, at=clock.now())
    budget = BudgetSource.objects.filter(code=request.GET.get("budget", "")).first()
    months = warroom.by_month(period)
    towns = warroom.by_township(period)
    return render(
        request,
        "pmo/warroom.html",
        {
            **_filters(request, period),
            "budgets": BudgetSource.objects.order_by("roc_year", "code"),
            "budget": budget,
            "tiles": warroom.tiles(period),
            "payout": payment_days(since=period.since, until=period.until),
            "funnel": funnel(budget_source=budget, since=period.since, until=period.until),
            "counties": warroom.by_county(period),
            "categories": warroom.by_category(period),
            "industries": warroom.by_industry(period),
            "months": months,
            "months_figure": charts.months_figure(months, label=_("訂單")),
            "map": (drawn := township_map(towns, measure="enterprises")),
            "legend": legend(drawn, measure="enterprises"),
            "formats": FORMATS,
        },
    )


@staff_required(*WATCHERS)
def table_file(request: HttpRequest, table: str, fmt: str) -> HttpResponse:
    """One table of the war room as a file."""
    period = Period.from_query(request.GET, at=clock.now())
    if table not in tables.TABLES or fmt not in FORMATS:
        raise Http404
    return tables.table_response(table, fmt, period, made_by=str(request.user), at=clock.now())


@staff_required(*WATCHERS)
def coverage(request: HttpRequest) -> HttpResponse:
    """The 368 townships: map, and beside it the table with the same figures."""
    period = Period.from_query(request.GET, at=clock.now())
    layer = request.GET.get("layer", "all")
    layer = layer if layer in LAYERS else "all"
    measure = "share_bp" if request.GET.get("measure") == "share_bp" else "enterprises"
    rows = warroom.by_township(period, layer=layer)
    drawn = township_map(rows, measure=measure)
    ordered = sorted(rows, key=lambda row: (-(row[measure] or 0), row["township"].pk))
    return render(
        request,
        "pmo/map.html",
        {
            **_filters(request, period),
            "layers": [(key, label) for key, (label, _condition) in LAYERS.items()],
            "layer": layer,
            "measure": measure,
            "map": drawn,
            "legend": legend(drawn, measure=measure),
            "rows": ordered,
            "reached": sum(bool(row["enterprises"]) for row in rows),
            "figure": charts.townships_figure(
                [_spot(shape) for shape in drawn.shapes if shape.row],
                geojson_url=static("geo/townships.geojson"),
            ),
            "formats": FORMATS,
        },
    )


@staff_required(*WATCHERS)
def township(request: HttpRequest, code: str) -> HttpResponse:
    """The enterprises behind a township's figure."""
    period = Period.from_query(request.GET, at=clock.now())
    place = get_object_or_404(Township.objects.select_related("county"), pk=code)
    return render(
        request,
        "pmo/township.html",
        {
            **_filters(request, period),
            "township": place,
            "businesses": warroom.businesses_by_township().get(place.pk, 0),
            "enterprises": warroom.enterprises_of_township(place, period),
        },
    )


def _filters(request: HttpRequest, period: Period) -> dict[str, Any]:
    this_year = clock.today().year - 1911
    return {
        "period": period,
        "as_of": warroom.as_of(period),
        "years": range(this_year, 114, -1),
        "zones": zones_in_force(at=clock.now()),
        "query": request.GET.urlencode(),
    }


def _spot(shape: Any) -> dict[str, Any]:
    place, row = shape.row["township"], shape.row
    words = _("%(place)s：%(enterprises)s家") % {"place": place, "enterprises": f"{row['enterprises']:,}"}
    return {
        "code": place.pk,
        "dye": shape.dye,
        "words": words,
        "url": reverse("pmo:township", args=[place.pk]),
    }
