"""Signing a contract: by certificate card, or by a passkey ceremony of our own. What is kept can be verified by anyone again.

A passkey signs SHA-256(contract digest ‖ nonce); a card signs the same bytes as CMS SignedData.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.webauthn import AuthenticationResponse, AuthenticatorData, CollectedClientData

from marketplace.models.orders import Contract
from organisations.models.organisation import Organisation
from organisations.models.people import ProofChallenge, ProofMethod
from organisations.refusals import Refused
from organisations.services.proofs import METHODS, make_challenge, spend_challenge, use_card_answer

PURPOSE = "sign"
AGAIN = gettext_lazy("請再按一次「簽署」，重新開始；訂單內容沒有改變。")


@dataclass(frozen=True)
class GivenSignature:
    """A signature that was checked, with everything needed to check it again."""

    method: str
    evidence: dict[str, Any] = field(default_factory=dict)


def start_signing(contract: Contract, *, user: Any, method: str, at: datetime) -> ProofChallenge:
    """A one-use challenge for one person, one contract and one method; good for 300 seconds.

    Its bytes are SHA-256(contract digest ‖ nonce), so that a signature of it is a signature of this contract; the nonce is in `facts`.
    """
    challenge = make_challenge(user=user, purpose=PURPOSE, subject=contract.sha256, method=method, at=at)
    nonce = challenge.challenge
    challenge.challenge = hashlib.sha256(bytes.fromhex(contract.sha256) + bytes.fromhex(nonce)).hexdigest()
    challenge.facts = {"nonce": nonce}
    challenge.save(update_fields=["challenge", "facts"])
    return challenge


def card_signature(
    challenge: ProofChallenge, cms: bytes, *, contract: Contract, organisation: Organisation, at: datetime
) -> GivenSignature:
    """A card's signature, verified in full against the organisation's number.

    Raises: Refused with challenge_used, challenge_expired, other_contract, or what is wrong with the card.
    """
    _must_be_for(challenge, contract)
    verified = use_card_answer(challenge, cms, at=at, expected_ubn=organisation.ubn)
    method = METHODS[verified.authority]
    return GivenSignature(
        method,
        {
            "nonce": challenge.facts["nonce"],
            "cms": base64.b64encode(cms).decode(),
            "key": str(verified.serial_number),
            "authority": verified.authority,
            "name": verified.name,
        },
    )


def passkey_signature(
    challenge: ProofChallenge, answer: str, *, contract: Contract, user: Any, at: datetime
) -> GivenSignature:
    """A passkey's signature: origin, challenge, presence and verification of the person, and the key's own signature.

    Raises: Refused with no_such_passkey, passkey_wrong, other_contract, challenge_used, challenge_expired.
    """
    _must_be_for(challenge, contract)
    if challenge.user_id != user.pk:
        raise _wrong_passkey()
    response = _read(answer)
    key = _passkey(user, response)
    client, authenticator = response.response.client_data, response.response.authenticator_data
    _must_be_genuine(client, authenticator, challenge)
    try:
        public_key = CoseKey.parse(key.credential_data.public_key)
        public_key.verify(bytes(authenticator) + client.hash, response.response.signature)
    except Exception as error:  # the library raises what its key type raises; all of it means the same
        raise _wrong_passkey() from error
    spend_challenge(challenge, at=at)
    return GivenSignature(
        ProofMethod.PASSKEY,
        {
            "nonce": challenge.facts["nonce"],
            "client_data": base64.b64encode(bytes(client)).decode(),
            "authenticator_data": base64.b64encode(bytes(authenticator)).decode(),
            "signature": base64.b64encode(response.response.signature).decode(),
            "public_key": base64.b64encode(_cose(key)).decode(),
            "key": base64.urlsafe_b64encode(response.raw_id).rstrip(b"=").decode()[:24],
        },
    )


def _must_be_for(challenge: ProofChallenge, contract: Contract) -> None:
    if (challenge.purpose, challenge.subject) != (PURPOSE, contract.sha256):
        raise Refused("other_contract", _("這個簽章不是給這份合約的。"), remedy=AGAIN)


def _read(answer: str) -> AuthenticationResponse:
    try:
        read = AuthenticationResponse.from_dict(dict(json.loads(answer)))
    except (
        Exception
    ) as error:  # whatever the library meets in what a browser sends: it is no answer of a passkey
        raise _wrong_passkey() from error
    if not isinstance(read, AuthenticationResponse):
        raise _wrong_passkey()
    return read


def _passkey(user: Any, response: AuthenticationResponse) -> Any:
    for authenticator in Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN):
        wrapped = authenticator.wrap()
        if wrapped.authenticator_data.credential_data.credential_id == response.raw_id:
            return wrapped.authenticator_data
    raise Refused(
        "no_such_passkey",
        _("這把通行密鑰沒有登記在您的帳號。"),
        remedy=_("請到「登入與安全」新增，或改用憑證簽署。"),
    )


def _must_be_genuine(
    client: CollectedClientData, authenticator: AuthenticatorData, challenge: ProofChallenge
) -> None:
    host = settings.PUBLIC_ORIGIN.split("//", 1)[1].split(":", 1)[0].split("/", 1)[0]
    genuine = (
        client.type == CollectedClientData.TYPE.GET
        and client.challenge == bytes.fromhex(challenge.challenge)
        and client.origin == settings.PUBLIC_ORIGIN
        and not client.cross_origin
        and authenticator.rp_id_hash == hashlib.sha256(host.encode()).digest()
        and authenticator.is_user_present()
        and authenticator.is_user_verified()
    )
    if not genuine:
        raise _wrong_passkey()


def _wrong_passkey() -> Refused:
    return Refused("passkey_wrong", _("通行密鑰的簽章驗不過。"), remedy=AGAIN)


def _cose(key: Any) -> bytes:
    return cbor.encode(dict(key.credential_data.public_key))
