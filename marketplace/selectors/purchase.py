"""May this organisation buy this plan now, and with how many points?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.models.orders import Order
from organisations.models.organisation import Organisation
from organisations.money import share_of
from organisations.refusals import Refused
from points.models.grants import Grant
from points.services import ledger
from vendors.models.solutions import Plan, Solution
from vendors.models.vendors import Vendor

ENDED = (Order.State.REFUSED, Order.State.EXPIRED, Order.State.CANCELLED)


@dataclass(frozen=True)
class Offer:
    """A plan for an organisation: from which grant, at most how many points, and what stands in the way.

    Units: points, NT$. `obstacles` stop the order altogether, `no_points` only the use of points.
    """

    organisation: Organisation
    plan: Plan
    grant: Grant | None
    available: int
    most_points: int
    obstacles: list[Refused] = field(default_factory=list)
    no_points: list[Refused] = field(default_factory=list)

    @property
    def copay_twd(self) -> int:
        """Own money at the most points."""
        return self.plan.price_twd - self.most_points

    def must_be_possible(self) -> None:
        """Raises the first obstacle."""
        if self.obstacles:
            raise self.obstacles[0]

    def must_allow(self, points: int) -> None:
        """Raises Refused("points_over_limit") when `points` is more than may be used."""
        if points > 0 and self.no_points:
            raise self.no_points[0]
        if not 0 <= points <= self.most_points:
            raise Refused(
                "points_over_limit",
                _("最多可以用%(most)s點，您填了%(asked)s點。")
                % {"most": f"{self.most_points:,}", "asked": f"{points:,}"},
                remedy=_("請改成%(most)s點以下，其餘自付。") % {"most": f"{self.most_points:,}"},
            )


def offer_for(organisation: Organisation, plan: Plan, *, at: datetime, but: Order | None = None) -> Offer:
    """What `organisation` can do with `plan` now; `but` is a draft of its own that does not count against it."""
    grant = best_grant(organisation, plan, at=at)
    no_points = _against_points(organisation, plan, grant, but)
    available = ledger.balance(grant.account_id).available if grant else 0
    rate = grant.zone_version.rate_bp if grant else 0
    most = 0 if no_points else min(share_of(plan.price_twd, rate), available)
    return Offer(organisation, plan, grant, available, most, _obstacles(organisation, plan), no_points)


def best_grant(organisation: Organisation, plan: Plan, *, at: datetime) -> Grant | None:
    """The live grant that pays most of this plan: zone allows the category, not lapsed."""
    category = plan.version.solution.main_sub_category.category_id
    live = organisation.grants.filter(
        state=Grant.State.LIVE, use_by_date__gte=timezone.localdate(at)
    ).select_related("zone_version")
    fitting = [
        grant
        for grant in live
        if not grant.zone_version.categories or category in grant.zone_version.categories
    ]
    return max(
        fitting,
        key=lambda grant: min(
            share_of(plan.price_twd, grant.zone_version.rate_bp), ledger.balance(grant.account_id).available
        ),
        default=None,
    )


def _obstacles(organisation: Organisation, plan: Plan) -> list[Refused]:
    version = plan.version
    solution, vendor = version.solution, version.solution.vendor
    found = []
    if (
        solution.state != Solution.State.LISTED
        or solution.current_id != version.pk
        or vendor.state != Vendor.State.ACTIVE
    ):
        found.append(
            Refused(
                "not_listed",
                _("這個方案現在不能下單。"),
                remedy=_("請重新開方案頁看最新版本，或選別的方案。"),
            )
        )
    if is_related(organisation, vendor.organisation):
        found.append(
            Refused(
                "self_dealing",
                _("買方與業者是同一家，或負責人、地址相同，不能下單。"),
                remedy=_("這是規則R4-9；如果登記資料有誤，請先更正登記。"),
            )
        )
    return found


def is_related(buyer: Organisation, seller: Organisation) -> bool:
    """Whether buyer and seller are one, or share the responsible person or the address. Source: rule R4-9."""
    same_person = bool(buyer.responsible_person) and buyer.responsible_person == seller.responsible_person
    same_place = bool(buyer.address) and buyer.address == seller.address
    return buyer.pk == seller.pk or same_person or same_place


def _against_points(
    organisation: Organisation, plan: Plan, grant: Grant | None, but: Order | None
) -> list[Refused]:
    found = []
    if grant is None:
        found.append(
            Refused(
                "no_grant", _("您還沒有可以用在這個方案的點數。"), remedy=_("可以先申請點數，或全額自付。")
            )
        )
    adopted = Order.objects.filter(
        organisation=organisation, version__solution=plan.version.solution, points__gt=0
    )
    adopted = adopted.exclude(state__in=ENDED)
    if but is not None:
        adopted = adopted.exclude(pk=but.pk)
    states = set(adopted.values_list("state", flat=True))
    if states == {Order.State.DRAFT}:
        found.append(
            Refused(
                "draft_waiting",
                _("您有一份這個產品的合約還沒簽。"),
                remedy=_("請到「訂單」簽署那一份；要改點數，先把它收起來。"),
            )
        )
    elif states:
        found.append(
            Refused(
                "already_adopted",
                _("您已經用點數買過這個產品；點數只補助首次採用。"),
                remedy=_("續約或加購請全額自付，或選別的產品。"),
            )
        )
    return found
