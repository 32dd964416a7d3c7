"""Signing, for both sides: the paper, the choice of card or passkey, the ceremony."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace.models.orders import Order
from marketplace.selectors.claim_words import day_words
from marketplace.services.contracts import renew_contract
from marketplace.services.orders import accept_order, sign_order
from marketplace.services.signing import GivenSignature, card_signature, passkey_signature, start_signing
from marketplace.tasks.orders import seal_contract
from marketplace.views.orders import own_order
from marketplace.views.vendor_orders import own_sale
from organisations.clock import now
from organisations.models.people import Membership, ProofChallenge, ProofMethod
from organisations.refusals import Refused
from organisations.views.access import member_required

Role = Membership.Role


@require_http_methods(["GET", "POST"])
@reauthentication_required
@member_required(Role.ACCEPTOR)
def buyer_signs(request: HttpRequest, number: str) -> HttpResponse:
    """The buyer's acceptor signs the draft; points are held."""
    order = own_order(request, number)
    return _ceremony(request, order, Order.State.DRAFT, "marketplace:my_order", _buyer_signed)


@require_http_methods(["GET", "POST"])
@reauthentication_required
@member_required(Role.ACCEPTOR)
def vendor_signs(request: HttpRequest, number: str) -> HttpResponse:
    """The vendor's acceptor signs: the order is accepted."""
    order = own_sale(request, number)
    return _ceremony(request, order, Order.State.SIGNED, "marketplace:vendor_order", _vendor_signed)


def _buyer_signed(request: HttpRequest, order: Order, signature: GivenSignature) -> None:
    sign_order(order, signature=signature, by=request.user, at=now())
    said = _("簽好了。業者要在%(day)s前回覆；沒回覆，點數自動退回。")
    messages.success(request, said % {"day": day_words(order.answer_by_date)})  # type: ignore[arg-type]


def _vendor_signed(request: HttpRequest, order: Order, signature: GivenSignature) -> None:
    accept_order(order, signature=signature, by=request.user, at=now())
    seal_contract.apply_async_on_commit(kwargs={"order_id": order.pk}, queue="interactive")
    paid_first = _("已接單，雙方都簽了。請等企業付自付額，再開通。")
    messages.success(request, paid_first if order.copay_twd else _("已接單，雙方都簽了。請開通。"))


def _ceremony(request: HttpRequest, order: Order, state: str, back: str, signed: Any) -> HttpResponse:
    if order.state != state:
        messages.info(request, _("這筆訂單現在不用簽署。"))
        return redirect(back, order.number)
    if state == Order.State.DRAFT:
        renew_contract(order, at=now())
        order = own_order(request, order.number)
    if request.method == "POST" and request.POST.get("challenge"):
        try:
            signed(request, order, _signature(request, order))
            return redirect(back, order.number)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect(request.path)
    return render(request, "marketplace/order_sign.html", _page(request, order, back))


def _page(request: HttpRequest, order: Order, back: str) -> dict[str, Any]:
    method = request.POST.get("method", "")
    context: dict[str, Any] = {
        "order": order,
        "back": back,
        "method": method,
        "has_passkey": _passkeys(request).exists(),
    }
    if request.method == "POST" and method in ("card", "passkey"):
        kind = ProofMethod.PASSKEY if method == "passkey" else ProofMethod.BUSINESS_CERTIFICATE
        challenge = start_signing(order.contract, user=request.user, method=kind, at=now())
        context |= {
            "challenge": challenge,
            "challenge_base64": base64.urlsafe_b64encode(bytes.fromhex(challenge.challenge))
            .rstrip(b"=")
            .decode(),
            "card_reader_url": settings.CARD_READER_PAGE_URL,
            "ubn": request.organisation.ubn,  # type: ignore[attr-defined]
            "credentials": [_credential(each) for each in _passkeys(request)],
        }
    return context


def _passkeys(request: HttpRequest) -> Any:
    return Authenticator.objects.filter(user=request.user.pk, type=Authenticator.Type.WEBAUTHN)


def _credential(authenticator: Authenticator) -> str:
    raw = authenticator.wrap().authenticator_data.credential_data.credential_id
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signature(request: HttpRequest, order: Order) -> GivenSignature:
    text = request.POST.get("challenge", "")
    challenge = ProofChallenge.objects.filter(
        pk=text if text.isdecimal() else 0, user=request.user.pk
    ).first()
    if challenge is None:
        raise Refused("no_such_challenge", _("這次簽署已經失效。"), remedy=_("請再按一次「簽署」。"))
    if challenge.method == ProofMethod.PASSKEY:
        answer = request.POST.get("passkey", "")
        return passkey_signature(challenge, answer, contract=order.contract, user=request.user, at=now())
    organisation = request.organisation  # type: ignore[attr-defined]
    return card_signature(
        challenge, _cms(request), contract=order.contract, organisation=organisation, at=now()
    )


def _cms(request: HttpRequest) -> bytes:
    upload = request.FILES.get("p7s")
    if upload is not None and upload.size and upload.size < 100_000:
        return bytes(upload.read())
    try:
        return base64.b64decode(request.POST.get("cms", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(
            "signature_missing", _("沒有收到卡片的簽章。"), remedy=_("請確認卡片插好，再按一次。")
        ) from error
