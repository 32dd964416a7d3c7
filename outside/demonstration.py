"""What only the demonstration may do: look at phones, inboxes and the bank of the twin, and plan what goes wrong there.

Everything raises OutsideDown or OutsideAnswerBroken when the twin does not answer, ImproperlyConfigured in production.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outside import http
from outside.addresses import sandbox_address

SYSTEM = "sandbox"


@dataclass(frozen=True, slots=True)
class PhoneText:
    """A text message on somebody's phone."""

    id: str
    phone: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Push:
    """A TW FidO request on somebody's phone that waits for an answer."""

    id: str
    phone: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in somebody's inbox."""

    id: str
    to: tuple[str, ...]
    sender: str
    subject: str
    text: str
    html: str
    attachments: tuple[str, ...]
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class BankFile:
    """A credit file that the bank has received. Amount in NT$."""

    receipt: str
    name: str
    received_at: datetime
    payments: int
    total_twd: int
    answered: bool


def texts(phone: str = "") -> list[PhoneText]:
    """Text messages to a phone, or to all, newest first."""
    rows = _rows("/sms/messages", "messages", phone=phone)
    return [PhoneText(str(row["id"]), row["phone"], row["text"], _instant(row["at"])) for row in rows]


def pushes(phone: str = "") -> list[Push]:
    """TW FidO requests that wait on a phone, or on all, newest first."""
    rows = _rows("/fido/phone", "requests", phone=phone)
    return [Push(row["transactionId"], row["phone"], row["hint"], _instant(row["at"])) for row in rows]


def answer_push(request: str, *, approve: bool) -> None:
    """What the person taps on the phone."""
    verb = "approve" if approve else "refuse"
    http.post(SYSTEM, sandbox_address(f"/fido/requests/{request}/{verb}"), key=request + verb, json={})


def mails(to: str = "") -> list[Mail]:
    """The mail of an address, or all mail, newest first."""
    return [
        Mail(
            id=str(row["id"]),
            to=(row["name"],),
            sender=row["from"],
            subject=row["subject"],
            text=row["text"],
            html=row["html"],
            attachments=tuple(row["attachments"]),
            sent_at=_instant(row["at"]),
        )
        for row in _rows("/mail/messages", "messages", to=to)
    ]


def attachment(mail_id: str, name: str) -> bytes:
    """The content of an attachment."""
    url = sandbox_address(f"/mail/messages/{mail_id}/attachments")
    return base64.b64decode(http.get(SYSTEM, url, params={"name": name}).mapping()["content"])


def bank_files() -> list[BankFile]:
    """What the bank has received, newest first."""
    return [
        BankFile(
            row["receipt"],
            row["file_name"],
            _instant(row["at"]),
            row["count"],
            row["amount_twd"],
            row["settled"],
        )
        for row in _rows("/bank/files", "files")
    ]


def settle_bank_file(receipt: str) -> None:
    """Let the bank finish a file at once instead of after some seconds."""
    http.post(SYSTEM, sandbox_address(f"/bank/files/{receipt}/settle"), key=f"settle:{receipt}", json={})


def plan_bank_failure(account: str, return_code: str = "04") -> None:
    """The next payment to this account fails; the one after that works again."""
    body = {"account": account, "code": return_code}
    http.post(SYSTEM, sandbox_address("/bank/failures"), key=f"fail:{account}:{return_code}", json=body)


def plan_fault(system: str, mode: str, *, seconds: float = 30) -> None:
    """Let one system misbehave: slow, 500, garbage, empty, truncated; "off" ends it. Systems are listed in the twin's server."""
    body = {"system": system, "mode": mode, "seconds": seconds}
    http.post(SYSTEM, sandbox_address("/faults"), key=f"{system}:{mode}", json=body)


def planned_faults() -> dict[str, str]:
    """The systems that misbehave now, and how."""
    faults = http.get(SYSTEM, sandbox_address("/faults")).mapping()
    return {system: str(fault["mode"]) for system, fault in faults.items()}


def _rows(path: str, name: str, **params: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = http.get(SYSTEM, sandbox_address(path), params=params).mapping()[name]
    return rows


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
