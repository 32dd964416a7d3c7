"""What people are told about their points: a row with the change itself, sent after it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from organisations.models.organisation import Organisation


class PointsNotice(models.Model):
    """One mail to one person. `key` names the occasion, so that nobody is told twice."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="points_notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, help_text="a key of points.notices.NOTICES")
    key = models.CharField(max_length=60)
    facts = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind", "key"], name="points_notice_once")]
        indexes = [
            models.Index(fields=["made_at"], condition=models.Q(sent_at=None), name="points_notice_unsent")
        ]
