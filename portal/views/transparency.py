"""Public figures: what, how many, how it is counted."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from organisations import clock
from pmo.reports.township_map import legend, township_map
from pmo.selectors import warroom
from pmo.selectors.period import Period
from points.selectors.funnel import funnel
from portal.selectors.public_figures import public_figures


@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The programme in figures: how each is counted, the funnel of points, the map and the counties."""
    at = clock.now()
    period = Period.from_query({}, at=at)
    drawn = township_map(warroom.by_township(period))
    return render(
        request,
        "portal/transparency.html",
        {
            "figures": public_figures(at=at),
            "as_of": at,
            "funnel": funnel(since=period.since, until=period.until),
            "counties": warroom.by_county(period),
            "map": drawn,
            "legend": legend(drawn, measure="share_bp"),
        },
    )
