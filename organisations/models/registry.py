"""What government registers say about a number, and every time we asked."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from organisations.models.documents import Document
from organisations.models.places import Township
from organisations.moves import MoveLog, Moves


class RegistryImport(models.Model):
    """One reading of the tax-registration open data (BGMOPEN1): which file, what came of it."""

    class File(models.TextChoices):
        OPERATING = "operating", _("營業中（BGMOPEN1）")
        SUSPENDED = "suspended", _("停業中（BGMOPEN1X）")

    file_name = models.CharField(max_length=200)
    file_kind = models.CharField(max_length=10, choices=File, default=File.OPERATING)
    data_date = models.DateField(null=True, help_text="the date in the file's second row")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    rows_read = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_gone = models.PositiveIntegerField(default=0)
    rows_repeated = models.PositiveIntegerField(default=0, help_text="the same number once more")
    rows_skipped = models.PositiveIntegerField(default=0, help_text="empty rows and headers in the middle")
    rows_quarantined = models.PositiveIntegerField(default=0, help_text="the number's check digit is wrong")
    rows_refused = models.PositiveIntegerField(default=0)


class RefusedRow(models.Model):
    """A line of the open data that made no record, and why. Quarantined = readable, but the number cannot be right."""

    of_import = models.ForeignKey(RegistryImport, models.CASCADE, related_name="refused_rows")
    line_number = models.PositiveIntegerField(help_text="1 is the header")
    is_quarantined = models.BooleanField(default=False)
    why = models.CharField(max_length=40)
    detail = models.CharField(max_length=200, blank=True)
    raw = models.TextField(help_text="the line as it came, at most 2,000 characters")

    class Meta:
        ordering: ClassVar[list[str]] = ["line_number", "id"]


class RegistryRecord(models.Model):
    """A business as the tax register's open data shows it; 1.7 million rows, written only by the import."""

    class Status(models.TextChoices):
        OPERATING = "operating", _("營業中")
        SUSPENDED = "suspended", _("停業中")
        CLOSED = "closed", _("已歇業")
        GONE = "gone", _("已不在營業名單")

    ubn = models.CharField(max_length=8, primary_key=True)
    name = models.TextField()
    address = models.TextField(help_text="as printed, whole")
    head_office_ubn = models.CharField(max_length=8, blank=True)
    capital_twd = models.BigIntegerField(null=True, help_text="empty = unknown; the file prints 0 for many")
    setup_date = models.DateField(null=True)
    organisation_kind = models.TextField(help_text="組織別名稱 as printed")
    uses_invoice = models.BooleanField(null=True)
    industry_code = models.CharField(
        max_length=6, blank=True, help_text="tax trade code, first two digits follow the division"
    )
    industry_name = models.TextField()
    other_industries = models.JSONField(default=list, help_text="up to three [code, name]")
    # no constraint: the import takes codes from that very table, and 1.7 million checks cost more than the load
    township = models.ForeignKey(
        Township, models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.OPERATING)
    row_hash = models.BigIntegerField(help_text="64-bit hash of the row as it came, for change detection")
    oddities = ArrayField(
        models.CharField(max_length=30), default=list, help_text="what the import found strange"
    )
    suspended_date = models.DateField(null=True)
    data_date = models.DateField(null=True, help_text="date of the file in which the row last changed")

    class Meta:
        indexes = [
            models.Index(
                fields=["head_office_ubn"],
                condition=~models.Q(head_office_ubn=""),
                name="registry_record_branches",
            ),
        ]


class RegistryCheck(models.Model):
    """One check of a number against the registers: asked for, answered with named reasons, raw answers kept.

    The row is the message: the view writes it, a worker answers it, a sweep finds those that were missed.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("查詢中")
        PASSED = "passed", _("通過")
        FAILED = "failed", _("不符")
        OFFICER = "officer", _("由承辦人確認")

    class Purpose(models.TextChoices):
        JOIN = "join", _("加入")
        PAYMENT = "payment", _("撥款前")
        NIGHTLY = "nightly", _("每夜複查")

    ubn = models.CharField(max_length=8, db_index=True)
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, related_name="registry_checks"
    )
    purpose = models.CharField(max_length=10, choices=Purpose)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reasons = models.JSONField(default=list, help_text='[{"code", "severity", "facts", "source", "as_of"}]')
    answers = models.JSONField(default=dict, help_text="raw answers by source")
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, related_name="+", help_text="certificate for the officer"
    )

    MOVES: ClassVar[Moves] = {
        "answer_pass": ((State.WAITING,), State.PASSED),
        "answer_fail": ((State.WAITING,), State.FAILED),
        "hand_over": ((State.WAITING, State.FAILED), State.OFFICER),
        "officer_pass": ((State.OFFICER,), State.PASSED),
        "officer_fail": ((State.OFFICER,), State.FAILED),
        "ask_again": ((State.FAILED, State.OFFICER), State.WAITING),
    }

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=models.Q(state="waiting"), name="registry_check_due"
            ),
            models.Index(
                fields=["asked_at"], condition=models.Q(state="officer"), name="registry_check_officer"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "officer"]) | models.Q(answered_at__isnull=False),
                name="registry_check_answered_has_time",
            ),
        ]


class RegistryCheckMove(MoveLog):
    """One change of a check's state; the platform's own have no person."""

    row = models.ForeignKey(RegistryCheck, models.CASCADE, related_name="moves")


class RegistryChange(models.Model):
    """A fact of an organisation that a register now tells differently. Rules above read these rows."""

    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="registry_changes"
    )
    fact = models.CharField(max_length=30)
    before = models.CharField(max_length=300, blank=True)
    after = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=20)
    seen_at = models.DateTimeField()


class GcisStatus(models.Model):
    """A company-register status code; only 01 counts as active. Source: 商工登記公示資料 status table (33 codes)."""

    code = models.CharField(max_length=2, primary_key=True)
    description = models.CharField(max_length=60)
    is_active = models.BooleanField()
