"""What vendors, officers and finance type around claims."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.services.invoices import MOST_INVOICES, MOST_TWD, InvoiceDraft, read_number
from organisations.fields import AmountField, RadioCards, RocDateField, UbnField, plain
from organisations.refusals import Refused

LONGEST_TEXT = 2_000


class InvoiceForm(forms.Form):
    """One invoice; the boxes of the parties are filled in already."""

    number = forms.CharField(
        label=_("發票號碼"),
        max_length=30,
        help_text=_("2個英文字母加8位數字，例如AB-12345678"),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "class": "code"}
        ),
        error_messages={"required": _("請填發票號碼。"), "max_length": _("發票號碼只有10碼，您填的太長了。")},
    )
    issued_on = RocDateField(label=_("發票日期"))
    amount_twd = AmountField(
        label=_("金額（含稅）"), min_value=1, max_value=MOST_TWD,
        error_messages={"required": _("請填含稅金額。"), "max_value": _("金額太大，請再看一次。"), "min_value": _("金額要大於0。")},
    )  # fmt: skip
    tax_twd = AmountField(
        label=_("其中稅額"), max_value=MOST_TWD,
        error_messages={"required": _("請填稅額；免稅填0。"), "max_value": _("稅額太大，請再看一次。")},
    )  # fmt: skip
    seller_ubn = UbnField(label=_("賣方統一編號"))
    buyer_ubn = UbnField(label=_("買方統一編號"))

    def clean_number(self) -> str:
        """The number as it is kept."""
        try:
            return read_number(self.cleaned_data["number"])
        except Refused as refused:
            raise forms.ValidationError(str(refused)) from refused

    def clean(self) -> dict[str, Any]:
        """Tax is a part of the amount."""
        values = super().clean() or {}
        amount, tax = values.get("amount_twd"), values.get("tax_twd")
        if amount is not None and tax is not None and tax >= amount:
            self.add_error("tax_twd", _("稅額要比金額小。"))
        return values

    @property
    def draft(self) -> InvoiceDraft:
        """The invoice as the verbs take it."""
        return InvoiceDraft(**self.cleaned_data)


class InvoiceRows(forms.BaseFormSet):  # type: ignore[type-arg]
    """Up to ten invoices; rows left empty are skipped."""

    def __init__(self, *args: Any, seller_ubn: str, buyer_ubn: str, **kwargs: Any) -> None:
        self.parties = {"seller_ubn": seller_ubn, "buyer_ubn": buyer_ubn}
        super().__init__(*args, **kwargs)

    def initial_form_count(self) -> int:
        """None: a row that was filled in before may be emptied as well."""
        return 0 if self.is_bound else super().initial_form_count()

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        given = self.initial[i] if self.initial and i < len(self.initial) else {}
        return super()._construct_form(i, **kwargs | {"initial": {**self.parties, **given}})  # type: ignore[misc]

    def clean(self) -> None:
        """The same invoice twice on one page."""
        numbers = [
            form.cleaned_data.get("number") for form in self.forms if form.is_valid() and form.has_changed()
        ]
        twice = next((number for number in numbers if number and numbers.count(number) > 1), None)
        if twice:
            raise forms.ValidationError(_("發票%(number)s填了兩次。"), params={"number": twice}, code="twice")

    @property
    def drafts(self) -> list[InvoiceDraft]:
        """The invoices that were filled in."""
        return [form.draft for form in self.forms if form.has_changed()]


InvoiceFormSet: Any = forms.formset_factory(
    InvoiceForm,
    formset=InvoiceRows,
    extra=0,
    min_num=1,
    max_num=MOST_INVOICES,
    absolute_max=MOST_INVOICES,
    validate_min=True,
)


class AnswerForm(forms.Form):
    """What a vendor says when sending a returned claim again."""

    answer = forms.CharField(
        label=_("補正說明"),
        help_text=_("一兩句話：改了什麼、為什麼。承辦人會看到。"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("請用一兩句話說明改了什麼。")},
    )


class DecisionForm(forms.Form):
    """An officer's decision. `seen_move` is the newest event on the page that was read."""

    DECISIONS = (
        ("approve", pgettext_lazy("decision", "通過")),
        ("return", pgettext_lazy("decision", "退回補正")),
        ("partial", pgettext_lazy("decision", "部分通過")),
        ("reject", pgettext_lazy("decision", "退件")),
    )

    decision = forms.ChoiceField(
        label=_("決定"),
        choices=DECISIONS,
        widget=RadioCards(
            notes={
                "approve": _("全部點數，送財務"),
                "return": _("時鐘暫停，7天內補"),
                "partial": _("其餘列為不可請款"),
                "reject": _("結束這次請款，點數列為不可請款"),
            }
        ),
        error_messages={"required": _("請選一個決定。")},
    )
    points = AmountField(
        label=_("通過的點數"),
        before="",
        after=_("點"),
        required=False,
        help_text=_("只有部分通過才填"),
        max_value=MOST_TWD,
    )
    reason = forms.CharField(
        label=_("理由"),
        help_text=_("業者看得到。全部通過可以不寫。"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    note = forms.CharField(
        label=_("內部註記"), help_text=_("只有同事看得到"), required=False, max_length=LONGEST_TEXT
    )
    seen_move = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        """A part needs its figure, anything but a full approval its reason."""
        values = super().clean() or {}
        decision = values.get("decision")
        if decision == "partial" and not values.get("points"):
            self.add_error("points", _("請填要通過多少點。"))
        if decision in ("partial", "return", "reject") and not plain(values.get("reason") or ""):
            self.add_error("reason", _("請寫業者看得懂的理由：哪裡不對、怎麼補。"))
        return values


class ReasonForm(forms.Form):
    """Why a batch is taken apart."""

    reason = forms.CharField(
        label=_("取消的理由"), max_length=500, error_messages={"required": _("請寫為什麼取消這一批。")}
    )


class FindingForm(forms.Form):
    """What an officer found out about an order that its buyer froze."""

    reason = forms.CharField(
        label=_("查明的結果"),
        help_text=_("查到什麼、問過誰。留在訂單的經過裡。"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("請寫查到什麼、問過誰。")},
    )


class NoteForm(forms.Form):
    """A word for colleagues."""

    note = forms.CharField(
        label=_("內部註記"), help_text=_("只有同事看得到"), required=False, max_length=LONGEST_TEXT
    )
