"""The interbank credit file (ACH P01) and its result file (R01): records of exactly 250 bytes, each ended by CR LF, in Big5.

Source: Taiwan Clearing House, record layout of ACHP01 and ACHR01, version V10; columns count bytes, not characters.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from outside.roc import roc_digits

RECORD_BYTES = 250
END = b"\r\n"
CLEARING_HOUSE = "9990250"
VERSION = "V10"
ENCODING = "cp950"
LONGEST_AMOUNT = 10**10 - 1
Columns = tuple[tuple[str, int], ...]  # name, width in bytes; digits are filled with zeros on the left
HEADER: Columns = (
    ("BOF", 3),
    ("CDATA", 6),
    ("TDATE", 8),
    ("TTIME", 6),
    ("SORG", 7),
    ("RORG", 7),
    ("VERNO", 3),
    ("FILLER", 210),
)
DETAIL: Columns = (
    ("TYPE", 1),
    ("TXTYPE", 2),
    ("TXID", 3),
    ("SEQ", 8),
    ("PBANK", 7),
    ("PCLNO", 16),
    ("RBANK", 7),
    ("RCLNO", 16),
    ("AMT", 10),
    ("RCODE", 2),
    ("SCHD", 1),
    ("CID", 10),
    ("PID", 10),
    ("SID", 6),
    ("PDATE", 8),
    ("PSEQ", 8),
    ("PSCHD", 1),
    ("CNO", 20),
    ("NOTE", 40),
    ("MEMO", 10),
    ("CFEE", 5),
    ("NOTEB", 20),
    ("FILLER", 39),
)
TRAILER: Columns = (
    ("EOF", 3),
    ("CDATA", 6),
    ("TDATE", 8),
    ("SORG", 7),
    ("RORG", 7),
    ("TCOUNT", 8),
    ("TAMT", 16),
    ("YDATE", 8),
    ("FILLER", 187),
)
ZERO_FILLED = {
    "TDATE",
    "TTIME",
    "SEQ",
    "PCLNO",
    "RCLNO",
    "AMT",
    "PDATE",
    "PSEQ",
    "CFEE",
    "TCOUNT",
    "TAMT",
    "YDATE",
}
ACCEPTED = "00"
RETURN_REASONS: Mapping[str, Promise] = {
    "01": _("存款不足"),
    "04": _("無此帳號"),
    "05": _("收受者統編或身分證字號不符"),
    "22": _("帳戶已結清"),
    "23": _("靜止戶"),
    "24": _("凍結戶"),
    "25": _("帳戶遭法院強制執行"),
    "26": _("警示帳戶"),
    "98": _("其他原因"),
    "99": _("止付"),
}


class FileBroken(ValueError):
    """A file that does not follow the layout. `line` counts from 1; 0 means the file as a whole."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"record {line}: {why}" if line else why)
        self.line, self.why = line, why


@dataclass(frozen=True, slots=True)
class CreditHeader:
    """Who pays, and when. Banks are 7 digits (3 of the bank, 4 of the branch)."""

    processing_at: datetime
    sending_bank: str
    sending_account: str
    sender_ubn: str
    transaction_code: str = "904"


@dataclass(frozen=True, slots=True)
class Payment:
    """One credit. `sequence` is unique in the file and comes back in the result; amount in NT$."""

    sequence: int
    bank_code: str
    account: str
    amount_twd: int
    receiver_id: str  # business number or national ID
    reference: str = ""  # up to 20 bytes, comes back
    note: str = ""  # up to 40 bytes, comes back
    memo: str = ""  # up to 10 bytes, printed in the passbook


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one credit."""

    sequence: int
    bank_code: str
    account: str
    amount_twd: int
    return_code: str
    reference: str
    note: str

    @property
    def is_paid(self) -> bool:
        """Whether the money arrived."""
        return self.return_code == ACCEPTED

    @property
    def reason(self) -> str:
        """Why it did not arrive, in the reader's language; empty when it did."""
        return "" if self.is_paid else str(RETURN_REASONS.get(self.return_code, _("退件代號未列於對照表")))


# ---- writing ----------------------------------------------------------------------------------------------


def build_credit_file(header: CreditHeader, payments: Sequence[Payment]) -> bytes:
    """The P01 file for these payments.

    Raises: FileBroken for a payment that the layout cannot hold, a repeated sequence, or no payment at all.
    """
    if not payments:
        raise FileBroken(0, "no payments")
    if len({payment.sequence for payment in payments}) != len(payments):
        raise FileBroken(0, "a sequence number is repeated")
    day = f"0{roc_digits(header.processing_at.date())}"
    ends = {"CDATA": "ACHP01", "TDATE": day, "SORG": header.sending_bank, "RORG": CLEARING_HOUSE}
    records = [
        _record(1, HEADER, ends | {"BOF": "BOF", "TTIME": f"{header.processing_at:%H%M%S}", "VERNO": VERSION})
    ]
    for line, payment in enumerate(payments, 2):
        _check_payment(line, payment)
        records.append(_record(line, DETAIL, _detail(header, payment)))
    totals = {"TCOUNT": str(len(payments)), "TAMT": str(sum(payment.amount_twd for payment in payments))}
    records.append(_record(len(records) + 1, TRAILER, ends | totals | {"EOF": "EOF"}))
    return END.join(records) + END


def _check_payment(line: int, payment: Payment) -> None:
    if not 0 < payment.amount_twd <= LONGEST_AMOUNT:
        raise FileBroken(line, "the amount must be between 1 and 9,999,999,999")
    if not (_is_number(payment.bank_code) and len(payment.bank_code) == 7):
        raise FileBroken(line, "the bank code must have 7 digits")
    if not _is_number(payment.account) or not payment.receiver_id:
        raise FileBroken(line, "the account or the receiver's number is missing")
    if not 0 < payment.sequence < 10**8:
        raise FileBroken(line, "the sequence number must be between 1 and 99,999,999")


def _detail(header: CreditHeader, payment: Payment) -> dict[str, str]:
    return {
        "TYPE": "N",
        "TXTYPE": "SD",
        "TXID": header.transaction_code,
        "SEQ": str(payment.sequence),
        "PBANK": header.sending_bank,
        "PCLNO": header.sending_account,
        "RBANK": payment.bank_code,
        "RCLNO": payment.account,
        "AMT": str(payment.amount_twd),
        "SCHD": "B",
        "CID": header.sender_ubn,
        "PID": payment.receiver_id,
        "CNO": payment.reference,
        "NOTE": _shortened(payment.note, 40),
        "MEMO": _shortened(payment.memo, 10),
    }


def _record(line: int, columns: Columns, values: Mapping[str, str]) -> bytes:
    record = b"".join(_field(line, name, width, values.get(name, "")) for name, width in columns)
    if len(record) != RECORD_BYTES:
        raise FileBroken(line, f"{len(record)} bytes")
    return record


def _field(line: int, name: str, width: int, value: str) -> bytes:
    octets = value.encode(ENCODING, "replace")
    if len(octets) > width:
        raise FileBroken(line, f"{name} holds {width} bytes, got {len(octets)}")
    if name in ZERO_FILLED and (value or name in ("AMT", "TCOUNT", "TAMT", "CFEE")):
        return octets.rjust(width, b"0")
    return octets.ljust(width)


def _shortened(text: str, width: int) -> str:
    """As much of the text as fits, never half a character."""
    while len(text.encode(ENCODING, "replace")) > width:
        text = text[:-1]
    return text.replace("\r", " ").replace("\n", " ")


# ---- reading ----------------------------------------------------------------------------------------------


def parse_result_file(content: bytes) -> list[Result]:
    """The results of an R01 file, checked as a whole before any is handed out.

    Raises: FileBroken.
    """
    return [_result(line, row) for line, row in read_file(content, "ACHR01")]


def read_file(content: bytes, kind: str) -> list[tuple[int, dict[str, str]]]:
    """The details of a P01 or R01 file with their record numbers.

    Raises: FileBroken when a length, header, trailer, count or total is wrong.
    """
    records = list(_records(content))
    if len(records) < 3:
        raise FileBroken(0, "header, details or trailer are missing")
    header, trailer = _split(1, HEADER, records[0]), _split(len(records), TRAILER, records[-1])
    if (header["BOF"], header["CDATA"], header["VERNO"]) != ("BOF", kind, VERSION):
        raise FileBroken(1, f"not the header of {kind}")
    if (trailer["EOF"], trailer["CDATA"]) != ("EOF", kind):
        raise FileBroken(len(records), f"not the trailer of {kind}")
    if any(header[name] != trailer[name] for name in ("TDATE", "SORG", "RORG")):
        raise FileBroken(len(records), "header and trailer differ")
    details = [(line, _split(line, DETAIL, record)) for line, record in enumerate(records[1:-1], 2)]
    _check_totals(len(records), details, trailer)
    return details


def _records(content: bytes) -> Iterator[bytes]:
    if not content.endswith(END):
        raise FileBroken(0, "the last record is not ended")
    for line, record in enumerate(content[: -len(END)].split(END), 1):
        if len(record) != RECORD_BYTES:
            raise FileBroken(line, f"{len(record)} bytes instead of {RECORD_BYTES}")
        yield record


def _split(line: int, columns: Columns, record: bytes) -> dict[str, str]:
    values, start = {}, 0
    try:
        for name, width in columns:
            values[name] = record[start : start + width].decode(ENCODING).strip()
            start += width
    except UnicodeDecodeError as error:
        raise FileBroken(line, "a character is cut or not Big5") from error
    return values


def _check_totals(line: int, details: list[tuple[int, dict[str, str]]], trailer: dict[str, str]) -> None:
    sequences = [row["SEQ"] for _, row in details]
    if len(set(sequences)) != len(sequences):
        raise FileBroken(line, "a sequence number is repeated")
    total = sum(_number(at, row, "AMT") for at, row in details)
    if _number(line, trailer, "TCOUNT") != len(details) or _number(line, trailer, "TAMT") != total:
        raise FileBroken(line, "count or total do not match the details")


def _result(line: int, row: dict[str, str]) -> Result:
    if row["TYPE"] not in ("R", "N") or len(row["RCODE"]) != 2:
        raise FileBroken(line, "no return code")
    return Result(
        sequence=_number(line, row, "PSEQ"),
        bank_code=row["RBANK"],
        account=row["RCLNO"].lstrip("0"),
        amount_twd=_number(line, row, "AMT"),
        return_code=row["RCODE"],
        reference=row["CNO"],
        note=row["NOTE"],
    )


def _number(line: int, row: dict[str, str], name: str) -> int:
    if not _is_number(row[name]):
        raise FileBroken(line, f"{name} is not a number")
    return int(row[name])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def build_result_file(credit_file: bytes, codes: Mapping[str, str], *, previous_day: date) -> bytes:
    """The R01 answer to a P01 file; `codes` maps sequence numbers to return codes, all others are paid. For the twin and for tests.

    Raises: FileBroken.
    """
    details = read_file(credit_file, "ACHP01")
    records = list(_records(credit_file))
    header, trailer = _split(1, HEADER, records[0]), _split(0, TRAILER, records[-1])
    swapped = {"CDATA": "ACHR01", "SORG": header["RORG"], "RORG": header["SORG"]}
    lines = [_record(1, HEADER, header | swapped)]
    for line, row in details:
        answer = {
            "TYPE": "R",
            "RCODE": codes.get(row["SEQ"], ACCEPTED),
            "PDATE": header["TDATE"],
            "PSEQ": row["SEQ"],
            "PSCHD": row["SCHD"],
        }
        lines.append(_record(line, DETAIL, row | answer))
    lines.append(_record(0, TRAILER, trailer | swapped | {"YDATE": f"0{roc_digits(previous_day)}"}))
    return END.join(lines) + END
