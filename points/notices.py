"""What mails about points say. Words only; `services.notices` writes and sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organisations.languages import in_english
from organisations.roc import roc_date

NOTICES: dict[str, tuple[str | Promise, str | Promise]] = {
    "granted": (
        gettext_lazy("核發%(points)s點給%(name)s"),
        gettext_lazy("申請通過了。%(points)s點已核發給%(name)s，請在%(use_by)s前下單；沒下單的點數會收回。"),
    ),
    "refused": (
        gettext_lazy("%(name)s的點數申請沒有通過"),
        gettext_lazy("這次的申請沒有通過。點數頁逐條寫出原因與怎麼辦；處理好可以再申請。"),
    ),
    "queued": (
        gettext_lazy("%(name)s的點數申請候補中"),
        gettext_lazy("資格符合，但預算目前用完。有點數回到預算時，依申請先後核發，不用再申請。"),
    ),
    "lapse_warning": (
        gettext_lazy("還有%(days)s天：%(points)s點要在%(use_by)s前下單"),
        gettext_lazy(
            "%(name)s還有%(points)s點沒有下單，%(use_by)s是最後一天。過了這天會收回預算，之後可以再申請。"
        ),
    ),
    "lapsed": (
        gettext_lazy("%(name)s有%(points)s點收回"),
        gettext_lazy("%(points)s點沒有在%(use_by)s前下單，已收回預算。還需要的話，可以再申請。"),
    ),
}


def mail_of(kind: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and text in the active language; the day is written as its readers write it."""
    subject, text = NOTICES[kind]
    words = dict(facts) | {"points": f"{facts.get('points', 0):,}", "use_by": _day(facts.get("use_by", ""))}
    link = f"{settings.PUBLIC_ORIGIN}{reverse('points:my_points')}"
    return str(subject) % words, f"{str(text) % words}\n\n{_('點數頁：')}{link}\n"


def _day(text: str) -> str:
    day = parse_date(text) if text else None
    return "" if day is None else text if in_english() else roc_date(day)
