"""Pages for finding a solution: the list, one solution, what buyers think, side by side. Open to everybody."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.deadlines import DEFAULTS
from marketplace.forms.catalogue import FilterForm
from marketplace.selectors.catalogue import (
    Filters,
    cheapest_plan,
    search_solutions,
    with_versions,
    within_zone,
)
from marketplace.selectors.catalogue_words import SIZES, TRADES
from marketplace.selectors.shares import Reader, Share, reader_of
from marketplace.selectors.solution_facts import (
    exit_facts,
    middle_plan,
    opinion_of,
    plan_lines,
    reviews_of,
    security_report,
    service_facts,
    shown_review,
    three_years,
)
from organisations.clock import now, today
from organisations.languages import in_english, localised
from organisations.models.organisation import Organisation
from organisations.views.access import acting_membership
from points.models.programmes import ZoneVersion
from points.selectors.zones import zones_in_force
from vendors.models.solutions import Plan, Solution, SolutionVersion

TRAY_KEY, TRAY_SIZE = "compare", 4
REVIEWS_SHOWN, REVIEWS_PER_PAGE = 3, 20


# The list


@require_safe
def solutions(request: HttpRequest) -> HttpResponse:
    """Search and filters; every state of it has an address."""
    at, reader = now(), _reader(request)
    zones = list(zones_in_force(at=at))
    form = FilterForm(request.GET, zones=[(each.zone.code, str(each)) for each in zones])
    filters = _filters(form, zones)
    query, sort = form.word("q"), form.word("sort") or "fit"
    found = search_solutions(
        query, filters=filters, sort=sort, page=request.GET.get("page", 1), trade=reader.trade
    )
    form.count(found.counts)
    context = {
        "form": form,
        "query": query,
        "sort": sort,
        "found": found,
        "offers": [_offer(each, reader, request) for each in found.page.object_list],
        "chips": [_chip(request, *each) for each in form.chosen()],
        "zone": next((each for each in zones if each.zone.code == form.word("zone")), None),
        "reader": reader,
        "tray": _tray(request),
    }
    return render(request, "marketplace/catalogue.html", context)


def _filters(form: FilterForm, zones: list[ZoneVersion]) -> Filters:
    filters, code = form.filters(), form.word("zone")
    return next(
        (within_zone(filters, each.categories) for each in zones if code and each.zone.code == code), filters
    )


def _offer(solution: Solution, reader: Reader, request: HttpRequest) -> dict[str, Any]:
    """One line of the list, with the cheapest plan divided for the reader."""
    version, plan = _version(solution), cheapest_plan(solution)
    return {
        "solution": solution,
        "version": version,
        "plan": plan,
        "plans": len(version.plans.all()),
        "share": _share(reader, plan, solution) if plan else None,
        "stars": solution.rating_sum / solution.rating_count if solution.rating_count else None,
        "tagline": localised(version, "tagline"),
        "tags": [str(each) for each in _kinds(solution)],
        "fits_trade": reader.trade and reader.trade in version.details.get("suits_industries", ()),
        "in_tray": solution.code in request.session.get(TRAY_KEY, []),
    }


def _kinds(solution: Solution) -> list[Any]:
    """The main kind first."""
    return sorted(solution.sub_categories.all(), key=lambda kind: kind.pk != solution.main_sub_category_id)


def _chip(request: HttpRequest, field: str, value: str, label: Any) -> dict[str, Any]:
    query = request.GET.copy()
    query.setlist(field, [each for each in query.getlist(field) if each != value])
    query.pop("page", None)
    return {"label": label, "url": f"?{query.urlencode()}"}


# One solution


@require_safe
def solution(request: HttpRequest, code: str) -> HttpResponse:
    """Everything about one solution, divided for the reader; delisted ones stay readable."""
    row = _solution_or_404(code)
    version = _asked_version(request, row)
    reader, plans = _reader(request), list(version.plans.all())
    chosen = _asked_plan(request, version)
    share = _share(reader, chosen, row)
    opinion = opinion_of(row)
    context = {
        "solution": row,
        "version": version,
        "is_current": version.pk == row.current_id,
        "kinds": _kinds(row),
        "plans": [_plan_card(each, _share(reader, each, row), each == chosen) for each in plans],
        "chosen": chosen,
        "share": share,
        "years": three_years(version, chosen, share),
        "exit_facts": exit_facts(version),
        "service_facts": service_facts(version),
        "functions": _functions(version),
        "fit": _fit(version),
        "report": security_report(version),
        "report_is_valid": security_report(version).is_valid_on(today()),
        "opinion": opinion,
        "reviews": [shown_review(each) for each in reviews_of(row)[:REVIEWS_SHOWN]],
        "works_with": _works_with(version),
        "reader": reader,
        "in_tray": row.code in request.session.get(TRAY_KEY, []),
        "tray": _tray(request),
        "answer_days": _answer_days(share),
        "may_order": row.is_on_sale and version.pk == row.current_id,
    }
    return render(request, "marketplace/solution.html", context)


def _answer_days(share: Share) -> int:
    """Working days in which the vendor must answer an order."""
    return (
        share.source.version.answer_within_working_days
        if share.source
        else DEFAULTS["answer_within_working_days"]
    )


def _plan_card(plan: Plan, share: Share, chosen: bool) -> dict[str, Any]:
    shown = {
        "id": plan.pk,
        "name": plan.name,
        "price_twd": plan.price_twd,
        "months": plan.months,
        "lines": plan_lines(plan)[:-1],  # the months stand beside the price
    }
    return {"plan": shown, "share": share, "chosen": chosen}


def _solution_or_404(code: str) -> Solution:
    """A published solution, on sale or not any more. Drafts do not exist for strangers."""
    rows = with_versions(Solution.objects.exclude(state=Solution.State.DRAFT).filter(current__isnull=False))
    return get_object_or_404(rows, code=code)


def _asked_version(request: HttpRequest, row: Solution) -> SolutionVersion:
    asked = request.GET.get("version", "")
    if not asked:
        return _version(row)
    if not asked.isdecimal():
        raise Http404
    return get_object_or_404(row.versions.prefetch_related("plans"), number=int(asked[:4]))


def _asked_plan(request: HttpRequest, version: SolutionVersion) -> Plan:
    asked = request.GET.get("plan", "")
    return next((each for each in version.plans.all() if str(each.pk) == asked), middle_plan(version))


def _functions(version: SolutionVersion) -> list[str]:
    return list((version.functions_en if in_english() else None) or version.functions_zh)


def _fit(version: SolutionVersion) -> list[str]:
    """Trades and sizes it was made for."""
    trades = [TRADES.get(each, _("不限行業")) for each in version.details.get("suits_industries", ())]
    sizes = [SIZES[each] for each in version.details.get("suits_sizes", ()) if each in SIZES]
    return [str(each) for each in [*trades, *sizes]]


def _works_with(version: SolutionVersion) -> list[Solution]:
    names = version.details.get("works_with", ())
    return list(
        Solution.objects.filter(current__name_zh__in=names, state=Solution.State.LISTED).select_related(
            "current"
        )
    )


@require_safe
def ratings(request: HttpRequest, code: str) -> HttpResponse:
    """All opinions with words, newest first."""
    row = _solution_or_404(code)
    page = Paginator(reviews_of(row), REVIEWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "solution": row,
        "version": _version(row),
        "opinion": opinion_of(row),
        "page": page,
        "reviews": [shown_review(each) for each in page.object_list],
    }
    return render(request, "marketplace/solution_ratings.html", context)


# Side by side


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Up to four solutions side by side: those in the address, else those in the tray."""
    codes = (request.GET.getlist("s") or request.session.get(TRAY_KEY, []))[:TRAY_SIZE]
    found = {each.code: each for each in with_versions(_published().filter(code__in=codes))}
    reader = _reader(request)
    columns = [_column(found[code], reader) for code in dict.fromkeys(codes) if code in found]
    return render(request, "marketplace/compare.html", {"columns": columns, "reader": reader, "at": now()})


def _published() -> Any:
    return Solution.objects.exclude(state=Solution.State.DRAFT).filter(current__isnull=False)


def _column(row: Solution, reader: Reader) -> dict[str, Any]:
    version = _version(row)
    plan = middle_plan(version)
    share, report = _share(reader, plan, row), security_report(version)
    return {
        "solution": row,
        "version": version,
        "plan": plan,
        "lines": plan_lines(plan),
        "share": share,
        "years": three_years(version, plan, share),
        "functions": _functions(version),
        "exit_facts": exit_facts(version),
        "service_facts": service_facts(version),
        "report": report,
        "report_is_valid": report.is_valid_on(today()),
        "stars": row.rating_sum / row.rating_count if row.rating_count else None,
    }


@require_POST
def change_tray(request: HttpRequest) -> HttpResponse:
    """Put a solution into the comparison or take it out; at most four, the oldest makes room."""
    code = request.POST.get("code", "")
    codes: list[str] = [each for each in request.session.get(TRAY_KEY, []) if each != code]
    if request.POST.get("act") == "add" and _published().filter(code=code).exists():
        codes.append(code)
    request.session[TRAY_KEY] = codes[-TRAY_SIZE:]
    if request.headers.get("HX-Request"):
        return render(
            request,
            "marketplace/catalogue_parts_tray.html",
            {"tray": _tray(request), "changed": _changed(code, request)},
        )
    return redirect(f"{_back(request)}#{code}")


def _changed(code: str, request: HttpRequest) -> dict[str, Any] | None:
    row = _published().filter(code=code).select_related("current").first()
    return (
        {"code": code, "name": _version(row).name, "in_tray": code in request.session[TRAY_KEY]}
        if row
        else None
    )


def _back(request: HttpRequest) -> str:
    """Where the person was: only ever on this site."""
    there = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        there, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return there if safe else reverse("marketplace:solutions")


def _tray(request: HttpRequest) -> dict[str, Any]:
    codes = request.session.get(TRAY_KEY, [])
    rows = (
        {each.code: each for each in _published().filter(code__in=codes).select_related("current")}
        if codes
        else {}
    )
    chosen = [rows[code] for code in codes if code in rows]
    return {"chosen": chosen, "empty": range(TRAY_SIZE - len(chosen)), "size": TRAY_SIZE}


# The reader


def _reader(request: HttpRequest) -> Reader:
    return reader_of(_organisation(request), at=now())


def _organisation(request: HttpRequest) -> Organisation | None:
    if not request.user.is_authenticated:
        return None
    membership = acting_membership(request)
    return membership.organisation if membership else None


def _share(reader: Reader, plan: Plan, row: Solution) -> Share:
    return reader.share(plan, row.main_sub_category.category_id)


def _version(row: Solution) -> SolutionVersion:
    assert row.current is not None
    return row.current
