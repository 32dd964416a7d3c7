"""Whom a government certificate names: an organisation by business number, or a person by the end of the national ID."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime

from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID

from outside import identity_oids as oids
from outside.signed_messages import SIGNING_TIME, CertificateRefused, SignedMessage


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


def identity_of(
    signed: SignedMessage, expected_ubn: str | None, expected_id_last4: str | None
) -> VerifiedCertificate:
    """What the certificate says, after comparing it with whom we expect.

    Raises: CertificateRefused.
    """
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


def _card_number(signed: SignedMessage, attributes: dict[str, str]) -> str:
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
