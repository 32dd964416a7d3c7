"""Long work with progress, and news for apps above."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """Work a person waits for: progress, cancel, result file behind a personal, expiring link."""

    class State(models.TextChoices):
        WAITING = "waiting", _("排隊中")
        RUNNING = "running", _("進行中")
        DONE = "done", _("完成")
        FAILED = "failed", _("沒有完成")
        CANCELLED = "cancelled", _("已取消")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=60)
    arguments = models.JSONField(default=dict)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="jobs")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    sentence = models.CharField(max_length=200, blank=True)
    result_file = models.CharField(max_length=200, blank=True)
    result_name = models.CharField(max_length=120, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    cancel_asked = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)


class Outbox(models.Model):
    """One thing that happened, for apps above to read in order. Not read past the oldest running transaction."""

    topic = models.CharField(max_length=40)
    payload = models.JSONField()
    at = models.DateTimeField()
    transaction_id = models.BigIntegerField(
        db_default=models.expressions.RawSQL("(pg_current_xact_id()::text::bigint)", [])
    )

    class Meta:
        indexes = [models.Index(fields=["topic", "id"], name="outbox_topic")]
