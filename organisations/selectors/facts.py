"""What registers say about a number: the local snapshot of the open data, overlaid by the last live answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any

from organisations.addresses import township_code_of
from organisations.industries import division_of, section_of
from organisations.models.organisation import Organisation
from organisations.models.places import Township
from organisations.models.registry import RegistryCheck, RegistryImport, RegistryRecord

NAMELESS = "（登記無名稱）"
FLAGS = ("rural", "indigenous", "hakka", "offshore")
KIND_WORDS = {
    "獨資": Organisation.Kind.SOLE,
    "合夥": Organisation.Kind.PARTNERSHIP,
    "有限公司": Organisation.Kind.COMPANY,
    "股份有限公司": Organisation.Kind.COMPANY,
    "外國公司": Organisation.Kind.COMPANY,
    "無限公司": Organisation.Kind.COMPANY,
    "兩合公司": Organisation.Kind.COMPANY,
    "分公司": Organisation.Kind.BRANCH,
    "合作社": Organisation.Kind.COOPERATIVE,
}
NAME_ENDINGS = (
    (("合作社", "合作農場"), Organisation.Kind.COOPERATIVE),
    (("基金會",), Organisation.Kind.FOUNDATION),
    (
        ("協會", "學會", "公會", "促進會", "聯合會", "農會", "漁會"),
        Organisation.Kind.ASSOCIATION,
    ),
)


@dataclass(frozen=True)
class RegistryFacts:
    """One number as the registers know it; nobody typed any of this.

    Units: `capital_twd` in NT$, None = no register tells. `status` is the tax register's, `register_status` the GCIS code.
    """

    ubn: str
    name: str
    address: str
    kind: str  # Organisation.Kind
    status: str  # RegistryRecord.Status
    source: str  # "open_data", "tax_registry" or "gcis": who told the tax status
    as_of: datetime | date | None
    capital_twd: int | None = None
    setup_date: date | None = None
    township_code: str | None = None
    county_code: str | None = None
    flags: frozenset[str] = frozenset()  # of the township: rural, indigenous, hakka, offshore
    industry_code: str = ""  # tax trade code, 6 digits
    industry_name: str = ""
    industry_division: str | None = None  # Industry.code: "56", "47-48"
    industry_section: str | None = None
    organisation_kind: str = ""  # as the register prints it
    head_office_ubn: str = ""
    uses_invoice: bool | None = None
    is_foreign: bool = False
    register_kind: str = ""  # company, branch, business, or nothing
    register_status: str = ""
    register_status_text: str = ""
    responsible_person: str = ""
    business_items: tuple[tuple[str, str], ...] = ()
    oddities: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether both registers see it in business (a body that GCIS does not keep needs only the tax register)."""
        return self.status == RegistryRecord.Status.OPERATING and self.register_status in ("", "01")


def registry_facts(ubn: str) -> RegistryFacts | None:
    """All that is known here about a number without asking outside; None when nothing is."""
    record = RegistryRecord.objects.filter(pk=ubn).first()
    answers = last_answers(ubn)
    facts = _from_record(record) if record else None
    return with_answers(facts, ubn, answers)


def last_answers(ubn: str) -> dict[str, Any]:
    """The newest live answers that were kept for a number, by source."""
    check = RegistryCheck.objects.filter(ubn=ubn).exclude(answers={}).order_by("-asked_at", "-pk").first()
    return check.answers if check else {}


def with_answers(facts: RegistryFacts | None, ubn: str, answers: Mapping[str, Any]) -> RegistryFacts | None:
    """`facts` overlaid by live answers (of one check: `tax_registry` and `gcis`)."""
    tax, gcis = (
        answers.get("tax_registry", {}).get("facts"),
        answers.get("gcis", {}).get("facts"),
    )
    if tax:
        facts = _overlay_tax(facts, ubn, tax)
    elif facts is not None and "tax_registry" in answers:  # asked live, and no longer there
        facts = replace(facts, status=RegistryRecord.Status.GONE, source="tax_registry")
    if gcis:
        facts = _overlay_gcis(facts, ubn, gcis)
    return _with_kind(facts) if facts else None


def local_facts(ubn: str) -> RegistryFacts | None:
    """What the snapshot of the open data alone says."""
    record = RegistryRecord.objects.filter(pk=ubn).first()
    return _with_kind(_from_record(record)) if record else None


def snapshot_date() -> date | None:
    """The day of the open data that was last loaded."""
    return (
        RegistryImport.objects.filter(file_kind=RegistryImport.File.OPERATING, finished_at__isnull=False)
        .order_by("-finished_at")
        .values_list("data_date", flat=True)
        .first()
    )


def forget_places() -> None:
    """Read townships' flags anew (after they were re-imported)."""
    _townships.cache_clear()


def _from_record(record: RegistryRecord) -> RegistryFacts:
    as_of = record.data_date if record.status == RegistryRecord.Status.GONE else snapshot_date()
    facts = RegistryFacts(
        ubn=record.ubn,
        name=record.name or NAMELESS,
        address=record.address,
        kind="",
        status=record.status,
        source="open_data",
        as_of=as_of or record.data_date,
        capital_twd=record.capital_twd,
        setup_date=record.setup_date,
        organisation_kind=record.organisation_kind,
        head_office_ubn=record.head_office_ubn,
        uses_invoice=record.uses_invoice,
        oddities=tuple(record.oddities),
    )
    trade = (record.industry_code, record.industry_name)
    if not record.industry_code and record.other_industries:
        trade = ("", record.other_industries[0][1])
    return _at_place(_in_trade(facts, *trade), record.township_id)


def _overlay_tax(facts: RegistryFacts | None, ubn: str, tax: Mapping[str, Any]) -> RegistryFacts:
    blank = RegistryFacts(
        ubn=ubn,
        name="",
        address="",
        kind="",
        status="",
        source="tax_registry",
        as_of=None,
    )
    newer = replace(
        facts or blank,
        name=tax["name"] or (facts.name if facts else NAMELESS),
        address=tax["address"] or (facts.address if facts else ""),
        status=tax["status"],
        source="tax_registry",
        as_of=datetime.fromisoformat(tax["fetched_at"]),
        capital_twd=tax["capital_twd"] or (facts.capital_twd if facts else None),
        setup_date=_day(tax["setup_date"]) or (facts.setup_date if facts else None),
        organisation_kind=tax["organisation_kind"] or (facts.organisation_kind if facts else ""),
        head_office_ubn=tax["head_office_ubn"],
    )
    if tax["industries"]:
        newer = _in_trade(newer, *tax["industries"][0])
    return _at_place(newer, township_code_of(newer.address))


def _overlay_gcis(facts: RegistryFacts | None, ubn: str, gcis: Mapping[str, Any]) -> RegistryFacts:
    fetched = datetime.fromisoformat(gcis["fetched_at"])
    if facts is None:
        facts = RegistryFacts(
            ubn=ubn,
            name=gcis["name"],
            address=gcis["address"],
            kind="",
            status="",
            source="gcis",
            as_of=fetched,
        )
        facts = _at_place(facts, township_code_of(facts.address))
    return replace(
        facts,
        register_kind=gcis["kind"],
        register_status=gcis["status_code"],
        register_status_text=gcis["status_description"],
        responsible_person=gcis["responsible_name"],
        capital_twd=gcis["paid_in_capital_twd"] or facts.capital_twd,
        setup_date=_day(gcis["setup_date"]) or facts.setup_date,
        head_office_ubn=gcis["head_office_ubn"] or facts.head_office_ubn,
        organisation_kind=gcis["organisation_kind"] or facts.organisation_kind,
        business_items=tuple((code, name) for code, name in gcis["business_items"]),
    )


def _in_trade(facts: RegistryFacts, code: str, name: str) -> RegistryFacts:
    return replace(
        facts,
        industry_code=code,
        industry_name=name,
        industry_division=division_of(code),
        industry_section=section_of(code),
    )


def _at_place(facts: RegistryFacts, township_code: str | None) -> RegistryFacts:
    county, flags = _townships().get(township_code or "", (None, frozenset()))
    return replace(facts, township_code=township_code, county_code=county, flags=flags)


def _with_kind(facts: RegistryFacts) -> RegistryFacts:
    is_foreign = "外國" in facts.organisation_kind or facts.name.endswith(("台灣分公司", "臺灣分公司"))
    return replace(facts, kind=_kind_of(facts), is_foreign=is_foreign)


def _kind_of(facts: RegistryFacts) -> str:
    """Source: 組織別名稱 of the tax register; clinics by trade 86 and name; bodies by their names' endings."""
    if facts.register_kind == "branch":
        return Organisation.Kind.BRANCH
    if facts.industry_code.startswith("86") and facts.name.endswith(("診所", "醫院", "牙醫", "中醫")):
        return Organisation.Kind.CLINIC
    if facts.organisation_kind in KIND_WORDS:
        return KIND_WORDS[facts.organisation_kind]
    for endings, kind in NAME_ENDINGS:
        if facts.name.endswith(endings):
            return kind
    if facts.register_kind == "company":
        return Organisation.Kind.COMPANY
    return Organisation.Kind.TAX_ONLY if facts.organisation_kind in ("", "其他") else Organisation.Kind.OTHER


@cache
def _townships() -> dict[str, tuple[str, frozenset[str]]]:
    names = [f"is_{flag}" for flag in FLAGS]
    return {
        code: (
            county,
            frozenset(flag for flag, is_set in zip(FLAGS, values, strict=True) if is_set),
        )
        for code, county, *values in Township.objects.values_list("code", "county_id", *names)
    }


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
