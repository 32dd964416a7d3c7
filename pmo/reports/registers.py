"""Registers for auditors as files, official form, totals printed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from papers.columns import About, Column, Kind
from papers.registers import register_pdf
from papers.tables import table_file
from pmo.selectors.period import Period
from pmo.selectors.reimbursements import register_row, reimbursements


def reimbursement_columns() -> list[Column]:
    """The register's columns. Units: NT$; one point is NT$1."""
    return [
        Column("settled_at", _("入帳時間"), Kind.DATETIME),
        Column("claim", _("請款編號")),
        Column("order", _("訂單編號")),
        Column("vendor_ubn", _("業者統編")),
        Column("vendor", _("業者")),
        Column("buyer_ubn", _("企業統編")),
        Column("buyer", _("企業")),
        Column("county", _("縣市")),
        Column("budget", _("經費來源")),
        Column("invoices", _("發票")),
        Column("price_twd", _("訂單金額"), Kind.TWD),
        Column("copay_twd", _("自付額"), Kind.TWD),
        Column("points", _("已撥點數"), Kind.POINTS),
        Column("batch", _("撥款批次")),
    ]


PAPER_COLUMNS = ("settled_at", "claim", "vendor_ubn", "vendor", "buyer_ubn", "buyer", "invoices", "points")


def reimbursement_register(period: Period, fmt: str, *, made_by: str, at: datetime) -> bytes:
    """The register of a period as ods, xlsx, csv or pdf; its total ties out to the ledger's payments.

    Raises: KeyError for another format. Source: payouts the bank confirmed.
    """
    title, language = _("點數撥款清冊"), get_language() or "zh-hant"
    about = About(
        as_of=period.until,
        made_by=made_by,
        made_at=at,
        filters={_("年度"): str(period.roc_year or _("全部")), _("專區"): period.zone or _("全部")},
        source=_("銀行回覆已入帳的撥款；總額等於點數帳本的撥款合計"),
    )
    columns = reimbursement_columns()
    if fmt == "pdf":
        columns = [column for column in columns if column.name in PAPER_COLUMNS]
        return register_pdf(title, columns, _rows(period, columns), language, about=about)
    out = io.BytesIO()
    table_file(fmt, title, columns, _rows(period, columns), language, out, about=about, with_totals=True)
    return out.getvalue()


def _rows(period: Period, columns: list[Column]) -> Iterator[list[object]]:
    for payout in reimbursements(period).iterator(chunk_size=2000):
        row = register_row(payout)
        yield [row[column.name] for column in columns]
