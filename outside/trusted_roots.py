"""The pinned certificates that every chain must end in."""

from functools import lru_cache
from pathlib import Path

from cryptography import x509
from django.conf import settings

from outside import http
from outside.addresses import sandbox_address

SYSTEM = "sandbox"


def pinned_certificates() -> tuple[x509.Certificate, ...]:
    """The certificates of the PEM file that the setting CERTIFICATE_ROOTS names: roots, and intermediates if one likes.

    Without the setting the twin's own test root is taken; production refuses that.
    Raises: ImproperlyConfigured.
    """
    path = getattr(settings, "CERTIFICATE_ROOTS", "")
    if path:
        return _of_file(str(path), Path(path).stat().st_mtime_ns)
    return _of_twin(sandbox_address("/pki/roots.pem"))


@lru_cache(maxsize=4)
def _of_file(path: str, changed: int) -> tuple[x509.Certificate, ...]:
    return tuple(x509.load_pem_x509_certificates(Path(path).read_bytes()))


@lru_cache(maxsize=4)
def _of_twin(url: str) -> tuple[x509.Certificate, ...]:
    return tuple(x509.load_pem_x509_certificates(http.get(SYSTEM, url).body))
