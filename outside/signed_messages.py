"""Messages that a card has signed (CMS SignedData): one signer, our content, a signature that holds.

Source: RFC 5652.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

Step = Literal[
    "signer", "content", "signature", "chain", "validity", "key_usage", "policy", "crl", "identity"
]
DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
MAX_CMS_BYTES = 100_000


class CertificateRefused(Exception):
    """The signature or certificate does not pass. `step` says where, `code` why."""

    def __init__(self, step: Step, code: str) -> None:
        super().__init__(f"{step}: {code}")
        self.step, self.code = step, code


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A CMS message taken apart."""

    signer: cms.SignerInfo
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    content: bytes | None


def one_signer(cms_der: bytes) -> SignedMessage:
    """Take the message apart; exactly one signer, whose certificate is inside.

    Raises: CertificateRefused.
    """
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
    return SignedMessage(signers[0], named[0], others, content if isinstance(content, bytes) else None)


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


def check_content(signed: SignedMessage, challenge: bytes) -> None:
    """The content is our challenge.

    Raises: CertificateRefused.
    """
    if signed.content is None:
        raise CertificateRefused("content", "missing")
    if not challenge or not hmac.compare_digest(signed.content, challenge):
        raise CertificateRefused("content", "not_our_challenge")


def check_signature_of(signed: SignedMessage, challenge: bytes) -> None:
    """The signer's key has signed the challenge.

    Raises: CertificateRefused.
    """
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


def _check_signature(signed: SignedMessage, message: bytes, digest: hashes.HashAlgorithm) -> None:
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
