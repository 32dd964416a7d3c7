"""What auditors read: registers that tie out, the funnel, the ledger's own proof, who did what."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from organisations import clock
from organisations.models.people import StaffRole
from organisations.views.access import staff_required
from papers.tables import FORMATS, MEDIA_TYPES
from pmo.reports.registers import reimbursement_register
from pmo.selectors.period import Period
from pmo.selectors.reimbursements import register_row, reimbursements, tie_out
from points.models.programmes import BudgetSource
from points.selectors.funnel import funnel
from points.selectors.zones import zones_in_force

AUDITOR = StaffRole.Role.AUDITOR
PAPER_FORMATS = (*FORMATS, "pdf")


@staff_required(AUDITOR)
def reimbursements_page(request: HttpRequest) -> HttpResponse:
    """The register of reimbursements on the page, its total beside the ledger's."""
    period = Period.from_query(request.GET, at=clock.now())
    page = Paginator(reimbursements(period), 50).get_page(request.GET.get("page"))
    return render(
        request,
        "pmo/reimbursements.html",
        {
            **_filters(request, period),
            "page": page,
            "rows": [register_row(payout) for payout in page],
            "tie_out": tie_out(period),
            "formats": PAPER_FORMATS,
        },
    )


@staff_required(AUDITOR)
def reimbursement_file(request: HttpRequest, fmt: str) -> HttpResponse:
    """The register as a file, OpenDocument first."""
    if fmt not in PAPER_FORMATS:
        raise Http404
    at = clock.now()
    period = Period.from_query(request.GET, at=at)
    made = reimbursement_register(period, fmt, made_by=str(request.user), at=at)
    response = HttpResponse(made, content_type=MEDIA_TYPES[fmt])
    response["Content-Disposition"] = f'attachment; filename="reimbursements-{at:%Y%m%d}.{fmt}"'
    return response


@staff_required(AUDITOR)
def points_funnel(request: HttpRequest) -> HttpResponse:
    """The funnel of every budget source, one column each, straight from the ledger."""
    period = Period.from_query(request.GET, at=clock.now())
    sources = list(BudgetSource.objects.order_by("roc_year", "code"))
    columns = [funnel(budget_source=source, since=period.since, until=period.until) for source in sources]
    table = [(rows[0], [row.value for row in rows]) for rows in zip(*columns, strict=True)]
    return render(
        request,
        "pmo/audit_funnel.html",
        {
            **_filters(request, period),
            "sources": sources,
            "table": table,
            "all": funnel(since=period.since, until=period.until),
        },
    )


def _filters(request: HttpRequest, period: Period) -> dict[str, object]:
    return {
        "period": period,
        "as_of": period.until,
        "years": range(clock.today().year - 1911, 114, -1),
        "zones": zones_in_force(at=clock.now()),
        "query": request.GET.urlencode(),
    }
