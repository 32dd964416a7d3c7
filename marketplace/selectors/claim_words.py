"""Claims in words, in the reader's language: sentences of checks, why it waits, what happened so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from marketplace.claim_rules import OFFICE_ONLY, RULES, SHARED_WORDS, STOP, WARN
from marketplace.models.claims import Claim, ClaimCheck, Payout, PayoutBatch
from marketplace.selectors.claims import newest_batch, newest_payout
from organisations.languages import in_english
from organisations.roc import roc_date, roc_year
from organisations.templatetags.look import roc_datetime
from outside import ach

ORDER_OF_VERDICTS = {STOP: 0, WARN: 1}


def day_words(day: date) -> str:
    """A day inside a sentence: 115/11/20 or 2026-11-20."""
    return day.isoformat() if in_english() else roc_date(day, "short")


def month_words(day: date) -> str:
    """A month in a list: 115年11月 or 2026-11."""
    return f"{day:%Y-%m}" if in_english() else f"{roc_year(day)}年{day.month}月"


@dataclass(frozen=True)
class CheckLine:
    """A check as `{% check_list %}` shows it."""

    rule: str
    version: int
    verdict: str
    name: str | Promise
    fact: str
    remedy: str
    risk: int
    checked_at: datetime | None = None


def newest_checks(claim: Claim) -> list[CheckLine]:
    """The newest run of the checks in words: stops, warnings, passes."""
    rows = claim.checks.filter(made_at=claim.checked_at).order_by("pk") if claim.checked_at else []
    return sorted(
        (check_line(row) for row in rows),
        key=lambda line: (ORDER_OF_VERDICTS.get(line.verdict, 2), -line.risk),
    )


def check_line(check: ClaimCheck) -> CheckLine:
    """One check in words. A rule that no longer exists keeps its name and says nothing more."""
    rule = RULES.get(check.rule)
    words = rule.words.get(check.outcome) if rule else None
    values = {name: _shown(name, value) for name, value in check.facts.items()}
    if in_english() and values.get("reason_en"):
        values["reason"] = values["reason_en"]
    return CheckLine(
        check.rule,
        check.rule_version,
        check.verdict,
        rule.label if rule else check.rule,
        str(words.sentence) % values if words else "",
        str(words.remedy) if words else "",
        check.risk,
    )


def _shown(name: str, value: Any) -> str:
    if name.endswith("_on") and value:
        return day_words(date.fromisoformat(value))
    if name == "shared":
        return pgettext("between words", "、").join(str(SHARED_WORDS[each]) for each in value)
    if isinstance(value, list):
        return pgettext("between words", "、").join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def rule_label(name: str | None) -> str | Promise:
    """Why a person has to look, as the queue names it."""
    return RULES[name].label if name in RULES else _("超過自動核准額度")


def why(claim: Claim) -> str:
    """Why it stands where it stands, for the vendor. Never an internal note."""
    match claim.state:
        case Claim.State.CHECKING:
            return gettext("自動檢查中，幾秒就好")
        case Claim.State.OFFICER:
            return _why_with_officer(getattr(claim, "top_rule", None))
        case Claim.State.RETURNED | Claim.State.REJECTED:
            return claim.reason
        case Claim.State.APPROVED:
            return gettext("等財務編入下一批")
        case Claim.State.IN_BATCH:
            return _why_in_batch(newest_batch(claim))
        case Claim.State.FAILED:
            return gettext("銀行退件：%(why)s") % {"why": bank_words(newest_payout(claim))}
    return ""


def _why_with_officer(rule: str | None) -> str:
    return gettext("由承辦人看過再決定") if rule in OFFICE_ONLY else str(rule_label(rule))


def _why_in_batch(batch: PayoutBatch | None) -> str:
    if batch is None or batch.state == PayoutBatch.State.OPEN:
        return gettext("等第二人核可")
    return gettext("銀行處理中") if batch.state == PayoutBatch.State.SENT else gettext("正在送往銀行")


def bank_words(payout: Payout | None) -> str:
    """What the bank answered."""
    if payout is None or not payout.bank_code:
        return gettext("還沒有回覆")
    if payout.bank_code == ach.ACCEPTED:
        return gettext("已入帳")
    return str(
        ach.RETURN_REASONS.get(payout.bank_code, gettext("退件代號%(code)s") % {"code": payout.bank_code})
    )


# What happened

_TITLES: dict[str, str | Promise] = {
    "queue": _("自動檢查完成，轉人工審查"),
    "approve": _("審查通過"),
    "return": _("退回補正，時鐘暫停"),
    "resubmit": _("補正後再送"),
    "reject": _("退件"),
    "close": _("沒有在期限內補正，這次請款結束"),
    "batch": _("編入撥款批次"),
    "unbatch": _("批次取消，回到等撥款"),
    "pay": _("入帳"),
    "fail": _("銀行退件"),
}
_BY = {
    "submit": "vendor", "resubmit": "vendor", "pay": "office", "fail": "office",
}  # fmt: skip


@dataclass(frozen=True)
class Knot:
    """One knot of the thread, as `{% thread %}` shows it."""

    state: str
    title: str | Promise
    at: datetime | None
    text: str = ""
    who: str = "office"
    who_name: str | Promise = ""

    @property
    def when(self) -> str:
        """Its moment, as the page prints it."""
        return roc_datetime(self.at, "short") if self.at else ""


def thread_of(claim: Claim, *, for_office: bool) -> list[Knot]:
    """What happened to the claim, oldest first; names of colleagues only inside the office."""
    vendor = pgettext("who acts", "業者") if for_office else pgettext("who acts", "您")
    knots = [Knot("done", gettext("送件"), claim.submitted_at, who="vendor", who_name=vendor)]
    answers = {row.at: row.text for row in claim.answers.all()}
    for row in claim.moves.select_related("by"):
        who = _BY.get(row.verb, "office")
        knots.append(
            Knot(
                "bad" if row.verb in ("reject", "close", "fail") else "done",
                _title(row.verb, row.by_id is None),
                row.at,
                text=answers.get(row.at, "") if row.verb == "resubmit" else row.note,
                who=who,
                who_name=vendor if who == "vendor" else _name(row.by, for_office),
            )
        )
    last = _next_knot(claim)
    return [*knots, last] if last else knots


def _title(verb: str, by_platform: bool) -> str | Promise:
    if verb == "approve" and by_platform:
        return _("自動檢查都通過，自動核准")
    return _TITLES.get(verb, verb)


def _name(user: Any, for_office: bool) -> str | Promise:
    if user is None:
        return pgettext_lazy("who acts", "平台")
    return str(user) if for_office else pgettext_lazy("who acts", "計畫辦公室")


def _next_knot(claim: Claim) -> Knot | None:
    titles = {
        Claim.State.CHECKING: _("自動檢查"),
        Claim.State.OFFICER: _("承辦人審查"),
        Claim.State.RETURNED: _("等業者補正"),
        Claim.State.APPROVED: _("等財務撥款"),
        Claim.State.IN_BATCH: _("撥款中"),
        Claim.State.FAILED: _("等業者更正帳戶"),
    }
    title = titles.get(Claim.State(claim.state))
    if title is None:
        return None
    is_vendors = claim.state in (Claim.State.RETURNED, Claim.State.FAILED)
    return Knot("now", title, None, text=why(claim), who="vendor" if is_vendors else "office")
