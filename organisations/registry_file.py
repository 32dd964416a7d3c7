"""The tax register's open data (BGMOPEN1, BGMOPEN1X) as it is: bytes in, tidy rows and named refusals out.

Source: 財政部全國營業(稅籍)登記資料集. The second row holds only a date; dates are ROC yyyMMdd; digits may be full-width.
Note: a record is one physical line unless a quoted cell holds a line break, so that unchanged lines can be recognised by
their hash without being parsed.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_lazy as _

from organisations.addresses import Place, place_of, printed_places
from organisations.industries import is_known_tax_code
from organisations.refusals import Refused
from organisations.ubn import is_valid_ubn, normalise_ubn

HEADER = (
    "營業地址", "統一編號", "總機構統一編號", "營業人名稱", "資本額", "設立日期", "組織別名稱", "使用統一發票",
    "行業代號", "名稱", "行業代號1", "名稱1", "行業代號2", "名稱2", "行業代號3", "名稱3",
)  # fmt: skip
SUSPENDED_COLUMN = "停業日期"
KNOWN_KINDS = frozenset(
    ("獨資", "合夥", "有限公司", "股份有限公司", "分公司", "外國公司", "無限公司", "兩合公司", "合作社", "其他",
     "辦事處", "機關", "有限合夥")
)  # fmt: skip
CHUNK_BYTES = 1 << 20
MAX_RECORD_LINES, MAX_RECORD_BYTES = 20, 24_000  # 8,000 characters of three bytes
MAX_CAPITAL_TWD = 2**62
MOST_REMEMBERED = 50_000
_DATE_ROW = re.compile(r"\d{1,2}-[A-Z]{3}-\d{2}")
_ODD_NAME = re.compile(r"[\s?？\ue000-\uf8ff]|^$|（(?:歇業|停業|解散|撤銷|廢止|清算)")
_NAME_STATUS = re.compile(r"（(?:歇業|停業|解散|撤銷|廢止|清算)")
_PRIVATE_USE = re.compile("[\ue000-\uf8ff]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that makes no record. `is_quarantined`: readable, but its number cannot be right."""

    line_number: int
    why: str
    detail: str
    raw: str
    is_quarantined: bool = False


class Skip(Exception):
    """A line that is no business and no fault: empty, a header in the middle, the date row."""


class Unfit(Exception):
    """A line that makes no record."""

    def __init__(self, why: str, detail: str = "", *, is_quarantined: bool = False) -> None:
        super().__init__(why)
        self.why, self.detail, self.is_quarantined = why, detail, is_quarantined


# ---- bytes to physical records --------------------------------------------------------------------------------


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The CSV inside FILE or ZIP and its size in bytes.

    Raises: Refused("not_a_register_file") for a ZIP without exactly one CSV.
    """
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield file, path.stat().st_size
        return
    with zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if each.filename.lower().endswith(".csv")]
        if len(members) != 1:
            raise Refused(
                "not_a_register_file",
                _("壓縮檔裡要剛好有一個 CSV 檔，這個檔有%(count)s個。") % {"count": len(members)},
                remedy=_("請從財政部財政資訊中心重新下載。"),
            )
        with archive.open(members[0]) as file:
            yield file, members[0].file_size


Batch = tuple[
    int, list[bytes]
]  # number of the first line, records of one line each (or one record of several)


def batches(file: IO[bytes], told: Callable[[int], None]) -> Iterator[Batch]:
    """Records in order. A quote that never closes costs its own line only: at most 20 lines or 8,000 characters are joined."""
    number, left = 1, b""
    while chunk := file.read(CHUNK_BYTES):
        told(len(chunk))
        lines = (left + chunk).split(b"\n")
        left = lines.pop()
        if 1 in [line.count(b'"') & 1 for line in lines]:
            rest = yield from _joined(number, lines)
            number += len(lines) - len(rest)
            left = b"\n".join([*rest, left])
        else:
            yield number, lines
            number += len(lines)
    if left:
        lines = left.removesuffix(b"\n").split(b"\n")
        while rest := (
            yield from _joined(number, lines)
        ):  # what still waits for its closing quote never gets it
            number += len(lines) - len(rest)
            yield number, rest[:1]
            number, lines = number + 1, rest[1:]


def _joined(number: int, lines: list[bytes]) -> Generator[Batch, None, list[bytes]]:
    """As `batches`, for lines among which some have an open quote; returns the lines that need more to be decided."""
    place = start = 0
    while place < len(lines):
        if not lines[place].count(b'"') & 1:
            place += 1
            continue
        end = _end_of_record(lines, place)
        if end is None:
            if place > start:
                yield number + start, lines[start:place]
            return lines[place:]
        if place > start:
            yield number + start, lines[start:place]
        yield number + place, [b"\n".join(lines[place:end])]
        place = start = end
    if place > start:
        yield number + start, lines[start:place]
    return []


def _end_of_record(lines: list[bytes], place: int) -> int | None:
    """Where the record that begins at `place` ends; the next line if it never does; None if more lines are needed."""
    size, quotes = 0, 0
    for offset, line in enumerate(lines[place : place + MAX_RECORD_LINES]):
        size += len(line)
        quotes += line.count(b'"')
        if size > MAX_RECORD_BYTES:
            return place + 1
        if offset and not quotes & 1:
            joined = b"\n".join(lines[place : place + offset + 1])
            return place + offset + 1 if _column_count(joined) in (16, 17) else place + 1
    return None if len(lines) - place < MAX_RECORD_LINES else place + 1


def _column_count(record: bytes) -> int:
    rows = list(csv.reader(io.StringIO(record.decode("utf-8", "replace"), newline="")))
    return len(rows[0]) if len(rows) == 1 else 0


# ---- the head of the file ------------------------------------------------------------------------------------


def is_suspended_file(header: bytes) -> bool:
    """Whether the header is that of BGMOPEN1X (suspended businesses, one column more).

    Raises: Refused("not_a_register_file") for any other header.
    """
    try:
        cells = next(csv.reader([header.decode("utf-8-sig")]), [])
    except UnicodeDecodeError:
        cells = []
    names = tuple(unicodedata.normalize("NFKC", cell).strip() for cell in cells)
    if names == HEADER:
        return False
    if names == (*HEADER, SUSPENDED_COLUMN):
        return True
    raise Refused(
        "not_a_register_file",
        _("這不是財政部的營業稅籍登記檔：第一列的欄名不對。資料沒有改變。"),
        remedy=_("請使用 BGMOPEN1（營業中）或 BGMOPEN1X（停業中）的原始檔或壓縮檔，不要用試算表另存。"),
    )


def data_date_of(line: str) -> date | None:
    """The day in a row that holds only a date (10-APR-23, also in full-width signs); None for any other row."""
    plain = unicodedata.normalize("NFKC", line).strip().strip(",").strip('"')
    if not _DATE_ROW.fullmatch(plain):
        return None
    return datetime.strptime(plain.title(), "%d-%b-%y").date()


# ---- cells to a tidy row -------------------------------------------------------------------------------------

NULL = "\x01"
_SPACES = str.maketrans(dict.fromkeys((*range(32), 127), " "))
_CARE = re.compile(r"[\\\x00-\x09\x0b-\x1f\x7f]")
COLUMNS = (
    "ubn", "name", "address", "head_office_ubn", "capital_twd", "setup_date", "organisation_kind", "uses_invoice",
    "industry_code", "industry_name", "other_industries", "township_id", "oddities", "suspended_date",
)  # fmt: skip


@dataclass
class Reader:
    """Turns cells into the COPY line of a record. Remembers what it has seen of dates, trades and capitals."""

    newest: date
    column_count: int = 16
    _days: dict[str, str] = field(default_factory=dict)  # only those with nothing odd
    _trades: dict[str, str] = field(default_factory=dict)
    _tails: dict[str, str] = field(
        default_factory=dict
    )  # the last ten cells as they come → as they are copied
    _printed: dict[str, Place] = field(default_factory=printed_places)

    def quick(self, line: str) -> tuple[int, str] | None:
        """As `read`, for a line written as the Ministry writes it with nothing odd about it; None for any other.

        Note: nine lines of ten; three times as fast as the CSV reader and `read`, which stay the rule for what a cell means.
        """
        parts = line.split('"')
        if len(parts) != 5 or parts[0]:
            return None
        numbers, rest = parts[2].split(","), parts[4].split(",", 3)
        if len(numbers) != 4 or len(rest) != 4 or numbers[0] or numbers[2] or numbers[3] or rest[0]:
            return None
        address, ubn, name, capital = parts[1], numbers[1], parts[3], rest[1]
        place, day, tail = self._printed.get(address[:6]), self._days.get(rest[2]), self._tails.get(rest[3])
        if place is None or day is None or tail is None or place.note or "；" in address or ";" in address:
            return None
        if not capital.isdigit() or capital[0] == "0" or len(capital) > 18 or not capital.isascii():
            return None
        if not is_valid_ubn(ubn) or _ODD_NAME.search(name):
            return None
        code = place.township_code
        return int(ubn), f"{ubn}\t{name}\t{address}\t\t{capital}\t{day}\t{tail}\t{code}\t{{}}\t{NULL}"

    def read(self, cells: list[str]) -> tuple[int, str]:
        """The number as an integer and the record's columns, tab-separated in the order of COLUMNS.

        Raises: Skip, Unfit.
        """
        if len(cells) != self.column_count:
            self._explain_columns(cells)
        address, ubn, head, name, capital, setup, kind, invoice, code, trade = cells[:10]
        odd: list[str] = []
        if not is_valid_ubn(ubn):
            ubn = self._mended_ubn(ubn, cells, odd)
        if _ODD_NAME.search(name):
            name = _tidy_name(name, odd)
        place = self._printed.get(address[:6])
        if place is None or place.note or "；" in address or ";" in address:
            township = _place(address, odd)
        else:
            township = place.township_code or NULL
        if head:
            head = _head_office(ubn, head, kind, odd)
        if not capital.isdigit() or capital[0] == "0" or len(capital) > 18 or not capital.isascii():
            capital = _capital(capital, odd)
        day = self._days.get(setup)
        if day is None:
            day, day_odd = self._date(setup)
            if day_odd:
                odd.append(day_odd)
        if kind not in KNOWN_KINDS:
            odd.append("kind_unknown")
        uses = "t" if invoice == "Y" else "f" if invoice == "N" else _no_flag(odd)
        trade_odd = self._trades.get(code)
        if trade_odd is None:
            code, trade_odd = self._trade(code, trade, cells)
        if trade_odd:
            odd.append(trade_odd)
        others = _others(cells) if cells[10] or cells[12] or cells[14] else "[]"
        flags = "{" + ",".join(odd) + "}" if odd else "{}"
        if not odd and self.column_count == 16 and len(self._tails) < MOST_REMEMBERED:
            self._tails[",".join(cells[6:])] = "\t".join((kind, uses, code, trade, others))
        suspended = self._date(cells[16])[0] if self.column_count == 17 else NULL
        return int(ubn), "\t".join(
            (
                ubn,
                name,
                address,
                head,
                capital,
                day,
                kind,
                uses,
                code,
                trade,
                others,
                township,
                flags,
                suspended,
            )
        )

    def _explain_columns(self, cells: list[str]) -> None:
        if not any(cells):
            raise Skip
        raise Unfit("columns", str(len(cells)))

    def _mended_ubn(self, ubn: str, cells: list[str], odd: list[str]) -> str:
        if (
            not any(cell.strip() for cell in cells)
            or tuple(cells[1:16]) == HEADER[1:]
            or data_date_of(",".join(cells))
        ):
            raise Skip
        plain = normalise_ubn(ubn)
        if is_valid_ubn(plain):
            odd.append("ubn_normalised")
            return plain
        if plain == "00000000":
            raise Unfit("ubn_zero")
        if not (plain.isascii() and plain.isdigit()):
            raise Unfit("ubn_letter", "O → 0 ?" if "O" in plain.upper() else plain[:20])
        if len(plain) != 8:
            raise Unfit("ubn_length", f"{len(plain)}")
        raise Unfit("ubn_check", plain, is_quarantined=True)

    def _date(self, text: str) -> tuple[str, str]:
        """ISO day (or NULL) and what is odd about it; days with nothing odd are remembered."""
        day, odd = read_day(text)
        if day is not None and day > self.newest:
            odd = "date_future"
        answer = day.isoformat() if day else NULL
        if not odd and len(self._days) < MOST_REMEMBERED:
            self._days[text] = answer
        return answer, odd

    def _trade(self, code: str, trade: str, cells: list[str]) -> tuple[str, str]:
        """The code and what is odd about it; only whole codes are remembered."""
        plain = unicodedata.normalize("NFKC", code).strip()
        if not plain:
            return "", "industry_gap" if cells[10] or trade else "industry_missing"
        if len(plain) == 5 and plain.isdigit() and is_known_tax_code("0" + plain):
            return "0" + plain, "industry_code_normalised"
        odd = "" if len(plain) == 6 and is_known_tax_code(plain) else "industry_code_unknown"
        if plain == code and len(self._trades) < 20_000:
            self._trades[code] = odd
        return plain[:6], odd


def read_day(text: str) -> tuple[date | None, str]:
    """A day of the register and what is odd about it: ROC yyyMMdd, six digits after a lost zero, or Gregorian yyyyMMdd."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return None, ""
    if not (plain.isascii() and plain.isdigit()) or len(plain) not in (6, 7, 8):
        return None, "date_impossible"
    year, month, day = int(plain[:-4]), int(plain[-4:-2]), int(plain[-2:])
    if year == 0:
        return None, "date_unknown"
    odd = "" if len(plain) == 7 else "date_normalised"
    if len(plain) == 8:
        if year <= 1911:
            return None, "date_impossible"
    else:
        year += 1911
    try:
        return date(year, month, day), odd
    except ValueError:
        return None, "date_impossible"


def _tidy_name(name: str, odd: list[str]) -> str:
    tidy = " ".join(name.split())
    if not tidy:
        odd.append("name_empty")
    if "?" in tidy or "？" in tidy:
        odd.append("name_lost_character")
    if _PRIVATE_USE.search(tidy):
        odd.append("name_private_use")
    if _NAME_STATUS.search(tidy):
        odd.append("name_status")
    return tidy


def _place(address: str, odd: list[str]) -> str:
    if "；" in address or ";" in address:
        odd.append("two_addresses")
    place = place_of(address)
    if place.note:
        odd.append("no_township" if place.note == "unknown" else f"township_{place.note}")
    return place.township_code or NULL


def _head_office(ubn: str, head: str, kind: str, odd: list[str]) -> str:
    plain = normalise_ubn(head)
    if plain == ubn:
        odd.append("head_office_self")
        return ""
    if plain and not is_valid_ubn(plain):
        odd.append("head_office_wrong")
        return plain[:8]
    if kind in ("獨資", "合夥"):
        odd.append("branch_kind")
    return plain


def _capital(text: str, odd: list[str]) -> str:
    """NT$ as digits; 0 and nothing mean unknown."""
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    if re.fullmatch(r"\d+\.0*", plain, re.ASCII):
        plain = plain.partition(".")[0]
    if re.fullmatch(r"\d{1,19}", plain, re.ASCII) and int(plain) <= MAX_CAPITAL_TWD:
        if plain != text:
            odd.append("capital_normalised")
        return str(int(plain)) if int(plain) else NULL
    if plain:
        odd.append("capital_negative" if plain.startswith("-") else "capital_unreadable")
    return NULL


def _no_flag(odd: list[str]) -> str:
    odd.append("invoice_flag_odd")
    return NULL


def _others(cells: list[str]) -> str:
    pairs = [(cells[at], cells[at + 1]) for at in (10, 12, 14) if cells[at]]
    text = ",".join([f'["{code}","{name}"]' for code, name in pairs])
    if "\\" in text or text.count('"') != 4 * len(pairs):
        return json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
    return f"[{text}]"


def needs_care(text: str) -> bool:
    """Whether a stretch of the file holds signs that mean something in a COPY line or in JSON."""
    return _CARE.search(text) is not None


def without_control_signs(cells: list[str]) -> list[str]:
    """Cells that may stand in a COPY line: a line break or tab becomes a space."""
    return [cell.translate(_SPACES) for cell in cells]
