"""Subsidy programmes, where their money comes from, and the zones in which points are granted."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _

from organisations.languages import localised
from organisations.models.people import Agency


class Programme(models.Model):
    """A subsidy programme, e.g. 雲市集 ROC 115."""

    code = models.SlugField(max_length=30, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=160)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="programmes")
    starts_on = models.DateField()
    ends_on = models.DateField()
    grants_frozen_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return localised(self, "name")


class SubProgramme(models.Model):
    """A sister programme of another ministry, whose grants count against double subsidy."""

    code = models.SlugField(max_length=30, unique=True)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="sub_programmes")
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=160)
    kind = models.CharField(max_length=10, help_text="small, large or guidance")
    audience = models.CharField(max_length=120, blank=True)


class BudgetSource(models.Model):
    """Money of one agency and ROC year; its ledger account says what is left."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="budget_sources")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="budget_sources")
    code = models.SlugField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=160)
    roc_year = models.PositiveSmallIntegerField()
    account_id = models.BigIntegerField(unique=True, help_text="ledger account; no foreign key by design")

    def __str__(self) -> str:
        return localised(self, "name")


class Zone(models.Model):
    """A hall (專區/館) of the programme; what it says is in its versions."""

    class Funding(models.TextChoices):
        OWN = "own", _("自有經費")
        LIST_ONLY = "list_only", _("只採用方案清單")
        SELF_PAID = "self_paid", _("全額自付")
        SHOWCASE = "showcase", _("展示")

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="zones")
    code = models.SlugField(max_length=30, unique=True)
    funding = models.CharField(max_length=10, choices=Funding)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]


class ZoneVersion(models.Model):
    """The rules of a zone for a time: typed parameters and a list of conditions. Approved by a second person, then never edited."""

    class State(models.TextChoices):
        DRAFT = "draft", _("草稿")
        TRIED = "tried", _("已試算")
        APPROVED = "approved", _("已核定")

    zone = models.ForeignKey(Zone, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    valid = DateTimeRangeField(help_text="from (inclusive) to (exclusive); open end = in force")
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=120)
    audience_zh = models.CharField(max_length=120, blank=True)
    audience_en = models.CharField(max_length=200, blank=True)
    text_zh = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    cap_points = models.PositiveIntegerField(default=30_000, help_text="most points per organisation")
    rate_bp = models.PositiveSmallIntegerField(default=5_000, help_text="points ≤ rate × price")
    budget_sources = models.ManyToManyField(BudgetSource, through="ZoneBudget")
    conditions = models.JSONField(
        default=list, help_text='[{"name": "kinds", "arguments": {…}, "clause": "R2-1"}]'
    )
    categories = models.JSONField(default=list, help_text="allowed category codes; empty = all")
    activate_by = models.CharField(
        max_length=20, default="end_of_month", help_text="end of the calendar month of signing"
    )
    use_by_months = models.PositiveSmallIntegerField(default=3, help_text="points not ordered by then lapse")
    default_activation_days = models.PositiveSmallIntegerField(
        default=14, help_text="after the vendor accepts"
    )
    answer_within_working_days = models.PositiveSmallIntegerField(
        default=5, help_text="vendor's answer to an order"
    )
    use_days_before_claim = models.PositiveSmallIntegerField(
        default=30, help_text="days of use before a claim"
    )
    service_months = models.PositiveSmallIntegerField(default=12)
    exclusion_group = models.CharField(
        max_length=30, blank=True, help_text="one live grant per organisation and group"
    )
    sampling_rate_bp = models.PositiveSmallIntegerField(
        default=500, help_text="automatic approvals looked at afterwards"
    )
    auto_claim_limit_points = models.PositiveIntegerField(
        default=0, help_text="0 = every claim goes to an officer"
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["zone", "number"], name="zone_version_number"),
            ExclusionConstraint(
                name="one_zone_version_in_force",
                expressions=[("zone", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)],
                condition=models.Q(state="approved"),
            ),
            models.CheckConstraint(
                condition=~models.Q(state="approved")
                | (models.Q(approved_at__isnull=False) & ~models.Q(approved_by=models.F("made_by"))),
                name="zone_version_needs_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return localised(self, "name")

    @property
    def gives_points(self) -> bool:
        """Whether points are granted in it."""
        return self.cap_points > 0 and self.rate_bp > 0


class ZoneBudget(models.Model):
    """Which budgets a zone version draws on, in order."""

    zone_version = models.ForeignKey(ZoneVersion, models.CASCADE, related_name="zone_budgets")
    budget_source = models.ForeignKey(BudgetSource, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["zone_version", "budget_source"], name="zone_budget_once")
        ]


class Regulation(models.Model):
    """A version of the rule book."""

    version = models.PositiveSmallIntegerField(unique=True)
    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=200)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)


class Clause(models.Model):
    """One clause, cited by its code (R2-4) from zones, decisions and answers."""

    regulation = models.ForeignKey(Regulation, models.PROTECT, related_name="clauses")
    code = models.CharField(max_length=12)
    position = models.PositiveSmallIntegerField()
    heading_zh = models.CharField(max_length=200, blank=True)
    heading_en = models.CharField(max_length=300, blank=True)
    text_zh = models.TextField()
    text_en = models.TextField()
    facts = models.JSONField(default=dict, help_text="figures, what it replaces, basis")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["regulation", "code"], name="clause_once_per_version")]
