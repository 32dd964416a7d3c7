"""What auditors read: registers that tie out, the funnel, the ledger's own proof, who did what."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from organisations import clock
from organisations.audit import AUDITED
from organisations.models.people import StaffRole
from organisations.views.access import staff_required
from papers.tables import FORMATS, MEDIA_TYPES
from pmo.reports.registers import reimbursement_register
from pmo.selectors.audit_trail import audit_events, trail_lines
from pmo.selectors.period import Period
from pmo.selectors.reimbursements import register_row, reimbursements, tie_out
from points.models.ledger import Digest, Transfer
from points.models.programmes import BudgetSource
from points.selectors.funnel import funnel
from points.selectors.verification import verify_ledger
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


@require_http_methods(["GET", "POST"])
@staff_required(AUDITOR)
def ledger(request: HttpRequest) -> HttpResponse:
    """The ledger's proof: the newest digests, and every balance recomputed when asked."""
    context = {
        "digests": Digest.objects.order_by("-id")[:14],
        "transfers": Transfer.objects.count(),
        "as_of": clock.now(),
        "was_verified": request.method == "POST",
        "faults": verify_ledger() if request.method == "POST" else [],
    }
    return render(request, "pmo/audit_ledger.html", context)


@require_safe
@staff_required(AUDITOR)
def trail(request: HttpRequest) -> HttpResponse:
    """Who changed what and when, as the database itself wrote it down."""
    table = request.GET.get("table", "")
    events = audit_events(
        table=table if table in AUDITED else "",
        row_id=request.GET.get("row", "").strip()[:64],
        actor_id=request.GET.get("actor", ""),
    )
    page = Paginator(events, 50).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": trail_lines(list(page.object_list)),
        "tables": sorted(AUDITED),
        "table": table,
        "row": request.GET.get("row", ""),
    }
    return render(request, "pmo/audit_trail.html", context)


def _filters(request: HttpRequest, period: Period) -> dict[str, object]:
    return {
        "period": period,
        "as_of": period.until,
        "years": range(clock.today().year - 1911, 114, -1),
        "zones": zones_in_force(at=clock.now()),
        "query": request.GET.urlencode(),
    }
