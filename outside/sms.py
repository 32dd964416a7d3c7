"""Text messages to mobile phones."""

import uuid
from dataclasses import dataclass

from outside import http
from outside.addresses import address_of, sandbox_address
from outside.http import OutsideAnswerBroken

SYSTEM = "sms"


@dataclass(frozen=True, slots=True)
class PhoneMessage:
    """A message on the demonstration's phone. `at` is ISO text in UTC."""

    id: str
    phone: str
    text: str
    at: str


def send(phone: str, text: str, *, key: str = "") -> str:
    """Send a message and return the gateway's number for it. The same `key` is delivered once.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    url = f"{address_of('SMS_URL')}/messages"
    answer = http.post(SYSTEM, url, key=key or uuid.uuid4().hex, json={"to": phone, "text": text}).mapping()
    if not isinstance(answer.get("messageId"), str):
        raise OutsideAnswerBroken(SYSTEM, "no messageId")
    return str(answer["messageId"])


def messages(phone: str = "") -> list[PhoneMessage]:
    """Demonstration only: what lies on a phone, newest first.

    Raises: OutsideDown, OutsideAnswerBroken, ImproperlyConfigured in production.
    """
    rows = (
        http.get(SYSTEM, sandbox_address("/sms/messages"), params={"phone": phone})
        .mapping()
        .get("messages", [])
    )
    return [PhoneMessage(str(row["id"]), row["phone"], row["text"], row["at"]) for row in rows]
