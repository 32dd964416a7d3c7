"""Who sells."""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from organisations.models.organisation import Organisation


class Vendor(models.Model):
    """An organisation that may sell. Its facts (name, capital, address) are the organisation's own."""

    class State(models.TextChoices):
        APPLYING = "applying", _("申請中")
        ACTIVE = "active", _("合格")
        SUSPENDED = "suspended", _("停權")
        ENDED = "ended", _("已退場")

    organisation = models.OneToOneField(Organisation, models.PROTECT, related_name="vendor")
    code = models.CharField(max_length=10, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.APPLYING)
    name_en = models.CharField(max_length=160)
    intro_zh = models.TextField(blank=True)
    intro_en = models.TextField(blank=True)
    support_hours_zh = models.CharField(max_length=120, blank=True)
    support_hours_en = models.CharField(max_length=120, blank=True)
    website = models.URLField(blank=True)
    is_startup = models.BooleanField(default=False)
    passed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name_en if (get_language() or "").startswith("en") else self.organisation.name
