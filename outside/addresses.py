"""Where the outside systems answer. Every address is a setting; without it the twin is used, never in production."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SANDBOX_PATHS = {
    "TAX_REGISTRY_URL": "/tax-registry",
    "GCIS_URL": "/gcis",
    "SMS_URL": "/sms",
    "MAIL_URL": "/mail",
    "MOBILE_ID_URL": "/mobile-id",
    "FIDO_URL": "/fido",
    "BANK_URL": "/bank",
    "CARD_READER_URL": "/card-reader",
    "CRL_URL": "/crl",
}
REAL_ADDRESSES = {
    "TAX_REGISTRY_URL": "https://eip.fia.gov.tw",
    "GCIS_URL": "https://data.gcis.nat.gov.tw",
}


def address_of(name: str) -> str:
    """The base address of one outside system, without a slash at the end.

    Raises: ImproperlyConfigured when neither the system's own setting nor SANDBOX_URL is there, or production would use a sandbox.
    """
    given = getattr(settings, name, "")
    if given:
        return str(given).rstrip("/")
    if getattr(settings, "PRODUCTION", False):
        if name in REAL_ADDRESSES:
            return REAL_ADDRESSES[name]
        raise ImproperlyConfigured(f"{name} is not set; production does not use the sandbox")
    sandbox = getattr(settings, "SANDBOX_URL", "")
    if not sandbox:
        raise ImproperlyConfigured(f"set {name} or SANDBOX_URL")
    return str(sandbox).rstrip("/") + SANDBOX_PATHS[name]


def sandbox_address(path: str) -> str:
    """An address of the twin itself, for what only the demonstration does.

    Raises: ImproperlyConfigured in production and without SANDBOX_URL.
    """
    sandbox = getattr(settings, "SANDBOX_URL", "")
    if getattr(settings, "PRODUCTION", False) or not sandbox:
        raise ImproperlyConfigured("only the demonstration has a sandbox")
    return str(sandbox).rstrip("/") + path
