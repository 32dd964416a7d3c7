"""Every component once, with made-up rows: the page that a new page is built from, and that axe and pictures are taken of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from organisations import drawings
from organisations.fields import AmountField, CheckCards, RadioCards, RocDateField, UbnField

MOMENT = datetime(2026, 11, 20, 1, 12, tzinfo=UTC)
WAYS = [("phone", _("負責人手機")), ("card", _("工商憑證"))]
DECISIONS = [("approve", _("通過28,000點")), ("return", _("退回補正"))]
NEEDS = [("till", _("結帳與發票")), ("stock", _("庫存與進貨"))]


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("店名"), help_text=_("招牌上的名字"), required=False)
    ubn = UbnField(help_text=_("8個數字，發票章上就有。"))
    county = forms.ChoiceField(label=_("縣市"), choices=[("tn", _("臺南市")), ("hl", _("花蓮縣"))])
    budget = AmountField(label=_("預算"), after=_("元"))
    start = RocDateField(label=_("開始日期"), help_text=_("合約從這一天算起。"))
    note = forms.CharField(label=_("說明"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    way = forms.ChoiceField(label=_("怎麼證明身分"), choices=WAYS, widget=forms.RadioSelect)
    decision = forms.ChoiceField(
        label=_("決定"),
        choices=DECISIONS,
        widget=RadioCards(notes={"approve": _("送財務核可"), "return": _("時鐘暫停，7天內補")}),
    )
    needs = forms.MultipleChoiceField(
        label=_("想先解決什麼"), choices=NEEDS, widget=CheckCards, required=False
    )
    paper = forms.FileField(label=_("證明文件"), help_text=_("PDF、JPG、PNG，10 MB以內。"), required=False)
    agree = forms.BooleanField(label=_("我已閱讀並同意條款"))


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """The style guide; `?errors=1` shows the form as it comes back."""
    given = {"ubn": "0459525", "start_0": "115", "start_1": "2", "start_2": "30", "budget": "三萬"}
    form = SampleForm(
        given if request.GET.get("errors") else None, initial={"start": date(2026, 11, 30), "way": "phone"}
    )
    return render(
        request, "portal/styleguide.html", {"form": form, "icons": drawings.icon_names(), **samples(request)}
    )


def samples(request: HttpRequest) -> dict[str, Any]:
    """Made-up rows for the components."""
    return {
        "checks": CHECKS,
        "knots": KNOTS,
        "funnel_rows": FUNNEL,
        "facts": [(_("名稱"), "阿滿豆花店"), (_("統一編號"), "04595252"), (_("所在地"), "臺南市東區")],
        "page": Paginator(range(260), 20).get_page(request.GET.get("page", 3)),
        "moment": MOMENT,
        "steps": [_("確認身分"), _("店家資料"), _("其他補助"), _("確認送出")],
        "tabs": [
            {"label": _("等我"), "url": "#", "count": 38, "current": True},
            {"label": _("補正中"), "url": "#", "count": 11},
        ],
        "zone": {
            "name": _("偏鄉專區"),
            "who": _("設在偏鄉的店家"),
            "rate_bp": 8000,
            "cap_points": 30000,
            "url": "#",
        },
        "plans": PLANS,
        "offer": OFFER,
        "files": FILES,
        "todo": {
            "title": _("付自付額14,400元"),
            "text": "快手雲端收銀",
            "url": "#",
            "due": _("11月27日前"),
            "turn": True,
        },
        "values": [3, 4, 4, 6, 5, 8, 9],
        "dyes": ["月白", "縹", "碧", "藍", "靛", "紺"],
    }


CHECKS = [
    {
        "verdict": "pass",
        "name": _("企業規模"),
        "fact": _("資本額10萬元，未達1億元門檻。"),
        "source": _("商業登記"),
        "checked_at": MOMENT,
    },
    {
        "verdict": "stop",
        "name": _("稅籍停業中"),
        "fact": _("財政部資料顯示115/06/01起停業。"),
        "source": _("財政部停業名冊"),
        "checked_at": MOMENT,
        "remedy": _("先向國稅局辦理復業，可在線上辦，約3個工作天。"),
        "remedy_url": "#",
        "remedy_label": _("到財政部稅務入口網申請復業"),
    },
    {
        "verdict": "warn",
        "name": _("地址不一致"),
        "fact": _("稅籍與商業登記的地址不同。"),
        "remedy": _("確認哪一個是現在的地址。"),
    },
]
KNOTS = [
    {"state": "done", "who": "you", "title": _("簽約"), "text": _("圈存14,400點"), "when": _("11月13日")},
    {
        "state": "now",
        "who": "you",
        "title": _("付自付額"),
        "text": _("還有7天"),
        "when": _("11月27日前"),
        "url": "#",
        "url_label": _("付14,400元"),
    },
    {"state": "next", "who": "vendor", "title": _("開通"), "text": _("5個工作天內"), "when": _("之後")},
]
FUNNEL = [
    {"label": _("已編列"), "value": 300_000_000},
    {"label": _("已核發"), "value": 182_400_000, "kind": "bar-2"},
    {"label": _("已撥款"), "value": 74_100_000, "kind": "bar-pass"},
]
PLANS = [
    {"id": 1, "name": _("一台"), "price_twd": 14_400, "months": 12, "lines": [_("1台平板"), _("電話客服")]},
    {
        "id": 2,
        "name": _("兩台加廚房單"),
        "price_twd": 28_800,
        "months": 12,
        "lines": [_("2台平板"), _("到店教學")],
    },
]
OFFER = {
    "name": "快手雲端收銀 餐飲版",
    "url": "#",
    "summary": _("點餐、結帳、開發票、日結，一台平板搞定。"),
    "vendor_name": "禾田資訊股份有限公司",
    "tags": [_("雲端收銀"), _("電子發票")],
    "why": _("與您的行業相同的店最常續用"),
    "stars": 4.6,
    "ratings": 412,
    "price_twd": 28_800,
    "points": 14_400,
    "copay_twd": 14_400,
    "months": 12,
}
FILES = [
    {"name": "商業登記抄本.pdf", "size_words": "812 KB", "state": "clean", "url": "#"},
    {
        "name": "老店門口招牌.heic",
        "size_words": "4 MB",
        "state": "refused",
        "note": _("請改傳PDF、JPG或PNG，10 MB以內。"),
    },
]
