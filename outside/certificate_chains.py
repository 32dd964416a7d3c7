"""Whether a signer's certificate leads to a pinned root, is in force, may sign, and is not revoked.

Source: RFC 5280.
"""

from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtensionOID
from django.conf import settings

from outside import identity_oids as oids
from outside.certificate_lists import is_revoked
from outside.signed_messages import CertificateRefused, SignedMessage
from outside.trusted_roots import pinned_certificates

LONGEST_CHAIN = 5


def chain_to_root(signed: SignedMessage) -> tuple[x509.Certificate, ...]:
    """Signer first, pinned root last.

    Raises: CertificateRefused.
    """
    pinned = pinned_certificates()
    candidates = (*pinned, *signed.others)
    chain = [signed.certificate]
    while chain[-1] not in pinned or not _is_self_issued(chain[-1]):
        issuer = next((one for one in candidates if _issued(one, chain[-1], below=len(chain) - 1)), None)
        if issuer is None or issuer in chain or len(chain) >= LONGEST_CHAIN:
            raise CertificateRefused("chain", "no_path_to_root")
        chain.append(issuer)
    if len(chain) < 2:
        raise CertificateRefused("chain", "signer_is_root")
    return tuple(chain)


def _is_self_issued(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _issued(issuer: x509.Certificate, certificate: x509.Certificate, *, below: int) -> bool:
    """Whether `issuer` may sign certificates, `below` authorities may stand under it, and it signed this one."""
    if issuer.subject != certificate.issuer:
        return False
    try:
        basic = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    deep_enough = basic.path_length is None or basic.path_length >= below
    return basic.ca and usage.key_cert_sign and deep_enough


def check_validity(chain: tuple[x509.Certificate, ...], at: datetime) -> None:
    """Every certificate is in force at this instant.

    Raises: CertificateRefused.
    """
    for certificate in chain:
        if at < certificate.not_valid_before_utc:
            raise CertificateRefused("validity", "not_yet_valid")
        if at > certificate.not_valid_after_utc:
            raise CertificateRefused("validity", "expired")


# ---- what the certificate may be used for -----------------------------------------------------------------


def check_key_usage(certificate: x509.Certificate) -> None:
    """The certificate is for signing, and nothing critical in it is unknown to us.

    Raises: CertificateRefused.
    """
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise CertificateRefused("key_usage", "missing") from error
    if not usage.digital_signature:
        raise CertificateRefused("key_usage", "not_for_signing")
    known = {extension.oid for extension in certificate.extensions if extension.critical}
    if known - UNDERSTOOD:
        raise CertificateRefused("key_usage", "unknown_critical_extension")


UNDERSTOOD = {
    ExtensionOID.KEY_USAGE,
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.EXTENDED_KEY_USAGE,
}


def check_policy(certificate: x509.Certificate) -> None:
    """The certificate was issued under a policy that the setting CERTIFICATE_POLICIES accepts.

    Raises: CertificateRefused.
    """
    wanted = set(getattr(settings, "CERTIFICATE_POLICIES", (oids.ASSURANCE_LEVEL_3,)))
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise CertificateRefused("policy", "missing") from error
    if not wanted & {policy.policy_identifier.dotted_string for policy in policies}:
        raise CertificateRefused("policy", "not_accepted")


def check_revocation(chain: tuple[x509.Certificate, ...], at: datetime) -> None:
    """Every certificate below the root is looked up in the list of its issuer.

    Raises: CertificateRefused, OutsideDown, OutsideAnswerBroken.
    """
    for certificate, issuer in pairwise(chain):
        code = is_revoked(certificate, issuer, at=at)
        if code:
            raise CertificateRefused("crl", code)
