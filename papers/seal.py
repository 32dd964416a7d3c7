"""The platform's electronic seal on a PDF: put on last, covers every byte, shows any change.

Source: ETSI EN 319 142 (PAdES baseline B) through pyHanko. The parties' own signatures are evidence inside the
sealed file (`attach_evidence`); they can be verified again without this platform.
"""

import io
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from asn1crypto import cms, x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography import x509 as cryptography_x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.keys import load_cert_from_pemder, load_private_key_from_pemder
from pyhanko.pdf_utils import embed, generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer, SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

SEAL_FIELD = "PlatformSeal"
_KEY_YEARS = 10


@dataclass(frozen=True, slots=True)
class SealKey:
    """A certificate and its private key; `chain` are the certificates between it and its root."""

    certificate: x509.Certificate
    private_key: PrivateKeyInfo
    chain: tuple[x509.Certificate, ...] = ()

    @classmethod
    def from_files(cls, cert: Path | str, key: Path | str, *, passphrase: bytes | None = None) -> Self:
        """Read PEM or DER files."""
        return cls(load_cert_from_pemder(str(cert)), load_private_key_from_pemder(str(key), passphrase))


@dataclass(frozen=True, slots=True)
class SealReport:
    """What a check of a seal found.

    `intact`: the seal is genuine, trusted and nothing it covers was changed. `covers_whole`: it covers the whole
    file, so nothing was added after it. `problem` is a code, empty when all is well: `no_seal`, `unreadable`,
    `changed`, `added_to`, `not_trusted`.
    """

    intact: bool
    covers_whole: bool
    signer: str
    at: datetime | None
    problem: str

    @property
    def is_good(self) -> bool:
        return self.intact and self.covers_whole and not self.problem


def attach_evidence(pdf: bytes, name: str, content: bytes, *, description: str = "") -> bytes:
    """The PDF with a file inside it; to be done before sealing, on a PDF made `with_attachments` (PDF/A-3b).

    Raises: ValueError when the name is not plain ASCII.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise ValueError(f"{name!r}: letters, digits, dot, dash and underline only")
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    stream = embed.EmbeddedFileObject.from_file_data(
        writer,
        content,
        mime_type="application/json" if name.endswith(".json") else "application/octet-stream",
    )
    embed.embed_file(
        writer, embed.FileSpec(name, file_name=name, embedded_data=stream, description=description or name)
    )
    _associate(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _associate(writer: IncrementalPdfFileWriter) -> None:
    """PDF/A-3 wants attached files named in the catalogue; pyHanko would raise the version to 2.0 for it."""
    names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    reference = names.raw_get(len(names) - 1)
    specification = reference.get_object()
    specification["/AFRelationship"] = generic.NameObject("/Supplement")
    writer.update_container(specification)
    if "/AF" not in writer.root:
        writer.root["/AF"] = writer.add_object(generic.ArrayObject())
        writer.update_root()
    associated = writer.root["/AF"]
    associated.append(reference)
    writer.update_container(associated)


def attached_evidence(pdf: bytes) -> dict[str, bytes]:
    """The files inside a PDF, by name."""
    root = PdfFileReader(io.BytesIO(pdf)).root
    names = root["/Names"]["/EmbeddedFiles"]["/Names"] if "/Names" in root else []
    flat = list(names)
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return {str(name): bytes(entry.get_object()["/EF"]["/F"].data) for name, entry in pairs}


def seal_pdf(pdf: bytes, *, key: SealKey, reason: str, field: str = SEAL_FIELD, at: datetime) -> bytes:
    """The PDF with an electronic seal over everything in it, as a further revision; earlier bytes stay as they are.

    `at` is the time stated in the seal. Raises: ValueError when `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("the time of a seal needs a time zone")
    store = SimpleCertificateStore.from_certs([key.certificate, *key.chain])
    signer = SimpleSigner(signing_cert=key.certificate, signing_key=key.private_key, cert_registry=store)
    metadata = PdfSignatureMetadata(
        field_name=field,
        reason=reason,
        name=_name(key.certificate),
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    out = io.BytesIO()
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    _SignerAt(metadata, signer, at).sign_pdf(writer, output=out)
    return out.getvalue()


class _SignerAt(PdfSigner):
    """States the time it is given; pyHanko's own would state the machine's, not the platform's clock."""

    def __init__(self, metadata: PdfSignatureMetadata, signer: Signer, at: datetime) -> None:
        super().__init__(metadata, signer)
        self._at = at

    def init_signing_session(
        self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._at
        return session


def check_seal(pdf: bytes, *, roots: Iterable[x509.Certificate]) -> SealReport:
    """Whether the last seal on a PDF is genuine, trusted by `roots`, and covers every byte."""
    try:
        return _check(pdf, list(roots))
    except Exception:
        return SealReport(False, False, "", None, "unreadable")


def _check(pdf: bytes, roots: list[x509.Certificate]) -> SealReport:
    signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    if not signatures:
        return SealReport(False, False, "", None, "no_seal")
    seal = signatures[-1]
    known = [root.dump() for root in roots]
    context = ValidationContext(trust_roots=roots, allow_fetching=False, moment=seal.self_reported_timestamp)
    status = validate_pdf_signature(seal, context)
    chain = [certificate.dump() for certificate in status.validation_path or () if certificate]
    whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE and _is_canonical(
        pdf, seal, {*chain, *known}
    )
    genuine = bool(status.intact and status.valid)
    problem = ""
    if not genuine:
        problem = "changed"
    elif not status.trusted:
        problem = "not_trusted"
    elif not whole:
        problem = "added_to"
    return SealReport(
        genuine and bool(status.trusted),
        whole,
        _name(status.signing_cert),
        status.signer_reported_dt,
        problem,
    )


def _is_canonical(pdf: bytes, seal: EmbeddedPdfSignature, verified: set[bytes]) -> bool:
    """Whether the only bytes a seal cannot cover, the seal's own, are written in the one way we write them.

    Without this a digit in its padding, in a certificate beside it or in its capitals could be changed unseen.
    `verified` are certificates whose own signatures were checked or which are trusted.
    """
    start, before, after, rest = seal.byte_range
    contents = bytes(seal.pkcs7_content)
    content = cms.ContentInfo.load(contents)
    signed = content["content"]
    (info,) = signed["signer_infos"]
    return (
        start == 0
        and after + rest == len(pdf)
        and pdf[before:after] == b"<" + contents.hex().upper().encode() + b">"
        and contents == content.copy().dump(force=True).ljust(len(contents), b"\0")
        and all(entry.chosen.dump() in verified for entry in signed["certificates"])
        and signed["version"].native == "v1"
        and [entry["algorithm"].native for entry in signed["digest_algorithms"]] == ["sha256"]
        and not signed["crls"]
        and not info["unsigned_attrs"]
        and info["version"].native == "v1"
    )


def _name(certificate: x509.Certificate) -> str:
    subject = certificate.subject.native
    return str(
        subject.get("common_name") or subject.get("organization_name") or certificate.subject.human_friendly
    )


def make_platform_seal_key(
    folder: Path | str, *, name: str = "雲市集 Open 開發用封緘", at: datetime | None = None
) -> SealKey:
    """A self-signed key for development and demonstration in `folder` (`seal.crt`, `seal.key`), made once.

    Production takes certificate and key from its settings. `at` is when it becomes valid (else now, less a day).
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    certificate_file, key_file = place / "seal.crt", place / "seal.key"
    if not (certificate_file.exists() and key_file.exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key, name, at or datetime.now(UTC) - timedelta(days=1))
        _write_secret(key_file, _pem(key))
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return SealKey.from_files(certificate_file, key_file)


def _self_signed(
    key: ec.EllipticCurvePrivateKey, name: str, start: datetime
) -> cryptography_x509.Certificate:
    subject = cryptography_x509.Name(
        [
            cryptography_x509.NameAttribute(NameOID.COUNTRY_NAME, "TW"),
            cryptography_x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    usage = cryptography_x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        cryptography_x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(cryptography_x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=366 * _KEY_YEARS))
        .add_extension(cryptography_x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            cryptography_x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .sign(key, hashes.SHA256())
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_secret(path: Path, content: bytes) -> None:
    """Readable by its owner only, from the first byte."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
