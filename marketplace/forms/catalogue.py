"""The catalogue's filters as a form: every tick stands in the address, so that a list can be shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from marketplace.selectors.catalogue import SORTS, Filters
from marketplace.selectors.catalogue_words import PRICES, REGIONS, TRADES, TRAITS
from organisations.models.places import Category, SubCategory

FIELDS = {
    "category": "categories",
    "sub": "sub_categories",
    "price": "prices",
    "trait": "traits",
    "trade": "trades",
    "region": "regions",
}
Choices = Iterable[tuple[str, Any]]


class FilterForm(forms.Form):
    """Words, ticks, zone and order."""

    category = forms.MultipleChoiceField(
        label=_("想解決的事"), required=False, widget=forms.CheckboxSelectMultiple
    )
    sub = forms.MultipleChoiceField(label=_("細類"), required=False, widget=forms.CheckboxSelectMultiple)
    price = forms.MultipleChoiceField(
        label=_("價格（最便宜的方案）"),
        required=False,
        choices=PRICES.items,
        widget=forms.CheckboxSelectMultiple,
    )
    trait = forms.MultipleChoiceField(
        label=_("條件"), required=False, choices=TRAITS.items, widget=forms.CheckboxSelectMultiple
    )
    trade = forms.MultipleChoiceField(
        label=_("適合行業"), required=False, choices=TRADES.items, widget=forms.CheckboxSelectMultiple
    )
    region = forms.MultipleChoiceField(
        label=_("服務地區"), required=False, choices=REGIONS.items, widget=forms.CheckboxSelectMultiple
    )
    zone = forms.ChoiceField(label=_("專區"), required=False)
    q = forms.CharField(required=False, max_length=80)
    sort = forms.ChoiceField(label=_("排序"), required=False, choices=SORTS.items)

    def __init__(self, data: QueryDict, *, zones: Choices) -> None:
        super().__init__(data)
        self.query = data
        self.fields["category"].choices = [(each.code, str(each)) for each in Category.objects.all()]  # type: ignore[attr-defined]
        self.fields["zone"].choices = [("", _("不限")), *zones]  # type: ignore[attr-defined]
        self._narrow_sub_categories()

    def _narrow_sub_categories(self) -> None:
        """Sub-kinds are offered once a kind is ticked: thirty-one boxes at once help nobody."""
        chosen = [code for code in self.query.getlist("category") if code]
        kinds = SubCategory.objects.filter(category__in=chosen)
        self.fields["sub"].choices = [(each.code, str(each)) for each in kinds]  # type: ignore[attr-defined]

    def filters(self) -> Filters:
        """The ticks that are known; anything else in the address is passed over."""
        return Filters(**{group: frozenset(self._known(name)) for name, group in FIELDS.items()})

    def word(self, name: str) -> str:
        """One plain value of the address; empty when it is not one of the choices."""
        value = str(self.query.get(name, ""))[:80].strip()
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField) and not field.valid_value(value):
            return ""
        return value

    def _known(self, name: str) -> list[str]:
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)
        return [value for value in self.query.getlist(name) if field.valid_value(value)]

    def count(self, counts: Mapping[str, Counter[str]]) -> None:
        """Say behind every box how many there would be, and leave out boxes that lead nowhere."""
        for name, group in FIELDS.items():
            field, ticked = self.fields[name], set(self._known(name))
            field.choices = [  # type: ignore[attr-defined]
                (value, format_html('{}<span class="count">{}</span>', label, counts[group][value]))
                for value, label in field.choices  # type: ignore[attr-defined]
                if counts[group][value] or value in ticked
            ]

    def chosen(self) -> list[tuple[str, str, Any]]:
        """(field, value, label) of every tick, for the row of chips."""
        return [
            (name, value, label)
            for name in FIELDS
            for value, label in self.fields[name].choices  # type: ignore[attr-defined]
            if value in self._known(name)
        ]

    def groups(self) -> list[Any]:
        """The fields that have boxes to tick."""
        return [self[name] for name in FIELDS if self.fields[name].choices]  # type: ignore[attr-defined]
