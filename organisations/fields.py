"""Form fields as people here fill them: dates by ROC parts, amounts with their unit, UBNs, choices as cards."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from organisations.languages import in_english
from organisations.roc import FIRST_YEAR, roc_date
from organisations.ubn import is_valid_ubn, normalise_ubn

Words = str | Promise


def plain(text: Any) -> str:
    """Typed text with full-width figures and letters made half-width, without spaces at the ends."""
    return unicodedata.normalize("NFKC", str(text)).strip()


def both_calendars(day: date) -> str:
    """A day read back: 民國115年11月30日（2026-11-30，星期一）; in English 2026-11-30 (Monday)."""
    if in_english():
        return f"{day.isoformat()} ({day:%A})"
    return f"{roc_date(day)}（{day.isoformat()}，星期{'一二三四五六日'[day.weekday()]}）"


class RocDateWidget(forms.MultiWidget):
    """Year, month and day as three short boxes, read back in both calendars."""

    template_name = "django/forms/widgets/roc_date.html"
    use_fieldset = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__([forms.TextInput(), forms.TextInput(), forms.TextInput()], attrs)

    def decompress(self, value: date | None) -> list[int | None]:
        """The three parts of a day, the year in the reader's calendar."""
        if value is None:
            return [None, None, None]
        return [
            value.year if in_english() else value.year - FIRST_YEAR,
            value.month,
            value.day,
        ]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Adds the parts' labels and the day read back."""
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        labels = (
            pgettext("date", "年"),
            pgettext("date", "月"),
            pgettext("date", "日"),
        )
        widget["calendar"] = "iso" if in_english() else "roc"
        widget["parts"] = [
            {"label": label, "input": part, "autocomplete": "off"}
            for label, part in zip(labels, widget["subwidgets"], strict=True)
        ]
        given = [part["value"] for part in widget["subwidgets"]]
        day = day_of_parts(given)
        widget["echo"] = both_calendars(day) if day else ""
        return context


def day_of_parts(parts: Sequence[Any]) -> date | None:
    """The day meant by year, month, day as typed; a year above 1911 is Gregorian. None when there is no such day."""
    try:
        year, month, day = (int(plain(part)) for part in parts)
        return date(year if year > FIRST_YEAR else year + FIRST_YEAR, month, day)
    except (TypeError, ValueError):
        return None


class RocDateField(forms.MultiValueField):
    """A day, asked for in ROC parts (in English in Gregorian parts)."""

    widget = RocDateWidget
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("請填年、月、日。"),
        "incomplete": _("年、月、日都要填。"),
        "invalid": _("沒有這一天，請再看一次年、月、日。"),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            (forms.CharField(), forms.CharField(), forms.CharField()),
            require_all_fields=True,
            **kwargs,
        )

    def compress(self, data_list: list[str]) -> date | None:
        """The day, or None when nothing was typed."""
        if not data_list:
            return None
        if not all(data_list):
            raise ValidationError(self.error_messages["incomplete"], code="incomplete")
        day = day_of_parts(data_list)
        if day is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return day


class AmountInput(forms.TextInput):
    """A box for figures with its unit before or after it."""

    template_name = "django/forms/widgets/amount.html"

    def __init__(
        self,
        *,
        before: Words = "",
        after: Words = "",
        attrs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__({"inputmode": "numeric", "autocomplete": "off", **(attrs or {})})
        self.before = before
        self.after = after

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Adds the unit."""
        context = super().get_context(name, value, attrs)
        context["widget"] |= {
            "before": self.before,
            "after": self.after,
            "type": "text",
        }
        return context


class AmountField(forms.IntegerField):
    """A whole amount; thousands commas and full-width figures are understood.

    Units: as said by `before`/`after`; NT$ unless told.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": _("請填數字，例如14400。")}

    def __init__(self, *, before: Words = "NT$", after: Words = "", **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        super().__init__(widget=AmountInput(before=before, after=after), **kwargs)

    def to_python(self, value: Any) -> int | None:
        """The amount without commas."""
        return super().to_python(
            re.sub(r"[,\s]", "", plain(value)) if value not in self.empty_values else value
        )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """None: limits are said in words, and a text box knows no min."""
        return {}


class UbnField(forms.CharField):
    """A unified business number as eight figures that can be one; it does not say that the business exists."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "digits": _("統一編號是8個數字，您填了%(count)s個字。"),
        "invalid": _("這不是統一編號：檢查碼不合，請對照發票章再看一次。"),
    }

    def __init__(self, **kwargs: Any) -> None:
        attrs = {
            "class": "input-ubn",
            "inputmode": "numeric",
            "autocomplete": "off",
            "maxlength": 12,
        }
        kwargs.setdefault("label", _("統一編號"))
        super().__init__(widget=forms.TextInput(attrs), **kwargs)

    def to_python(self, value: Any) -> str:
        """Half-width figures without spaces or dashes."""
        return "" if value in self.empty_values else normalise_ubn(str(value))

    def validate(self, value: str) -> None:
        """Raises ValidationError unless it is eight figures with a fitting check digit."""
        super().validate(value)
        if value and not re.fullmatch(r"[0-9]{8}", value):
            raise ValidationError(
                self.error_messages["digits"],
                code="digits",
                params={"count": len(value)},
            )
        if value and not is_valid_ubn(value):
            raise ValidationError(self.error_messages["invalid"], code="invalid")


class NotedChoices:
    """A line of explanation under each choice, by its value."""

    def __init__(self, *args: Any, notes: Mapping[str, Words] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.notes = notes or {}
        self.attrs.setdefault("class", "choice-cards")  # type: ignore[attr-defined]

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Adds the note."""
        option: dict[str, Any] = super().create_option(*args, **kwargs)  # type: ignore[misc]
        option["note"] = self.notes.get(str(option["value"]), "")
        option["attrs"].pop("class", None)
        return option


class RadioCards(NotedChoices, forms.RadioSelect):
    """One of few, as cards: `RadioCards(notes={"return": _("時鐘暫停，7天內補")})`."""


class CheckCards(NotedChoices, forms.CheckboxSelectMultiple):
    """Some of few, as cards."""
