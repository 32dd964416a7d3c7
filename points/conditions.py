"""Conditions of a zone: small registered functions over frozen facts.

Each answers whether it is met (None = only known at application), what facts it used, and says it in a sentence.
A zone version lists them as data: `{"name", "arguments", "clause"}`. The same facts and the same version always give
the same answers, so a decision can be replayed and explained years later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from organisations.languages import in_english
from organisations.models.organisation import Organisation
from organisations.models.people import ProofMethod
from organisations.roc import roc_date
from points.reasons import Reason, reason


@dataclass(frozen=True)
class Subsidy:
    """A subsidy known by UBN, of any programme."""

    programme: str
    kind: str
    amount_twd: int
    approved_on: str
    ends_on: str = ""


@dataclass(frozen=True)
class Facts:
    """All that conditions may look at, as it was known at one moment. Only what JSON can hold, so that it can be kept.

    Units: `capital_twd` in NT$, None = no register tells. For a number that was only typed, what is not public is None:
    its points, how its people proved who they are, what they declared (rule book R2-9).
    """

    ubn: str
    name: str
    kind: str
    status: str
    register_status: str
    source: str
    as_of: str
    capital_twd: int | None = None
    employees: int | None = None
    setup_date: str = ""
    township_code: str = ""
    township: str = ""
    flags: tuple[str, ...] = ()
    industry_section: str = ""
    industry_name: str = ""
    identity_methods: tuple[str, ...] | None = None
    live_groups: tuple[str, ...] | None = None
    used_points: Mapping[str, int] | None = None
    subsidies: tuple[Subsidy, ...] = ()
    declared_grants: tuple[str, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """For a decision's row."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Facts:
        """As kept in a decision's row."""
        known = {each.name for each in fields(cls)}
        facts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in row.items()
            if name in known
        }
        facts["subsidies"] = tuple(Subsidy(**each) for each in row.get("subsidies", ()))
        return cls(**facts)


@dataclass(frozen=True)
class Answer:
    """What a condition function says: met or not, the reason's code if there is one, the fact in words, the facts used."""

    is_met: bool | None
    words: str
    used: Mapping[str, Any]
    reason: str = ""


@dataclass(frozen=True)
class Outcome:
    """One condition of a zone, answered for one organisation."""

    condition: str
    title: str | Promise
    is_met: bool | None
    severity: str  # pass, open, warn, stop
    words: str
    source: str
    what_to_do: str
    clause: str
    used: Mapping[str, Any]
    reason: str

    @property
    def rank(self) -> int:
        """Stops first, then warnings, then what is open, then what is fine."""
        return ("stop", "warn", "open", "pass").index(self.severity)


@dataclass(frozen=True)
class Condition:
    """A registered condition: its function, its name for people, and whose facts it looks at."""

    check: Callable[..., Answer]
    title: str | Promise
    source: str | Promise


REGISTRY = gettext_lazy("稅籍與商工登記")
PLATFORM = gettext_lazy("平台紀錄")
SUBSIDIES = gettext_lazy("跨部會補助登錄")
CONDITIONS: dict[str, Condition] = {}


def condition(
    name: str, title: str | Promise, source: str | Promise
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Register a function `(facts, *, at, **arguments) -> Answer` under the name that zone versions use."""

    def register(check: Callable[..., Answer]) -> Callable[..., Answer]:
        CONDITIONS[name] = Condition(check, title, source)
        return check

    return register


def evaluate(conditions: Sequence[Mapping[str, Any]], facts: Facts, *, at: datetime) -> list[Outcome]:
    """Every condition of a zone version answered from `facts`, stops first. Sentences are in the active language."""
    return sorted((_outcome(each, facts, at) for each in conditions), key=lambda outcome: outcome.rank)


def is_eligible(outcomes: Sequence[Outcome]) -> bool:
    """Whether nothing stands in the way; what is only known at application does not."""
    return all(outcome.severity != "stop" for outcome in outcomes)


def as_rows(conditions: Sequence[Mapping[str, Any]], facts: Facts, *, at: datetime) -> list[dict[str, Any]]:
    """The outcomes for a decision's row, with their sentences in both languages."""
    with override("zh-hant"):
        chinese = evaluate(conditions, facts, at=at)
    with override("en"):
        english = {outcome.condition: outcome.words for outcome in evaluate(conditions, facts, at=at)}
    return [
        {
            "condition": outcome.condition,
            "passed": outcome.is_met,
            "severity": outcome.severity,
            "reason": outcome.reason,
            "facts": dict(outcome.used),
            "clause": outcome.clause,
            "words_zh": outcome.words,
            "words_en": english[outcome.condition],
        }
        for outcome in chinese
    ]


def _outcome(row: Mapping[str, Any], facts: Facts, at: datetime) -> Outcome:
    registered = CONDITIONS[row["name"]]
    answer = registered.check(facts, at=at, **row.get("arguments", {}))
    named: Reason | None = reason(answer.reason) if answer.reason else None
    return Outcome(
        condition=row["name"],
        title=named.short if named and not answer.is_met else registered.title,
        is_met=answer.is_met,
        severity=_severity(answer, named),
        words=answer.words,
        source=str(registered.source),
        what_to_do="" if answer.is_met or named is None else named.what_to_do,
        clause=row.get("clause", ""),
        used=answer.used,
        reason=answer.reason,
    )


def _severity(answer: Answer, named: Reason | None) -> str:
    if answer.is_met is None:
        return "open"
    return "pass" if answer.is_met else named.severity if named else "stop"


def day_words(day: date) -> str:
    """A day as readers of the active language write it: 115/11/19 or 2026-11-19."""
    return day.isoformat() if in_english() else roc_date(day, "short")


# The conditions --------------------------------------------------------------------------------------------------------

# Source: status codes of the company register (33, only 01 active)
CLOSED_REASONS = {
    "02": "registry.ordered_dissolution",
    **dict.fromkeys(("04", "07", "11", "18"), "registry.company_dissolved"),
    **dict.fromkeys(
        ("03", "06", "19", "20", "21", "22", "23", "24", "25", "31", "33"), "registry.in_receivership"
    ),
}


@condition("registered_active", gettext_lazy("登記狀態"), REGISTRY)
def registered_active(facts: Facts, *, at: datetime) -> Answer:
    """Trading in the tax register and, where the business register knows the number, active there (code 01)."""
    used = {"status": facts.status, "register_status": facts.register_status}
    if facts.status == "suspended":
        return Answer(False, _("財政部資料顯示停業中。"), used, "registry.tax_suspended")
    if facts.status != "operating":
        return Answer(False, _("財政部資料顯示已不在營業中。"), used, "registry.tax_closed")
    if facts.register_status not in ("", "01"):
        code = CLOSED_REASONS.get(facts.register_status, "registry.company_revoked")
        return Answer(
            False, _("商工登記狀態代碼%(code)s，不是核准設立。") % {"code": facts.register_status}, used, code
        )
    return Answer(True, _("營業中。"), used)


@condition("kind_covered", gettext_lazy("組織類型"), REGISTRY)
def kind_covered(facts: Facts, *, kinds: Sequence[str], at: datetime) -> Answer:
    """The organisation is of one of these kinds."""
    name = Organisation.Kind(facts.kind).label if facts.kind in Organisation.Kind.values else facts.kind
    used = {"kind": facts.kind}
    if facts.kind in kinds:
        return Answer(True, _("%(kind)s，屬補助對象。") % {"kind": name}, used)
    return Answer(
        False, _("%(kind)s，不是這個專區的對象。") % {"kind": name}, used, "eligibility.kind_not_covered"
    )


@condition("small_or_medium", gettext_lazy("企業規模"), REGISTRY)
def small_or_medium(facts: Facts, *, capital_twd_max: int, employees_below: int, at: datetime) -> Answer:
    """Paid-in capital up to the limit or fewer employees than the limit. Source: 中小企業認定標準 art. 2."""
    used = {"capital_twd": facts.capital_twd, "employees": facts.employees}
    limit = f"{capital_twd_max:,}"
    if facts.capital_twd is None:
        return Answer(True, _("登記沒有資本額，依小規模認定。"), used)
    words = {
        "capital": f"{facts.capital_twd:,}",
        "limit": limit,
        "people": facts.employees or 0,
        "below": employees_below,
    }
    if facts.capital_twd <= capital_twd_max:
        return Answer(True, _("資本額%(capital)s元，未超過%(limit)s元。") % words, used)
    if facts.employees is not None and facts.employees < employees_below:
        return Answer(True, _("員工%(people)s人，未滿%(below)s人。") % words, used)
    if facts.employees is None:
        sentence = _("資本額%(capital)s元，超過%(limit)s元；員工人數還不知道。") % words
    else:
        sentence = _("資本額%(capital)s元，超過%(limit)s元，員工%(people)s人。") % words
    return Answer(False, sentence, used, "eligibility.not_sme")


@condition("area_covered", gettext_lazy("所在地"), REGISTRY)
def area_covered(facts: Facts, *, flags: Sequence[str], at: datetime) -> Answer:
    """The registered address lies in a township with one of these flags."""
    found = sorted(set(flags) & set(facts.flags))
    used = {"township_code": facts.township_code, "flags": found}
    if found:
        names = "、".join(str(AREAS[each]) for each in found)
        return Answer(
            True, _("%(township)s，屬%(areas)s。") % {"township": facts.township, "areas": names}, used
        )
    if not facts.township_code:
        return Answer(False, _("登記地址看不出鄉鎮市區。"), used, "eligibility.outside_area")
    return Answer(
        False,
        _("%(township)s，不在適用地區。") % {"township": facts.township},
        used,
        "eligibility.outside_area",
    )


AREAS = {
    "rural": gettext_lazy("偏鄉"),
    "indigenous": gettext_lazy("原住民族地區"),
    "hakka": gettext_lazy("客庄"),
    "offshore": gettext_lazy("離島"),
}


@condition("industry_covered", gettext_lazy("行業"), REGISTRY)
def industry_covered(facts: Facts, *, sections: Sequence[str], at: datetime) -> Answer:
    """The main trade belongs to one of these sections of the official classification."""
    used = {"industry_section": facts.industry_section}
    words = {"trade": facts.industry_name or _("登記沒有行業")}
    if facts.industry_section in sections:
        return Answer(True, _("%(trade)s，屬適用行業。") % words, used)
    return Answer(False, _("%(trade)s，不在適用行業。") % words, used, "eligibility.industry_not_covered")


@condition("age_below", gettext_lazy("設立時間"), REGISTRY)
def age_below(facts: Facts, *, years: int, at: datetime) -> Answer:
    """Set up less than so many years ago."""
    used = {"setup_date": facts.setup_date}
    if not facts.setup_date:
        return Answer(False, _("登記沒有設立日期。"), used, "registry.not_found")
    age = (at.date() - date.fromisoformat(facts.setup_date)).days / 365.25
    return Answer(
        age < years,
        _("設立於%(day)s。") % {"day": day_words(date.fromisoformat(facts.setup_date))},
        used,
        "" if age < years else "eligibility.kind_not_covered",
    )


@condition("no_live_grant", gettext_lazy("目前的點數"), PLATFORM)
def no_live_grant(facts: Facts, *, group: str, at: datetime) -> Answer:
    """No grant of the same exclusion group can still be ordered with."""
    if facts.live_groups is None:
        return Answer(None, _("登入後才看得到目前的點數。"), {})
    if group in facts.live_groups:
        return Answer(
            False,
            _("已經有一筆可用的點數。"),
            {"live_groups": list(facts.live_groups)},
            "duplicate.small_grant_exists",
        )
    return Answer(True, _("目前沒有可用的點數。"), {"live_groups": list(facts.live_groups)})


@condition("cap_not_reached", gettext_lazy("點數上限"), PLATFORM)
def cap_not_reached(facts: Facts, *, group: str, cap_points: int, at: datetime) -> Answer:
    """What was granted before, less what went back, leaves room under the cap."""
    if facts.used_points is None:
        return Answer(
            None, _("每家合計最多%(cap)s點，登入後才看得到已用多少。") % {"cap": f"{cap_points:,}"}, {}
        )
    used = int(facts.used_points.get(group, 0))
    words = {"used": f"{used:,}", "cap": f"{cap_points:,}"}
    if used < cap_points:
        return Answer(True, _("已用%(used)s點，上限%(cap)s點。") % words, {"used_points": used})
    return Answer(
        False,
        _("已用%(used)s點，達到上限%(cap)s點。") % words,
        {"used_points": used},
        "eligibility.cap_reached",
    )


@condition("no_small_grant_elsewhere", gettext_lazy("不重複補助"), SUBSIDIES)
def no_small_grant_elsewhere(facts: Facts, *, kinds: Sequence[str], at: datetime) -> Answer:
    """No other programme has approved a subsidy of one of these kinds (small ones exclude each other, large ones do not)."""
    hits = [each for each in facts.subsidies if each.kind in kinds]
    used = {"subsidies": [asdict(each) for each in hits]}
    if not hits:
        return Answer(True, _("查無其他小額補助。"), used)
    first = min(hits, key=lambda each: each.approved_on)
    words = {
        "day": day_words(date.fromisoformat(first.approved_on)),
        "programme": first.programme,
        "amount": f"{first.amount_twd:,}",
    }
    sentence = _("%(day)s經「%(programme)s」核准%(amount)s元。小額補助每家只能一筆，以先核准者為準。") % words
    return Answer(False, sentence, used, "duplicate.small_grant_exists")


@condition("grants_declared", gettext_lazy("其他補助的申報"), SUBSIDIES)
def grants_declared(facts: Facts, *, at: datetime) -> Answer:
    """Every other grant that is on record was declared; a missing one is a warning, not a refusal."""
    if facts.declared_grants is None:
        return Answer(None, _("申請時請申報已領或申請中的其他政府補助。"), {})
    missing = [each.programme for each in facts.subsidies if each.programme not in facts.declared_grants]
    if missing:
        return Answer(
            False,
            _("查到沒有申報的補助：%(names)s。") % {"names": "、".join(missing)},
            {"missing": missing},
            "duplicate.undeclared",
        )
    return Answer(True, _("申報的內容與登錄相符。"), {"declared": list(facts.declared_grants)})


@condition("identity_proven", gettext_lazy("身分驗證"), PLATFORM)
def identity_proven(facts: Facts, *, methods: Sequence[str], at: datetime) -> Answer:
    """Somebody proved by one of these methods that they act for the organisation."""
    if facts.identity_methods is None:
        return Answer(None, _("加入時驗證負責人身分，約3分鐘。"), {})
    found = [each for each in facts.identity_methods if each in methods]
    used = {"identity_methods": list(facts.identity_methods)}
    if found:
        names = "、".join(str(ProofMethod(each).label) for each in found)
        return Answer(True, _("已用%(methods)s驗證。") % {"methods": names}, used)
    return Answer(False, _("還沒有用這個專區接受的方式驗證身分。"), used, "identity.method_too_weak")
