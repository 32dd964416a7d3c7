"""Who acts for an organisation: members, invitations, requests; and for which one I act now."""

from __future__ import annotations

import smtplib

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from organisations.clock import now
from organisations.forms import InvitationForm
from organisations.models.people import Invitation, Membership, MembershipRequest
from organisations.refusals import Refused
from organisations.selectors.access import memberships_of
from organisations.services import joining
from organisations.views.access import ACTING_KEY, member_required
from organisations.views.limits import limited
from outside.http import OutsideAnswerBroken, OutsideDown


@member_required()
@limited("invite", count=20, seconds=3600)
def people(request: HttpRequest) -> HttpResponse:
    """Members, open invitations and requests; an acceptor invites here."""
    organisation, at = request.organisation, now()  # type: ignore[attr-defined]
    is_acceptor = request.membership.role == Membership.Role.ACCEPTOR  # type: ignore[attr-defined]
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invitation, key = joining.invite(
                organisation=organisation, by=request.user, at=at, **form.cleaned_data
            )
            _send(request, invitation, key)
            return redirect("organisations:people")
        except Refused as no:
            form.add_error(None, str(no))
    context = {
        "form": form,
        "is_acceptor": is_acceptor,
        "members": organisation.memberships.filter(ended_at=None)
        .select_related("user")
        .order_by("started_at"),
        "requests": organisation.membership_requests.filter(decided_at=None).select_related("user"),
        "invitations": organisation.invitations.filter(used_at=None, withdrawn_at=None, expires_at__gt=at),
    }
    return render(request, "organisations/people.html", context)


def _send(request: HttpRequest, invitation: Invitation, key: str) -> None:
    """The link goes by mail only; a mail server that is down is told, and the invitation can be repeated."""
    link = settings.PUBLIC_ORIGIN + reverse("organisations:invitation", args=[key])
    name = invitation.organisation.name
    subject = _("%(name)s邀請您一起使用雲市集") % {"name": name}
    text = _("%(who)s邀請您加入%(name)s，身分是「%(role)s」。7天內從這裡加入：\n%(link)s") % {
        "who": request.user,
        "name": name,
        "role": invitation.get_role_display(),
        "link": link,
    }
    try:
        send_mail(subject, text, None, [invitation.email])
    except (smtplib.SMTPException, OSError, OutsideDown, OutsideAnswerBroken):
        messages.error(request, _("邀請已建立，但信寄不出去。請過幾分鐘再邀請一次，前一個會自動失效。"))
    else:
        messages.success(request, _("邀請信已寄到%(email)s，7天內有效。") % {"email": invitation.email})


@login_required
def invitation(request: HttpRequest, key: str) -> HttpResponse:
    """The page behind the link in the mail."""
    try:
        found = joining.invitation_of(key, at=now())
        if request.method == "POST":
            membership = joining.accept_invitation(key, by=request.user, at=now())
            request.session[ACTING_KEY] = membership.organisation_id
            messages.success(request, _("您已加入%(name)s。") % {"name": membership.organisation.name})
            return redirect("/my/")
    except Refused as no:
        return render(request, "organisations/invitation_over.html", {"refused": no}, status=410)
    return render(request, "organisations/invitation.html", {"invitation": found})


@require_POST
@member_required(Membership.Role.ACCEPTOR)
def withdraw_invitation(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    found = get_object_or_404(Invitation, pk=invitation_id, organisation=request.organisation)  # type: ignore[attr-defined]
    joining.withdraw_invitation(found, by=request.user, at=now())
    messages.success(request, _("邀請收回了，信裡的連結不能再用。"))
    return redirect("organisations:people")


@require_POST
@member_required(Membership.Role.ACCEPTOR)
def decide_request(request: HttpRequest, request_id: int) -> HttpResponse:
    """Let somebody in, or not."""
    asked = get_object_or_404(MembershipRequest, pk=request_id, organisation=request.organisation)  # type: ignore[attr-defined]
    grants = request.POST.get("decision") == "grant"
    role = request.POST.get("role", Membership.Role.PREPARER)
    try:
        joining.decide_request(asked, grants=grants, role=role, by=request.user, at=now())
        messages.success(request, _("已加入成員。") if grants else _("已婉拒，沒有加入。"))
    except Refused as no:
        messages.error(request, str(no))
    return redirect("organisations:people")


@require_POST
@member_required()
def leave(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Leave, or let a colleague go."""
    own = get_object_or_404(Membership, pk=membership_id, organisation=request.organisation, ended_at=None)  # type: ignore[attr-defined]
    try:
        joining.leave(own, by=request.user, at=now())
    except Refused as no:
        messages.error(request, str(no))
        return redirect("organisations:people")
    messages.success(request, _("成員已移除，以前做過的紀錄都保留。"))
    return redirect("/my/" if own.user_id == request.user.pk else "organisations:people")


@require_POST
@login_required
def acting(request: HttpRequest) -> HttpResponse:
    """For which of my organisations I act from now on."""
    chosen = request.POST.get("organisation", "")
    own = next((each for each in memberships_of(request.user) if str(each.organisation_id) == chosen), None)
    if own is None:
        messages.error(request, _("您不是這家的成員，沒有切換。"))
    else:
        request.session[ACTING_KEY] = own.organisation_id
        messages.success(request, _("現在代表%(name)s。") % {"name": own.organisation.name})
    there = request.POST.get("next", "")
    is_safe = url_has_allowed_host_and_scheme(
        there, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(there if there and is_safe else _desk_of(own))


def _desk_of(membership: Membership | None) -> str:
    return "/vendor/" if membership is not None and hasattr(membership.organisation, "vendor") else "/my/"
