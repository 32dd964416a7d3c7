"""What buyers and vendors type around orders."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.services.ratings import EFFECTS
from organisations.fields import AmountField, RadioCards

LONGEST_TEXT = 1_000
EFFECT_LABELS = {
    "cost": _("成本有沒有變少？"),
    "revenue": _("營收有沒有變多？"),
    "input": _("少花了時間或人力嗎？"),
    "product": _("商品或服務有沒有變好？"),
    "staff": _("員工做起來有沒有比較順？"),
}
DEGREES = [(0, _("沒有")), (1, _("一點點")), (2, _("有一些")), (3, _("明顯")), (4, _("非常明顯"))]
STARS = [
    (5, _("5分，很滿意")),
    (4, _("4分，滿意")),
    (3, _("3分，普通")),
    (2, _("2分，不太好")),
    (1, _("1分，很不好")),
]


class OrderForm(forms.Form):
    """How many points for this plan; the rest is own money."""

    points = AmountField(
        before="",
        after=_("點"),
        label=_("用多少點數"),
        min_value=0,
        error_messages={"required": _("請填要用的點數；不用就填0。"), "min_value": _("點數不能小於0。")},
    )
    form_token = forms.CharField(widget=forms.HiddenInput, max_length=36, required=False)

    def __init__(self, *args: Any, most_points: int, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"points": most_points, "form_token": str(uuid.uuid4())})
        super().__init__(*args, **kwargs)
        self.fields["points"].help_text = _("最多%(most)s點，其餘自付。") % {"most": f"{most_points:,}"}


class ReasonForm(forms.Form):
    """One sentence that the other side reads."""

    reason = forms.CharField(
        label=_("理由"),
        help_text=_("對方看得到。"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("請寫一句理由，對方會看到。")},
    )


class CopayForm(forms.Form):
    """The receipt for the buyer's own share."""

    reference = forms.CharField(
        label=_("收據或匯款號碼"),
        help_text=_("例如匯款末五碼、收據編號。"),
        max_length=60,
        error_messages={"required": _("請填收據或匯款的號碼。")},
    )


class ActivationForm(forms.Form):
    """Where the service is, and what to do first."""

    url = forms.URLField(
        label=_("使用網址"),
        help_text=_("企業登入的網址，https開頭。"),
        assume_scheme="https",
        error_messages={
            "required": _("請填企業登入的網址。"),
            "invalid": _("網址不對，例如https://shop.example/login。"),
        },
    )
    note = forms.CharField(
        label=_("開通說明"),
        help_text=_("第一次怎麼登入、教學時間、聯絡人。不要寫密碼。"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class RatingForm(forms.Form):
    """Stars, words and the five effects."""

    stars = forms.TypedChoiceField(
        label=_("整體"),
        choices=STARS,
        coerce=int,
        widget=RadioCards,
        error_messages={"required": _("請選一個分數。")},
    )
    text = forms.CharField(
        label=_("說給別的店家聽"),
        help_text=_("好的、不好的都可以。請不要寫客人的個資。"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    still_used = forms.BooleanField(label=_("現在還在用"), required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in EFFECTS:
            self.fields[f"effect_{name}"] = forms.TypedChoiceField(
                label=EFFECT_LABELS[name],
                choices=DEGREES,
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={"required": _("這一題也要回答。")},
            )

    @property
    def effects(self) -> dict[str, int]:
        """The five answers by class of effect."""
        return {name: self.cleaned_data[f"effect_{name}"] for name in EFFECTS}
