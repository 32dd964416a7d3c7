"""What mails about orders say: by what happened and to which side. Words only; `services.notices` writes and sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.models.notices import Notice
from marketplace.models.orders import Order
from marketplace.selectors.claim_words import day_words
from marketplace.selectors.orders import why

PAGES = {"buyer": "marketplace:my_order", "vendor": "marketplace:vendor_order"}


@dataclass(frozen=True)
class Words:
    """Subject and text; `%(buyer)s`, `%(product)s`, `%(points)s`, days and reasons are filled in."""

    subject: str | Promise
    text: str | Promise


NOTICES: dict[str, dict[str, Words]] = {
    "signed": {
        "vendor": Words(
            gettext_lazy("新訂單：%(buyer)s，請在%(answer_by)s前回覆"),
            gettext_lazy(
                "%(buyer)s簽了「%(product)s」的合約。請在%(answer_by)s前接單或寫明理由拒絕；沒回覆視為拒絕。"
            ),
        ),
        "buyer": Words(
            gettext_lazy("您簽了合約：%(product)s"),
            gettext_lazy(
                "「%(product)s」的合約已簽，圈存%(points)s點。業者要在%(answer_by)s前回覆。不是您簽的？請到訂單頁按「這筆不是我下的」。"
            ),
        ),
    },
    "accepted": {
        "buyer": Words(
            gettext_lazy("業者接單了：%(product)s"),
            gettext_lazy("雙方都簽了「%(product)s」的合約。下一步：%(next)s"),
        )
    },
    "refused": {
        "buyer": Words(
            gettext_lazy("業者沒有接單：%(product)s"),
            gettext_lazy("業者寫的理由：%(reason)s\n圈存的點數已退回，可以選別的方案。"),
        )
    },
    "withdrawn": {
        "vendor": Words(
            gettext_lazy("企業取消訂單：%(buyer)s"),
            gettext_lazy("%(buyer)s取消了「%(product)s」的訂單。%(reason)s"),
        )
    },
    "expired": {
        "buyer": Words(
            gettext_lazy("訂單逾期取消：%(product)s"),
            gettext_lazy("%(reason)s圈存的點數已退回，可以重新下單。"),
        ),
        "vendor": Words(
            gettext_lazy("訂單逾期取消：%(buyer)s"), gettext_lazy("「%(product)s」的訂單已結束。%(reason)s")
        ),
    },
    "copay": {
        "buyer": Words(
            gettext_lazy("業者收到自付額：%(product)s"),
            gettext_lazy(
                "業者登記收到「%(product)s」的自付額，接著會開通。您沒有付過？請到訂單頁按「這筆不是我下的」。"
            ),
        )
    },
    "activated": {
        "buyer": Words(
            gettext_lazy("已開通，請試用：%(product)s"),
            gettext_lazy(
                "業者開通了「%(product)s」。能用，請在%(confirm_by)s前驗收；還不能用，請在訂單頁告訴業者。"
            ),
        )
    },
    "objected": {
        "vendor": Words(
            gettext_lazy("企業說還不能用：%(buyer)s"),
            gettext_lazy("%(reason)s\n請在%(activate_by)s前改善，再請企業驗收。"),
        )
    },
    "confirmed": {
        "buyer": Words(
            gettext_lazy("您驗收了：%(product)s"),
            gettext_lazy(
                "「%(product)s」已驗收，扣抵%(points)s點。用一陣子後，請回來評分。不是您按的？請到訂單頁按「這筆不是我下的」。"
            ),
        ),
        "vendor": Words(
            gettext_lazy("企業驗收了：%(buyer)s"),
            gettext_lazy(
                "「%(product)s」已驗收。請每天回報使用量；%(claimable_from)s起、企業評分後可以請款。"
            ),
        ),
    },
    "frozen": {
        "buyer": Words(
            gettext_lazy("訂單已凍結：%(product)s"),
            gettext_lazy("這筆訂單不會扣點數，也不會付款。承辦人會跟您聯絡。"),
        ),
        "vendor": Words(
            gettext_lazy("訂單已凍結：%(buyer)s"),
            gettext_lazy("企業說沒有下這筆訂單。查明前不能請款，請等承辦人聯絡。"),
        ),
    },
    "idle": {
        "buyer": Words(
            gettext_lazy("%(days)s天沒有用了：%(product)s"),
            gettext_lazy(
                "「%(product)s」已經%(days)s天沒有使用紀錄。需要幫忙請找業者；整個月沒用，業者那部分點數不能請款。"
            ),
        ),
        "vendor": Words(
            gettext_lazy("%(days)s天沒有使用紀錄：%(buyer)s"),
            gettext_lazy(
                "請關心%(buyer)s用「%(product)s」有沒有困難。啟用後30天沒有使用，或整個月沒有使用，該部分點數不能請款。"
            ),
        ),
    },
}


def mail_of(notice: Notice) -> tuple[str, str]:
    """Subject and text of a notice in the language now in force."""
    order, words = notice.order, NOTICES[notice.kind][notice.side]
    move = order.moves.filter(pk=notice.key).first() if notice.key.isdigit() else None
    values = _values(order) | {"reason": why(move)} | notice.facts
    link = settings.PUBLIC_ORIGIN + reverse(PAGES[notice.side], args=[order.number])
    text = f"{words.text % values}\n\n{_('訂單')} {order.number}\n{link}\n"
    return str(words.subject % values).replace("\n", " "), text


def _values(order: Order) -> dict[str, Any]:
    return {
        "buyer": order.organisation.name,
        "product": order.version.name,
        "points": f"{order.points:,}",
        "answer_by": _day(order.answer_by_date),
        "activate_by": _day(order.activate_by_date),
        "confirm_by": _day(order.confirm_by_date),
        "claimable_from": _day(order.claimable_from),
        "next": _next(order),
    }


def _day(day: Any) -> str:
    return day_words(day) if day else ""


def _next(order: Order) -> str:
    if not order.copay_twd:
        return _("等業者開通。")
    values = {"copay": f"{order.copay_twd:,}", "day": _day(order.copay_due_date)}
    return _("請在%(day)s前把自付額%(copay)s元付給業者，否則點數退回、訂單終止。") % values
