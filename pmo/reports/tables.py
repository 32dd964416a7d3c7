"""The war room's tables as files."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from papers.columns import About, Column, Kind
from papers.tables import MEDIA_TYPES, table_file
from pmo.selectors import warroom
from pmo.selectors.period import Period

Table = tuple[str, list[Column], list[list[object]]]


def county_table(period: Period) -> Table:
    """Orders and claims by county. Units: NT$ and points are whole numbers."""
    columns = [
        Column("county", _("縣市")),
        Column("enterprises", _("企業家數"), Kind.INTEGER, total=True),
        Column("orders", _("訂單"), Kind.INTEGER, total=True),
        Column("spending_twd", _("訂單金額"), Kind.TWD),
        Column("points", _("使用點數"), Kind.POINTS),
        Column("claims", _("請款件數"), Kind.INTEGER, total=True),
        Column("paid_points", _("已撥點數"), Kind.POINTS),
        Column("townships", _("已涵蓋鄉鎮"), Kind.INTEGER, total=True),
        Column("townships_in_all", _("鄉鎮總數"), Kind.INTEGER, total=True),
    ]
    return _("訂單與請款，依縣市"), columns, _cells(columns, warroom.by_county(period))


def category_table(period: Period) -> Table:
    """Orders and claims by category. Units: NT$ and points are whole numbers."""
    columns = [
        Column("category", _("類別")),
        Column("enterprises", _("企業家數"), Kind.INTEGER),
        Column("orders", _("訂單"), Kind.INTEGER, total=True),
        Column("spending_twd", _("訂單金額"), Kind.TWD),
        Column("points", _("使用點數"), Kind.POINTS),
        Column("claims", _("請款件數"), Kind.INTEGER, total=True),
        Column("paid_points", _("已撥點數"), Kind.POINTS),
    ]
    return _("訂單與請款，依類別"), columns, _cells(columns, warroom.by_category(period))


def township_table(period: Period) -> Table:
    """The 368 townships. Units: share in basis points of businesses in the register."""
    columns = [
        Column("code", _("鄉鎮代碼")),
        Column("township", _("鄉鎮市區")),
        Column("enterprises", _("企業家數"), Kind.INTEGER, total=True),
        Column("businesses", _("登記家數"), Kind.INTEGER, total=True),
        Column("share_bp", _("上雲率"), Kind.PERCENT),
    ]
    rows = [row | {"code": row["township"].pk} for row in warroom.by_township(period)]
    return _("368鄉鎮"), columns, _cells(columns, rows)


TABLES: dict[str, Callable[[Period], Table]] = {
    "counties": county_table,
    "categories": category_table,
    "townships": township_table,
}


def table_response(table: str, fmt: str, period: Period, *, made_by: str, at: datetime) -> HttpResponse:
    """One of `TABLES` as an attachment. Raises: KeyError for another name or format."""
    title, columns, rows = TABLES[table](period)
    about = About(
        as_of=warroom.as_of(period),
        made_by=made_by,
        made_at=at,
        filters={_("年度"): str(period.roc_year or _("全部")), _("專區"): period.zone or _("全部")},
        source=_("訂單、請款與點數帳本"),
    )
    out = io.BytesIO()
    table_file(fmt, title, columns, rows, get_language() or "zh-hant", out, about=about, with_totals=True)
    response = HttpResponse(out.getvalue(), content_type=MEDIA_TYPES[fmt])
    response["Content-Disposition"] = f'attachment; filename="{table}-{at:%Y%m%d}.{fmt}"'
    return response


def _cells(columns: list[Column], rows: list[dict[str, Any]]) -> list[list[object]]:
    return [[_cell(row[column.name]) for column in columns] for row in rows]


def _cell(value: Any) -> object:
    return value if value is None or isinstance(value, int) else str(value)
