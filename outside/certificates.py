"""Verification of signatures made with government certificate cards.

A card signs a one-use challenge (CMS SignedData); the PIN never reaches us. Nine steps in a fixed order, each with its own refusal:
signer, content, signature, chain, validity, key_usage, policy, crl, identity. That a challenge is used once and within 300 seconds
is the caller's part.
Source: RFC 5652 (CMS), RFC 5280 (paths, revocation), certificate profiles as in `identity_oids`.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Literal

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID
from django.conf import settings

from outside import identity_oids as oids
from outside.certificate_lists import is_revoked
from outside.trusted_roots import pinned_certificates

Step = Literal[
    "signer", "content", "signature", "chain", "validity", "key_usage", "policy", "crl", "identity"
]
DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
LONGEST_CHAIN = 5
MAX_CMS_BYTES = 100_000


class CertificateRefused(Exception):
    """The signature or certificate does not pass. `step` says where, `code` why."""

    def __init__(self, step: Step, code: str) -> None:
        super().__init__(f"{step}: {code}")
        self.step, self.code = step, code


@dataclass(frozen=True, slots=True)
class VerifiedCertificate:
    """What a verified signature proves. `claimed_signed_at` is the card reader's own clock, not proof."""

    authority: str  # MOEACA, MOICA or XCA
    name: str
    ubn: str
    id_last4: str
    organisation_oid: str
    card_number: str
    serial_number: str
    fingerprint: str
    issuer: str
    valid_until: datetime
    claimed_signed_at: datetime | None
    certificate_der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Signed:
    """A CMS message taken apart."""

    signer: cms.SignerInfo
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    content: bytes | None


def verify(
    cms_der: bytes,
    *,
    challenge: bytes,
    at: datetime,
    expected_ubn: str | None = None,
    expected_id_last4: str | None = None,
) -> VerifiedCertificate:
    """Who signed the challenge, proven by all nine steps.

    Raises: CertificateRefused; OutsideDown or OutsideAnswerBroken when a revocation list cannot be had: try again later.
    """
    signed = _one_signer(cms_der)
    _content_is(signed, challenge)
    _signature_holds(signed, challenge)
    chain = _chain_to_root(signed)
    _valid_at(chain, at)
    _may_sign(signed.certificate)
    _has_policy(signed.certificate)
    _not_revoked(chain, at)
    return _identity(signed, expected_ubn, expected_id_last4)


# ---- one signer -------------------------------------------------------------------------------------------


def _one_signer(cms_der: bytes) -> _Signed:
    if len(cms_der) > MAX_CMS_BYTES:
        raise CertificateRefused("signer", "too_large")
    try:
        message = cms.ContentInfo.load(cms_der, strict=True)
        if message["content_type"].native != "signed_data":
            raise CertificateRefused("signer", "not_signed_data")
        data = message["content"]
        signers = list(data["signer_infos"])
        certificates = tuple(_certificates_of(data))
        content = data["encap_content_info"]["content"].native
        named = [one for one in certificates if signers and _is_named(one, signers[0])]
    except (ValueError, TypeError, KeyError) as error:
        raise CertificateRefused("signer", "unreadable") from error
    if len(signers) != 1:
        raise CertificateRefused("signer", "not_one_signer")
    if not named:
        raise CertificateRefused("signer", "no_certificate")
    others = tuple(one for one in certificates if one != named[0])
    return _Signed(signers[0], named[0], others, content if isinstance(content, bytes) else None)


def _certificates_of(data: cms.SignedData) -> Iterator[x509.Certificate]:
    choices = data["certificates"]
    if not isinstance(choices, core.Void):
        yield from (_readable(one.chosen) for one in choices if one.name == "certificate")


def _readable(raw: asn1_x509.Certificate) -> x509.Certificate:
    """The certificate, with every part read once: the library reads late and would fail in a later step.

    Raises: ValueError.
    """
    if raw.serial_number <= 0:
        raise ValueError("serial numbers are positive (RFC 5280)")
    try:
        certificate = x509.load_der_x509_certificate(raw.dump())
        _ = certificate.subject, certificate.issuer, certificate.extensions, certificate.public_key()
        _ = (
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            certificate.signature_hash_algorithm,
        )
    except (UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion) as error:
        raise ValueError(str(error)) from error
    return certificate


def _is_named(certificate: x509.Certificate, signer: cms.SignerInfo) -> bool:
    sid = signer["sid"]
    if sid.name != "issuer_and_serial_number":
        return bool(_key_identifier(certificate) == sid.chosen.native)
    same_issuer = certificate.issuer.public_bytes() == sid.chosen["issuer"].dump()
    return bool(same_issuer and certificate.serial_number == sid.chosen["serial_number"].native)


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return None


# ---- content and signature --------------------------------------------------------------------------------


def _content_is(signed: _Signed, challenge: bytes) -> None:
    if signed.content is None:
        raise CertificateRefused("content", "missing")
    if not challenge or not hmac.compare_digest(signed.content, challenge):
        raise CertificateRefused("content", "not_our_challenge")


def _signature_holds(signed: _Signed, challenge: bytes) -> None:
    try:
        digest = DIGESTS[signed.signer["digest_algorithm"]["algorithm"].native]()
        message = _signed_bytes(signed.signer, challenge, digest)
        _check_signature(signed, message, digest)
    except KeyError as error:
        raise CertificateRefused("signature", "algorithm") from error
    except (InvalidSignature, ValueError, TypeError) as error:
        raise CertificateRefused("signature", "wrong") from error


def _signed_bytes(signer: cms.SignerInfo, content: bytes, digest: hashes.HashAlgorithm) -> bytes:
    """What was signed: the attributes, which hold the content's digest, or the content itself.

    Note: attributes are hashed with the tag of a SET, not with the tag they have in the message (RFC 5652, 5.4).
    """
    attributes = signer["signed_attrs"]
    if isinstance(attributes, core.Void) or not len(attributes):
        return content
    values = {one["type"].dotted: one["values"] for one in attributes}
    if len(values) != len(attributes) or len(values[MESSAGE_DIGEST]) != 1 or len(values[CONTENT_TYPE]) != 1:
        raise ValueError("attributes are repeated")
    expected = hashlib.new(digest.name, content).digest()
    if not hmac.compare_digest(values[MESSAGE_DIGEST][0].native, expected):
        raise CertificateRefused("signature", "digest")
    if values[CONTENT_TYPE][0].native != "data":
        raise CertificateRefused("signature", "content_type")
    return bytes(attributes.untag().dump(force=True))


CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"


def _check_signature(signed: _Signed, message: bytes, digest: hashes.HashAlgorithm) -> None:
    key = signed.certificate.public_key()
    signature = signed.signer["signature"].native
    algorithm = signed.signer["signature_algorithm"]
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        kind = algorithm.signature_algo
        if kind == "rsassa_pss":
            parameters = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
            return key.verify(signature, message, parameters, digest)
        if kind == "rsassa_pkcs1v15":
            return key.verify(signature, message, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        return key.verify(signature, message, ec.ECDSA(digest))
    raise CertificateRefused("signature", "algorithm")


# ---- chain and validity -----------------------------------------------------------------------------------


def _chain_to_root(signed: _Signed) -> tuple[x509.Certificate, ...]:
    """Signer first, pinned root last."""
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


def _valid_at(chain: tuple[x509.Certificate, ...], at: datetime) -> None:
    for certificate in chain:
        if at < certificate.not_valid_before_utc:
            raise CertificateRefused("validity", "not_yet_valid")
        if at > certificate.not_valid_after_utc:
            raise CertificateRefused("validity", "expired")


# ---- what the certificate may be used for -----------------------------------------------------------------


def _may_sign(certificate: x509.Certificate) -> None:
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


def _has_policy(certificate: x509.Certificate) -> None:
    wanted = set(getattr(settings, "CERTIFICATE_POLICIES", (oids.ASSURANCE_LEVEL_3,)))
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise CertificateRefused("policy", "missing") from error
    if not wanted & {policy.policy_identifier.dotted_string for policy in policies}:
        raise CertificateRefused("policy", "not_accepted")


def _not_revoked(chain: tuple[x509.Certificate, ...], at: datetime) -> None:
    """Every certificate below the root is looked up in the list of its issuer."""
    for certificate, issuer in pairwise(chain):
        code = is_revoked(certificate, issuer, at=at)
        if code:
            raise CertificateRefused("crl", code)


# ---- identity ---------------------------------------------------------------------------------------------


def _identity(
    signed: _Signed, expected_ubn: str | None, expected_id_last4: str | None
) -> VerifiedCertificate:
    certificate = signed.certificate
    authority = _authority_of(certificate)
    attributes = _directory_attributes(certificate)
    ubn = _ubn_of(certificate, attributes) if authority != "MOICA" else ""
    last4 = attributes.get(oids.ID_LAST_FOUR, "") if authority == "MOICA" else ""
    if expected_ubn is not None and authority != "MOICA":
        _require_same(ubn, expected_ubn, "no_ubn", "other_organisation")
    if authority == "MOICA" and expected_ubn is not None and expected_id_last4 is None:
        raise CertificateRefused("identity", "person_not_expected")
    if expected_id_last4 is not None:
        _require_same(last4, expected_id_last4, "no_id", "other_person")
    return VerifiedCertificate(
        authority=authority,
        name=_subject(
            certificate, NameOID.COMMON_NAME if authority == "MOICA" else NameOID.ORGANIZATION_NAME
        ),
        ubn=ubn,
        id_last4=last4,
        organisation_oid=attributes.get(oids.ORGANISATION_OID, ""),
        card_number=_card_number(signed, attributes),
        serial_number=f"{certificate.serial_number:X}",
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        issuer=certificate.issuer.rfc4514_string(),
        valid_until=certificate.not_valid_after_utc,
        claimed_signed_at=_claimed_time(signed.signer),
        certificate_der=certificate.public_bytes(Encoding.DER),
    )


def _require_same(found: str, expected: str, missing: str, other: str) -> None:
    if not found:
        raise CertificateRefused("identity", missing)
    if not hmac.compare_digest(found.encode(), expected.encode()):
        raise CertificateRefused("identity", other)


def _authority_of(certificate: x509.Certificate) -> str:
    names = {str(attribute.value) for attribute in certificate.issuer}
    for authority, keyword in oids.CERTIFICATE_AUTHORITIES.items():
        if keyword in names:
            return authority
    raise CertificateRefused("identity", "unknown_authority")


def _ubn_of(certificate: x509.Certificate, attributes: dict[str, str]) -> str:
    in_subject = _subject(certificate, NameOID.SERIAL_NUMBER)
    in_attributes = attributes.get(oids.UBN, "")
    if in_subject and in_attributes and in_subject != in_attributes:
        raise CertificateRefused("identity", "contradicts_itself")
    return in_attributes or in_subject


def _subject(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    values = certificate.subject.get_attributes_for_oid(oid)
    return str(values[0].value) if len(values) == 1 else ""


class _Attribute(core.Sequence):  # type: ignore[misc]
    _fields = [("type", core.ObjectIdentifier), ("values", core.SetOf, {"spec": core.Any})]


class _DirectoryAttributes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Attribute


def _directory_attributes(certificate: x509.Certificate) -> dict[str, str]:
    """The subject directory attributes (2.5.29.9) as text."""
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_DIRECTORY_ATTRIBUTES)
        rows = _DirectoryAttributes.load(extension.value.public_bytes(), strict=True)
        return {
            row["type"].dotted: _as_text(row["values"][0].parse()) for row in rows if len(row["values"]) == 1
        }
    except x509.ExtensionNotFound:
        return {}
    except (ValueError, TypeError, IndexError) as error:
        raise CertificateRefused("identity", "unreadable") from error


def _as_text(value: core.Asn1Value) -> str:
    native = value.dotted if isinstance(value, core.ObjectIdentifier) else value.native
    return (native.decode("utf-8") if isinstance(native, bytes) else str(native)).strip()


def _card_number(signed: _Signed, attributes: dict[str, str]) -> str:
    for one in (
        signed.signer["signed_attrs"] if not isinstance(signed.signer["signed_attrs"], core.Void) else ()
    ):
        if one["type"].dotted == oids.CARD_NUMBER and len(one["values"]) == 1:
            value = one["values"][0]
            return _as_text(value.parse() if isinstance(value, core.Any) else value)
    return attributes.get(oids.CARD_NUMBER, "")


def _claimed_time(signer: cms.SignerInfo) -> datetime | None:
    for one in signer["signed_attrs"] if not isinstance(signer["signed_attrs"], core.Void) else ():
        if one["type"].dotted == SIGNING_TIME and len(one["values"]) == 1:
            native = one["values"][0].native
            return native if isinstance(native, datetime) else None
    return None
