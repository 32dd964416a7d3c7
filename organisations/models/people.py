"""Who may act: for an organisation (membership, proven) and for an office (staff role, scoped)."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from organisations.languages import localised
from organisations.models.organisation import Organisation


class Agency(models.Model):
    """A ministry, administration or executing body."""

    code = models.SlugField(max_length=30, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=160)

    def __str__(self) -> str:
        return localised(self, "name")


class StaffRole(models.Model):
    """What a person may do in the office. `agency` narrows it where the role is an agency's."""

    class Role(models.TextChoices):
        REVIEWER = "reviewer", _("審查委員")
        OFFICER = "officer", _("承辦人")
        FINANCE = "finance", _("財務")
        PMO = "pmo", _("計畫辦公室")
        SUB_PROGRAMME = "sub_programme", _("次領域")
        DECISION_MAKER = "decision_maker", _("決策者")
        AUDITOR = "auditor", _("稽核")
        SUPPORT = "support", _("客服")
        ADMINISTRATOR = "administrator", _("系統管理")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="staff_roles")
    role = models.CharField(max_length=20, choices=Role)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="staff_roles")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "agency"],
                condition=models.Q(ended_at=None),
                name="staff_role_once",
                nulls_distinct=False,
            )
        ]


class Membership(models.Model):
    """A person acts for an organisation: prepares, signs (acceptor) or only views."""

    class Role(models.TextChoices):
        VIEWER = "viewer", _("檢視")
        PREPARER = "preparer", _("經辦")
        ACCEPTOR = "acceptor", _("有權簽署")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"], condition=models.Q(ended_at=None), name="membership_once"
            )
        ]


class Invitation(models.Model):
    """An acceptor asks a person to act for the organisation. The link goes by mail; only its hash is kept."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="invitations")
    email = models.EmailField(_("電子郵件"))
    role = models.CharField(max_length=10, choices=Membership.Role)
    key_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(role="acceptor"), name="invitation_never_gives_signing"
            )
        ]


class MembershipRequest(models.Model):
    """A person without proof asks the acceptors of an organisation to let them in."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="membership_requests")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="membership_requests")
    made_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    is_granted = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"],
                condition=models.Q(decided_at=None),
                name="membership_request_once",
            )
        ]


class ProofMethod(models.TextChoices):
    """How authority to act for an organisation can be proven."""

    BUSINESS_CERTIFICATE = "moeaca", _("工商憑證")
    ORGANISATION_CERTIFICATE = "xca", _("組織及團體憑證")
    CITIZEN_CERTIFICATE = "moica", _("負責人自然人憑證")
    FIDO = "fido", _("行動自然人憑證")
    MOBILE = "mobile", _("負責人手機驗證碼")
    PASSKEY = "passkey", _("通行密鑰")


class IdentityProof(models.Model):
    """That a person showed authority, by which method, with what evidence. National IDs only as salted hash + last four."""

    membership = models.ForeignKey(Membership, models.PROTECT, related_name="proofs")
    method = models.CharField(max_length=8, choices=ProofMethod)
    evidence = models.JSONField(default=dict)
    id_hash = models.CharField(max_length=64, blank=True)
    id_last4 = models.CharField(max_length=4, blank=True)
    proven_at = models.DateTimeField()


class ProofChallenge(models.Model):
    """A one-use challenge: a code to a phone or bytes to be signed by a card; good for 300 seconds, five wrong answers."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=20, help_text="join, sign …")
    subject = models.CharField(max_length=80, help_text="what it is for, e.g. the UBN or contract hash")
    method = models.CharField(max_length=8, choices=ProofMethod)
    challenge = models.CharField(
        max_length=200, help_text="hex nonce for cards, salted hash of the code for phones"
    )
    facts = models.JSONField(default=dict)
    wrong_answers = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class ApiKey(models.Model):
    """A key of an organisation (a vendor) for the API: shown once, stored as a hash, scoped, revocable."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="api_keys")
    label = models.CharField(_("用途"), max_length=60)
    prefix = models.CharField(max_length=8, unique=True)
    key_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=30), default=list)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
