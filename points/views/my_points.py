"""`/my/points/`: how many points, what next, apply, and every movement."""

from __future__ import annotations

import io
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from organisations import clock
from organisations.models.organisation import Organisation
from organisations.models.people import Membership
from organisations.refusals import Refused
from organisations.roc import parse_roc_date
from organisations.views.access import member_required
from papers.columns import About, Column, Kind
from papers.contracts import StatementData, statement_pdf
from papers.tables import table_file
from points.models.grants import Application
from points.models.programmes import Zone
from points.selectors.facts import facts_of_organisation
from points.selectors.purse import purse_of
from points.selectors.statements import Statement, statement
from points.selectors.zone_rows import rows_of
from points.selectors.zones import assess, replay
from points.services.grants import apply_for_points
from points.views.checks import check_rows

FORMATS = {
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
}
SHOWN_LINES = 50


@require_safe
@member_required()
def my_points(request: HttpRequest) -> HttpResponse:
    """The figure, the next act, zones to apply in, the application's state, the statement."""
    at = clock.now()
    organisation: Organisation = request.organisation  # type: ignore[attr-defined]
    purse = purse_of(organisation, at=at)
    said = statement(organisation=organisation, until=at)
    return render(
        request,
        "points/my_points.html",
        {
            "purse": purse,
            "days_left": (purse.use_by_date - timezone.localdate(at)).days if purse.use_by_date else None,
            "lines": list(reversed(said.lines))[:SHOWN_LINES],
            "formats": FORMATS,
            **_application(organisation, at),
            **_offers(organisation, at),
        },
    )


@require_safe
@member_required()
def application_state(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes while an application is decided; 286 tells the browser to stop asking."""
    context = _application(request.organisation, clock.now())  # type: ignore[attr-defined]
    is_waiting = (
        context["application"] is not None and context["application"].state == Application.State.CHECKING
    )
    response = render(request, "points/parts_application.html", context, status=200 if is_waiting else 286)
    if not is_waiting:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@member_required(Membership.Role.PREPARER)
def apply(request: HttpRequest, *, code: str) -> HttpResponse:
    """Ask for points in a zone; a worker decides in seconds."""
    zone = get_object_or_404(Zone.objects.select_related("programme"), code=code)
    declared = [line.strip() for line in request.POST.get("declared", "").splitlines() if line.strip()]
    try:
        apply_for_points(
            organisation=request.organisation,  # type: ignore[attr-defined]
            zone=zone,
            by=request.user,
            at=clock.now(),
            declared_grants=declared,
        )
    except Refused as no:
        messages.error(request, str(no))
    return redirect("points:my_points")


@require_safe
@member_required()
def statement_file(request: HttpRequest, *, fmt: str) -> HttpResponse:
    """The statement up to a day (`?until=`, today if none) as pdf, ods, xlsx or csv."""
    if fmt not in FORMATS:
        raise Http404
    at = clock.now()
    asked = parse_roc_date(request.GET.get("until", ""))
    until = timezone.make_aware(datetime.combine(asked, time()) + timedelta(days=1)) if asked else at
    organisation: Organisation = request.organisation  # type: ignore[attr-defined]
    said = statement(organisation=organisation, until=min(until, at))
    name = str(request.user)
    body = _pdf(organisation, said, name, at) if fmt == "pdf" else _table(fmt, organisation, said, name, at)
    response = HttpResponse(body, content_type=FORMATS[fmt])
    response["Content-Disposition"] = (
        f'attachment; filename="points-{organisation.ubn}-{timezone.localdate(said.until):%Y%m%d}.{fmt}"'
    )
    return response


def _application(organisation: Organisation, at: datetime) -> dict[str, Any]:
    """The newest application and, when it was refused, why: its decision made again in the reader's language."""
    applications = Application.objects.filter(organisation=organisation).select_related(
        "zone", "decision__zone_version"
    )
    application = applications.order_by("-applied_at", "-pk").first()
    checks: list[dict[str, Any]] = []
    if (
        application is not None
        and application.decision is not None
        and application.state == Application.State.REFUSED
    ):
        facts = facts_of_organisation(organisation, at=at)
        again = replay(application.decision)
        checks = check_rows(
            [each for each in again.outcomes if each.severity != "pass"],
            facts,
            at=application.decision.made_at,
        )
    return {"application": application, "checks": checks}


def _offers(organisation: Organisation, at: datetime) -> dict[str, Any]:
    """Zones that this organisation may apply in now."""
    facts = facts_of_organisation(organisation, at=at)
    fitting = [
        each.version for each in assess(facts, at=at) if each.is_eligible and each.version.gives_points
    ]
    return {"offers": rows_of(fitting)}


def _pdf(organisation: Organisation, said: Statement, name: str, at: datetime) -> bytes:
    first = said.lines[0].at if said.lines else said.until
    data: StatementData = {
        "language": "en" if (get_language() or "").startswith("en") else "zh-hant",
        "title": _("點數對帳單"),
        "number": f"P{organisation.ubn}-{timezone.localdate(said.until):%Y%m%d}",
        "holder": organisation.name,
        "holder_number": organisation.ubn,
        "account": _("企業點數"),
        "from_date": timezone.localdate(first),
        "until_date": timezone.localdate(said.until),
        "opening_points": 0,
        "moves": [
            {
                "at": line.at,
                "what": str(line.what),
                "reference": line.reference,
                "in_points": line.in_points,
                "out_points": line.out_points,
                "balance_points": line.balance_points,
            }
            for line in said.lines
        ],
        "closing_points": said.available_points,
        "held_points": said.held_points,
        "made_at": at,
        "made_by": name,
    }
    return statement_pdf(data)


def _table(fmt: str, organisation: Organisation, said: Statement, name: str, at: datetime) -> bytes:
    columns = [
        Column("at", _("時間"), Kind.DATETIME),
        Column("what", _("事由")),
        Column("reference", _("依據")),
        Column("in_points", _("收入"), Kind.POINTS),
        Column("out_points", _("支出"), Kind.POINTS),
        Column("balance_points", _("可用"), Kind.POINTS, total=False),
    ]
    rows = [
        [line.at, str(line.what), line.reference, line.in_points, line.out_points, line.balance_points]
        for line in said.lines
    ]
    about = About(
        as_of=said.until,
        made_by=name,
        made_at=at,
        filters={_("企業"): f"{organisation.name} {organisation.ubn}"},
        source=_("點數帳本"),
    )
    out = io.BytesIO()
    table_file(
        fmt, _("點數對帳單"), columns, rows, get_language() or "zh-hant", out, about=about, with_totals=True
    )
    return out.getvalue()
