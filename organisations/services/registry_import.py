"""Load the tax register's open data: unchanged lines are recognised by their hash, the others parsed, all in one transaction.

The application's own role does it: it may make temporary tables and write rows. A run that breaks off leaves nothing behind.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from organisations import registry_file as register
from organisations.models.registry import RefusedRow, RegistryImport
from organisations.refusals import Refused
from organisations.registry_file import Batch, Reader, Refusal, Skip, Unfit

READING_VERSION = (
    b"1"  # another number makes every line read anew, because cells are then understood differently
)
LOCK = 0x7E6157E2
KEPT_REFUSALS = 10_000
MOST_DOUBLES = 100_000
LARGEST_LOSS_BP, SMALL_LOSS = (
    1_000,
    1_000,
)  # a file that lacks more than 10 % of what is known is taken for a torn one
Progress = Callable[[int, int], None]


def import_tax_registry(
    path: Path, *, at: datetime, told: Progress = lambda done, total: None, may_shrink: bool = False
) -> RegistryImport:
    """Bring the local snapshot to what FILE or ZIP says; rows that are gone from it are marked.

    Raises: Refused("not_a_register_file"), Refused("import_running"), Refused("file_too_short").
    """
    with register.opened(path) as (file, size):
        header = file.readline()
        suspended = register.is_suspended_file(header)
        kind = RegistryImport.File.SUSPENDED if suspended else RegistryImport.File.OPERATING
        run = RegistryImport.objects.create(file_name=path.name[:200], file_kind=kind, started_at=at)
        with transaction.atomic():
            _lock()
            _Load(run, file, size, told, at).carry_out(may_shrink=may_shrink)
    return run


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise Refused(
                "import_running",
                _("另一個匯入正在進行，這次沒有開始。"),
                remedy=_("等它完成後再執行一次。"),
            )


@dataclass
class _Known:
    """The numbers and line hashes of the records that the last file of this kind showed, sorted by hash."""

    hashes: np.ndarray[Any, np.dtype[np.int64]]
    ubns: np.ndarray[Any, np.dtype[np.int32]]
    seen: np.ndarray[Any, np.dtype[np.bool_]]

    def fresh(self, hashes: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.intp]]:
        """Which of these lines are not known as they are; the others are ticked as seen."""
        if not self.hashes.size:
            return np.arange(hashes.size)
        places = np.searchsorted(self.hashes, hashes)
        places[places == self.hashes.size] = 0
        hit = self.hashes[places] == hashes
        self.seen[places[hit]] = True
        return np.flatnonzero(~hit)


class _Packed:
    """Receives the database's binary COPY of (number, hash) and keeps 12 bytes a row."""

    ROW = np.dtype([("fields", ">i2"), ("l1", ">i4"), ("ubn", ">i4"), ("l2", ">i4"), ("hash", ">i8")])
    HEAD_BYTES, TAIL_BYTES = 19, 2

    def __init__(self) -> None:
        self.buffer = bytearray()
        self.parts: list[tuple[Any, Any]] = []
        self.is_begun = False

    def write(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) > self.ROW.itemsize * 50_000:
            self._pack()

    def _pack(self) -> None:
        if not self.is_begun:
            del self.buffer[: self.HEAD_BYTES]
            self.is_begun = True
        count = len(self.buffer) // self.ROW.itemsize
        rows = np.frombuffer(bytes(self.buffer[: count * self.ROW.itemsize]), dtype=self.ROW)
        self.parts.append((rows["hash"].astype(np.int64), rows["ubn"].astype(np.int32)))
        del self.buffer[: count * self.ROW.itemsize]

    def known(self) -> _Known:
        self._pack()
        hashes = np.concatenate([part[0] for part in self.parts])
        ubns = np.concatenate([part[1] for part in self.parts])
        self.parts.clear()
        order = np.argsort(hashes)
        return _Known(hashes[order], ubns[order], np.zeros(hashes.size, dtype=np.bool_))


@dataclass
class _Load:
    """One run, inside its transaction."""

    run: RegistryImport
    file: IO[bytes]
    size: int
    told: Progress
    at: datetime
    done: int = 0
    is_first: bool = False
    copied: int = 0
    rows: list[int] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    staged: bytearray = field(
        default_factory=lambda: bytearray(12_500_000)
    )  # one bit for each of 10^8 numbers

    def carry_out(self, *, may_shrink: bool) -> None:
        known = self._known()
        self._stage(known)
        missing = known.ubns[~known.seen]
        self._write_missing(missing)
        if not self.is_first:
            self._set_doubles_aside()
        with connection.cursor() as cursor:
            for sql in _STEPS:
                cursor.execute(sql, self._values)
                self.rows.append(cursor.rowcount)
            if self.is_first or any(self.rows[:3]):
                cursor.execute(_LINKS)
            cursor.execute("DROP TABLE incoming, missing")
        self._count(may_shrink=may_shrink, before=known.hashes.size)
        self._finish()

    def _known(self) -> _Known:
        packed = _Packed()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64MB'")
            cursor.execute(_MAKE_TABLES)
            copy = cursor.cursor.copy_expert
            sql = "COPY (SELECT ubn::int, row_hash FROM organisations_registryrecord WHERE status = '{}') TO STDOUT (FORMAT binary)"
            copy(sql.format(self.run.file_kind), packed)
        return packed.known()

    # ---- reading

    def _stage(self, known: _Known) -> None:
        """Fresh lines go into `incoming`, on the very first load straight into the register's own table."""
        columns = ", ".join(register.COLUMNS)
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM organisations_registryrecord)")
            self.is_first = not cursor.fetchone()[0]
            target = "organisations_registryrecord" if self.is_first else "incoming"
            rest = "row_hash, status, data_date" if self.is_first else "row_hash, line_number, is_double"
            stream = _Lines(self._staging_lines(known))
            sql = "COPY {} ({}, {}) FROM STDIN (NULL E'\\x01')"
            cursor.cursor.copy_expert(sql.format(target, columns, rest), stream, size=1 << 18)
            self.copied = cursor.cursor.rowcount
            doubles = "row_hash, line_number, is_double"
            cursor.cursor.copy_expert(sql.format("incoming", columns, doubles), _Lines(iter(self.doubles)))
            cursor.execute("ANALYZE incoming")

    def _staging_lines(self, known: _Known) -> Iterator[str]:
        second = self.file.readline()
        self.run.data_date = register.data_date_of(second.decode("utf-8", "replace"))
        reader = Reader(
            newest=self.run.data_date or self.at.date(),
            column_count=17 if self.run.file_kind == RegistryImport.File.SUSPENDED else 16,
        )
        if self.run.data_date is None:
            yield from self._lines_of((2, [second.rstrip(b"\n")]), reader, known)
        for batch in self._counted(register.batches(self.file, self._told)):
            yield from self._lines_of(batch, reader, known)

    def _counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for number, records in batches:
            yield number + (1 if self.run.data_date is None else 2), records

    def _lines_of(self, batch: Batch, reader: Reader, known: _Known) -> Iterator[str]:
        first, records = batch
        self.run.rows_read += len(records)
        digests = b"".join(
            [blake2b(record, digest_size=8, person=READING_VERSION).digest() for record in records]
        )
        hashes = np.frombuffer(digests, dtype="<i8").astype(np.int64)
        fresh = known.fresh(hashes)
        if not fresh.size:
            return
        chosen = records if fresh.size == len(records) else [records[place] for place in fresh]
        numbers = (fresh + first).tolist()
        yield from self._parsed(chosen, numbers, hashes[fresh].tolist(), reader)

    def _parsed(
        self, records: list[bytes], numbers: list[int], hashes: list[int], reader: Reader
    ) -> Iterator[str]:
        texts = _texts(records)
        care = texts is None or register.needs_care("\n".join(texts))
        staged, is_first = self.staged, self.is_first
        tail = f"{self.run.file_kind}\t{self.run.data_date or register.NULL}\n"
        for text, number, line_hash, record in zip(texts or records, numbers, hashes, records, strict=True):
            row = None if care else reader.quick(text)  # type: ignore[arg-type]  # without care all are texts
            if row is None:
                row = self._read(record, number, reader, care=care)
                if row is None:
                    continue
            ubn, line = row
            place, bit = ubn >> 3, 1 << (ubn & 7)
            if staged[place] & bit:
                self._keep_double(f"{line}\t{line_hash}\t{number}\tt\n")
                continue
            staged[place] |= bit
            yield f"{line}\t{line_hash}\t{tail}" if is_first else f"{line}\t{line_hash}\t{number}\tf\n"

    def _read(self, record: bytes, number: int, reader: Reader, *, care: bool) -> tuple[int, str] | None:
        """One record in full; None for one that was skipped or refused, which is counted."""
        try:
            cells = _cells(record)
            ubn, line = reader.read(register.without_control_signs(cells) if care else cells)
        except Skip:
            self.run.rows_skipped += 1
            return None
        except Unfit as unfit:
            self._refuse(number, unfit, record)
            return None
        return ubn, line.replace("\\", "\\\\") if care else line

    def _keep_double(self, line: str) -> None:
        self.doubles.append(line)
        if len(self.doubles) > MOST_DOUBLES:
            raise Refused(
                "too_many_doubles",
                _("檔案裡有太多重複的統一編號，看起來是接錯的檔；資料沒有改變。"),
                remedy=_("請從財政部財政資訊中心重新下載。"),
            )

    def _refuse(self, number: int, unfit: Unfit, record: bytes) -> None:
        if unfit.is_quarantined:
            self.run.rows_quarantined += 1
        else:
            self.run.rows_refused += 1
        if len(self.refusals) < KEPT_REFUSALS:
            raw = record[:6000].decode("utf-8", "replace").replace("\x00", "\ufffd")[:2000]
            self.refusals.append(Refusal(number, unfit.why, unfit.detail, raw, unfit.is_quarantined))

    def _told(self, count: int) -> None:
        self.done += count
        self.told(self.done, self.size)

    # ---- writing

    @property
    def _values(self) -> dict[str, Any]:
        return {"status": self.run.file_kind, "data_date": self.run.data_date, "run": self.run.pk}

    def _write_missing(self, missing: Any) -> None:
        lines = (f"{number:08d}\n" for number in missing.tolist())
        with connection.cursor() as cursor:
            cursor.cursor.copy_expert("COPY missing (ubn) FROM STDIN", _Lines(lines))
            cursor.execute("ANALYZE missing")

    def _set_doubles_aside(self) -> None:
        """A second line for a number whose own line stands unchanged in this file is a double, too."""
        with connection.cursor() as cursor:
            cursor.execute(_MARK_DOUBLES, self._values)

    def _count(self, *, may_shrink: bool, before: int) -> None:
        run = self.run
        run.rows_changed, run.rows_new, run.rows_gone, run.rows_repeated = self.rows[:4]
        if self.is_first:
            run.rows_new = self.copied
        if (
            run.rows_gone > SMALL_LOSS
            and run.rows_gone * 10_000 > before * LARGEST_LOSS_BP
            and not may_shrink
        ):
            raise Refused(
                "file_too_short",
                _("檔案比上次少了%(gone)s家，超過一成，看起來不完整；資料沒有改變。")
                % {"gone": f"{run.rows_gone:,}"},
                remedy=_("請重新下載；確定要照這個檔案更新，請加上 --may-shrink。"),
            )

    def _finish(self) -> None:
        RefusedRow.objects.bulk_create(
            [
                RefusedRow(
                    of_import=self.run,
                    line_number=each.line_number,
                    why=each.why,
                    detail=each.detail[:200],
                    raw=each.raw,
                    is_quarantined=each.is_quarantined,
                )
                for each in self.refusals
            ],
            batch_size=1000,
        )
        self.run.finished_at = self.at
        self.run.save()


def _texts(records: list[bytes]) -> list[str] | None:
    """The records as text, decoded in one go; None when one of them is not UTF-8 or holds a line break."""
    try:
        texts = b"\n".join(records).decode().split("\n")
    except UnicodeDecodeError:
        return None
    return texts if len(texts) == len(records) else None


def _cells(record: bytes) -> list[str]:
    """The cells of one record. Raises: Unfit."""
    try:
        text = record.decode()
    except UnicodeDecodeError as error:
        raise Unfit("not_utf8", f"byte {error.start + 1}") from error
    rows = list(csv.reader(text.splitlines(keepends=True)))
    if len(rows) > 1:
        raise Unfit("columns", "0")
    return rows[0] if rows else []


class _Lines:
    """A file for COPY made of an iterator of lines."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.left = b""

    def read(self, size: int = 1 << 18) -> bytes:
        """At most `size` bytes, nothing at the end."""
        parts, length = [self.left], len(self.left)
        while length < size:
            line = next(self.lines, None)
            if line is None:
                break
            part = line.encode()
            parts.append(part)
            length += len(part)
        data = b"".join(parts)
        self.left = data[size:]
        return data[:size]


# ---- the set-based part: statements over incoming (fresh lines), missing (numbers whose line is not in the file) ------

_MAKE_TABLES = """
CREATE TEMPORARY TABLE incoming (
    ubn varchar(8), name text, address text, head_office_ubn varchar(8), capital_twd bigint, setup_date date,
    organisation_kind text, uses_invoice boolean, industry_code varchar(6), industry_name text, other_industries jsonb,
    township_id varchar(8), oddities varchar(30)[], suspended_date date, row_hash bigint, line_number int, is_double boolean
) ON COMMIT DROP;
CREATE TEMPORARY TABLE missing (ubn varchar(8)) ON COMMIT DROP
"""
_COPIED = (
    "name = i.name, address = i.address, head_office_ubn = i.head_office_ubn, "
    "capital_twd = i.capital_twd, setup_date = i.setup_date, organisation_kind = i.organisation_kind, "
    "uses_invoice = i.uses_invoice, industry_code = i.industry_code, industry_name = i.industry_name, "
    "other_industries = i.other_industries, township_id = i.township_id, suspended_date = i.suspended_date, "
    "row_hash = i.row_hash, status = %(status)s, data_date = %(data_date)s"
)
_MARK_DOUBLES = """
UPDATE incoming i SET is_double = true FROM organisations_registryrecord r
WHERE NOT i.is_double AND r.ubn = i.ubn AND r.status = %(status)s AND NOT EXISTS (SELECT FROM missing m WHERE m.ubn = r.ubn)
"""
_CHANGE = f"""
UPDATE organisations_registryrecord r SET oddities = i.oddities, {_COPIED}
FROM incoming i WHERE i.ubn = r.ubn AND NOT i.is_double
"""
_INSERT = """
INSERT INTO organisations_registryrecord (ubn, name, address, head_office_ubn, capital_twd, setup_date, organisation_kind,
    uses_invoice, industry_code, industry_name, other_industries, township_id, oddities, suspended_date, row_hash, status, data_date)
SELECT i.ubn, i.name, i.address, i.head_office_ubn, i.capital_twd, i.setup_date,
    i.organisation_kind, i.uses_invoice, i.industry_code, i.industry_name, i.other_industries,
    i.township_id, i.oddities, i.suspended_date, i.row_hash, %(status)s, %(data_date)s
FROM incoming i WHERE NOT i.is_double
"""
_INSERT_MISSING = f"{_INSERT} AND NOT EXISTS (SELECT FROM organisations_registryrecord r WHERE r.ubn = i.ubn)"
_GONE = """
UPDATE organisations_registryrecord r SET status = 'gone', data_date = %(data_date)s
FROM missing m WHERE r.ubn = m.ubn AND r.status = %(status)s AND NOT EXISTS (SELECT FROM incoming i WHERE i.ubn = r.ubn)
"""
_COUNT_SAME = """
SELECT FROM incoming i JOIN organisations_registryrecord r USING (ubn) WHERE i.is_double AND i.row_hash = r.row_hash
"""
_KEEP_OTHERS = """
INSERT INTO organisations_refusedrow (of_import_id, line_number, is_quarantined, why, detail, raw)
SELECT %(run)s, i.line_number, true, 'ubn_twice', i.ubn, concat_ws(', ', i.ubn, i.name, i.address, i.setup_date)
FROM incoming i JOIN organisations_registryrecord r USING (ubn) WHERE i.is_double AND i.row_hash <> r.row_hash
LIMIT 10000
"""
# of two different lines for one number the one set up later stands, and it says that there were two
_LATER_WINS = f"""
UPDATE organisations_registryrecord r SET oddities = array_append(i.oddities, 'ubn_twice'), {_COPIED}
FROM (
    SELECT DISTINCT ON (ubn) * FROM incoming WHERE is_double ORDER BY ubn, setup_date DESC NULLS LAST, line_number
) i WHERE i.ubn = r.ubn AND i.row_hash <> r.row_hash AND i.setup_date > coalesce(r.setup_date, '-infinity')
"""
_FLAG_TWICE = """
UPDATE organisations_registryrecord r SET oddities = array_append(r.oddities, 'ubn_twice')
FROM incoming i WHERE i.is_double AND i.ubn = r.ubn AND i.row_hash <> r.row_hash AND NOT 'ubn_twice' = ANY (r.oddities)
"""
# a branch whose head office is not in the data is looked for again after each load that changed something
_LINKS = """
UPDATE organisations_registryrecord r
SET oddities = CASE WHEN x.is_open THEN array_append(r.oddities, 'open_link') ELSE array_remove(r.oddities, 'open_link') END
FROM (
    SELECT b.ubn, h.ubn IS NULL AS is_open
    FROM organisations_registryrecord b LEFT JOIN organisations_registryrecord h ON h.ubn = b.head_office_ubn
    WHERE b.head_office_ubn <> '' AND (h.ubn IS NULL) <> ('open_link' = ANY (b.oddities))
) x WHERE r.ubn = x.ubn
"""
_AFTER = (_COUNT_SAME, _KEEP_OTHERS, _LATER_WINS, _FLAG_TWICE)
_STEPS = (_CHANGE, _INSERT_MISSING, _GONE, *_AFTER)


def last_import(kind: str = RegistryImport.File.OPERATING) -> date | None:
    """The data date of the newest finished import of a kind of file."""
    newest = (
        RegistryImport.objects.filter(file_kind=kind, finished_at__isnull=False)
        .order_by("-finished_at")
        .first()
    )
    return newest.data_date if newest else None
