"""The fixed cast of the demonstration: who can be signed in as, with one click, and what they do."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from organisations.models.people import Membership, StaffRole

Role = StaffRole.Role


@dataclass(frozen=True)
class Person:
    """One person of the demonstration. `sample` names the business of the twin's register, `vendor` a vendor of the catalogue."""

    key: str
    name: str
    name_en: str
    does: Promise
    starts_at: str
    staff_role: str = ""
    sample: str = ""
    vendor: str = ""
    membership: str = ""
    phone: str = ""

    @property
    def email(self) -> str:
        """The address of the account."""
        return f"{self.key}@demo.example"


CAST = (
    Person(
        "lin",
        "林秀琴",
        "Lin Hsiu-chin",
        _("小吃店老闆，還沒加入：從查資格開始"),
        "/eligibility/",
        sample="restaurant",
    ),
    Person(
        "chen",
        "陳柏翰",
        "Chen Po-han",
        _("選物店老闆，有權簽署：選方案、下單、評分"),
        "/my/",
        sample="retail",
        membership=Membership.Role.ACCEPTOR,
    ),
    Person(
        "chih-ming",
        "陳志明",
        "Chen Chih-ming",
        _("同一家店的經辦：可以準備，不能簽署"),
        "/my/",
        sample="retail",
        membership=Membership.Role.PREPARER,
    ),
    Person(
        "wang",
        "王建宏",
        "Wang Chien-hung",
        _("資服業者，有權簽署：接單、啟用、請款"),
        "/vendor/",
        vendor="V001",
        membership=Membership.Role.ACCEPTOR,
    ),
    Person(
        "chang",
        "張美玲",
        "Chang Mei-ling",
        _("承辦人：審請款、編撥款批次"),
        "/office/",
        staff_role=Role.OFFICER,
    ),
    Person("lee", "李國華", "Lee Kuo-hua", _("財務：核可並送出撥款"), "/office/", staff_role=Role.FINANCE),
    Person(
        "huang",
        "黃雅婷",
        "Huang Ya-ting",
        _("計畫辦公室：看戰情室與經費"),
        "/office/warroom/",
        staff_role=Role.PMO,
    ),
    Person(
        "wu", "吳宗翰", "Wu Tsung-han", _("稽核：只讀，對帳、下載清冊"), "/audit/", staff_role=Role.AUDITOR
    ),
    Person(
        "tsai",
        "蔡明德",
        "Tsai Ming-te",
        _("決策者：幾個關鍵數字"),
        "/office/warroom/",
        staff_role=Role.DECISION_MAKER,
    ),
    Person("cheng", "鄭淑芬", "Cheng Shu-fen", _("客服：看企業的處境"), "/office/", staff_role=Role.SUPPORT),
    Person("chou", "周怡君", "Chou Yi-chun", _("系統管理"), "/office/", staff_role=Role.ADMINISTRATOR),
)
BY_KEY = {person.key: person for person in CAST}
