"""The demonstration clock."""

from __future__ import annotations

from datetime import timedelta

from django.db import models


class Clock(models.Model):
    """One row: how far the demonstration runs ahead of real time. Production refuses to move it."""

    ahead = models.DurationField(default=timedelta(0))
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="clock_is_one_row")]
