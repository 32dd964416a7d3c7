"""The filters of the war room, as they stand in the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.models.orders import Order

FIRST_ROC_YEAR = 115
# An order counts from the buyer's signature on, unless it came to nothing.
COUNTED = (Order.State.SIGNED, Order.State.ACCEPTED, Order.State.ACTIVATED, Order.State.IN_USE)
LAYERS = {
    "all": (_("全部368鄉鎮"), Q()),
    "rural": (_("偏鄉"), Q(is_rural=True)),
    "indigenous": (_("原住民族地區"), Q(is_indigenous=True)),
    "hakka": (_("客家文化重點發展區"), Q(is_hakka=True)),
    "offshore": (_("離島"), Q(is_offshore=True)),
}


@dataclass(frozen=True)
class Period:
    """A ROC year, or all years, up to a moment; and a zone, or all zones.

    Units: `since` inclusive, `until` exclusive, Taipei time.
    """

    since: datetime
    until: datetime
    roc_year: int | None = None
    zone: str = ""

    @classmethod
    def from_query(cls, query: Any, *, at: datetime) -> Period:
        """The period named in an address (`year=115`, `zone=general`); anything else means all years to now."""
        text = query.get("year", "")
        year = (
            int(text)
            if text.isdigit() and FIRST_ROC_YEAR <= int(text) <= timezone.localdate(at).year - 1911
            else None
        )
        zone = query.get("zone", "")
        if year is None:
            return cls(_new_year(FIRST_ROC_YEAR), at, zone=zone)
        return cls(_new_year(year), min(_new_year(year + 1), at), year, zone)

    def orders(self) -> QuerySet[Order]:
        """Signed orders in it that did not come to nothing."""
        rows = Order.objects.filter(state__in=COUNTED, signed_at__gte=self.since, signed_at__lt=self.until)
        return rows.filter(grant__zone_version__zone__code=self.zone) if self.zone else rows


def _new_year(roc_year: int) -> datetime:
    return datetime(roc_year + 1911, 1, 1, tzinfo=timezone.get_default_timezone())
