"""Mails that people are owed."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Notice(models.Model):
    """A mail to a person: written together with what it tells, sent by a worker, tried again until it is sent."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, help_text="a key of organisations.notices.NOTICES")
    facts = models.JSONField(default=dict)
    path = models.CharField(max_length=200, help_text="the page it is about, without language")
    made_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=models.Q(sent_at=None), name="organisation_notice_due"
            )
        ]
