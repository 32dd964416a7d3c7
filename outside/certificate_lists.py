"""Certificate revocation lists: fetched where the certificate says, checked, and kept until they are due."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.cache import cache

from outside import http
from outside.addresses import address_of
from outside.http import OutsideAnswerBroken

SYSTEM = "crl"
LIMIT_BYTES = 40_000_000  # the lists of large authorities hold years of cards
LONGEST_KEPT_SECONDS = 3600
SANDBOX_HOST = "sandbox.invalid"  # stands for wherever the twin runs today


def is_revoked(certificate: x509.Certificate, issuer: x509.Certificate, *, at: datetime) -> str:
    """An empty text if the certificate is not revoked, else why to refuse: no_list, signature, stale, revoked.

    Raises: OutsideDown, OutsideAnswerBroken when the list cannot be had.
    """
    url = _address_of_list(certificate)
    if not url:
        return "no_list"
    revocations = _kept_list(url)
    if revocations is None or not _is_current(revocations, at):
        revocations = _fetched_list(url)
        if not _is_signed_by(revocations, issuer):
            return "signature"
        _keep(url, revocations)
    elif not _is_signed_by(revocations, issuer):
        return "signature"
    if not _is_current(revocations, at):
        return "stale"
    return (
        "revoked" if revocations.get_revoked_certificate_by_serial_number(certificate.serial_number) else ""
    )


def _address_of_list(certificate: x509.Certificate) -> str:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    names = [name.value for point in points for name in point.full_name or () if isinstance(name.value, str)]
    url = next((name for name in names if urlsplit(name).scheme in ("http", "https")), "")
    if urlsplit(url).hostname == SANDBOX_HOST and not getattr(settings, "PRODUCTION", False):
        return address_of("CRL_URL") + urlsplit(url).path.removeprefix("/crl")
    return url


def _fetched_list(url: str) -> x509.CertificateRevocationList:
    answer = http.call(SYSTEM, "GET", url, limit_bytes=LIMIT_BYTES)
    try:
        return x509.load_der_x509_crl(answer.body)
    except ValueError as error:
        raise OutsideAnswerBroken(SYSTEM, "not a revocation list") from error


def _is_signed_by(revocations: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    if revocations.issuer != issuer.subject:
        return False
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        return usage.crl_sign and revocations.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (x509.ExtensionNotFound, ValueError, TypeError):
        return False


def _is_current(revocations: x509.CertificateRevocationList, at: datetime) -> bool:
    return revocations.next_update_utc is not None and at <= revocations.next_update_utc


def _is_twin(url: str) -> bool:
    sandbox = str(getattr(settings, "SANDBOX_URL", ""))
    return bool(sandbox) and url.startswith(sandbox)


def _key(url: str) -> str:
    return f"outside:crl:{hashlib.sha256(url.encode()).hexdigest()}"


def _kept_list(url: str) -> x509.CertificateRevocationList | None:
    kept = cache.get(_key(url))
    try:
        return x509.load_der_x509_crl(kept) if kept else None
    except ValueError:
        return None


def _keep(url: str, revocations: x509.CertificateRevocationList) -> None:
    """Note: the twin's lists are not kept, because its revoked cards are made when they are first used."""
    longest = getattr(settings, "CRL_KEPT_SECONDS", 0 if _is_twin(url) else LONGEST_KEPT_SECONDS)
    due = revocations.next_update_utc
    seconds = min(longest, int((due - datetime.now(UTC)).total_seconds())) if due else 0
    if seconds > 0:
        cache.set(_key(url), revocations.public_bytes(Encoding.DER), timeout=seconds)
