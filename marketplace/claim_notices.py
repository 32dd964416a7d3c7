"""What mails about claims say; joins the words of orders in `marketplace.notices`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy

from marketplace.models.claims import Claim
from marketplace.notices import NOTICES, Words
from marketplace.services.notices import tell

NOTICES.update(
    {
        "claimed": {
            "buyer": Words(
                gettext_lazy("業者請款了：%(product)s"),
                gettext_lazy(
                    "業者用「%(product)s」的訂單請款%(points)s點。您不用做任何事。"
                    "沒有買過、或沒有在用？請到訂單頁按「這筆不是我下的」，付款立即停止。"
                ),
            )
        },
        "returned": {
            "vendor": Words(
                gettext_lazy("請補正請款%(claim)s：%(buyer)s"),
                gettext_lazy(
                    "承辦人退回「%(product)s」的請款：%(why)s\n時鐘暫停，補正後續算。沒在期限內補正，這次請款會結束。\n%(claim_url)s"
                ),
            )
        },
        "rejected": {
            "vendor": Words(
                gettext_lazy("請款%(claim)s結束：%(buyer)s"),
                gettext_lazy("「%(product)s」的請款沒有通過。理由：%(why)s\n%(claim_url)s"),
            )
        },
        "paid": {
            "vendor": Words(
                gettext_lazy("入帳了：%(points)s元，請款%(claim)s"),
                gettext_lazy("%(buyer)s「%(product)s」的請款%(points)s元，銀行已入帳。\n%(claim_url)s"),
            )
        },
        "pay_failed": {
            "vendor": Words(
                gettext_lazy("匯款失敗，請更正收款帳戶：請款%(claim)s"),
                gettext_lazy(
                    "銀行退回「%(product)s」的匯款。請更正收款帳戶；更正後，平台編入下一批重新匯款。\n%(claim_url)s"
                ),
            )
        },
    }
)


def tell_of_claim(claim: Claim, kind: str, *, at: datetime, points: int | None = None, why: str = "") -> None:
    """Write down who is to be told of what happened to a claim; inside the verb's transaction."""
    newest = claim.moves.order_by("-pk").values_list("pk", flat=True).first()
    facts: dict[str, Any] = {
        "claim": claim.number,
        "points": f"{claim.points if points is None else points:,}",
        "why": why,
        "claim_url": settings.PUBLIC_ORIGIN + reverse("marketplace:vendor_claim", args=[claim.number]),
    }
    tell(claim.order, kind, at=at, key=f"claim {claim.pk} {newest or 0}", **facts)
