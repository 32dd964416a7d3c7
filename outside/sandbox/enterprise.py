"""What the twin's registers know about one enterprise."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from outside.sandbox.people import Person

COMPANIES = ("company_limited", "company_shares", "social_enterprise")
OPERATING, SUSPENDED, CLOSED = "operating", "suspended", "closed"


class Row(NamedTuple):
    """What the tax register prints of one enterprise."""

    address: str
    ubn: str
    head_office_ubn: str
    name: str
    capital_twd: int
    setup_date: date
    setup_roc: str
    organisation_kind: str
    uses_invoice: str
    industries: tuple[tuple[str, str], ...]
    status: str
    kind: str
    town: int
    employees: int


@dataclass(frozen=True, slots=True)
class Enterprise:
    """An enterprise with everything that any outside system knows about it."""

    index: int
    ubn: str
    head_office_ubn: str
    name: str
    address: str
    town_code: str
    county: str
    town: str
    capital_twd: int
    setup_date: date
    organisation_kind: str
    kind: str
    uses_invoice: bool
    industries: tuple[tuple[str, str], ...]
    tax_status: str
    suspended_from: date | None
    gcis_kind: str  # company, branch, business, or empty when only the tax office knows it
    gcis_status: str  # two-digit code; 01 is the only active one
    responsible: Person
    employees: int
    business_items: tuple[tuple[str, str], ...] = ()

    def row(self) -> Row:
        """What the tax register prints."""
        return Row(
            address=self.address,
            ubn=self.ubn,
            head_office_ubn=self.head_office_ubn,
            name=self.name,
            capital_twd=self.capital_twd,
            setup_date=self.setup_date,
            setup_roc=roc_compact(self.setup_date),
            organisation_kind=self.organisation_kind,
            uses_invoice="Y" if self.uses_invoice else "N",
            industries=self.industries,
            status=self.tax_status,
            kind=self.kind,
            town=0,
            employees=self.employees,
        )


def roc_compact(day: date) -> str:
    """A day as the registers print it: 1040413."""
    return f"{day.year - 1911:03d}{day:%m%d}"


def gcis_kind_of(kind: str) -> str:
    """Where the Ministry of Economic Affairs keeps it: company, branch, business, or nowhere."""
    if kind in COMPANIES:
        return "company"
    if kind == "branch":
        return "branch"
    return "business" if kind in ("sole_business", "partnership", "guesthouse", "farm") else ""
