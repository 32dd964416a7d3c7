"""The checks of a claim: small registered rules over one frozen record of facts.

A rule answers pass, warn or stop, names the sentence (`outcome`), the figures for it and its part of the risk. What
is stored is rule, version, outcome and figures; the sentence is made when somebody reads it, in that person's language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketplace.services.invoices import NUMBER, period_of

PASS, WARN, STOP = "pass", "warn", "stop"
RISK_FOR_OFFICER = 40
RISK_MOST = 100
ACCOUNT_COOLS_DAYS = 14
NEW_BUSINESS_DAYS = 365
NEIGHBOUR_NUMBERS = 3
VAT_BP = 500


@dataclass(frozen=True)
class RegistryState:
    """What the registers say of one side. `state`: active, inactive, unknown (no register answered)."""

    state: str
    reason: str = ""
    reason_en: str = ""
    as_of: date | None = None


@dataclass(frozen=True)
class Party:
    """One side of the order, as the platform knows it."""

    ubn: str
    responsible_person: str
    address: str
    phone: str
    bank_accounts: frozenset[str]
    registry: RegistryState
    setup_date: date | None = None


@dataclass(frozen=True)
class InvoiceFacts:
    """One invoice of the claim. `used_elsewhere`: its number stands on another invoice that is not void."""

    number: str
    period: str
    issued_on: date
    seller_ubn: str
    buyer_ubn: str
    amount_twd: int
    tax_twd: int
    used_elsewhere: bool = False
    neighbours: tuple[str, ...] = ()


@dataclass(frozen=True)
class UseFacts:
    """Days reported since activation: how many had use, how much of it fell on the busiest day."""

    days_since_activation: int
    days_used: int
    days_asked: int
    busiest_share_bp: int = 0


@dataclass(frozen=True)
class OtherGrant:
    """A subsidy of another programme for the buyer."""

    programme: str
    kind: str
    approved_at: datetime


@dataclass(frozen=True)
class ClaimCase:
    """Everything the rules may look at, read once."""

    at: datetime
    points: int
    price_twd: int
    copay_twd: int
    signed_on: date
    buyer: Party
    seller: Party
    invoices: tuple[InvoiceFacts, ...]
    use: UseFacts
    seal: str
    copay_paid_on: date | None
    copay_reference: str
    stars: int | None
    effects: int
    frozen_on: date | None
    vendor_is_active: bool
    account_since: date | None
    granted_at: datetime | None
    other_grants: tuple[OtherGrant, ...] = ()
    claims_30_days: int = 0
    claims_usual: int = 0

    @property
    def today(self) -> date:
        """The day in Taipei."""
        return timezone.localdate(self.at)

    @property
    def invoiced_twd(self) -> int:
        """All invoices together, tax included."""
        return sum(each.amount_twd for each in self.invoices)


@dataclass(frozen=True)
class Answer:
    """What a rule says."""

    verdict: str
    outcome: str
    facts: dict[str, Any] = field(default_factory=dict)
    risk: int = 0


@dataclass(frozen=True)
class Words:
    """The sentence of an outcome, and what to do about it."""

    sentence: str | Promise
    remedy: str | Promise = ""


@dataclass(frozen=True)
class Rule:
    """A registered check."""

    name: str
    version: int
    label: str | Promise
    words: dict[str, Words]
    ask: Callable[[ClaimCase], Answer]


RULES: dict[str, Rule] = {}
# Signals that route a claim to a person are not for the vendor's eyes: whoever plans to cheat would learn from them.
OFFICE_ONLY = frozenset(
    {"related_parties", "invoice_sequence", "vendor_volume", "business_age", "account_changed"}
)


def rule(
    name: str, label: str | Promise, words: dict[str, Words], *, version: int = 1
) -> Callable[[Any], Any]:
    """Register a check under `name`. Its `words` must hold every outcome that it can answer."""

    def register(ask: Callable[[ClaimCase], Answer]) -> Callable[[ClaimCase], Answer]:
        RULES[name] = Rule(name, version, label, words, ask)
        return ask

    return register


def ask_all(case: ClaimCase) -> list[tuple[Rule, Answer]]:
    """Every rule's answer, in the order they stand here."""
    return [(each, each.ask(case)) for each in RULES.values()]


def risk_of(answers: Iterable[Answer]) -> int:
    """The claim's risk, 0–100: the parts added up. It routes a claim to a person; it never decides."""
    return min(RISK_MOST, sum(each.risk for each in answers))


def is_for_officer(answers: Iterable[Answer], *, points: int, limit_points: int) -> bool:
    """Whether a person has to look: a stop, risk from 40 on, or more points than the zone lets pass by itself."""
    known = list(answers)
    return (
        any(each.verdict == STOP for each in known)
        or risk_of(known) >= RISK_FOR_OFFICER
        or points > limit_points
    )


# The parties

_REGISTRY_WORDS = {
    "active": Words(_("登記正常，營業中（%(as_of_on)s）。")),
    "inactive": Words(
        _("登記有問題：%(reason)s（%(as_of_on)s）。"), _("請對方先辦好登記；登記更新後，按「重新檢查」。")
    ),
    "unknown": Words(_("登記機關沒有回覆，查不到最新狀態。"), _("晚一點按「重新檢查」，或看證明文件。")),
}


def _registry(party: Party) -> Answer:
    known = party.registry
    facts = {"reason": known.reason, "reason_en": known.reason_en, "as_of_on": _iso(known.as_of)}
    if known.state == "active":
        return Answer(PASS, "active", facts)
    if known.state == "inactive":
        return Answer(STOP, "inactive", facts)
    return Answer(WARN, "unknown", {}, risk=RISK_FOR_OFFICER)


@rule("buyer_registry", _("企業登記與稅籍"), _REGISTRY_WORDS)
def buyer_registry(case: ClaimCase) -> Answer:
    """The buyer is still in business. Source: rule book R2-4, asked again before every payment."""
    return _registry(case.buyer)


@rule("seller_registry", _("業者登記與稅籍"), _REGISTRY_WORDS)
def seller_registry(case: ClaimCase) -> Answer:
    """The vendor is still in business."""
    return _registry(case.seller)


@rule(
    "buyer_freeze",
    _("企業確認下單"),
    {
        "none": Words(_("企業沒有提出「這筆不是我下的」。")),
        "frozen": Words(
            _("企業在%(frozen_on)s按下「這筆不是我下的」，查明前不撥款。"),
            _("看簽約與聯絡紀錄，問過企業再決定。"),
        ),
    },
)
def buyer_freeze(case: ClaimCase) -> Answer:
    """ "I never ordered this" stops the money at once. Source: rule book R4-11."""
    if case.frozen_on is None:
        return Answer(PASS, "none")
    return Answer(STOP, "frozen", {"frozen_on": _iso(case.frozen_on)}, risk=60)


@rule(
    "vendor_suspended",
    _("業者資格"),
    {
        "active": Words(_("業者資格有效，沒有停權。")),
        "suspended": Words(
            _("業者目前不是合格業者，請款暫停。"), _("等停權處分有結果；恢復資格後，按「重新檢查」。")
        ),
    },
)
def vendor_suspended(case: ClaimCase) -> Answer:
    """A suspended vendor is not paid. Source: rule book R9-3."""
    return Answer(PASS, "active") if case.vendor_is_active else Answer(STOP, "suspended", risk=40)


@rule(
    "related_parties",
    _("利害關係"),
    {
        "none": Words(_("買賣雙方的負責人、地址、電話、帳號都不同。")),
        "shared": Words(
            _("買賣雙方相同的資料：%(shared)s。只是訊號，不能單獨當作退件理由。"), _("請業者說明雙方關係。")
        ),
        "self": Words(_("買方就是賣方（統一編號%(ubn)s）。"), _("企業不能向自己下單；查明後退件。")),
    },
)
def related_parties(case: ClaimCase) -> Answer:
    """Signals of self-dealing. Source: rule book R4-9 and R8-6 (signals, never a refusal by themselves)."""
    buyer, seller = case.buyer, case.seller
    if buyer.ubn == seller.ubn:
        return Answer(STOP, "self", {"ubn": buyer.ubn}, risk=60)
    shared = [
        name
        for name, same in (
            ("responsible_person", _same(buyer.responsible_person, seller.responsible_person)),
            ("address", _same(buyer.address, seller.address)),
            ("phone", _same_phone(buyer.phone, seller.phone)),
            ("bank_account", bool(buyer.bank_accounts & seller.bank_accounts)),
        )
        if same
    ]
    if not shared:
        return Answer(PASS, "none")
    return Answer(WARN, "shared", {"shared": shared}, risk=RISK_FOR_OFFICER + 15 * (len(shared) - 1))


def _same(one: str, other: str) -> bool:
    plain = "".join(one.split()).replace("台", "臺")
    return bool(plain) and plain == "".join(other.split()).replace("台", "臺")


def _same_phone(one: str, other: str) -> bool:
    digits = "".join(filter(str.isdigit, one))
    return len(digits) >= 7 and digits == "".join(filter(str.isdigit, other))


# The order: contract, own share, use, rating


@rule(
    "contract_seal",
    _("合約封印"),
    {
        "intact": Words(_("合約沒有被更動。")),
        "broken": Words(
            _("合約檔案與封印對不起來。"), _("停止付款，通知系統管理，請雙方各提供自己的那一份。")
        ),
        "missing": Words(_("沒有雙方簽好並封印的合約。"), _("請業者與企業補簽；補好後按「重新檢查」。")),
    },
)
def contract_seal(case: ClaimCase) -> Answer:
    """Both signed, and nothing was changed since."""
    if case.seal == "intact":
        return Answer(PASS, "intact")
    return Answer(STOP, "broken" if case.seal == "broken" else "missing", risk=60)


@rule(
    "copay_proof",
    _("自付額證明"),
    {
        "paid": Words(_("自付額%(copay_twd)s元，%(paid_on)s收到，憑據%(reference)s。")),
        "none_due": Words(_("這筆沒有自付額。")),
        "no_reference": Words(
            _("自付額%(copay_twd)s元登記為已收到，但沒有憑據號碼。"), _("請業者補匯款單或收據號碼。")
        ),
        "unpaid": Words(_("自付額%(copay_twd)s元沒有付款紀錄。"), _("請業者在訂單上登記收款日期與憑據。")),
    },
)
def copay_proof(case: ClaimCase) -> Answer:
    """The buyer paid its own share. Source: rule book R4-5."""
    facts: dict[str, Any] = {"copay_twd": case.copay_twd}
    if case.copay_twd == 0:
        return Answer(PASS, "none_due")
    if case.copay_paid_on is None:
        return Answer(STOP, "unpaid", facts, risk=30)
    if not case.copay_reference:
        return Answer(WARN, "no_reference", facts, risk=20)
    return Answer(
        PASS, "paid", facts | {"paid_on": _iso(case.copay_paid_on), "reference": case.copay_reference}
    )


_USE_SENTENCE = _("強度%(strength)s：啟用後%(days_since)s天中，%(days_used)s天有使用。")
_USE_REMEDY = _("請業者補教學紀錄、畫面或其他證明；也可以直接問企業。")


@rule(
    "use_evidence",
    _("使用證據"),
    {
        "strong": Words(_USE_SENTENCE),
        "weak": Words(_USE_SENTENCE, _USE_REMEDY),
        "concentrated": Words(
            _(
                "強度%(strength)s：啟用後%(days_since)s天中，%(days_used)s天有使用，其中%(busiest)s%%集中在一天。"
            ),
            _USE_REMEDY,
        ),
        "none": Words(
            _("啟用後%(days_since)s天，沒有任何使用紀錄。"),
            _("沒有使用就不能請款；有使用的話，請業者補送回報。"),
        ),
    },
)
def use_evidence(case: ClaimCase) -> Answer:
    """Strength A–D of the proof that it is used. Source: rule book R5-5."""
    use = case.use
    strength = evidence_strength(use)
    facts = {"strength": strength, "days_since": use.days_since_activation, "days_used": use.days_used}
    if use.days_used == 0:
        return Answer(STOP, "none", facts, risk=50)
    if use.busiest_share_bp > 6_000:
        risk = {"B": 10, "C": 25}.get(strength, RISK_FOR_OFFICER)
        return Answer(WARN, "concentrated", facts | {"busiest": use.busiest_share_bp // 100}, risk=risk)
    if strength in "AB":
        return Answer(PASS, "strong", facts)
    return Answer(WARN, "weak", facts, risk=20 if strength == "C" else RISK_FOR_OFFICER)


def evidence_strength(use: UseFacts) -> str:
    """A: used on at least 15 of every 30 days; B: 8; C: 3; D: less. One grade down when one day holds over 60 % of it.

    Note: a shop open five days a week that uses it every second day reaches B.
    """
    span = max(use.days_since_activation, 1)
    per_month = use.days_used * 30 / max(span, use.days_asked)
    grade = next((n for n, least in enumerate((15, 8, 3)) if per_month >= least), 3)
    if use.busiest_share_bp > 6_000 and use.days_used > 1:
        grade = min(grade + 1, 3)
    return "ABCD"[grade]


@rule(
    "rating",
    _("評分與問卷"),
    {
        "complete": Words(_("%(stars)s分，成效五題都填了。")),
        "partial": Words(
            _("%(stars)s分，成效問卷填了%(effects)s題，共5題。"), _("請業者提醒企業補填；不能代填。")
        ),
        "missing": Words(_("企業還沒評分。"), _("請業者提醒企業評分；不能代填。")),
    },
)
def rating(case: ClaimCase) -> Answer:
    """Rating and the five effects gate the claim. Source: rule book R5-7."""
    if case.stars is None:
        return Answer(STOP, "missing")
    facts = {"stars": case.stars, "effects": case.effects}
    return Answer(PASS, "complete", facts) if case.effects >= 5 else Answer(WARN, "partial", facts, risk=10)


# The invoices


@rule(
    "invoice_form",
    _("發票格式與期別"),
    {
        "fine": Words(_("%(count)s張發票的號碼與期別都正確。")),
        "number": Words(_("發票號碼%(number)s不是2個英文字母加8位數字。"), _("退回，請業者對照發票重打。")),
        "period": Words(
            _("發票%(number)s的期別%(period)s與日期%(issued_on)s不符。"), _("退回，請業者更正。")
        ),
        "too_early": Words(
            _("發票%(number)s開在簽約之前（%(issued_on)s）。"), _("請業者說明，或換一張發票。")
        ),
    },
)
def invoice_form(case: ClaimCase) -> Answer:
    """Two capitals and eight digits; the period is the date's. Source: 統一發票使用辦法, rule book R6-3."""
    for each in case.invoices:
        facts = {"number": each.number, "period": each.period, "issued_on": _iso(each.issued_on)}
        if not NUMBER.fullmatch(each.number):
            return Answer(STOP, "number", facts)
        if period_of(each.issued_on) != each.period:
            return Answer(STOP, "period", facts)
        if each.issued_on < case.signed_on:
            return Answer(WARN, "too_early", facts, risk=20)
    return Answer(PASS, "fine", {"count": len(case.invoices)})


@rule(
    "invoice_parties",
    _("發票買賣方"),
    {
        "match": Words(_("買賣方統一編號與訂單相同。")),
        "other": Words(
            _("發票%(number)s的買賣方統一編號與訂單不同。"), _("退回，請業者換成開給這家企業的發票。")
        ),
    },
)
def invoice_parties(case: ClaimCase) -> Answer:
    """Issued by this vendor to this buyer."""
    for each in case.invoices:
        if (each.seller_ubn, each.buyer_ubn) != (case.seller.ubn, case.buyer.ubn):
            return Answer(STOP, "other", {"number": each.number}, risk=40)
    return Answer(PASS, "match")


@rule(
    "invoice_sum",
    _("發票金額"),
    {
        "equal": Words(_("合計%(invoiced_twd)s元，與訂單價格相同。")),
        "over": Words(
            _("合計%(invoiced_twd)s元，比訂單價格%(price_twd)s元多%(difference_twd)s元。"),
            _("問業者多的是什麼；與這筆訂單無關的，請換發票或開折讓單。"),
        ),
        "under": Words(
            _("合計%(invoiced_twd)s元，比訂單價格%(price_twd)s元少%(difference_twd)s元。"),
            _("退回，請業者補發票。"),
        ),
    },
)
def invoice_sum(case: ClaimCase) -> Answer:
    """Invoices make the price. Source: rule book R6-4."""
    difference = case.invoiced_twd - case.price_twd
    facts = {
        "invoiced_twd": case.invoiced_twd,
        "price_twd": case.price_twd,
        "difference_twd": abs(difference),
    }
    if difference == 0:
        return Answer(PASS, "equal", facts)
    return Answer(WARN, "over", facts, risk=20) if difference > 0 else Answer(STOP, "under", facts)


@rule(
    "invoice_tax",
    _("發票稅額"),
    {
        "usual": Words(_("稅額是5%%，或免稅。")),
        "odd": Words(_("發票%(number)s的稅額%(tax_twd)s元不是5%%。"), _("請業者對照發票確認。")),
    },
)
def invoice_tax(case: ClaimCase) -> Answer:
    """Value-added tax of 5 % within NT$1, or none. Source: 加值型及非加值型營業稅法 §10."""
    for each in case.invoices:
        usual = round(each.amount_twd * VAT_BP / (10_000 + VAT_BP))
        if each.tax_twd and abs(each.tax_twd - usual) > 1:
            return Answer(WARN, "odd", {"number": each.number, "tax_twd": each.tax_twd}, risk=5)
    return Answer(PASS, "usual")


@rule(
    "invoice_duplicate",
    _("發票重複"),
    {
        "none": Words(_("沒有在別的請款用過。")),
        "used": Words(_("發票%(number)s也出現在另一筆請款。"), _("請業者說明；用錯的換一張。")),
    },
)
def invoice_duplicate(case: ClaimCase) -> Answer:
    """The same number, in this or another period, on another order."""
    for each in case.invoices:
        if each.used_elsewhere:
            return Answer(STOP, "used", {"number": each.number}, risk=50)
    return Answer(PASS, "none")


@rule(
    "invoice_sequence",
    _("發票連號"),
    {
        "none": Words(_("沒有與其他企業同日連號。")),
        "neighbours": Words(
            _("發票%(number)s與其他企業的發票同日連號：%(neighbours)s。"),
            _("請業者說明開立經過，或查財政部存證時間。"),
        ),
    },
)
def invoice_sequence(case: ClaimCase) -> Answer:
    """Neighbouring numbers to other buyers on one day: common in made-up sales, and in a busy shop. A signal only."""
    for each in case.invoices:
        if each.neighbours:
            facts = {"number": each.number, "neighbours": list(each.neighbours)}
            return Answer(WARN, "neighbours", facts, risk=28)
    return Answer(PASS, "none")


# Money: other subsidies, account, volume


@rule(
    "double_subsidy",
    _("不重複補助"),
    {
        "none": Words(_("查無其他小型補助。")),
        "large": Words(_("有大型補助（%(programme)s），不互斥；同一筆費用不能重複。")),
        "earlier": Words(
            _("%(programme)s在%(approved_on)s已核准小型補助，早於本案。"),
            _("請企業說明；要改用本案，先向該機關撤回。"),
        ),
        "later": Words(
            _("%(programme)s在%(approved_on)s也核准了小型補助，晚於本案。"),
            _("本案核准在先，可以付款；通知該機關。"),
        ),
    },
)
def double_subsidy(case: ClaimCase) -> Answer:
    """Small grants exclude each other, the earlier approval wins. Source: rule book R8-1 to R8-3."""
    small = [each for each in case.other_grants if each.kind == "small"]
    for each in small:
        facts = {"programme": each.programme, "approved_on": _iso(timezone.localdate(each.approved_at))}
        if case.granted_at is None or each.approved_at < case.granted_at:
            return Answer(STOP, "earlier", facts, risk=50)
        return Answer(WARN, "later", facts, risk=20)
    large = next((each for each in case.other_grants if each.kind == "large"), None)
    return Answer(PASS, "large", {"programme": large.programme}) if large else Answer(PASS, "none")


@rule(
    "account_changed",
    _("收款帳戶"),
    {
        "settled": Words(_("帳戶從%(since_on)s起沒有變更。")),
        "changed": Words(
            _("帳戶在%(since_on)s剛變更，還在14天冷卻期。"), _("向業者登記的電話確認是不是本人變更。")
        ),
        "missing": Words(_("業者沒有登記收款帳戶。"), _("請業者到「收款帳戶」填寫；填好後按「重新檢查」。")),
    },
)
def account_changed(case: ClaimCase) -> Answer:
    """A fresh account is the usual sign of a stolen log-in. Source: rule book R6-10."""
    if case.account_since is None:
        return Answer(STOP, "missing")
    facts = {"since_on": _iso(case.account_since)}
    if case.today - case.account_since < timedelta(days=ACCOUNT_COOLS_DAYS):
        return Answer(WARN, "changed", facts, risk=RISK_FOR_OFFICER)
    return Answer(PASS, "settled", facts)


@rule(
    "vendor_volume",
    _("業者請款量"),
    {
        "usual": Words(_("近30天%(recent)s筆，與平時相當。")),
        "high": Words(_("近30天%(recent)s筆，平時每月%(usual)s筆。"), _("看看是不是同一位業務或同一區。")),
    },
)
def vendor_volume(case: ClaimCase) -> Answer:
    """A sudden rise of one vendor's claims."""
    facts = {"recent": case.claims_30_days, "usual": case.claims_usual}
    is_high = case.claims_30_days >= 20 and case.claims_30_days * 10 >= case.claims_usual * 18
    return Answer(WARN, "high", facts, risk=12) if is_high else Answer(PASS, "usual", facts)


@rule(
    "business_age",
    _("開業時間"),
    {
        "settled": Words(_("開業滿1年。")),
        "new": Words(_("開業%(months)s個月。")),
        "unknown": Words(_("登記資料沒有設立日期。")),
    },
)
def business_age(case: ClaimCase) -> Answer:
    """A young business is no fault; it only adds a little to the risk."""
    if case.buyer.setup_date is None:
        return Answer(PASS, "unknown")
    age = (case.today - case.buyer.setup_date).days
    if age >= NEW_BUSINESS_DAYS:
        return Answer(PASS, "settled")
    return Answer(PASS, "new", {"months": max(age, 0) // 30}, risk=8)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


# What people read

SHARED_WORDS: dict[str, str | Promise] = {
    "responsible_person": pgettext_lazy("shared fact", "負責人"),
    "address": pgettext_lazy("shared fact", "地址"),
    "phone": pgettext_lazy("shared fact", "電話"),
    "bank_account": pgettext_lazy("shared fact", "銀行帳號"),
}
