"""Who is told what about an order: a row each, so that a mail goes out once and a lost one is seen."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from marketplace.models.orders import Order


class Notice(models.Model):
    """One mail to one person. Written with the change it tells of, sent after the commit."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=12, help_text="signed, accepted …; words in marketplace.notices")
    key = models.CharField(max_length=40, help_text="tells apart what may happen more than once")
    side = models.CharField(max_length=6, help_text="buyer or vendor")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    facts = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "kind", "key", "user"], name="notice_told_once")
        ]
        indexes = [models.Index(fields=["made_at"], condition=models.Q(sent_at=None), name="notice_not_sent")]
