"""The demonstration's own pages: people with one click, phone, inbox, card reader, bank, clock. Not installed in production."""

from __future__ import annotations

import base64
import json
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from organisations.refusals import Refused
from organisations.views.access import acting_membership
from outside import card_reader as reader
from outside import demonstration as twin
from outside.http import OutsideAnswerBroken, OutsideDown
from outside.sandbox.samples import samples
from portal.models import User
from portal.people import BY_KEY, CAST
from portal.services.clock import advance_clock

STEPS = {"day": 1, "week": 7, "month": 30}
MAILS_SHOWN = 50
CARD_KEY = "demo_card"
PIN = "123456"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Everybody who can be tried, and everything that plays the outside world."""
    return render(request, "portal/demo.html", {"cast": CAST, "samples": samples()})


@require_POST
def sign_in_as(request: HttpRequest) -> HttpResponse:
    """Sign in as one person of the cast; counts as a fresh sign-in with a second factor, here and nowhere else."""
    person = BY_KEY.get(request.POST.get("person", ""))
    user = User.objects.filter(email=person.email).first() if person else None
    if person is None or user is None:
        raise Http404
    logout(request)
    login(request, user, backend=BACKEND)
    record_authentication(request, user, method="mfa", type="demonstration")
    return redirect(_localised(request, person.starts_at))


@require_POST
def move_clock(request: HttpRequest) -> HttpResponse:
    """Advance the platform's clock by a day, a week or a month and run the nights in between."""
    try:
        advance_clock(days=STEPS.get(request.POST.get("by", ""), 0))
        messages.success(request, _("時間往前走了；每天夜裡的工作也都做完了。"))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(_back(request))


def phone(request: HttpRequest) -> HttpResponse:
    """The text messages that the platform has sent, newest first, and TW FidO pushes that wait for a thumb."""
    if request.method == "POST":
        twin.answer_push(request.POST.get("push", ""), approve=request.POST.get("answer") == "approve")
        return redirect("portal:demo_phone")
    number = request.GET.get("phone", "")
    return _played(
        request,
        "portal/demo_phone.html",
        lambda: {"texts": twin.texts(number), "pushes": twin.pushes(number), "phone": number},
    )


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The mails that the platform has sent, newest first."""
    return _played(
        request,
        "portal/demo_inbox.html",
        lambda: {"mails": twin.mails(request.GET.get("to", ""))[:MAILS_SHOWN]},
    )


def card_reader(request: HttpRequest) -> HttpResponse:
    """Choose which card lies in the reader."""
    if request.method == "POST":
        request.session[CARD_KEY] = request.POST.get("kind", "good")
        messages.success(request, _("卡片換好了。"))
        return redirect(_back(request))
    membership = acting_membership(request) if request.user.is_authenticated else None
    ubn = membership.organisation.ubn if membership else samples()[0].ubn
    chosen = request.session.get(CARD_KEY, "moeaca-good")
    return _played(
        request, "portal/demo_card_reader.html", lambda: {"cards": _slots(ubn), "chosen": chosen, "ubn": ubn}
    )


def _slots(ubn: str) -> list[dict[str, Any]]:
    """The cards of an organisation; a slot is a card's number without the organisation's."""
    return [{"slot": card.id.removesuffix(f"-{ubn}"), "card": card} for card in reader.cards(ubn)]


@require_POST
def sign_with_card(request: HttpRequest) -> JsonResponse:
    """What the browser asks of the reader: sign these bytes. Body: {"challenge": hex, "ubn": …}. Answer: {"cms": base64}."""
    try:
        asked = json.loads(request.body)
        challenge, ubn = bytes.fromhex(asked["challenge"]), str(asked["ubn"])
    except (ValueError, KeyError, TypeError):
        return JsonResponse({"error": _("讀卡機聽不懂這個要求。")}, status=400)
    card = f"{request.session.get(CARD_KEY, 'moeaca-good')}-{ubn}"
    try:
        signed = reader.sign(card, challenge, pin=PIN)
    except (OutsideDown, OutsideAnswerBroken, reader.CardRefused):
        return JsonResponse({"error": _("讀卡機沒有回應，請再試一次。")}, status=503)
    return JsonResponse({"cms": base64.b64encode(signed).decode()})


def bank(request: HttpRequest) -> HttpResponse:
    """What the bank has received, and which account it will refuse next."""
    if request.method == "POST":
        twin.plan_bank_failure(request.POST.get("account", ""))
        messages.success(request, _("下次匯到這個帳號會失敗一次。"))
        return redirect("portal:demo_bank")
    return _played(request, "portal/demo_bank.html", lambda: {"files": twin.bank_files()})


def _played(request: HttpRequest, template: str, ask: Any) -> HttpResponse:
    """A page about the sandbox; says so when the sandbox does not answer."""
    try:
        return render(request, template, ask())
    except (OutsideDown, OutsideAnswerBroken):
        messages.error(request, _("扮演外部機關的程式沒有回應。"))
        return render(request, template, status=503)


def _back(request: HttpRequest) -> str:
    there = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        there, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return there if safe else "/demo/"


def _localised(request: HttpRequest, address: str) -> str:
    return f"/en{address}" if getattr(request, "LANGUAGE_CODE", "").startswith("en") else address
