"""Rows on their way into a file: cleaned, guarded, counted, added up and hashed, a thousand at a time.

Every value becomes one plain text first (digits, ISO date, guarded text); the three writers only dress that text.
Working on whole columns keeps the inner loops in C, which is what makes a million rows affordable.
"""

import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from papers.columns import Column, Kind, TableSummary

Batch = list[list[str]]
ByteBatch = list[list[bytes]]
TAIPEI = ZoneInfo("Asia/Taipei")
BATCH_ROWS = 1_000
CHUNK_BYTES = 1 << 17

# Full-width signs too: East Asian spreadsheets read them as the start of a formula.
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_UNPRINTABLE_BUT_SEPARATOR = re.compile("[\x00-\x08\x0b-\x1e\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_SEPARATOR = "\x1f"
_QUOTED = (",", '"', "\n", "\r")


def plain_text(value: object) -> str:
    """The text of one cell: no control characters, line ends as LF, guarded against being read as a formula.

    Source: OWASP ASVS 5.0, 1.2.10.
    """
    if value is None:
        return ""
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    text = _UNPRINTABLE.sub("", text)
    return "'" + text if text[:1] in FORMULA_STARTS and text else text


def _plain_texts(values: Sequence[Any]) -> list[str]:
    """`plain_text` for a whole column: one look at the joined column, cell by cell only when something is found."""
    try:
        joined = _SEPARATOR.join(values)
    except TypeError:
        return [plain_text(value) for value in values]
    if joined.count(_SEPARATOR) != len(values) - 1 or _UNPRINTABLE_BUT_SEPARATOR.search(joined):
        return [plain_text(value) for value in values]
    return _guarded_texts(values)


def _guarded_texts(values: Sequence[str]) -> list[str]:
    if FORMULA_STARTS.isdisjoint({value[:1] for value in values}):
        return list(values)
    return [plain_text(value) for value in values]


def _plain_integer(value: Any) -> str:
    if value is None or value == "":
        return ""
    number = int(value)
    if not isinstance(value, str) and number != value:
        raise ValueError(f"{value!r} is not a whole number")
    return str(number)


def _plain_integers(values: Sequence[Any]) -> list[str]:
    try:
        return list(map(int.__repr__, values))
    except TypeError:
        return [_plain_integer(value) for value in values]


def _plain_date(value: date | None) -> str:
    if value is None:
        return ""
    return (_plain_datetime(value) if isinstance(value, datetime) else value.isoformat())[:10]


def _plain_datetime(value: datetime | None) -> str:
    if value is None:
        return ""
    local = value if value.tzinfo is None else value.astimezone(TAIPEI)
    return local.isoformat(" ")[:19]


def _each(plain: Callable[[Any], str]) -> Callable[[Sequence[Any]], list[str]]:
    return lambda values: list(map(plain, values))


PLAIN: dict[Kind, Callable[[Sequence[Any]], list[str]]] = {
    Kind.TEXT: _plain_texts,
    Kind.INTEGER: _plain_integers,
    Kind.POINTS: _plain_integers,
    Kind.TWD: _plain_integers,
    Kind.PERCENT: _plain_integers,
    Kind.DATE: _each(_plain_date),
    Kind.DATETIME: _each(_plain_datetime),
}


def plain_lines(batch: Batch) -> str:
    """The batch as comma-separated lines, quoted where needed."""
    quoted = [_quoted(values) for values in batch]
    return "".join(["\r\n".join(map(",".join, zip(*quoted, strict=True))), "\r\n"])


def _quoted(values: list[str]) -> list[str]:
    if not _needs_quotes(_SEPARATOR.join(values)):
        return values
    return ['"' + value.replace('"', '""') + '"' if _needs_quotes(value) else value for value in values]


def _needs_quotes(text: str) -> bool:
    return any(sign in text for sign in _QUOTED)


class Tally:
    """Counts, adds up and hashes what passes."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._rows = 0
        self._digest = hashlib.sha256()
        self._totalled = [(index, column.name) for index, column in enumerate(columns) if column.is_totalled]
        self._totals = {name: 0 for _, name in self._totalled}

    def take(self, batch: Batch) -> None:
        self._rows += len(batch[0])
        self._digest.update(plain_lines(batch).encode())
        for index, name in self._totalled:
            self._totals[name] += sum(map(int, filter(None, batch[index])))

    def take_bytes(self, lines: bytes, batch: ByteBatch) -> None:
        """The same for lines of COPY that need no quotes."""
        self._rows += len(batch[0])
        self._digest.update(lines.replace(b"\t", b",").replace(b"\n", b"\r\n"))
        for index, name in self._totalled:
            self._totals[name] += sum(map(int, filter(None, batch[index])))

    def summary(self) -> TableSummary:
        return TableSummary(self._rows, dict(self._totals), self._digest.hexdigest())


@dataclass(frozen=True, slots=True)
class CopiedRows:
    """Rows of a query, read with COPY: three times as fast as a cursor, for files of a hundred thousand rows and more.

    `sql` must yield columns named as the table's columns; it is the caller's own SQL, `parameters` are bound.
    `cursor` is a Django or psycopg2 cursor.
    """

    cursor: Any
    sql: str
    parameters: Sequence[object] = ()


_CASTS = {
    Kind.TEXT: "{}::text",
    Kind.DATE: "{}::date",
    Kind.DATETIME: "date_trunc('second', {}::timestamptz AT TIME ZONE 'Asia/Taipei')",
}


def feed(
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]] | CopiedRows,
    take: Callable[[Batch], None],
    take_bytes: Callable[[ByteBatch], None] | None = None,
) -> TableSummary:
    """Hand all rows to `take` in plain batches; return their count, totals and checksum.

    `take_bytes`, where given, gets those batches of `CopiedRows` in which nothing needs a guard or quotes.
    Raises: ValueError when a row has not as many values as there are columns, or a number is not whole.
    """
    tally = Tally(columns)

    def take_both(batch: Batch) -> None:
        tally.take(batch)
        take(batch)

    if isinstance(rows, CopiedRows):

        def take_both_bytes(lines: bytes, batch: ByteBatch) -> None:
            tally.take_bytes(lines, batch)
            if take_bytes:
                take_bytes(batch)

        _feed_copied(rows, columns, _CopiedLines(columns, take_both, take_both_bytes if take_bytes else None))
    else:
        for batch in _plain_batches(columns, rows):
            take_both(batch)
    return tally.summary()


def _plain_batches(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> Iterator[Batch]:
    source = iter(rows)
    while chunk := list(islice(source, BATCH_ROWS)):
        by_column = list(zip(*chunk, strict=True))
        if len(by_column) != len(columns):
            raise ValueError(f"rows have {len(by_column)} values, the table has {len(columns)} columns")
        yield [PLAIN[column.kind](values) for column, values in zip(columns, by_column, strict=True)]


def _feed_copied(rows: CopiedRows, columns: Sequence[Column], lines: "_CopiedLines") -> None:
    cursor = getattr(rows.cursor, "cursor", rows.cursor)  # Django's wrapper keeps psycopg2's own inside
    cast = ", ".join(
        _CASTS.get(column.kind, "{}::bigint").format(_identifier(column.name)) for column in columns
    )
    wrapped = f"COPY (SELECT {cast} FROM ({rows.sql}) AS source) TO STDOUT WITH (FORMAT text, NULL '', ENCODING 'UTF8')"
    statement = cursor.mogrify(wrapped, tuple(rows.parameters)) if rows.parameters else wrapped
    buffered = io.BufferedWriter(
        lines, buffer_size=CHUNK_BYTES
    )  # gathers the one call a row that psycopg2 makes
    try:
        cursor.copy_expert(statement, buffered)
        buffered.flush()
    except BaseException:
        lines.stop()  # else the buffer hands on its rest when it is thrown away
        raise


def _identifier(name: str) -> str:
    if not name.isidentifier():
        raise ValueError(f"{name!r} cannot be a column's name")
    return f'"{name}"'


class _CopiedLines(io.RawIOBase):
    """Takes COPY's bytes in large pieces and hands on whole lines.

    Types are sure (the query casts), so only text columns are looked at; the casts also make ISO dates certain.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        take: Callable[[Batch], None],
        take_bytes: Callable[[bytes, ByteBatch], None] | None,
    ) -> None:
        self._kinds = [column.kind for column in columns]
        self._take = take
        self._take_bytes = take_bytes
        self._rest = b""
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        if self._stopped:
            return len(piece)
        data = self._rest + bytes(piece)
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        if end and not self._hand_on_bytes(data[:end]):
            self._hand_on(data[:end])
        return len(piece)

    def _hand_on_bytes(self, lines: bytes) -> bool:
        """Without making text of it: a third of the time, for the many batches that hold nothing special."""
        if (
            self._take_bytes is None
            or any(sign in lines for sign in _SPECIAL)
            or _may_hold_unprintable(lines)
        ):
            return False
        cells = lines[:-1].replace(b"\n", b"\t").split(b"\t")
        batch = [cells[n :: len(self._kinds)] for n in range(len(self._kinds))]
        texts = (values for kind, values in zip(self._kinds, batch, strict=True) if kind is Kind.TEXT)
        if not all(_MAY_START_FORMULA.isdisjoint({value[:1] for value in values}) for values in texts):
            return False
        self._take_bytes(lines, batch)
        return True

    def _hand_on(self, lines: bytes) -> None:
        text = lines.decode()
        cells = text[:-1].replace("\n", "\t").split("\t")
        clean = "\\" not in text and not _may_hold_unprintable(lines)
        if "\\" in text:
            cells = [_unescaped(cell) if "\\" in cell else cell for cell in cells]
        width = len(self._kinds)
        texts = _guarded_texts if clean else _plain_texts
        self._take([_plain_copied(kind, cells[n::width], texts) for n, kind in enumerate(self._kinds)])


def _plain_copied(kind: Kind, cells: list[str], texts: Callable[[Sequence[str]], list[str]]) -> list[str]:
    if kind is Kind.TEXT:
        return texts(cells)
    return cells


_SPECIAL = (b"\\", b'"', b",")
_MAY_START_FORMULA = frozenset({b"=", b"+", b"-", b"@", b"\xef"})  # EF leads the full-width signs
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A})


def _may_hold_unprintable(utf8: bytes) -> bool:
    """Quick look at the bytes; C2 leads the controls above ASCII and a few harmless signs, EF BF the non-characters."""
    return b"\xc2" in utf8 or b"\xef\xbf" in utf8 or len(utf8.translate(None, _CONTROLS)) != len(utf8)


_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _unescaped(cell: str) -> str:
    """Undo COPY's text escapes. Source: PostgreSQL manual, COPY, text format."""
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), cell)
