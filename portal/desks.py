"""The desks: which pages stand in whose menu, and who may sit at each."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from organisations.models.people import StaffRole

Role = StaffRole.Role


@dataclass(frozen=True)
class Place:
    """One entry of a desk's menu: words and the name of its page."""

    label: Promise
    page: str
    roles: frozenset[str] = frozenset()
    icon: str = ""

    @property
    def url(self) -> str:
        """Its address in the reader's language; empty where the page is not installed."""
        try:
            return reverse(self.page)
        except NoReverseMatch:
            return ""


@dataclass(frozen=True)
class Desk:
    """A place of work: prefix of its addresses, name, menu."""

    code: str
    name: Promise
    home: str
    sections: tuple[tuple[Promise, tuple[Place, ...]], ...]
    roles: frozenset[str] = field(default_factory=frozenset)


OFFICE_ROLES = frozenset(
    {Role.OFFICER, Role.FINANCE, Role.PMO, Role.DECISION_MAKER, Role.SUPPORT, Role.ADMINISTRATOR}
)

DESKS: dict[str, Desk] = {
    "my": Desk(
        "my",
        _("我的店"),
        "portal:my",
        (
            (
                _("我的店"),
                (
                    Place(_("總覽"), "portal:my", icon="shop"),
                    Place(_("點數"), "points:my_points", icon="points"),
                    Place(_("訂單"), "marketplace:my_orders", icon="bag"),
                    Place(_("找方案"), "marketplace:solutions", icon="search"),
                    Place(_("成員"), "organisations:people", icon="users"),
                ),
            ),
        ),
    ),
    "vendor": Desk(
        "vendor",
        _("資服業者"),
        "portal:vendor",
        (
            (
                _("資服業者"),
                (
                    Place(_("總覽"), "portal:vendor"),
                    Place(_("訂單"), "marketplace:vendor_orders"),
                    Place(_("請款"), "marketplace:vendor_claims"),
                    Place(_("收款帳戶"), "organisations:bank"),
                    Place(_("API金鑰"), "organisations:keys"),
                    Place(_("成員"), "organisations:people"),
                ),
            ),
        ),
    ),
    "office": Desk(
        "office",
        _("計畫辦公室"),
        "portal:office",
        (
            (
                _("審查"),
                (
                    Place(_("總覽"), "portal:office"),
                    Place(_("請款審查"), "marketplace:office_claims", frozenset({Role.OFFICER, Role.PMO})),
                    Place(_("撥款"), "marketplace:payouts", frozenset({Role.OFFICER, Role.FINANCE})),
                    Place(_("登記確認"), "organisations:registry_queue", frozenset({Role.OFFICER})),
                ),
            ),
            (
                _("戰情室"),
                (
                    Place(_("全國總覽"), "pmo:warroom", frozenset({Role.PMO, Role.DECISION_MAKER})),
                    Place(_("鄉鎮地圖"), "pmo:map", frozenset({Role.PMO, Role.DECISION_MAKER})),
                    Place(
                        _("經費"), "points:budgets", frozenset({Role.PMO, Role.FINANCE, Role.DECISION_MAKER})
                    ),
                ),
            ),
        ),
        OFFICE_ROLES,
    ),
    "audit": Desk(
        "audit",
        _("稽核"),
        "portal:audit",
        (
            (
                _("稽核"),
                (
                    Place(_("總覽"), "portal:audit"),
                    Place(_("撥款清冊"), "pmo:reimbursements"),
                    Place(_("點數漏斗"), "pmo:audit_funnel"),
                    Place(_("帳本驗證"), "pmo:audit_ledger"),
                    Place(_("操作紀錄"), "pmo:audit_trail"),
                ),
            ),
        ),
        frozenset({Role.AUDITOR}),
    ),
}


def desk_of_path(path: str) -> Desk | None:
    """The desk that an address belongs to, by its first word (after the language)."""
    words = [word for word in path.split("/") if word]
    if words[:1] == ["en"]:
        words = words[1:]
    return DESKS.get(words[0]) if words else None
