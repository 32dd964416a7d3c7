"""TW FidO (行動自然人憑證): ask a person's phone to sign a challenge, then fetch the result.

Note: modelled on the Ministry of the Interior's TW FidO service (push, poll, signature of the citizen certificate in the phone);
field names must be checked against the service agreement.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from outside import http
from outside.addresses import address_of
from outside.certificates import VerifiedCertificate, verify
from outside.http import OutsideAnswerBroken

SYSTEM = "fido"
State = Literal["waiting", "approved", "refused", "expired"]
STATES = ("waiting", "approved", "refused", "expired")


@dataclass(frozen=True, slots=True)
class FidoResult:
    """Where a push stands; `certificate` is there once it was approved and verified."""

    state: State
    certificate: VerifiedCertificate | None


def request_push(national_id: str, *, challenge: bytes, text: str) -> str | None:
    """Push `text` to the person's phone for signing; returns the request's number, or None when the person has no TW FidO.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    body = {"idNum": national_id, "tbs": base64.b64encode(challenge).decode(), "hint": text}
    url = f"{address_of('FIDO_URL')}/requests"
    answer = http.post(SYSTEM, url, key=body["tbs"], accept=(200, 201, 404), json=body)
    if answer.status == 404:
        return None
    number = answer.mapping().get("transactionId")
    if not isinstance(number, str) or not number:
        raise OutsideAnswerBroken(SYSTEM, "no transactionId")
    return number


def poll(request: str, *, challenge: bytes, at: datetime, expected_id_last4: str) -> FidoResult:
    """Where the request stands; an approval is verified like a card's signature.

    Raises: CertificateRefused, OutsideDown, OutsideAnswerBroken.
    """
    answer = http.get(SYSTEM, f"{address_of('FIDO_URL')}/requests/{request}").mapping()
    state = answer.get("state")
    if state not in STATES:
        raise OutsideAnswerBroken(SYSTEM, "unknown state")
    if state != "approved":
        return FidoResult(state, None)
    try:
        signature = base64.b64decode(answer["signedData"], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise OutsideAnswerBroken(SYSTEM, "approved without a signature") from error
    return FidoResult(
        "approved", verify(signature, challenge=challenge, at=at, expected_id_last4=expected_id_last4)
    )
