"""The paying bank: hand in a credit file, fetch the result later. `ach` has the format of the files."""

import hashlib
from dataclasses import dataclass
from urllib.parse import quote

from outside import http
from outside.addresses import address_of
from outside.http import OutsideAnswerBroken

SYSTEM = "bank"


class BankRefused(Exception):
    """The bank does not take the file; `errors` says why, one sentence for each record."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Receipt:
    """The bank's word that it has the file. Amount in NT$."""

    number: str
    count: int
    amount_twd: int


def submit(file_bytes: bytes, name: str) -> Receipt:
    """Hand in a P01 file. The same file under the same name is taken once and gets the same receipt.

    Raises: BankRefused, OutsideDown, OutsideAnswerBroken.
    """
    answer = http.call(
        SYSTEM,
        "POST",
        f"{address_of('BANK_URL')}/files",
        accept=(200, 201, 400, 409),
        content=file_bytes,
        headers={
            "Content-Type": "application/octet-stream",
            "X-File-Name": quote(name),
            "Idempotency-Key": http.idempotency_key(f"{name}:{hashlib.sha256(file_bytes).hexdigest()}"),
        },
    )
    body = answer.mapping()
    if answer.status >= 400:
        raise BankRefused([str(error) for error in body.get("errors", [body.get("error", "refused")])])
    try:
        return Receipt(str(body["receipt"]), int(body["count"]), int(body["amount"]))
    except (KeyError, ValueError, TypeError) as error:
        raise OutsideAnswerBroken(SYSTEM, "the receipt is not as expected") from error


def fetch_result(receipt: str) -> bytes | None:
    """The R01 file for a receipt, or None while the bank is still at work.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    answer = http.get(SYSTEM, f"{address_of('BANK_URL')}/files/{receipt}/result", accept=(200, 202))
    if answer.status == 202:
        return None
    if not answer.body.startswith(b"BOF"):
        raise OutsideAnswerBroken(SYSTEM, "not a result file")
    return answer.body
