"""What production refuses: a sandbox for the outside world, settings that are only fit for development."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def production_is_real(**_kwargs: Any) -> list[CheckMessage]:
    """One error for each setting with which a production platform must not start."""
    if not settings.PRODUCTION:
        return []
    console = settings.EMAIL_BACKEND.rsplit(".", 2)[-2] in ("console", "dummy", "locmem", "mailbox")
    refused = {
        "portal.E001": (
            settings.SANDBOX_URL,
            "SANDBOX_URL is set: production talks to the real outside systems",
        ),
        "portal.E002": (
            not settings.PUBLIC_ORIGIN.startswith("https://"),
            "PUBLIC_ORIGIN is not https://…: passkeys and cookies need it",
        ),
        "portal.E003": (console, "EMAIL_URL is not set: nobody would receive a mail"),
        "portal.E004": (
            settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN,
            "passkeys over plain HTTP are for localhost only",
        ),
        "portal.E005": (
            not settings.PAYER_ACCOUNT,
            "PAYER_BANK_CODE, PAYER_ACCOUNT and PAYER_UBN are not set: payout files need them",
        ),
        "portal.E006": (settings.DEBUG, "DEBUG is on"),
    }
    return [Error(sentence, id=code) for code, (is_wrong, sentence) in refused.items() if is_wrong]
