"""The demonstration's card reader: signs a challenge "in the card". In real use the browser talks to the reader, never this server."""

import base64
import binascii
from dataclasses import dataclass

from outside import http
from outside.addresses import address_of
from outside.http import OutsideAnswerBroken

SYSTEM = "card-reader"


class CardRefused(Exception):
    """The reader refused: wrong PIN, or no such card."""


@dataclass(frozen=True, slots=True)
class Card:
    """A card that lies beside the demonstration's reader."""

    id: str
    kind: str  # good, expired, revoked, other
    authority: str
    label_zh: str
    label_en: str

    @property
    def slot(self) -> str:
        """The card without its owner: moeaca-good, moica-other …"""
        return self.id.rpartition("-")[0]


def cards(ubn: str) -> list[Card]:
    """The cards one can try for an organisation.

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    answer = http.get(SYSTEM, f"{address_of('CARD_READER_URL')}/cards", params={"ubn": ubn}).mapping()
    try:
        return [Card(**row) for row in answer["cards"]]
    except (KeyError, TypeError) as error:
        raise OutsideAnswerBroken(SYSTEM, "the list of cards is not as expected") from error


def sign(card_id: str, challenge: bytes, *, pin: str) -> bytes:
    """The challenge, signed as CMS SignedData.

    Raises: CardRefused, OutsideDown, OutsideAnswerBroken.
    """
    body = {"card": card_id, "pin": pin, "content": base64.b64encode(challenge).decode()}
    url = f"{address_of('CARD_READER_URL')}/sign"
    answer = http.post(SYSTEM, url, key=f"{card_id}:{body['content']}", accept=(200, 403, 404), json=body)
    if answer.status != 200:
        raise CardRefused(str(answer.mapping().get("error", "refused")))
    try:
        return base64.b64decode(answer.mapping()["cms"], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise OutsideAnswerBroken(SYSTEM, "no signature in the answer") from error
