"""What people type when they join, invite, are paid, make keys or decide from a document."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from organisations.fields import UbnField, plain
from organisations.models.people import Membership
from organisations.services.api_keys import SCOPES

GIVEN_ROLES = [(role.value, role.label) for role in (Membership.Role.PREPARER, Membership.Role.VIEWER)]
ORGANISATION_KINDS = ("獨資", "合夥", "有限公司", "股份有限公司", "合作社", "其他")


class UbnForm(forms.Form):
    """The number with which joining begins."""

    ubn = UbnField(help_text=_("發票章上的8位數字，開頭的零也要輸入。"))


class MobileProofForm(forms.Form):
    """The responsible person's national ID and phone."""

    national_id = forms.CharField(
        label=_("負責人身分證字號或統一證號"),
        max_length=20,
        help_text=_("只用來向電信業者核對，平台只留末4碼。"),
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    phone = forms.CharField(
        label=_("負責人手機"),
        max_length=20,
        help_text=_("用負責人本人名義申辦的號碼，驗證碼會寄到這裡。"),
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel"}),
    )


class CodeForm(forms.Form):
    """The code that came to the phone."""

    code = forms.CharField(
        label=_("6位數驗證碼"),
        max_length=12,
        widget=forms.TextInput(
            {
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "class": "input-short",
                "autofocus": True,
            }
        ),
    )

    def clean_code(self) -> str:
        """Six plain digits."""
        code = "".join(plain(self.cleaned_data["code"]).split())
        if not re.fullmatch(r"[0-9]{6}", code):
            raise ValidationError(_("驗證碼是6個數字。"))
        return code


class CardAnswerForm(forms.Form):
    """The card's signature: put in by the script as base64, or chosen as a file."""

    cms = forms.CharField(required=False, max_length=200_000, widget=forms.HiddenInput)
    signature = forms.FileField(
        label=_("簽章檔（.p7s）"), required=False, help_text=_("讀卡程式不能自動送出時，才要選這個檔。")
    )


class InvitationForm(forms.Form):
    """Whom to invite as what."""

    email = forms.EmailField(label=_("電子郵件"), widget=forms.EmailInput({"autocomplete": "off"}))
    role = forms.ChoiceField(
        label=_("可以做什麼"), choices=GIVEN_ROLES, widget=forms.RadioSelect, initial=Membership.Role.PREPARER
    )


class BankAccountForm(forms.Form):
    """Where the organisation is paid."""

    bank_code = forms.CharField(
        label=_("銀行代號"),
        max_length=24,
        help_text=_("銀行與分行代號，共7碼，存摺封面上有。"),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    account_number = forms.CharField(
        label=_("帳號"),
        max_length=24,
        help_text=_("10到16個數字，不用連字號。"),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    account_name = forms.CharField(
        label=_("戶名"), max_length=100, help_text=_("要和登記名稱相同，銀行才會入帳。")
    )

    def clean_bank_code(self) -> str:
        """Seven digits."""
        return _digits(self.cleaned_data["bank_code"], 7, 7, _("銀行與分行代號是7個數字。"))

    def clean_account_number(self) -> str:
        """Ten to sixteen digits."""
        return _digits(self.cleaned_data["account_number"], 10, 16, _("帳號是10到16個數字。"))


def _digits(text: str, least: int, most: int, complaint: Any) -> str:
    digits = re.sub(r"[\s-]", "", plain(text))
    if not re.fullmatch(rf"[0-9]{{{least},{most}}}", digits):
        raise ValidationError(complaint)
    return digits


class KeyForm(forms.Form):
    """What a new API key is for."""

    label = forms.CharField(label=_("名稱"), max_length=60, help_text=_("方便您認得，例如「正式機」。"))
    scopes = forms.MultipleChoiceField(
        label=_("可以做什麼"), choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )


class DocumentForm(forms.Form):
    """A certificate for the officer."""

    document = forms.FileField(
        label=_("登記證明"),
        help_text=_("商業登記抄本、公司變更登記表或設立許可。PDF、JPG、PNG，10 MB以內。"),
        widget=forms.ClearableFileInput({"accept": ".pdf,.jpg,.jpeg,.png"}),
    )


class DocumentDecisionForm(forms.Form):
    """What the officer reads in the certificate, and the decision."""

    name = forms.CharField(label=_("名稱"), max_length=200, required=False)
    address = forms.CharField(label=_("地址"), max_length=300, required=False)
    organisation_kind = forms.ChoiceField(
        label=_("組織別"), choices=[(kind, kind) for kind in ORGANISATION_KINDS], required=False
    )
    note = forms.CharField(
        label=_("理由"),
        widget=forms.Textarea({"rows": 3}),
        help_text=_("看了什麼文件、為什麼這樣決定。申請人與稽核都看得到。"),
    )
