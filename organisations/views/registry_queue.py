"""The officer's queue: numbers that registers do not know, or could not be asked about."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from organisations.clock import now
from organisations.forms import DocumentDecisionForm
from organisations.models.people import StaffRole
from organisations.models.registry import RegistryCheck
from organisations.reasons import check_rows
from organisations.refusals import Refused
from organisations.selectors.facts import registry_facts
from organisations.services.documents import path_of
from organisations.services.registry import ask_again, decide_by_document
from organisations.views.access import staff_required

Role = StaffRole.Role
SHOWN = 100
VERBS = {
    "answer_pass": _("登記查證通過"),
    "answer_fail": _("登記查證不符"),
    "hand_over": _("轉給承辦人"),
    "officer_pass": _("承辦人通過"),
    "officer_fail": _("承辦人退回"),
    "ask_again": _("重新查詢"),
}


@require_safe
@staff_required(Role.OFFICER, Role.ADMINISTRATOR)
def registry_queue(request: HttpRequest) -> HttpResponse:
    """Checks that wait for an officer, the oldest first."""
    rows = RegistryCheck.objects.filter(state=RegistryCheck.State.OFFICER).select_related(
        "organisation", "asked_by"
    )
    waiting = [{"check": row, "rows": check_rows(row.reasons)} for row in rows.order_by("asked_at")[:SHOWN]]
    return render(request, "organisations/registry_queue.html", {"waiting": waiting, "total": rows.count()})


@staff_required(Role.OFFICER, Role.ADMINISTRATOR)
def registry_case(request: HttpRequest, check_id: int) -> HttpResponse:
    """One check: what was asked, what came back, the certificate, and the decision."""
    check = get_object_or_404(RegistryCheck, pk=check_id)
    facts = registry_facts(check.ubn)
    known = {"name": facts.name, "address": facts.address} if facts else {}
    form = DocumentDecisionForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        decision = request.POST.get("decision")
        note = form.cleaned_data.pop("note")
        try:
            decide_by_document(
                check,
                passes=decision == "pass",
                facts=form.cleaned_data,
                note=note,
                by=request.user,
                at=now(),
            )
            messages.success(request, _("決定已記下，申請人會看到理由。"))
            return redirect("organisations:registry_queue")
        except Refused as no:
            form.add_error(None, str(no))
    context = {"check": check, "facts": facts, "rows": check_rows(check.reasons), "form": form}
    moves = [{"move": each, "words": VERBS[each.verb]} for each in check.moves.select_related("by")]
    return render(request, "organisations/registry_case.html", context | {"moves": moves})


@require_POST
@staff_required(Role.OFFICER, Role.ADMINISTRATOR)
def registry_case_again(request: HttpRequest, check_id: int) -> HttpResponse:
    """Ask the registers once more instead of deciding."""
    check = get_object_or_404(RegistryCheck, pk=check_id)
    try:
        ask_again(check, by=request.user, at=now())
        messages.success(request, _("已重新查詢登記資料，幾秒後看結果。"))
    except Refused as no:
        messages.error(request, str(no))
    return redirect("organisations:registry_case", check.pk)


@require_safe
@staff_required(Role.OFFICER, Role.ADMINISTRATOR)
def registry_document(request: HttpRequest, check_id: int) -> HttpResponseBase:
    """The certificate, as a download."""
    check = get_object_or_404(RegistryCheck, pk=check_id)
    if check.document is None or not path_of(check.document).is_file():
        raise Http404
    return FileResponse(
        path_of(check.document).open("rb"),
        as_attachment=True,
        filename=check.document.name,
        content_type=check.document.media_type,
    )
