"""Mail of the demonstration: a Django e-mail backend that delivers to the twin's inbox. Real mail goes by Django's own backends."""

import base64
import uuid
from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from outside import http
from outside.addresses import sandbox_address
from outside.http import OutsideAnswerBroken, OutsideDown

SYSTEM = "mail"


class SandboxBackend(BaseEmailBackend):
    """For EMAIL_BACKEND in demonstration."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Deliver and return how many went out.

        Raises: OutsideDown, OutsideAnswerBroken unless `fail_silently`.
        """
        sent = 0
        for message in email_messages:
            try:
                http.post(
                    SYSTEM, sandbox_address("/mail/messages"), key=uuid.uuid4().hex, json=_as_json(message)
                )
                sent += 1
            except (OutsideDown, OutsideAnswerBroken):
                if not self.fail_silently:
                    raise
        return sent


def _as_json(message: EmailMessage) -> dict[str, Any]:
    alternatives = getattr(message, "alternatives", None) or ()
    pages = [content for content, kind in alternatives if kind == "text/html"]
    text = "" if message.content_subtype == "html" else str(message.body)
    return {
        "from": message.from_email,
        "to": message.recipients(),
        "subject": str(message.subject),
        "text": text,
        "html": str(pages[0]) if pages else str(message.body) if message.content_subtype == "html" else "",
        "attachments": [_attachment(one) for one in message.attachments if isinstance(one, tuple)],
    }


def _attachment(one: Any) -> dict[str, str]:
    name, content, kind = one
    octets = content.encode() if isinstance(content, str) else content
    return {"name": name or "", "type": kind or "", "content": base64.b64encode(octets).decode()}
