"""A passkey in software: an EC key, its registration as the browser sent it, and answers to challenges, right or wrong."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

FLAG = AuthenticatorData.FLAG
ORIGIN, HOST = "http://localhost:8000", "localhost"


class SoftKey:
    """One passkey of one person."""

    def __init__(self, user: Any, *, registered: bool = True) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        if registered:
            data = {"name": "test", "credential": self._registration()}
            Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)

    def _registration(self) -> dict[str, Any]:
        public = ES256.from_cryptography_key(self._private.public_key())
        attested = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        flags = FLAG.USER_PRESENT | FLAG.USER_VERIFIED | FLAG.ATTESTED
        about = AuthenticatorData.create(hashlib.sha256(HOST.encode()).digest(), flags, 0, attested)
        client = json.dumps({"type": "webauthn.create", "challenge": "AA", "origin": ORIGIN})
        return {
            "id": websafe_encode(self.id),
            "rawId": websafe_encode(self.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": websafe_encode(client.encode()),
                "attestationObject": websafe_encode(AttestationObject.create("none", about, {})),
            },
        }

    def answer(
        self,
        challenge: bytes,
        *,
        origin: str = ORIGIN,
        host: str = HOST,
        flags: int = FLAG.USER_PRESENT | FLAG.USER_VERIFIED,
        kind: str = "webauthn.get",
        crossed: bool = False,
        spoil: bool = False,
        user_handle: str | None = None,
    ) -> str:
        """What `static/js/passkey.js` puts into the form."""
        words = {
            "type": kind,
            "challenge": websafe_encode(challenge),
            "origin": origin,
            "crossOrigin": crossed,
        }
        client = json.dumps(words, separators=(",", ":")).encode()
        about = hashlib.sha256(host.encode()).digest() + bytes([flags]) + (7).to_bytes(4, "big")
        signature = self._private.sign(about + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        if spoil:
            about = about[:-1] + b"\x08"
        return json.dumps(
            {
                "id": websafe_encode(self.id),
                "rawId": websafe_encode(self.id),
                "type": "public-key",
                "clientExtensionResults": {},
                "response": {
                    "clientDataJSON": websafe_encode(client),
                    "authenticatorData": websafe_encode(about),
                    "signature": websafe_encode(signature),
                    "userHandle": user_handle,
                },
            }
        )
