"""The figures that everybody may see, with how each is counted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from marketplace.selectors.claims import payment_days
from organisations.models.places import County
from pmo.selectors import warroom
from pmo.selectors.period import Period

HUNDREDTHS = 100


def public_figures(*, at: datetime) -> list[dict[str, Any]]:
    """Label, value, unit and how it is counted; a figure without data is left out."""
    period = Period.from_query({}, at=at)
    tiles = warroom.tiles(period)
    payout = payment_days(since=period.since, until=period.until)
    rows = [
        (_("已協助企業"), tiles.enterprises, _("家"), _("有一筆以上已簽署訂單的企業，一家算一次")),
        (_("涵蓋鄉鎮"), tiles.townships, f"／{tiles.townships_in_all}", _("至少有一家企業上雲的鄉鎮市區")),
        (_("平均使用點數"), tiles.points_per_enterprise, _("點"), _("訂單使用的點數除以企業家數")),
        (_("已撥款"), tiles.paid_points, _("點"), _("銀行已回覆入帳的請款")),
    ]
    figures = [
        {"label": label, "value": value, "unit": unit, "foot": foot}
        for label, value, unit, foot in rows
        if value
    ]
    if payout.median is not None and payout.p95 is not None:
        foot = _("中位數；95%%在%(days)s天內") % {"days": f"{payout.p95:.1f}"}
        figures.append(
            {"label": _("請款到入帳"), "value": round(payout.median, 1), "unit": _("天"), "foot": foot}
        )
    return figures


def counties_reached(*, at: datetime) -> list[dict[str, Any]]:
    """Each county's enterprises per hundred registered businesses, in the order of the official list; empty without data."""
    rows = warroom.by_township(Period.from_query({}, at=at))
    sums: dict[str, list[int]] = {}
    for row in rows:
        pair = sums.setdefault(row["township"].county_id, [0, 0])
        pair[0] += row["enterprises"]
        pair[1] += row["businesses"]
    if not any(reached for reached, _known in sums.values()):
        return []
    return [
        {
            "name": str(county),
            "per_hundred": HUNDREDTHS * sums[county.pk][0] / sums[county.pk][1]
            if sums[county.pk][1]
            else 0.0,
        }
        for county in County.objects.all()
    ]
