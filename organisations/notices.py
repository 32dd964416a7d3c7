"""What this app tells people by mail: kind → subject and text, filled with the notice's facts."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NOTICES: dict[str, tuple[Promise, Promise]] = {
    "check_passed": (
        _("統一編號%(ubn)s的登記查證通過"),
        _("登記查證通過了，請從這裡繼續加入：\n%(link)s"),
    ),
    "check_failed": (
        _("統一編號%(ubn)s的登記查證沒有通過"),
        _("原因和您可以怎麼做，都寫在這裡：\n%(link)s"),
    ),
    "check_officer": (
        _("統一編號%(ubn)s的登記由承辦人確認"),
        _("政府資料一直連不上，已轉給承辦人，1個工作天內確認。上傳登記證明會更快：\n%(link)s"),
    ),
    "asked_to_join": (
        _("%(who)s想加入%(name)s"),
        _("%(who)s請您讓他加入%(name)s。認識的人才同意：\n%(link)s"),
    ),
    "let_in": (
        _("您已加入%(name)s"),
        _("%(name)s的簽署人同意您加入，從這裡開始：\n%(link)s"),
    ),
    "not_let_in": (
        _("%(name)s沒有同意您加入"),
        _("您也能代表%(name)s的話，可以自己證明身分加入：\n%(link)s"),
    ),
}
