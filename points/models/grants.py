"""Applications, decisions that can be replayed, and the grants they lead to; subsidies known from anywhere."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from organisations.models.organisation import Organisation
from organisations.moves import MoveLog
from points.models.programmes import BudgetSource, SubProgramme, Zone, ZoneVersion


class Decision(models.Model):
    """One answer to "may this organisation have points in this zone?": the rules' version and the facts, so that it can be replayed."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="decisions")
    zone_version = models.ForeignKey(ZoneVersion, models.PROTECT, related_name="decisions")
    facts = models.JSONField()
    outcomes = models.JSONField(help_text='[{"condition", "passed", "facts", "clause"}]')
    is_eligible = models.BooleanField()
    made_at = models.DateTimeField()


class Application(models.Model):
    """A person asks, for an organisation, for points in a zone."""

    class State(models.TextChoices):
        CHECKING = "checking", _("查核中")
        GRANTED = "granted", _("已核發")
        REFUSED = "refused", _("未通過")
        WAITING = "waiting", _("候補中")

    MOVES = {
        "grant": (("checking", "waiting"), "granted"),
        "refuse": (("checking", "waiting"), "refused"),
        "queue": (("checking",), "waiting"),
    }

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="applications")
    zone = models.ForeignKey(Zone, models.PROTECT, related_name="applications")
    applied_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    applied_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.CHECKING)
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="+")
    declared_grants = models.JSONField(default=list, help_text="other grants the applicant declared")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "zone"],
                condition=models.Q(state__in=["checking", "waiting"]),
                name="one_application_open_per_zone",
            )
        ]


class ApplicationMove(MoveLog):
    """One change of state of an application."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="moves")


class Grant(models.Model):
    """Points given to an organisation in a zone out of one budget; the ledger account says what is left of them."""

    class State(models.TextChoices):
        LIVE = "live", _("可用")
        LAPSED = "lapsed", _("已收回")
        USED = "used", _("已用完")

    MOVES = {
        "lapse": (("live",), "lapsed"),
        "use_up": (("live",), "used"),
    }

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="grants")
    zone_version = models.ForeignKey(ZoneVersion, models.PROTECT, related_name="grants")
    decision = models.ForeignKey(Decision, models.PROTECT, null=True, related_name="grants")
    budget_source = models.ForeignKey(BudgetSource, models.PROTECT, related_name="grants")
    account_id = models.BigIntegerField(unique=True, help_text="ledger account; no foreign key by design")
    points = models.PositiveIntegerField()
    exclusion_group = models.CharField(max_length=30, blank=True)
    is_regrant = models.BooleanField(default=False, help_text="out of points that had come back")
    granted_at = models.DateTimeField()
    use_by_date = models.DateField(help_text="points not ordered by the end of this day lapse")
    state = models.CharField(max_length=8, choices=State, default=State.LIVE)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "exclusion_group"],
                condition=models.Q(state="live") & ~models.Q(exclusion_group=""),
                name="one_live_grant_per_exclusion_group",
            )
        ]
        indexes = [
            models.Index(fields=["use_by_date"], condition=models.Q(state="live"), name="grant_lapse_due")
        ]


class GrantMove(MoveLog):
    """One change of state of a grant."""

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="moves")


class SubsidyRecord(models.Model):
    """A subsidy of any programme, theirs or ours, by UBN. Ours are written by the ledger's own moves."""

    ubn = models.CharField(max_length=8, db_index=True)
    sub_programme = models.ForeignKey(SubProgramme, models.PROTECT, null=True, related_name="subsidies")
    programme_name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, help_text="small, large or guidance")
    cost_item = models.CharField(max_length=80, blank=True)
    amount_twd = models.PositiveIntegerField()
    approved_at = models.DateTimeField()
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    status = models.CharField(max_length=12, default="live")
    grant = models.OneToOneField(Grant, models.PROTECT, null=True, related_name="subsidy_record")
