"""Payout batches: make, approve by another person, send to the bank, fetch its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from marketplace.forms.claims import ReasonForm
from marketplace.models.claims import PayoutBatch
from marketplace.selectors.payouts import (
    BATCH_TABS,
    batch_counts,
    payable_rows,
    payout_figures,
    result_word,
)
from marketplace.selectors.payouts import batches as batches_in
from marketplace.services import payouts
from organisations.clock import now
from organisations.models.people import StaffRole
from organisations.refusals import Refused
from organisations.views.access import staff_required

PER_PAGE = 20
Role = StaffRole.Role
State = PayoutBatch.State


@require_safe
@staff_required(Role.OFFICER, Role.FINANCE, Role.PMO, Role.AUDITOR)
def batches(request: HttpRequest) -> HttpResponse:
    """What can be paid now, and the batches."""
    tab = request.GET.get("tab", "open")
    tab = tab if tab in BATCH_TABS else "open"
    page = Paginator(batches_in(tab=tab), PER_PAGE).get_page(request.GET.get("page"))
    counts, url = batch_counts(), reverse("marketplace:payouts")
    context = {
        "page": page,
        "rows": page.object_list,
        "payable": payable_rows() if tab == "open" else [],
        "figures": payout_figures(),
        "tabs": [
            {"label": label, "url": f"{url}?tab={name}", "count": counts[name], "current": name == tab}
            for name, (label, _states) in BATCH_TABS.items()
        ],
        "tab": tab,
        "may_act": bool(request.staff_roles & {Role.OFFICER, Role.FINANCE}),  # type: ignore[attr-defined]
        "at": now(),
    }
    return render(request, "marketplace/payout_list.html", context)


@require_POST
@staff_required(Role.OFFICER, Role.FINANCE)
def new(request: HttpRequest) -> HttpResponse:
    """Make a batch of the chosen claims."""
    chosen = [int(value) for value in request.POST.getlist("claim") if value.isdigit()]
    if not chosen:
        messages.error(request, gettext("還沒有選請款。請勾選要一起撥款的請款。"))
        return redirect("marketplace:payouts")
    try:
        made = payouts.make_batch(claim_ids=chosen, by=request.user, at=now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("marketplace:payouts")
    messages.success(request, gettext("%(number)s編好了，等另一位同事核可。") % {"number": made.number})
    return redirect("marketplace:payout", made.number)


@require_safe
@staff_required(Role.OFFICER, Role.FINANCE, Role.PMO, Role.AUDITOR)
def batch(request: HttpRequest, number: str) -> HttpResponse:
    """One batch: its payouts, what happened, the next act."""
    row = get_object_or_404(PayoutBatch.objects.select_related("made_by", "approved_by"), number=number)
    lines = list(
        row.payouts.select_related(
            "claim__order__organisation", "claim__vendor__organisation", "bank_account"
        ).order_by("sequence")
    )
    is_staff = bool(request.staff_roles & {Role.OFFICER, Role.FINANCE})  # type: ignore[attr-defined]
    context = {
        "batch": row,
        "lines": [{"payout": line, "result": result_word(line)} for line in lines],
        "total_twd": sum(line.amount_twd for line in lines),
        "paid_twd": sum(line.amount_twd for line in lines if line.state == "paid"),
        "failed": sum(line.state == "failed" for line in lines),
        "thread": _thread(row),
        "discard_form": ReasonForm(),
        "is_own": row.made_by_id == request.user.pk,
        "decided_inside": [
            line.claim.number for line in lines if line.claim.decided_by_id == request.user.pk
        ],
        "may_approve": Role.FINANCE in request.staff_roles and row.state == State.OPEN,  # type: ignore[attr-defined]
        "may_act": is_staff,
        "at": now(),
    }
    return render(request, "marketplace/payout_detail.html", context)


def _thread(row: PayoutBatch) -> list[dict[str, Any]]:
    titles = {
        "approve": gettext("核可，做成匯款檔"),
        "discard": gettext("取消這一批"),
        "send": gettext("送到銀行"),
        "settle": gettext("銀行回覆"),
    }
    knots = [
        {"state": "done", "title": gettext("編製"), "at": row.made_at, "who": str(row.made_by), "note": ""}
    ]
    for move in row.moves.select_related("by"):
        who = str(move.by) if move.by else gettext("系統")
        state = "bad" if move.verb == "discard" else "done"
        knots.append(
            {
                "state": state,
                "title": titles.get(move.verb, move.verb),
                "at": move.at,
                "who": who,
                "note": move.note,
            }
        )
    return knots


def _act(
    request: HttpRequest, number: str, verb: Callable[[PayoutBatch], PayoutBatch], said: str
) -> HttpResponse:
    row = get_object_or_404(PayoutBatch, number=number)
    try:
        verb(row)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    return redirect("marketplace:payout", number)


@require_POST
@staff_required(Role.FINANCE)
@reauthentication_required
def approve(request: HttpRequest, number: str) -> HttpResponse:
    """The second person's word; then the file goes to the bank by itself."""
    return _act(
        request,
        number,
        lambda row: payouts.approve_batch(row, by=request.user, at=now()),
        gettext("已核可，匯款檔正在送往銀行。"),
    )


@require_POST
@staff_required(Role.OFFICER, Role.FINANCE)
def discard(request: HttpRequest, number: str) -> HttpResponse:
    """Take an unapproved batch apart."""
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    return _act(
        request,
        number,
        lambda row: payouts.discard_batch(row, reason=reason, by=request.user, at=now()),
        gettext("這一批取消了，請款回到等撥款。"),
    )


@require_POST
@staff_required(Role.OFFICER, Role.FINANCE)
def send(request: HttpRequest, number: str) -> HttpResponse:
    """Send now instead of waiting for the sweep."""
    return _act(
        request,
        number,
        lambda row: payouts.send_batch(row, by=request.user, at=now()),
        gettext("銀行收到匯款檔了。"),
    )


@require_POST
@staff_required(Role.OFFICER, Role.FINANCE)
def result(request: HttpRequest, number: str) -> HttpResponse:
    """Ask the bank for its answer now."""
    row = get_object_or_404(PayoutBatch, number=number)
    try:
        settled = payouts.fetch_result(row, by=request.user, at=now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        is_settled = settled.state == State.SETTLED
        said = gettext("銀行已回覆，帳已記好。") if is_settled else gettext("銀行還在處理，還沒有結果。")
        (messages.success if is_settled else messages.info)(request, said)
    return redirect("marketplace:payout", number)


@require_safe
@staff_required(Role.FINANCE, Role.AUDITOR)
def file(request: HttpRequest, number: str) -> HttpResponse:
    """The credit file, or with `?kind=result` the bank's answer, byte for byte."""
    row = get_object_or_404(PayoutBatch, number=number)
    is_result = request.GET.get("kind") == "result"
    content = row.result_file if is_result else row.file
    if not content:
        raise Http404
    response = HttpResponse(bytes(content), content_type="application/octet-stream")
    name = f"{row.number}-{'R01' if is_result else 'P01'}.txt"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
