"""What a table paper is made of: columns with a kind, and the lines that say where the figures come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """How a column's values are read and shown.

    Units: points are points, twd whole NT$, percent *basis points* (5,000 is shown as 50.00 %).
    Note: date and datetime are shown in ROC form in Chinese and ISO form in English; datetimes are Taipei time.
    """

    TEXT = "text"
    INTEGER = "integer"
    POINTS = "points"
    TWD = "twd"
    PERCENT = "percent"
    DATE = "date"
    DATETIME = "datetime"


NUMBERS = frozenset({Kind.INTEGER, Kind.POINTS, Kind.TWD, Kind.PERCENT})
AMOUNTS = frozenset({Kind.POINTS, Kind.TWD})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` in the query, `label` for people, `kind` of value.

    `total` adds it up in the last row; points and NT$ are added up unless told otherwise.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    total: bool | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", Kind(self.kind))

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS

    @property
    def is_totalled(self) -> bool:
        return self.kind in AMOUNTS if self.total is None else self.total


@dataclass(frozen=True, slots=True)
class About:
    """Where a table comes from, printed on a sheet (or lines) of its own together with its checksum."""

    as_of: datetime
    made_by: str
    made_at: datetime
    filters: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class TableSummary:
    """What went into the file, so that the caller can tie it out.

    `checksum` is the SHA-256 over the data rows as UTF-8 comma-separated lines ending CR LF (no header, no
    total, ISO dates), formula guards included: the same for CSV, XLSX, ODS and PDF, in both languages.
    """

    rows: int
    totals: dict[str, int]
    checksum: str
