"""Papers that people hand in."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Document(models.Model):
    """An uploaded file: what it is, who brought it, whether the scanner saw it. Its name on disk is ours, never theirs."""

    class Scan(models.TextChoices):
        WAITING = "waiting", _("等待掃描")
        CLEAN = "clean", _("掃描通過")
        HARMFUL = "harmful", _("有惡意內容")
        NOT_SCANNED = "none", _("沒有掃描")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, related_name="documents"
    )
    kind = models.CharField(max_length=30, help_text="registry, copay, evidence …")
    name = models.CharField(_("檔名"), max_length=120, help_text="as the person called it; only shown")
    stored_name = models.CharField(max_length=80)
    media_type = models.CharField(max_length=60)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    scan = models.CharField(max_length=8, choices=Scan, default=Scan.NOT_SCANNED)
    brought_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    brought_at = models.DateTimeField()
    kept_until = models.DateField(null=True)
