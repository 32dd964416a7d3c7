"""What the papers need to know: one record per template. All amounts are integers, units in the names.

Dates may be `date`/`datetime` or ISO text; texts come in the language of the paper.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Literal, NotRequired, TypedDict

from papers.columns import Kind
from papers.pdf import FOLDER, render_pdf
from papers.rows import PLAIN

Language = Literal["zh-hant", "en"]


class Party(TypedDict):
    """One side of the contract as the register has it."""

    name: str
    ubn: str
    address: str
    representative: str
    contact: NotRequired[str]


class SolutionCopy(TypedDict):
    """The solution as frozen when ordered."""

    name: str
    version: str
    category: str
    summary: str
    functions: NotRequired[list[str]]


class PlanCopy(TypedDict):
    """The plan as frozen when ordered."""

    name: str
    months: int
    users: str
    data_volume: str


class Money(TypedDict):
    """Units: NT$ and points; `points + copay_twd == price_twd`; `rate_bp` is the highest share allowed."""

    price_twd: int
    points: int
    copay_twd: int
    rate_bp: int
    copay_due_date: date | str | None


class Periods(TypedDict):
    """The days that matter."""

    ordered_at: datetime | str
    answer_by: date | str
    activate_by: date | str
    months: int
    default_activation_days: NotRequired[int]


class ServiceLevel(TypedDict):
    item: str
    promise: str


class Exit(TypedDict):
    """How the buyer gets out, and what staying costs."""

    formats: str
    procedure: str
    data_location: str
    sub_processors: NotRequired[str]
    support_hours: NotRequired[str]
    second_year_twd: NotRequired[int | None]
    third_year_twd: NotRequired[int | None]


class ClauseReference(TypedDict):
    """A clause of the rule book the order rests on."""

    clause: str
    text: str


class ContractSignature(TypedDict):
    """One signature as shown; the evidence itself is attached to the PDF.

    `key` is the certificate's serial number or the passkey's identifier.
    """

    side: Literal["buyer", "vendor"]
    person: str
    method: str
    at: datetime | str
    key: str


class ContractData(TypedDict):
    """Everything in `contract.typ`. Before both have signed, `signatures` is short or empty."""

    language: Language
    number: str
    programme: str
    zone: str
    buyer: Party
    vendor: Party
    solution: SolutionCopy
    plan: PlanCopy
    money: Money
    periods: Periods
    service_levels: list[ServiceLevel]
    exit: Exit
    clause_references: list[ClauseReference]
    signatures: list[ContractSignature]


class StatementMove(TypedDict):
    """One line of a statement. Units: points; exactly one of in and out is above zero."""

    at: datetime | str
    what: str
    reference: str
    in_points: int
    out_points: int
    balance_points: int


class StatementData(TypedDict):
    """Everything in `statement.typ`: an organisation's, vendor's or budget's points between two days."""

    language: Language
    title: str
    number: str
    holder: str
    holder_number: str
    account: str
    from_date: date | str
    until_date: date | str
    opening_points: int
    moves: list[StatementMove]
    closing_points: int
    held_points: NotRequired[int]
    made_at: datetime | str
    made_by: str
    checksum: NotRequired[str]


class LetterData(TypedDict):
    """Everything in `letter.typ`."""

    language: Language
    sender: str
    sender_lines: list[str]
    receiver: str
    receiver_lines: list[str]
    number: str
    date: date | str
    subject: str
    paragraphs: list[str]
    items: NotRequired[list[str]]
    signature: str
    signature_title: NotRequired[str]
    copies_to: NotRequired[list[str]]


def contract_pdf(data: ContractData) -> bytes:
    """The contract as PDF/A-3b, ready for `attach_evidence` and `seal_pdf`."""
    return render_pdf("contract", {**data, "digest": contract_digest(data)}, with_attachments=True)


def contract_digest(data: ContractData) -> str:
    """SHA-256 of what is agreed: everything but the signatures, and the clauses' full text.

    Both parties sign this; it is printed on every page, so print and evidence can be compared.
    """
    agreed: dict[str, Any] = {key: value for key, value in data.items() if key != "signatures"}
    agreed["clauses"] = _clauses()
    text = json.dumps(agreed, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_iso)
    return hashlib.sha256(text.encode()).hexdigest()


def statement_pdf(data: StatementData) -> bytes:
    """A points statement.

    Raises: ValueError when opening balance and moves do not give the closing balance.
    """
    balance = data["opening_points"] + sum(move["in_points"] - move["out_points"] for move in data["moves"])
    if balance != data["closing_points"]:
        raise ValueError(f"the moves give {balance}, the statement says {data['closing_points']}")
    return render_pdf("statement", data)


def letter_pdf(data: LetterData) -> bytes:
    """A letter of the office."""
    return render_pdf("letter", data)


@cache
def _clauses() -> Mapping[str, Any]:
    clauses: Mapping[str, Any] = json.loads((FOLDER / "contract_clauses.json").read_text("utf-8"))
    return clauses


def clauses_version() -> str:
    """The version of the contract's clauses now in force."""
    return str(_clauses()["version"])


def _iso(value: object) -> str:
    if isinstance(value, date):
        (iso,) = PLAIN[Kind.DATETIME if isinstance(value, datetime) else Kind.DATE]([value])
        return iso
    raise TypeError(f"{type(value).__name__} cannot stand in a contract")
