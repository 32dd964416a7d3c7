"""Joining: number → what the registers know → proof of authority → member. The number stands in every address, so nothing is lost."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from organisations.clock import now
from organisations.forms import CardAnswerForm, CodeForm, DocumentForm, MobileProofForm, UbnForm
from organisations.models.organisation import Organisation
from organisations.models.people import Membership, ProofChallenge
from organisations.models.registry import RegistryCheck
from organisations.reasons import check_rows
from organisations.refusals import Refused
from organisations.selectors.facts import registry_facts
from organisations.services import proofs
from organisations.services.documents import keep_document
from organisations.services.joining import ask_to_join, join_organisation
from organisations.services.proofs import Proven
from organisations.services.registry import ask_again, ask_registry, hand_in_document, recent_check
from organisations.ubn import is_valid_ubn
from organisations.views.access import ACTING_KEY
from organisations.views.limits import limited

STEPS = (_("統一編號"), _("確認資料"), _("證明身分"), _("完成"))
KEEPS = timedelta(days=7)  # a check this young is shown again
RELIES = timedelta(hours=1)
JOIN_KEY = "joining_ubn"


@limited("join", count=60, seconds=600)
def join(request: HttpRequest) -> HttpResponse:
    """Type the number; the registers are asked at once."""
    form = UbnForm(
        request.POST or None, initial={"ubn": request.GET.get("ubn") or request.session.get(JOIN_KEY, "")}
    )
    if request.method == "POST" and form.is_valid():
        ubn = form.cleaned_data["ubn"]
        request.session[JOIN_KEY] = ubn
        if recent_check(ubn, at=now(), within=RELIES) is None:
            _ask(request, ubn)
        return redirect("organisations:join_found", ubn)
    return render(request, "organisations/join.html", {"form": form, "steps": STEPS})


@require_safe
def join_found(request: HttpRequest, ubn: str) -> HttpResponse:
    """What the registers know about the number; the person confirms and types nothing."""
    return render(request, "organisations/join_found.html", _found(request, ubn))


@require_safe
def join_check(request: HttpRequest, ubn: str) -> HttpResponse:
    """The changing part of the page: polled while the registers are asked, 286 ends it."""
    context = _found(request, ubn)
    page = render(request, "organisations/parts_found.html", context)
    return page if context["is_waiting"] else HttpResponseStopPolling(page.content)


@require_POST
@limited("join", count=60, seconds=600)
def join_again(request: HttpRequest, ubn: str) -> HttpResponse:
    """Ask the registers once more, after a 'no' or a long time."""
    _require_number(ubn)
    check = recent_check(ubn, at=now(), within=KEEPS)
    if check is not None and check.state == RegistryCheck.State.FAILED:
        ask_again(check, by=_person(request), at=now())
    elif check is None:
        _ask(request, ubn)
    return redirect("organisations:join_found", ubn)


@require_POST
@login_required
@limited("join_document", count=10, seconds=3600)
def join_document(request: HttpRequest, ubn: str) -> HttpResponse:
    """Bring a certificate when no register knows the number."""
    _require_number(ubn)
    form = DocumentForm(request.POST, request.FILES)
    check = recent_check(ubn, at=now(), within=KEEPS)
    if check is None or not form.is_valid():
        messages.error(request, _("還沒有收到檔案，請選擇登記證明再送一次。"))
        return redirect("organisations:join_found", ubn)
    try:
        document = keep_document(form.cleaned_data["document"], kind="registry", by=request.user, at=now())
        hand_in_document(check, document=document, by=request.user, at=now())
        messages.success(request, _("文件收到了。承辦人1個工作天內確認，結果會通知您。"))
    except Refused as no:
        messages.error(request, str(no))
    return redirect("organisations:join_found", ubn)


@login_required
@limited("join_prove", count=20, seconds=900)
def join_prove(request: HttpRequest, ubn: str) -> HttpResponse:
    """Choose how to prove authority; the phone's form stands on this page."""
    context = _found(request, ubn)
    if context["facts"] is None or context["is_stopped"]:
        return redirect("organisations:join_found", ubn)
    form = MobileProofForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            challenge = proofs.start_mobile_proof(ubn=ubn, user=request.user, at=now(), **form.cleaned_data)
            return redirect("organisations:join_code", challenge.pk)
        except Refused as no:
            form.add_error(_FIELDS.get(no.code), str(no))
    return render(request, "organisations/join_prove.html", context | {"form": form})


_FIELDS = {"national_id_wrong": "national_id", "phone_wrong": "phone"}


@login_required
def join_code(request: HttpRequest, challenge_id: int) -> HttpResponse:
    """Type the code that came to the phone."""
    challenge = _own_challenge(request, challenge_id, "join_mobile")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            proven = proofs.finish_mobile_proof(challenge, code=form.cleaned_data["code"], at=now())
            return _join(request, proven)
        except Refused as no:
            form.add_error("code", str(no))
    context = {"form": form, "challenge": challenge, "ubn": challenge.subject, "steps": STEPS}
    return render(request, "organisations/join_code.html", context | {"phone": challenge.facts["phone"][-3:]})


@require_POST
@login_required
def join_code_again(request: HttpRequest, challenge_id: int) -> HttpResponse:
    """Send another code."""
    challenge = _own_challenge(request, challenge_id, "join_mobile")
    try:
        proofs.send_code(challenge, at=now())
        messages.success(request, _("新的驗證碼寄出了，前一個不能再用。"))
    except Refused as no:
        messages.error(request, str(no))
    return redirect("organisations:join_code", challenge.pk)


@login_required
def join_card(request: HttpRequest, ubn: str) -> HttpResponse:
    """Sign a challenge with a certificate card: by script through the reader, or as an uploaded file."""
    context = _found(request, ubn)
    if context["facts"] is None or context["is_stopped"]:
        return redirect("organisations:join_found", ubn)
    form = CardAnswerForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        challenge = _own_challenge(request, request.POST.get("challenge_id", ""), "join_card")
        if challenge.subject != ubn:
            raise Http404
        try:
            return _join(request, proofs.finish_card_proof(challenge, _signature(form), at=now()))
        except Refused as no:
            form.add_error(None, str(no))
    try:
        challenge = proofs.start_card_proof(ubn=ubn, user=request.user, at=now())
    except Refused as no:
        messages.error(request, str(no))
        return redirect("organisations:join_prove", ubn)
    return render(
        request,
        "organisations/join_card.html",
        context | {"form": form, "challenge": challenge, "reader_url": settings.CARD_READER_PAGE_URL},
    )


@require_safe
@login_required
def join_challenge(request: HttpRequest, challenge_id: int) -> HttpResponse:
    """The challenge as a file, for signing by another program."""
    challenge = get_object_or_404(ProofChallenge, pk=challenge_id, user=request.user, used_at=None)
    response = HttpResponse(bytes.fromhex(challenge.challenge), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="challenge-{challenge.pk}.bin"'
    return response


@require_POST
@login_required
@limited("join_ask", count=10, seconds=3600)
def join_ask(request: HttpRequest, ubn: str) -> HttpResponse:
    """Ask the acceptors to be let in, without proof."""
    organisation = get_object_or_404(Organisation, ubn=ubn)
    try:
        ask_to_join(organisation=organisation, by=request.user, at=now())
        messages.success(request, _("已經請這家的簽署人讓您加入，同意後會通知您。"))
    except Refused as no:
        messages.error(request, str(no))
    return redirect("organisations:join_found", ubn)


@require_safe
@login_required
def join_done(request: HttpRequest, ubn: str) -> HttpResponse:
    """Joined: what the registers answered, and the way to the points."""
    context = _found(request, ubn)
    if context["membership"] is None:
        return redirect("organisations:join_found", ubn)
    return render(request, "organisations/join_done.html", context | {"is_done": True})


# ---- parts


def _found(request: HttpRequest, ubn: str) -> dict[str, Any]:
    _require_number(ubn)
    at = now()
    check = recent_check(ubn, at=at, within=KEEPS)
    facts = registry_facts(ubn)
    state = check.state if check else ""
    organisation = Organisation.objects.filter(ubn=ubn).first()
    members = Membership.objects.filter(organisation=organisation, ended_at=None) if organisation else None
    own = (
        members.filter(user=request.user).first()
        if members is not None and request.user.is_authenticated
        else None
    )
    return {
        "ubn": ubn,
        "facts": facts,
        "check": check,
        "rows": check_rows(check.reasons) if check else [],
        "is_waiting": state == RegistryCheck.State.WAITING,
        "is_late": state == RegistryCheck.State.WAITING and check is not None and check.tries > 0,
        "is_stopped": state == RegistryCheck.State.FAILED,
        "is_with_officer": state == RegistryCheck.State.OFFICER,
        "wants_document": state in (RegistryCheck.State.FAILED, RegistryCheck.State.OFFICER)
        and check is not None
        and check.document_id is None
        and not any(each["severity"] == "stop" for each in check.reasons),
        "document_form": DocumentForm(),
        "membership": own,
        "has_acceptor": members is not None and members.filter(role=Membership.Role.ACCEPTOR).exists(),
        "responsible": masked_name(facts.responsible_person) if facts else "",
        "steps": STEPS,
        "prove_url": reverse("organisations:join_prove", args=[ubn]),
    }


def masked_name(name: str) -> str:
    """A person's name as strangers may see it: 林○琴, 王○."""
    if len(name) < 2:
        return name
    return name[0] + "○" + name[2:] if len(name) < 4 else name[0] + "○" * (len(name) - 2) + name[-1]


def _require_number(ubn: str) -> None:
    if not is_valid_ubn(ubn):
        raise Http404


def _person(request: HttpRequest) -> Any:
    return request.user if request.user.is_authenticated else None


def _ask(request: HttpRequest, ubn: str) -> None:
    organisation = Organisation.objects.filter(ubn=ubn).first()
    ask_registry(
        ubn=ubn, purpose=RegistryCheck.Purpose.JOIN, by=_person(request), at=now(), organisation=organisation
    )


def _own_challenge(request: HttpRequest, challenge_id: Any, purpose: str) -> ProofChallenge:
    if not str(challenge_id).isdigit():
        raise Http404
    return get_object_or_404(ProofChallenge, pk=int(challenge_id), user=request.user, purpose=purpose)


def _signature(form: CardAnswerForm) -> bytes:
    upload = form.cleaned_data.get("signature")
    if upload:
        return bytes(upload.read(200_001))
    try:
        content = base64.b64decode(form.cleaned_data.get("cms") or "", validate=True)
    except binascii.Error:
        content = b""
    if not content:
        raise Refused(
            "no_signature",
            _("還沒有收到卡片的簽章。"),
            remedy=_("請把卡片放進讀卡機，再按一次「用卡片簽署」。"),
        )
    return content


def _join(request: HttpRequest, proven: Proven) -> HttpResponse:
    try:
        membership = join_organisation(proven=proven, by=request.user, at=now())
    except Refused as no:
        messages.error(request, str(no))
        return redirect("organisations:join_found", proven.ubn)
    request.session[ACTING_KEY] = membership.organisation_id
    request.session.pop(JOIN_KEY, None)
    messages.success(
        request, _("身分驗證完成，您現在可以代表%(name)s。") % {"name": membership.organisation.name}
    )
    return redirect("organisations:join_done", proven.ubn)
