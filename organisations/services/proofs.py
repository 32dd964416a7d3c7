"""Proof that a person may act for an organisation: the responsible person's phone, or a certificate card.

Outside systems are asked before or after a transaction, never inside one. A challenge is used once: the row is claimed by one
conditional UPDATE, so that of two answers at the same instant one wins.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from organisations.models.people import ProofChallenge, ProofMethod
from organisations.national_id import (
    is_valid_legacy_resident_number,
    is_valid_national_id,
    normalise_national_id,
)
from organisations.reasons import refusal
from organisations.refusals import Refused
from organisations.selectors.facts import RegistryFacts, registry_facts
from outside import certificates, mobile_id, sms
from outside.certificates import CertificateRefused, VerifiedCertificate
from outside.http import OutsideAnswerBroken, OutsideDown

LASTS = timedelta(seconds=300)
MOST_WRONG = 5
MOST_SENT = 3
BETWEEN_SENDS = timedelta(seconds=60)
MOST_STARTED, STARTED_WITHIN = 5, timedelta(minutes=15)
NONCE_BYTES = 32
METHODS = {
    "MOEACA": ProofMethod.BUSINESS_CERTIFICATE,
    "XCA": ProofMethod.ORGANISATION_CERTIFICATE,
    "MOICA": ProofMethod.CITIZEN_CERTIFICATE,
}
# step of the verification → named reason
CERTIFICATE_REASONS = {
    "signer": "identity.signature_invalid",
    "content": "identity.signature_invalid",
    "signature": "identity.signature_invalid",
    "chain": "identity.cert_untrusted",
    "validity": "identity.cert_expired",
    "key_usage": "identity.cert_untrusted",
    "policy": "identity.cert_untrusted",
    "crl": "identity.cert_revoked",
    "identity": "identity.ubn_mismatch",
}


@dataclass(frozen=True)
class Proven:
    """A finished proof: what the membership will remember."""

    ubn: str
    method: str
    evidence: dict[str, Any] = field(default_factory=dict)
    id_hash: str = ""
    id_last4: str = ""


# ---- challenges


def make_challenge(
    *, user: Any, purpose: str, subject: str, method: str, at: datetime, facts: dict[str, Any] | None = None
) -> ProofChallenge:
    """A one-use challenge for a card: 32 random bytes, in hex, good for 300 seconds."""
    return ProofChallenge.objects.create(
        user=user,
        purpose=purpose,
        subject=subject,
        method=method,
        challenge=secrets.token_hex(NONCE_BYTES),
        facts=facts or {},
        made_at=at,
        expires_at=at + LASTS,
    )


def use_card_answer(
    challenge: ProofChallenge, cms_der: bytes, *, at: datetime, expected_ubn: str
) -> VerifiedCertificate:
    """Verify a card's signature over the challenge, then use the challenge up.

    Raises: Refused with an `identity.…` code, or "registry_down" when a revocation list cannot be had (nothing is used up then).
    """
    _require_usable(challenge, at)
    try:
        verified = certificates.verify(cms_der, challenge=bytes.fromhex(challenge.challenge), at=at)
    except CertificateRefused as refused:
        raise refusal(CERTIFICATE_REASONS[refused.step]) from refused
    except (OutsideDown, OutsideAnswerBroken) as error:
        raise _down() from error
    _require_identity(verified, expected_ubn)
    _use_up(challenge, at)
    return verified


def _require_identity(verified: VerifiedCertificate, expected_ubn: str) -> None:
    """A business or organisation card names the number; a citizen card must be the responsible person's."""
    if verified.authority != "MOICA":
        if verified.ubn != expected_ubn:
            raise refusal("identity.ubn_mismatch")
        return
    facts = registry_facts(expected_ubn)
    if (
        facts is None
        or not facts.responsible_person
        or plain_name(verified.name) != plain_name(facts.responsible_person)
    ):
        raise refusal("identity.person_mismatch")


def plain_name(name: str) -> str:
    """A person's name without spaces, for comparing."""
    return "".join(name.split())


def _require_usable(challenge: ProofChallenge, at: datetime) -> None:
    challenge.refresh_from_db()
    if challenge.used_at is not None:
        raise refusal("identity.challenge_reused")
    if at > challenge.expires_at:
        raise refusal("identity.challenge_expired")


def _use_up(challenge: ProofChallenge, at: datetime) -> None:
    """Raises: Refused("identity.challenge_reused") for all but the first."""
    if not ProofChallenge.objects.filter(pk=challenge.pk, used_at=None).update(used_at=at):
        raise refusal("identity.challenge_reused")
    challenge.used_at = at


def spend_challenge(challenge: ProofChallenge, *, at: datetime) -> None:
    """Use up a challenge whose answer the caller has verified, e.g. a passkey's.

    Raises: Refused("identity.challenge_expired"), Refused("identity.challenge_reused").
    """
    _require_usable(challenge, at)
    _use_up(challenge, at)


def _down() -> Refused:
    return Refused(
        "registry_down",
        gettext_lazy("政府或電信業者的資料暫時連不上，您填的都還在。"),
        remedy=gettext_lazy("請過幾分鐘再按一次，或改用另一種方式。"),
    )


# ---- certificate cards


def start_card_proof(*, ubn: str, user: Any, at: datetime) -> ProofChallenge:
    """A challenge for the card reader, to join `ubn`. Raises: Refused("too_many_tries")."""
    _require_few_starts(user, "join_card", at, most=MOST_STARTED * 4)
    return make_challenge(
        user=user, purpose="join_card", subject=ubn, method=ProofMethod.BUSINESS_CERTIFICATE, at=at
    )


def finish_card_proof(challenge: ProofChallenge, cms_der: bytes, *, at: datetime) -> Proven:
    """Who signed is shown and proven. Raises: Refused, see `use_card_answer`."""
    verified = use_card_answer(challenge, cms_der, at=at, expected_ubn=challenge.subject)
    evidence = {
        "authority": verified.authority,
        "name": verified.name,
        "serial_number": verified.serial_number,
        "fingerprint": verified.fingerprint,
        "card_number": verified.card_number,
        "valid_until": verified.valid_until.isoformat(),
        "challenge": challenge.challenge,
    }
    return Proven(
        ubn=challenge.subject,
        method=METHODS[verified.authority],
        evidence=evidence,
        id_last4=verified.id_last4,
    )


# ---- the responsible person's mobile


def start_mobile_proof(*, ubn: str, user: Any, national_id: str, phone: str, at: datetime) -> ProofChallenge:
    """Ask the telecom whether the phone is the responsible person's, then send a code to it.

    Raises: Refused("national_id_wrong"), Refused("phone_wrong"), Refused("no_responsible_person"), Refused("too_many_tries"),
    Refused("identity.person_mismatch"), Refused("registry_down").
    """
    number, mobile = normalise_national_id(national_id), plain_phone(phone)
    _require_well_formed(number, mobile)
    responsible = _responsible_person(registry_facts(ubn))
    _require_few_starts(user, "join_mobile", at, most=MOST_STARTED)
    challenge = ProofChallenge.objects.create(
        user=user,
        purpose="join_mobile",
        subject=ubn,
        method=ProofMethod.MOBILE,
        challenge="!",  # no code yet: an attempt that fails counts, too
        facts={
            "phone": mobile,
            "id_hash": hash_of_national_id(number),
            "id_last4": number[-4:],
            "name": responsible,
            "sent": 0,
        },
        made_at=at,
        expires_at=at,
    )
    if not _asks(lambda: mobile_id.check(mobile, number, name=responsible)):
        raise Refused(
            "identity.person_mismatch",
            gettext_lazy("電信業者的資料對不上：身分證字號、姓名與手機號碼要是負責人本人的。"),
            remedy=gettext_lazy("請確認號碼由負責人本人申辦；剛換負責人的，等登記更新，或改用工商憑證。"),
        )
    send_code(challenge, at=at)
    return challenge


def send_code(challenge: ProofChallenge, *, at: datetime) -> None:
    """Send a new code; earlier ones stop working.

    Raises: Refused("sent_too_often"), Refused("sent_just_now"), Refused("identity.challenge_reused"), Refused("registry_down").
    """
    code = f"{secrets.randbelow(1_000_000):06d}"
    with transaction.atomic():
        locked = ProofChallenge.objects.select_for_update().get(pk=challenge.pk)
        _require_may_send(locked, at)
        locked.challenge = make_password(code)
        locked.facts = {**locked.facts, "sent": locked.facts["sent"] + 1, "sent_at": at.isoformat()}
        locked.wrong_answers = 0
        locked.expires_at = at + LASTS
        locked.save(update_fields=["challenge", "facts", "wrong_answers", "expires_at"])
    key = f"code:{locked.pk}:{locked.challenge[-24:]}"  # of this code alone, also in a database that was made anew
    _asks(lambda: sms.send(locked.facts["phone"], _text(code), key=key))
    challenge.refresh_from_db()


def _text(code: str) -> str:
    return _("雲市集 Open 驗證碼 %(code)s，5分鐘內有效。不是您本人操作，請不要告訴任何人。") % {"code": code}


def _require_may_send(challenge: ProofChallenge, at: datetime) -> None:
    if challenge.used_at is not None:
        raise refusal("identity.challenge_reused")
    if challenge.facts["sent"] >= MOST_SENT:
        raise Refused(
            "sent_too_often",
            gettext_lazy("驗證碼已寄過3次，不再重寄。"),
            remedy=gettext_lazy("請回上一步重新輸入手機號碼，或改用憑證。"),
        )
    sent_at = challenge.facts.get("sent_at")
    if sent_at and at - datetime.fromisoformat(sent_at) < BETWEEN_SENDS:
        raise Refused(
            "sent_just_now",
            gettext_lazy("剛剛才寄出一則，目前的驗證碼仍然有效。"),
            remedy=gettext_lazy("沒收到的話，1分鐘後再按重寄。"),
        )


def finish_mobile_proof(challenge: ProofChallenge, *, code: str, at: datetime) -> Proven:
    """The code typed back: six digits, 300 seconds, five tries, one use.

    Raises: Refused("code_wrong"), Refused("code_late"), Refused("code_used"), Refused("code_locked").
    """
    outcome, left = _try_code(challenge, "".join(code.split()), at)
    if outcome == "wrong":
        raise Refused(
            "code_wrong",
            gettext_lazy("驗證碼不對，還可以試%(left)s次。") % {"left": left},
            remedy=gettext_lazy("請看最新一則簡訊的6位數字。"),
        )
    if outcome != "right":
        name, sentence, remedy = _CODE_REFUSALS[outcome]
        raise Refused(name, sentence, remedy=remedy)
    facts = challenge.facts
    return Proven(
        ubn=challenge.subject,
        method=ProofMethod.MOBILE,
        evidence={"phone": "•" * 7 + facts["phone"][-3:], "name": facts["name"], "challenge": challenge.pk},
        id_hash=facts["id_hash"],
        id_last4=facts["id_last4"],
    )


_CODE_REFUSALS = {
    "late": (
        "code_late",
        gettext_lazy("驗證碼超過5分鐘，已失效。"),
        gettext_lazy("請按「重寄驗證碼」，輸入新的6位數字。"),
    ),
    "used": (
        "code_used",
        gettext_lazy("這個驗證碼已經用過了，一個只能用一次。"),
        gettext_lazy("如果您還沒加入，請回上一步重新驗證；不是您操作的，請通知客服。"),
    ),
    "locked": (
        "code_locked",
        gettext_lazy("驗證碼錯了5次，這一個不能再試。"),
        gettext_lazy("請按「重寄驗證碼」，或改用憑證。"),
    ),
}


def _try_code(challenge: ProofChallenge, code: str, at: datetime) -> tuple[str, int]:
    """What became of the try, and how many are left. The row is locked, so that every try counts and the right one works once."""
    with transaction.atomic():
        locked = ProofChallenge.objects.select_for_update().get(pk=challenge.pk)
        if locked.used_at is not None:
            return "used", 0
        if at > locked.expires_at:
            return "late", 0
        if locked.wrong_answers >= MOST_WRONG:
            return "locked", 0
        if not check_password(code, locked.challenge):
            ProofChallenge.objects.filter(pk=locked.pk).update(wrong_answers=F("wrong_answers") + 1)
            left = MOST_WRONG - locked.wrong_answers - 1
            return ("wrong", left) if left else ("locked", 0)
        locked.used_at = challenge.used_at = at
        locked.save(update_fields=["used_at"])
        return "right", 0


# ---- small parts


def plain_phone(text: str) -> str:
    """Ten digits of a mobile number, however it is typed."""
    digits = "".join(sign for sign in unicodedata.normalize("NFKC", text) if sign.isdigit() or sign == "+")
    return "0" + digits.removeprefix("+886").lstrip("0") if digits.startswith("+886") else digits


def hash_of_national_id(national_id: str) -> str:
    """The keyed hash under which a national ID is kept; the ID itself is not."""
    return salted_hmac("organisations.national_id", national_id, algorithm="sha256").hexdigest()


def _require_well_formed(national_id: str, phone: str) -> None:
    if not (is_valid_national_id(national_id) or is_valid_legacy_resident_number(national_id)):
        raise Refused(
            "national_id_wrong",
            gettext_lazy("身分證字號不對：1個英文字母加9個數字，最後一碼是檢查碼。"),
            remedy=gettext_lazy("請對照證件重新輸入。"),
        )
    if len(phone) != 10 or not phone.startswith("09"):
        raise Refused(
            "phone_wrong",
            gettext_lazy("手機號碼要10碼，09開頭。"),
            remedy=gettext_lazy("請重新輸入負責人的手機號碼。"),
        )


def _responsible_person(facts: RegistryFacts | None) -> str:
    if facts is None or not facts.responsible_person:
        raise Refused(
            "no_responsible_person",
            gettext_lazy("登記資料沒有負責人姓名，不能用手機驗證。"),
            remedy=gettext_lazy("請改用憑證卡驗證。"),
        )
    return facts.responsible_person


def _require_few_starts(user: Any, purpose: str, at: datetime, *, most: int) -> None:
    started = ProofChallenge.objects.filter(
        user=user, purpose=purpose, made_at__gt=at - STARTED_WITHIN
    ).count()
    if started >= most:
        raise Refused(
            "too_many_tries",
            gettext_lazy("15分鐘內試了太多次，先停一下。"),
            remedy=gettext_lazy("請15分鐘後再試，或改用另一種方式。"),
        )


def _asks(call: Any) -> Any:
    try:
        return call()
    except (OutsideDown, OutsideAnswerBroken) as error:
        raise _down() from error
