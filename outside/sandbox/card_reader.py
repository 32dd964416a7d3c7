"""The twin's card reader and revocation lists. Cards are issued when they are first asked for, and kept."""

import base64
import binascii
import hashlib
import threading
from datetime import UTC, datetime

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from outside import identity_oids as oids
from outside.sandbox import pki
from outside.sandbox.registers import known
from outside.sandbox.samples import sample
from outside.sandbox.web import Reply, Request, Twin, Unfit, as_json, route

PIN = "123456"
_making = threading.Lock()
KINDS = {
    "good": ("可用的", "good"),
    "expired": ("已過期的", "expired"),
    "revoked": ("已廢止的", "revoked"),
    "other": ("別家公司的", "another firm's"),
}
CARDS = {
    "moeaca": ("工商憑證", "business certificate card"),
    "moica": ("負責人自然人憑證", "citizen certificate card"),
}


@route("GET", "/card-reader/cards")
def cards(twin: Twin, request: Request) -> Reply:
    """The cards one can try for an organisation."""
    ubn = _number(request.query.get("ubn", ""))
    rows = [_card_row("moeaca", kind, ubn) for kind in KINDS] + [_card_row("moica", "good", ubn)]
    rows += [_card_row("moica", "other", ubn), _xca_row(ubn)]
    return as_json({"cards": rows})


def _card_row(authority: str, kind: str, ubn: str) -> dict[str, str]:
    zh, en = KINDS[kind]
    card_zh, card_en = CARDS[authority]
    if authority == "moica" and kind == "other":
        zh, en = "別人的", "another person's"
        card_zh = "自然人憑證"
    row = {"id": f"{authority}-{kind}-{ubn}", "kind": kind, "authority": authority.upper()}
    return row | {"label_zh": f"{zh}{card_zh}", "label_en": f"{en} {card_en}".capitalize()}


def _xca_row(ubn: str) -> dict[str, str]:
    row = {"id": f"xca-good-{ubn}", "kind": "good", "authority": "XCA"}
    return row | {"label_zh": "組織及團體憑證", "label_en": "Organisation certificate card"}


@route("POST", "/card-reader/sign")
def sign_content(twin: Twin, request: Request) -> Reply:
    """Sign in the card. The PIN goes to the reader only."""
    card_id, pin, content = request.text("card", "pin", "content")
    if pin != PIN:
        return as_json({"error": "wrong PIN"}, 403)
    try:
        message = base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise Unfit("content is not base64") from error
    authority, subject, holder = card(twin, card_id)
    signed = sign(holder, message, others=[authority], card_number=subject.card_number)
    return as_json({"cms": base64.b64encode(signed).decode()})


@route("GET", "/pki/roots.pem")
def roots(twin: Twin, request: Request) -> Reply:
    """The test root, to be pinned."""
    authorities(twin)
    return Reply(200, (twin.data / "pki" / "roots.pem").read_bytes(), "application/x-pem-file")


@route("GET", "/crl/<name>.crl")
def revocations(twin: Twin, request: Request, name: str) -> Reply:
    """An authority's revocation list."""
    holder = {label.lower(): one for label, one in authorities(twin).items()}.get(name)
    if holder is None:
        return as_json({"error": "no such list"}, 404)
    numbers = [int(one["serial_number"]) for one in twin.store.all("revoked", name, limit=100_000)]
    return Reply(200, pki.revocation_list(holder, numbers), "application/pkix-crl")


def authorities(twin: Twin) -> dict[str, pki.Holder]:
    """The hierarchy, made at first use."""
    with _making:
        if "pki" not in twin.kept:
            twin.kept["pki"] = pki.hierarchy(twin.data / "pki")
    made: dict[str, pki.Holder] = twin.kept["pki"]
    return made


def card(twin: Twin, card_id: str) -> tuple[pki.Holder, pki.Subject, pki.Holder]:
    """The authority, whose card it is, and the card.

    Raises: Unfit for an identifier that no card has.
    """
    parts = card_id.split("-")
    if len(parts) != 3 or parts[0].upper() not in pki.AUTHORITIES or parts[1] not in KINDS:
        raise Unfit("no such card")
    authority, kind = authorities(twin)[parts[0].upper()], parts[1]
    subject = _subject(twin, parts[0].upper(), kind, _number(parts[2]))
    with _making:
        kept = twin.store.get("card", card_id)
        if kept is None:
            end = pki.EXPIRED_ON if kind == "expired" else pki.CARD_END
            kept = {"pem": pki.issue_card(authority, subject, end=end).pem().decode()}
            twin.store.put("card", card_id, kept)
            if kind == "revoked":
                number = pki.holder_of(kept["pem"].encode()).certificate.serial_number
                twin.store.add("revoked", parts[0], {"serial_number": str(number)})
    return authority, subject, pki.holder_of(kept["pem"].encode())


def _subject(twin: Twin, authority: str, kind: str, ubn: str) -> pki.Subject:
    if kind == "other":
        stranger = "retail" if ubn == sample("restaurant").ubn else "restaurant"
        ubn = sample(stranger).ubn
    one = known(twin, ubn)
    number = hashlib.sha256(f"{authority}{kind}{ubn}".encode()).hexdigest()
    card_number = f"{'MP' if authority == 'MOICA' else 'TP'}{int(number[:12], 16) % 10**14:014d}"
    if authority == "MOICA":
        person = one.responsible if one else None
        name, last4 = (person.name, person.national_id[-4:]) if person else ("王小明", "6789")
        return pki.Subject(authority, name, id_last4=last4, card_number=card_number)
    name = one.name if one else f"示範組織{ubn}"
    oid = f"2.16.886.111.{ubn.lstrip('0') or '0'}" if authority == "XCA" else ""
    return pki.Subject(authority, name, ubn=ubn, organisation_oid=oid, card_number=card_number)


def _number(ubn: str) -> str:
    if len(ubn) != 8 or not (ubn.isascii() and ubn.isdigit()):
        raise Unfit("ubn must have eight digits")
    return ubn


def sign(
    holder: pki.Holder,
    content: bytes,
    *,
    others: list[pki.Holder],
    card_number: str = "",
    signed_content: bytes | None = None,
) -> bytes:
    """CMS SignedData as a card reader makes it; `signed_content` differs from `content` only to play a forger."""
    attributes = _signed_attributes(content if signed_content is None else signed_content, card_number)
    signature = holder.key.sign(attributes.dump(), padding.PKCS1v15(), hashes.SHA256())
    certificates = [holder.certificate, *(one.certificate for one in others)]
    return wrap(content, [signer_info(holder, attributes, signature)], [_der(one) for one in certificates])


def _der(certificate: object) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))  # type: ignore[attr-defined]


def _signed_attributes(content: bytes, card_number: str) -> cms.CMSAttributes:
    rows: list[dict[str, object]] = [
        {"type": "content_type", "values": ["data"]},
        {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        {"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(datetime.now(UTC))})]},
    ]
    if card_number:
        rows.append({"type": oids.CARD_NUMBER, "values": [core.PrintableString(card_number)]})
    return cms.CMSAttributes(rows)


def signer_info(holder: pki.Holder, attributes: cms.CMSAttributes, signature: bytes) -> cms.SignerInfo:
    """One signer's part of the message."""
    certificate = _der(holder.certificate)
    sid = cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )
    return cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier("issuer_and_serial_number", sid),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_rsa"},
            "signature": signature,
        }
    )


def wrap(
    content: bytes | None, signers: list[cms.SignerInfo], certificates: list[asn1_x509.Certificate]
) -> bytes:
    """The whole message."""
    inner = {"content_type": "data", "content": content} if content is not None else {"content_type": "data"}
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": inner,
            "certificates": certificates,
            "signer_infos": signers,
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())
