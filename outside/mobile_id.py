"""Identity by mobile number: the telecom says whether a number belongs to a person.

Note: modelled on the telecoms' Mobile ID; field names must be checked against the contract of the operator that is chosen.
"""

from datetime import date

from outside import http
from outside.addresses import address_of
from outside.http import OutsideAnswerBroken
from outside.roc import roc_digits

SYSTEM = "mobile-id"


def check(phone: str, national_id: str, birth_date: date | None = None, *, name: str = "") -> bool:
    """Whether this number is registered to the person with this national ID (and name and birth date, where given).

    Raises: OutsideDown, OutsideAnswerBroken.
    """
    body = {
        "msisdn": phone,
        "idNo": national_id,
        "birthday": roc_digits(birth_date) if birth_date else "",
        "name": name,
    }
    answer = http.post(
        SYSTEM, f"{address_of('MOBILE_ID_URL')}/verify", key=f"{phone}:{national_id}", json=body
    ).mapping()
    if answer.get("resultCode") != "0000" or answer.get("match") not in ("Y", "N"):
        raise OutsideAnswerBroken(SYSTEM, f"result code {answer.get('resultCode')}")
    return bool(answer["match"] == "Y")
