"""Where points are on their way from the treasury to the vendor: a GROUP BY of the ledger, never a second truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from points.models.programmes import BudgetSource

STATEMENT = """
SELECT t.operation, t.reason, sum(t.points)::bigint
FROM points_transfer t JOIN points_account a ON a.id = t.debit
WHERE (%(source)s::bigint IS NULL OR a.budget_source_id = %(source)s)
  AND (%(since)s::timestamptz IS NULL OR t.event_at >= %(since)s) AND (%(until)s::timestamptz IS NULL OR t.event_at < %(until)s)
GROUP BY 1, 2
"""


@dataclass(frozen=True)
class FunnelRow:
    """One stage. Units: points that passed it in the period."""

    code: str
    label: str
    value: int
    note: str = ""
    kind: str = "bar"


def funnel(
    *, budget_source: BudgetSource | None = None, since: datetime | None = None, until: datetime | None = None
) -> list[FunnelRow]:
    """The stages in order, for one budget source or all, from `since` (inclusive) to `until` (exclusive).

    Source: sums of `points_transfer`; "in claim" is what was claimed less what was returned to the vendor.
    """
    moved = _moved(budget_source, since, until)

    def total(*operations: str, reason: str = "") -> int:
        return sum(
            points
            for (operation, why), points in moved.items()
            if operation in operations and reason in ("", why)
        )

    month, quarter = "return_1_month", "return_3_months"
    return [
        FunnelRow("appropriated", _("編列"), total("appropriate")),
        FunnelRow("granted", _("核發"), total("grant") - total("grant", reason="regrant")),
        FunnelRow("ordered", _("下單圈存"), total("hold")),
        FunnelRow(
            "returned_1_month", _("當月未啟用退回"), total("release", "lapse", reason=month), kind="bar-warn"
        ),
        FunnelRow(
            "returned_3_months", _("三個月未下單收回"), total("lapse", reason=quarter), kind="bar-warn"
        ),
        FunnelRow("granted_again", _("再核發"), total("grant", reason="regrant")),
        FunnelRow("claimable", _("驗收後可請款"), total("capture")),
        FunnelRow("in_claim", _("送出請款"), total("claim") - total("return")),
        FunnelRow("paid", _("已撥款"), total("pay"), kind="bar-pass"),
        FunnelRow("unclaimable", _("不可請款"), total("unclaimable"), kind="bar-stop"),
    ]


def _moved(
    budget_source: BudgetSource | None, since: datetime | None, until: datetime | None
) -> dict[tuple[str, str], int]:
    values: dict[str, Any] = {
        "source": budget_source.pk if budget_source else None,
        "since": since,
        "until": until,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        return {(operation, reason): points for operation, reason, points in cursor.fetchall()}
