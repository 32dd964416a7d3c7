"""What government registers say about a number, and every time we asked."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from organisations.models.places import Township


class RegistryImport(models.Model):
    """One reading of the tax-registration open data (BGMOPEN1): which file, what came of it."""

    file_name = models.CharField(max_length=200)
    data_date = models.DateField(null=True, help_text="the date in the file's second row")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    rows_read = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_gone = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    refused_sample = models.JSONField(default=list, help_text="first refused lines: number and why")


class RegistryRecord(models.Model):
    """A business as the tax register's open data shows it; 1.7 million rows, written only by the import."""

    class Status(models.TextChoices):
        OPERATING = "operating", _("營業中")
        SUSPENDED = "suspended", _("停業中")
        CLOSED = "closed", _("已歇業")

    ubn = models.CharField(max_length=8, primary_key=True)
    name = models.CharField(max_length=200)
    address = models.CharField(max_length=300)
    head_office_ubn = models.CharField(max_length=8, blank=True)
    capital_twd = models.BigIntegerField(default=0)
    setup_date = models.DateField(null=True)
    organisation_kind = models.CharField(max_length=40, help_text="組織別名稱 as printed")
    uses_invoice = models.BooleanField(default=False)
    industry_code = models.CharField(max_length=6, help_text="tax trade code, first two digits follow the division")
    industry_name = models.CharField(max_length=80)
    other_industries = models.JSONField(default=list, help_text="up to three [code, name]")
    township = models.ForeignKey(Township, models.PROTECT, null=True, related_name="+", db_index=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPERATING)
    row_hash = models.BigIntegerField(help_text="64-bit hash of the row as it came, for change detection")
    data_date = models.DateField(null=True)


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

    class Meta:
        indexes = [
            models.Index(fields=["next_try_at"], condition=models.Q(state="waiting"), name="registry_check_due"),
        ]


class GcisStatus(models.Model):
    """A company-register status code; only 01 counts as active. Source: 商工登記公示資料 status table (33 codes)."""

    code = models.CharField(max_length=2, primary_key=True)
    description = models.CharField(max_length=60)
    is_active = models.BooleanField()
