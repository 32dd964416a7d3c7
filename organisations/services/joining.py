"""How people come to act for an organisation, and stop: proof, invitation, request, leaving."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from organisations.models.organisation import Organisation
from organisations.models.people import IdentityProof, Invitation, Membership, MembershipRequest
from organisations.models.registry import RegistryCheck
from organisations.reasons import reason
from organisations.refusals import Refused
from organisations.selectors.access import has_rank
from organisations.selectors.facts import RegistryFacts, registry_facts
from organisations.services.notices import tell
from organisations.services.outbox import publish
from organisations.services.proofs import Proven
from organisations.services.registry import ask_registry, recent_check

INVITATION_LASTS = timedelta(days=7)
Role = Membership.Role


# ---- by proof


def join_organisation(*, proven: Proven, by: Any, at: datetime) -> Membership:
    """Make `by` an acceptor of the proven number; the organisation is made from what the registers say.

    Two people with proof of the same number, even at the same instant, become acceptors of one organisation.
    Raises: Refused("not_known"), Refused("registry_stop").
    """
    facts = registry_facts(proven.ubn)
    check = recent_check(proven.ubn, at=at)
    _require_joinable(facts, check)
    assert facts is not None
    with transaction.atomic():
        organisation = _organisation(facts, at)
        membership = _make_acceptor(organisation, by, at)
        IdentityProof.objects.create(
            membership=membership,
            method=proven.method,
            evidence=proven.evidence,
            id_hash=proven.id_hash,
            id_last4=proven.id_last4,
            proven_at=at,
        )
        MembershipRequest.objects.filter(user=by, organisation=organisation, decided_at=None).update(
            decided_at=at, decided_by=by, is_granted=True
        )
        if check is None:
            ask_registry(
                ubn=proven.ubn, purpose=RegistryCheck.Purpose.JOIN, by=by, at=at, organisation=organisation
            )
        else:
            RegistryCheck.objects.filter(pk=check.pk, organisation=None).update(organisation=organisation)
            RegistryCheck.objects.filter(pk=check.pk, asked_by=None).update(asked_by=by)
        publish("organisation_joined", {"organisation": organisation.pk, "membership": membership.pk}, at=at)
    return membership


def _require_joinable(facts: RegistryFacts | None, check: RegistryCheck | None) -> None:
    if check is not None and check.state == RegistryCheck.State.FAILED:
        named = reason(check.reasons[0]["code"])
        raise Refused("registry_stop", named.sentence, remedy=named.remedy)
    if facts is None or not facts.name:
        raise Refused(
            "not_known",
            _("登記資料還查不到這個統一編號，所以還不能加入。您做的驗證不會重複計算。"),
            remedy=_("查證完成後請再驗證一次；查不到的話，上傳登記證明由承辦人確認。"),
        )


def _organisation(facts: RegistryFacts, at: datetime) -> Organisation:
    values: dict[str, Any] = {
        "name": facts.name[:200],
        "kind": facts.kind,
        "responsible_person": facts.responsible_person[:60],
        "address": facts.address[:300],
        "township_id": facts.township_code,
        "industry_id": facts.industry_division,
        "industry_name": facts.industry_name[:80],
        "capital_twd": facts.capital_twd,
        "setup_date": facts.setup_date,
        "head_office_ubn": facts.head_office_ubn,
        "tax_status": facts.status,
        "register_status": facts.register_status,
        "checked_at": at,
        "joined_at": at,
    }
    return Organisation.objects.get_or_create(ubn=facts.ubn, defaults=values)[0]


def _make_acceptor(organisation: Organisation, user: Any, at: datetime) -> Membership:
    membership, _made = Membership.objects.get_or_create(
        user=user,
        organisation=organisation,
        ended_at=None,
        defaults={"role": Role.ACCEPTOR, "started_at": at},
    )
    if membership.role != Role.ACCEPTOR:
        membership.role = Role.ACCEPTOR
        membership.save(update_fields=["role"])
    return membership


# ---- by request


def ask_to_join(*, organisation: Organisation, by: Any, at: datetime) -> MembershipRequest:
    """Ask the acceptors to be let in; asking twice is one request. Raises: Refused("already_member")."""
    if Membership.objects.filter(user=by, organisation=organisation, ended_at=None).exists():
        raise Refused("already_member", _("您已經是這家的成員。"), remedy=_("請從「我的店」進入。"))
    with transaction.atomic():
        request, made = MembershipRequest.objects.get_or_create(
            user=by, organisation=organisation, decided_at=None, defaults={"made_at": at}
        )
        if made:
            facts = {"who": str(by), "name": organisation.name}
            for each in organisation.memberships.filter(role=Role.ACCEPTOR, ended_at=None).select_related(
                "user"
            ):
                tell(each.user, "asked_to_join", facts=facts, path="/my/people/", at=at)
    return request


def decide_request(
    request: MembershipRequest, *, grants: bool, role: str, by: Any, at: datetime
) -> Membership | None:
    """An acceptor lets a person in as preparer or viewer, or not.

    Raises: Refused("not_acceptor"), Refused("role_needs_proof"), Refused("decided_already").
    """
    _require_acceptor(request.organisation, by)
    if grants:
        _require_given_role(role)
    with transaction.atomic():
        decided = MembershipRequest.objects.filter(pk=request.pk, decided_at=None).update(
            decided_at=at, decided_by=by, is_granted=grants
        )
        if not decided:
            raise Refused("decided_already", _("這個請求已經有人決定了。"), remedy=_("請重新整理頁面。"))
        path = "/my/" if grants else f"/my/join/{request.organisation.ubn}/"
        facts = {"name": request.organisation.name}
        tell(request.user, "let_in" if grants else "not_let_in", facts=facts, path=path, at=at)
        return _let_in(request.organisation, request.user, role, at) if grants else None


# ---- by invitation


def invite(
    *, organisation: Organisation, email: str, role: str, by: Any, at: datetime
) -> tuple[Invitation, str]:
    """Invite a colleague as preparer or viewer; returns the invitation and the key for its link, which is not kept.

    Raises: Refused("not_acceptor"), Refused("role_needs_proof").
    """
    _require_acceptor(organisation, by)
    _require_given_role(role)
    key = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.filter(
            organisation=organisation, email__iexact=email, used_at=None, withdrawn_at=None
        ).update(withdrawn_at=at)
        invitation = Invitation.objects.create(
            organisation=organisation,
            email=email,
            role=role,
            key_hash=_hash(key),
            made_by=by,
            made_at=at,
            expires_at=at + INVITATION_LASTS,
        )
    return invitation, key


def invitation_of(key: str, *, at: datetime) -> Invitation:
    """The open invitation behind a link. Raises: Refused("invitation_over")."""
    invitation = Invitation.objects.select_related("organisation").filter(key_hash=_hash(key)).first()
    if invitation is None or invitation.used_at or invitation.withdrawn_at or at > invitation.expires_at:
        raise Refused(
            "invitation_over",
            _("這個邀請已經用過、收回或超過7天。"),
            remedy=_("請邀請您的人再寄一次。"),
        )
    return invitation


def accept_invitation(key: str, *, by: Any, at: datetime) -> Membership:
    """The invited person comes in. Raises: Refused("invitation_over"), Refused("other_address")."""
    invitation = invitation_of(key, at=at)
    if invitation.email.lower() != (by.email or "").lower():
        raise Refused(
            "other_address",
            _("這個邀請是寄給%(email)s的，和您登入的帳號不同。") % {"email": invitation.email},
            remedy=_("請用收到邀請的電子郵件登入，或請對方改寄到您的信箱。"),
        )
    with transaction.atomic():
        used = Invitation.objects.filter(pk=invitation.pk, used_at=None, withdrawn_at=None)
        if not used.update(used_at=at, used_by=by):
            raise Refused("invitation_over", _("這個邀請已經用過。"), remedy=_("請從「我的店」進入。"))
        return _let_in(invitation.organisation, by, invitation.role, at)


def withdraw_invitation(invitation: Invitation, *, by: Any, at: datetime) -> None:
    """Take an open invitation back. Raises: Refused("not_acceptor")."""
    _require_acceptor(invitation.organisation, by)
    Invitation.objects.filter(pk=invitation.pk, used_at=None, withdrawn_at=None).update(withdrawn_at=at)


# ---- leaving


def leave(membership: Membership, *, by: Any, at: datetime) -> None:
    """End a membership: one's own, or a colleague's by an acceptor. The last acceptor stays while others are there.

    Raises: Refused("not_acceptor"), Refused("last_acceptor").
    """
    if membership.user_id != by.pk:
        _require_acceptor(membership.organisation, by)
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=membership.organisation_id)
        others = Membership.objects.filter(organisation_id=membership.organisation_id, ended_at=None).exclude(
            pk=membership.pk
        )
        if (
            membership.role == Role.ACCEPTOR
            and others.exists()
            and not others.filter(role=Role.ACCEPTOR).exists()
        ):
            raise Refused(
                "last_acceptor",
                _("您是唯一的簽署人，離開後就沒有人能簽約。"),
                remedy=_("請先讓另一位負責人或代表人驗證加入。"),
            )
        Membership.objects.filter(pk=membership.pk, ended_at=None).update(ended_at=at)
        publish("membership_ended", {"membership": membership.pk}, at=at)


# ---- small parts


def _let_in(organisation: Organisation, user: Any, role: str, at: datetime) -> Membership:
    """A member keeps the higher of two roles."""
    try:
        with transaction.atomic():
            return Membership.objects.create(user=user, organisation=organisation, role=role, started_at=at)
    except IntegrityError:
        own = Membership.objects.get(user=user, organisation=organisation, ended_at=None)
        if not has_rank(own, role):
            own.role = role
            own.save(update_fields=["role"])
        return own


def _require_acceptor(organisation: Organisation, user: Any) -> None:
    if not Membership.objects.filter(
        organisation=organisation, user=user, role=Role.ACCEPTOR, ended_at=None
    ).exists():
        raise Refused("not_acceptor", _("只有簽署人可以做這件事。"), remedy=_("請請店裡的簽署人處理。"))


def _require_given_role(role: str) -> None:
    if role not in (Role.PREPARER, Role.VIEWER):
        raise Refused(
            "role_needs_proof",
            _("簽署權不能轉讓，要本人證明身分。"),
            remedy=_("請對方自己用負責人手機或憑證加入。"),
        )


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
