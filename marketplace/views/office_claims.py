"""The office's claims: the queue by urgency, one claim with its checks and the decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.claim_rules import RISK_FOR_OFFICER, RULES
from marketplace.forms.claims import DecisionForm, FindingForm, NoteForm
from marketplace.models.claims import Claim
from marketplace.models.orders import Order
from marketplace.selectors.claim_words import newest_checks, rule_label, thread_of
from marketplace.selectors.claims import (
    OFFICE_TABS,
    clock,
    frozen_without_claim,
    office_counts,
    office_figures,
    searched,
    with_details,
)
from marketplace.selectors.claims import queue as claims_in_queue
from marketplace.services import claims
from marketplace.services.freezes import lift_freeze
from organisations.clock import now
from organisations.models.people import StaffRole
from organisations.refusals import Refused
from organisations.selectors.access import membership_in
from organisations.views.access import staff_required
from points.models.programmes import Zone

PER_PAGE = 25
Role = StaffRole.Role


@require_safe
@staff_required(Role.OFFICER, Role.PMO, Role.AUDITOR)
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, the most urgent first."""
    at, wanted = now(), _wanted(request)
    page = Paginator(claims_in_queue(**wanted), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [
            {"claim": each, "clock": clock(each, at=at), "reason": rule_label(each.top_rule)}  # type: ignore[attr-defined]
            for each in page.object_list
        ],
        "wanted": wanted,
        "tabs": _tabs(wanted["tab"]),
        "figures": office_figures(at=at),
        "rules": [(rule.name, rule.label) for rule in RULES.values()],
        "zones": _zones(),
        "frozen_orders": frozen_without_claim() if wanted["tab"] == "frozen" else [],
        "may_unfreeze": Role.OFFICER in request.staff_roles,  # type: ignore[attr-defined]
        "at": at,
    }
    return render(request, "marketplace/claim_queue.html", context)


def _wanted(request: HttpRequest) -> dict[str, str]:
    tab = request.GET.get("tab", "mine")
    return {
        "tab": tab if tab in OFFICE_TABS else "mine",
        "q": searched(request.GET.get("q", "")),
        "rule": request.GET.get("rule", "")[:40],
        "zone": searched(request.GET.get("zone", ""))[:30],
        "risk": request.GET.get("risk", "")[:4],
        "sort": request.GET.get("sort", "")[:10],
    }


def _tabs(tab: str) -> list[dict[str, Any]]:
    counts, url = office_counts(), reverse("marketplace:office_claims")
    return [
        {"label": label, "url": f"{url}?tab={name}", "count": counts[name], "current": name == tab}
        for name, label in OFFICE_TABS.items()
    ]


def _zones() -> list[tuple[str, str]]:
    newest = {}
    for zone in Zone.objects.prefetch_related("versions").order_by("position"):
        versions = sorted(zone.versions.all(), key=lambda version: version.number)
        if versions:
            newest[zone.code] = str(versions[-1])
    return list(newest.items())


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(Role.OFFICER, Role.PMO, Role.AUDITOR)
def claim(request: HttpRequest, number: str) -> HttpResponse:
    """One claim; officers decide it here."""
    row = get_object_or_404(with_details(Claim.objects.all()), number=number)
    given = request.POST if request.method == "POST" else None
    form = DecisionForm(given, initial={"seen_move": _newest_move(row)})
    if request.method == "POST":
        if Role.OFFICER not in request.staff_roles:  # type: ignore[attr-defined]
            raise PermissionDenied
        if form.is_valid():
            try:
                decided = _decide(row, form.cleaned_data, by=request.user)
            except Refused as refused:
                messages.error(request, str(refused))
            else:
                messages.success(
                    request,
                    gettext("%(number)s：%(state)s。")
                    % {"number": number, "state": decided.get_state_display()},
                )
            return redirect("marketplace:office_claim", number)
    return render(request, "marketplace/claim_review.html", _context(request, row, form))


def _newest_move(row: Claim) -> int | None:
    return row.moves.order_by("-pk").values_list("pk", flat=True).first()


def _decide(row: Claim, wanted: dict[str, Any], *, by: Any) -> Claim:
    at, seen, reason, note = now(), wanted["seen_move"], wanted["reason"], wanted["note"]
    match wanted["decision"]:
        case "approve":
            return claims.approve_claim(row, by=by, at=at, reason=reason, note=note, seen_move=seen)
        case "partial":
            points = wanted["points"]
            return claims.approve_claim(
                row, points=points, by=by, at=at, reason=reason, note=note, seen_move=seen
            )
        case "return":
            return claims.return_claim(row, reason=reason, by=by, at=at, note=note, seen_move=seen)
    return claims.reject_claim(row, reason=reason, by=by, at=at, note=note, seen_move=seen)


def _context(request: HttpRequest, row: Claim, form: DecisionForm) -> dict[str, Any]:
    at, checks = now(), newest_checks(row)
    is_own = _is_own(request, row)
    is_officer = Role.OFFICER in request.staff_roles  # type: ignore[attr-defined]
    return {
        "claim": row,
        "order": row.order,
        "clock": clock(row, at=at),
        "checks": checks,
        "counts": {
            verdict: sum(line.verdict == verdict for line in checks) for verdict in ("stop", "warn", "pass")
        },
        "stops": any(line.verdict == "stop" for line in checks),
        "invoices": row.invoices.order_by("-entered_at", "number"),
        "invoiced_twd": sum(each.amount_twd for each in row.invoices.filter(voided_at=None)),
        "thread": thread_of(row, for_office=True),
        "notes": row.notes.select_related("by"),
        "risk_parts": [{"label": rule_label(part["rule"]), "risk": part["risk"]} for part in row.risk_parts],
        "risk_limit": RISK_FOR_OFFICER,
        "form": form,
        "is_own": is_own,
        "may_decide": is_officer and not is_own and row.state == Claim.State.OFFICER,
        "finding_form": FindingForm(prefix=None, auto_id="finding_%s"),
        "may_unfreeze": is_officer and not is_own and row.order.frozen_by_buyer_at is not None,
        "may_look": is_officer and not is_own and row.is_sampled and row.looked_at is None,
        "at": at,
    }


def _is_own(request: HttpRequest, row: Claim) -> bool:
    parties = (row.vendor.organisation, row.order.organisation)
    return row.submitted_by_id == request.user.pk or any(
        membership_in(request.user, party) for party in parties
    )


@require_POST
@staff_required(Role.OFFICER)
def recheck(request: HttpRequest, number: str) -> HttpResponse:
    """Ask the registers and the rules again."""
    row = get_object_or_404(Claim, number=number)
    try:
        claims.ask_registers(row, at=now(), anew=True)
        claims.recheck_claim(row, by=request.user, at=now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, gettext("已重新檢查。"))
    return redirect("marketplace:office_claim", number)


@require_POST
@staff_required(Role.OFFICER)
def looked(request: HttpRequest, number: str) -> HttpResponse:
    """An officer looked at a drawn automatic approval."""
    row, form = get_object_or_404(Claim, number=number), NoteForm(request.POST)
    try:
        if form.is_valid():
            claims.look_at_sample(row, by=request.user, at=now(), note=form.cleaned_data["note"])
            messages.success(request, gettext("%(number)s已記為看過。") % {"number": number})
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("marketplace:office_claim", number)


@require_POST
@staff_required(Role.OFFICER)
def unfreeze(request: HttpRequest, number: str) -> HttpResponse:
    """An officer cleared up "I never ordered this"; the order goes on."""
    order, form = get_object_or_404(Order, number=number), FindingForm(request.POST)
    try:
        lift_freeze(order, reason=form.data.get("reason", "")[:2_000], by=request.user, at=now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, gettext("訂單%(number)s解除凍結；請款請重新檢查。") % {"number": number})
    claim = order.claims.order_by("-pk").first()
    return (
        redirect("marketplace:office_claim", claim.number)
        if claim
        else redirect(reverse("marketplace:office_claims") + "?tab=frozen")
    )
