"""A test hierarchy with the same identifiers as the government's: root, MOEACA, MOICA, XCA, their cards and revocation lists."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtensionOID, NameOID

from outside import identity_oids as oids

START = datetime(2023, 1, 1, tzinfo=UTC)
END = datetime(2043, 1, 1, tzinfo=UTC)
CARD_END = datetime(2033, 1, 1, tzinfo=UTC)
EXPIRED_ON = datetime(2024, 12, 31, tzinfo=UTC)
REVOKED_ON = datetime(2023, 6, 1, tzinfo=UTC)
LIST_ADDRESS = "http://sandbox.invalid/crl"
AUTHORITIES = tuple(oids.CERTIFICATE_AUTHORITIES)
SIGNING = {"digital_signature": True, "content_commitment": True}
CERTIFYING = {"key_cert_sign": True, "crl_sign": True}


@dataclass(frozen=True, slots=True)
class Holder:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    def pem(self) -> bytes:
        """Key and certificate."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + self.certificate.public_bytes(Encoding.PEM)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose card it is."""

    authority: str
    name: str
    ubn: str = ""
    id_last4: str = ""
    organisation_oid: str = ""
    card_number: str = ""


def holder_of(pem: bytes) -> Holder:
    """Read what `Holder.pem` wrote."""
    key = load_pem_private_key(pem, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("not an RSA key")
    return Holder(x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :]), key)


def hierarchy(folder: Path) -> dict[str, Holder]:
    """The root and the three authorities; made at the first start and kept in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    root = _kept(folder / "root.pem", lambda: _authority("測試用根憑證管理中心", None, "root"))
    made = {"root": root}
    for name, label in oids.CERTIFICATE_AUTHORITIES.items():
        made[name] = _kept(folder / f"{name.lower()}.pem", partial(_authority, label, root, "root"))
    roots = folder / "roots.pem"
    if not roots.exists():
        roots.write_bytes(root.certificate.public_bytes(Encoding.PEM))
    return made


def _kept(path: Path, make: Callable[[], Holder]) -> Holder:
    if not path.exists():
        unfinished = path.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(make().pem())
        unfinished.rename(path)
    return holder_of(path.read_bytes())


def _authority(label: str, issuer: Holder | None, list_name: str) -> Holder:
    names = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "TW"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "行政院"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, label),
    ]
    key = rsa.generate_private_key(65537, 2048)
    builder = _builder(x509.Name(names), key, issuer, START, END)
    builder = builder.add_extension(x509.BasicConstraints(True, None if issuer is None else 0), critical=True)
    builder = builder.add_extension(_usage(**CERTIFYING), critical=True)
    if issuer is not None:
        builder = builder.add_extension(_list_point(list_name), critical=False)
    return Holder(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, key: rsa.RSAPrivateKey, issuer: Holder | None, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: given.get(name, False) for name in names})


def _list_point(name: str) -> x509.CRLDistributionPoints:
    url = x509.UniformResourceIdentifier(f"{LIST_ADDRESS}/{name.lower()}.crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([url], None, None, None)])


def issue_card(
    authority: Holder,
    subject: Subject,
    *,
    end: datetime = CARD_END,
    policy: str = oids.ASSURANCE_LEVEL_3,
    usage: dict[str, bool] | None = None,
) -> Holder:
    """A card's certificate as its authority writes it."""
    key = rsa.generate_private_key(65537, 2048)
    builder = _builder(_name_of(subject), key, authority, START, end)
    builder = builder.add_extension(_usage(**(SIGNING if usage is None else usage)), critical=True)
    policies = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(policy), None)])
    builder = builder.add_extension(policies, critical=False)
    builder = builder.add_extension(_list_point(subject.authority), critical=False)
    builder = builder.add_extension(_directory_attributes(subject), critical=False)
    return Holder(builder.sign(authority.key, hashes.SHA256()), key)


def _name_of(subject: Subject) -> x509.Name:
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "TW")
    if subject.authority == "MOICA":
        serial = hashlib.sha256(subject.name.encode() + subject.id_last4.encode()).hexdigest()
        return x509.Name(
            [
                country,
                x509.NameAttribute(NameOID.COMMON_NAME, subject.name),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, f"{int(serial[:13], 16) % 10**16:016d}"),
            ]
        )
    names = [country, x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.name[:64])]
    if subject.authority == "MOEACA":
        names.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, subject.ubn))
    return x509.Name(names)


class _Attribute(core.Sequence):  # type: ignore[misc]
    _fields = [("type", core.ObjectIdentifier), ("values", core.SetOf, {"spec": core.PrintableString})]


class _Attributes(core.SequenceOf):  # type: ignore[misc]
    _child_spec = _Attribute


def _directory_attributes(subject: Subject) -> x509.UnrecognizedExtension:
    facts = {
        oids.ID_LAST_FOUR: subject.id_last4,
        oids.UBN: subject.ubn,
        oids.ORGANISATION_OID: subject.organisation_oid,
        oids.CARD_RANK: "primary" if subject.authority == "MOEACA" else "",
        oids.CARD_NUMBER: subject.card_number,
    }
    rows = [{"type": oid, "values": [value]} for oid, value in facts.items() if value]
    return x509.UnrecognizedExtension(ExtensionOID.SUBJECT_DIRECTORY_ATTRIBUTES, _Attributes(rows).dump())


def revocation_list(
    authority: Holder, serial_numbers: list[int], *, next_update: datetime | None = None
) -> bytes:
    """The authority's list. It is valid for years, because the demonstration's clock may be far ahead of ours."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(START + timedelta(days=1))
        .next_update(next_update or END)
    )
    for number in serial_numbers:
        revoked = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(REVOKED_ON).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)
