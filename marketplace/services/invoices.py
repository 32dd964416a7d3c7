"""Invoices as vendors enter them: read forgivingly, checked strictly, refused with a sentence that says what to type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.models.claims import Invoice
from marketplace.models.orders import Order
from organisations.refusals import Refused
from organisations.roc import roc_year

NUMBER = re.compile(r"[A-Z]{2}[0-9]{8}")
MOST_INVOICES = 10
MOST_TWD = 100_000_000


@dataclass(frozen=True)
class InvoiceDraft:
    """One invoice as entered. Units: NT$, tax included in the amount."""

    number: str
    issued_on: date
    amount_twd: int
    tax_twd: int
    seller_ubn: str
    buyer_ubn: str

    @property
    def period(self) -> str:
        """The two-month period of its date."""
        return period_of(self.issued_on)


def period_of(day: date) -> str:
    """The invoice period of a day: ROC year and the even month that ends it; 11306 = May–June 2024.

    Source: 統一發票使用辦法, two-month periods.
    """
    return f"{roc_year(day)}{day.month + day.month % 2:02}"


def read_number(text: str) -> str:
    """The number meant: full-width signs, small letters, spaces and hyphens are forgiven.

    Raises: Refused("invoice_form").
    """
    plain = re.sub(r"[\s\-–—－_]", "", unicodedata.normalize("NFKC", text)).upper()
    if not NUMBER.fullmatch(plain):
        raise Refused(
            "invoice_form",
            _("發票號碼應為2個英文字母加8位數字。"),
            remedy=_("請對照發票重新輸入，例如AB-12345678。"),
        )
    return plain


def check_invoices(order: Order, drafts: Sequence[InvoiceDraft], *, at: datetime) -> None:
    """All that must hold before a claim is taken in. Each refusal names the invoice and keeps what was entered.

    Raises: Refused with invoice_missing, invoice_form, invoice_date, invoice_amount, invoice_parties, invoice_used,
    invoice_total.
    """
    if not drafts:
        raise Refused("invoice_missing", _("還沒有填發票。"), remedy=_("請至少填一張發票。"))
    if len(drafts) > MOST_INVOICES:
        raise Refused("invoice_missing", _("一次最多10張發票。"), remedy=_("請合併發票，或聯絡承辦人。"))
    for draft in drafts:
        _check_one(order, draft, today=timezone.localdate(at))
    _refuse_used(drafts)
    _refuse_short(order, drafts)


def _check_one(order: Order, draft: InvoiceDraft, *, today: date) -> None:
    read_number(draft.number)
    signed_on = timezone.localdate(order.signed_at or order.placed_at)
    if draft.issued_on > today:
        raise Refused(
            "invoice_date",
            _("發票%(number)s的日期還沒到。") % {"number": draft.number},
            remedy=_("請對照發票上的日期。"),
        )
    if draft.issued_on < signed_on:
        raise Refused(
            "invoice_date",
            _("發票%(number)s的日期早於簽約日。") % {"number": draft.number},
            remedy=_("請換一張簽約後開立的發票。"),
        )
    if not 0 < draft.amount_twd <= MOST_TWD or not 0 <= draft.tax_twd < draft.amount_twd:
        raise Refused(
            "invoice_amount",
            _("發票%(number)s的金額或稅額不對。") % {"number": draft.number},
            remedy=_("金額含稅、大於0；稅額比金額小。"),
        )
    _check_parties(order, draft)


def _check_parties(order: Order, draft: InvoiceDraft) -> None:
    seller, buyer = order.vendor.organisation.ubn, order.organisation.ubn
    if draft.seller_ubn != seller:
        raise Refused(
            "invoice_parties",
            _("發票%(number)s的賣方統一編號不是%(ubn)s。") % {"number": draft.number, "ubn": seller},
            remedy=_("請換成貴公司開立的發票。"),
        )
    if draft.buyer_ubn != buyer:
        raise Refused(
            "invoice_parties",
            _("發票%(number)s的買方統一編號不是%(ubn)s。") % {"number": draft.number, "ubn": buyer},
            remedy=_("請換成開給這家企業的發票。"),
        )


def _refuse_used(drafts: Sequence[InvoiceDraft]) -> None:
    numbers = [(draft.number, draft.period) for draft in drafts]
    twice = next((number for number, period in numbers if numbers.count((number, period)) > 1), None)
    known = Q(pk__in=[])
    for number, period in numbers:
        known |= Q(number=number, period=period)
    # A returned claim may use its own invoices again: they are void by the time this is asked.
    used = twice or Invoice.objects.filter(known, voided_at=None).values_list("number", flat=True).first()
    if used:
        raise invoice_used(used)


def invoice_used(number: str) -> Refused:
    """The refusal of a number that stands on another claim."""
    return Refused(
        "invoice_used",
        _("發票%(number)s已經用過，同一張發票只能請款一次。") % {"number": number},
        remedy=_("請換正確的發票；不是您用的，請聯絡承辦人。"),
    )


def _refuse_short(order: Order, drafts: Sequence[InvoiceDraft]) -> None:
    total = sum(draft.amount_twd for draft in drafts)
    if total < order.price_twd:
        raise Refused(
            "invoice_total",
            _("發票合計%(total)s元，訂單價格%(price)s元，還差%(short)s元。")
            % {
                "total": f"{total:,}",
                "price": f"{order.price_twd:,}",
                "short": f"{order.price_twd - total:,}",
            },
            remedy=_("請補齊發票；發票要開全額（含自付額）。"),
        )
