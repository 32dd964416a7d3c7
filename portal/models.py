"""People who sign in, and what was delivered to them."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person with an account. Roles are rows elsewhere: `organisations.StaffRole` and `organisations.Membership`."""

    display_name = models.CharField(_("姓名"), max_length=60)
    language = models.CharField(_("語言"), max_length=7, default="zh-hant")

    class Meta:
        verbose_name = _("使用者")

    def __str__(self) -> str:
        return self.display_name or self.username
