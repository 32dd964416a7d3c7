"""Text messages to mobile phones."""

import uuid

from outside import http
from outside.addresses import address_of
from outside.http import OutsideAnswerBroken

SYSTEM = "sms"


def send(phone: str, text: str, *, key: str = "") -> str:
    """Send a message and return the gateway's number for it. The same `key` is delivered once.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    url = f"{address_of('SMS_URL')}/messages"
    answer = http.post(SYSTEM, url, key=key or uuid.uuid4().hex, json={"to": phone, "text": text}).mapping()
    if not isinstance(answer.get("messageId"), str):
        raise OutsideAnswerBroken(SYSTEM, "no messageId")
    return str(answer["messageId"])
