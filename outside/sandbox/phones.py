"""The twin's phones: text messages, mail, the telecom's identity check and TW FidO pushes."""

import base64
import binascii
import re
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache

from outside.sandbox.card_reader import card, sign
from outside.sandbox.country import SEED, country
from outside.sandbox.enterprise import Enterprise, roc_compact
from outside.sandbox.people import index_of_national_id
from outside.sandbox.samples import fixed_enterprises
from outside.sandbox.web import Reply, Request, Twin, Unfit, as_json, route

PUSH_LASTS = timedelta(minutes=5)


# ---- text messages and mail -------------------------------------------------------------------------------


@route("POST", "/sms/messages")
def take_message(twin: Twin, request: Request) -> Reply:
    """Deliver a text message to a phone."""
    phone, text = _digits(request.text("to")[0]), request.text("text")[0]
    if not re.fullmatch(r"09\d{8}", phone):
        raise Unfit("to must be a mobile number of Taiwan")
    number = twin.store.add("sms", phone, {"text": text}, key=request.headers.get("idempotency-key", ""))
    return as_json({"messageId": f"S{number}", "status": "accepted"}, 201)


@route("GET", "/sms/messages")
def show_messages(twin: Twin, request: Request) -> Reply:
    """What lies on a phone, newest first."""
    rows = twin.store.all("sms", _digits(request.query.get("phone", "")))
    return as_json(
        {
            "messages": [
                {"id": f"S{one['id']}", "phone": one["name"], "text": one["text"], "at": one["at"]}
                for one in rows
            ]
        }
    )


def _digits(phone: str) -> str:
    return re.sub(r"[\s()-]", "", phone).replace("+886", "0", 1)


@route("POST", "/mail/messages")
def take_mail(twin: Twin, request: Request) -> Reply:
    """Put a mail into every receiver's inbox."""
    data = request.data()
    receivers = data.get("to")
    if not isinstance(receivers, list) or not receivers or not all(isinstance(one, str) for one in receivers):
        raise Unfit("to must be a list of addresses")
    key = request.headers.get("idempotency-key", "")
    for receiver in receivers:
        name = receiver.rpartition("<")[2].rstrip(">").strip().lower()
        twin.store.add(
            "mail", name, {**data, "attachments": data.get("attachments", [])}, key=key and f"{key}:{name}"
        )
    return as_json({"accepted": len(receivers)}, 201)


@route("GET", "/mail/messages")
def show_mail(twin: Twin, request: Request) -> Reply:
    """The mail of an address, or all, newest first, with the names of attachments only."""
    rows = twin.store.all("mail", request.query.get("to", "").strip().lower())
    return as_json(
        {"messages": [one | {"attachments": [a["name"] for a in one["attachments"]]} for one in rows]}
    )


@route("GET", "/mail/messages/<number>/attachments")
def show_attachment(twin: Twin, request: Request, number: str) -> Reply:
    """One attachment by name."""
    mail = next((one for one in twin.store.all("mail", limit=10_000) if str(one["id"]) == number), None)
    wanted = request.query.get("name", "")
    found = next((one for one in (mail or {}).get("attachments", []) if one["name"] == wanted), None)
    return as_json(found) if found else as_json({"error": "no such attachment"}, 404)


# ---- who has which phone ----------------------------------------------------------------------------------


@cache
def _fixed_people() -> dict[str, Enterprise]:
    return {one.responsible.national_id: one for one in reversed(fixed_enterprises())}


def responsible_at(twin: Twin, national_id: str) -> Enterprise | None:
    """The enterprise whose responsible person has this national ID."""
    fixed = _fixed_people().get(national_id)
    if fixed:
        return fixed
    index = index_of_national_id(national_id)
    if index is None or index >= twin.limit:
        return None
    one = country(SEED).enterprise(index)
    return one if one.responsible.national_id == national_id else None


@route("POST", "/mobile-id/verify")
def verify_number(twin: Twin, request: Request) -> Reply:
    """Whether a number belongs to a person."""
    phone, national_id = request.text("msisdn", "idNo")
    data = request.data()
    one = responsible_at(twin, national_id.upper())
    match = bool(
        one
        and one.responsible.phone == _digits(phone)
        and data.get("birthday") in ("", None, roc_compact(one.responsible.birth_date))
        and data.get("name") in ("", None, one.responsible.name)
    )
    return as_json({"resultCode": "0000", "match": "Y" if match else "N"})


# ---- TW FidO ----------------------------------------------------------------------------------------------


@route("POST", "/fido/requests")
def push(twin: Twin, request: Request) -> Reply:
    """Push to the phone of the person with this national ID."""
    national_id, content, hint = request.text("idNum", "tbs", "hint")
    one = responsible_at(twin, national_id.upper())
    if one is None:
        return as_json({"error": "查無此人或未綁定行動自然人憑證"}, 404)
    try:
        base64.b64decode(content, validate=True)
    except binascii.Error as error:
        raise Unfit("tbs is not base64") from error
    earlier = twin.store.get("fido-key", content)
    number = earlier["transactionId"] if earlier else uuid.uuid4().hex
    if not earlier:
        twin.store.put("fido-key", content, {"transactionId": number})
        body = {
            "hint": hint,
            "tbs": content,
            "ubn": one.ubn,
            "phone": one.responsible.phone,
            "state": "waiting",
        }
        twin.store.put("fido", number, body | {"since": datetime.now(UTC).isoformat()})
    return as_json({"transactionId": number}, 201)


@route("GET", "/fido/requests/<number>")
def push_state(twin: Twin, request: Request, number: str) -> Reply:
    """Where a push stands; approved ones carry the signature."""
    one = twin.store.get("fido", number)
    if one is None:
        return as_json({"error": "no such transaction"}, 404)
    state = _state(one)
    body = {"transactionId": number, "state": state}
    return as_json(body | {"signedData": one["signedData"]} if state == "approved" else body)


@route("POST", "/fido/requests/<number>/approve")
def approve_push(twin: Twin, request: Request, number: str) -> Reply:
    """The person's finger on the phone: the citizen certificate in it signs."""
    one = _waiting(twin, number)
    authority, subject, holder = card(twin, f"moica-good-{one['ubn']}")
    content = base64.b64decode(one["tbs"])
    signed = sign(holder, content, others=[authority], card_number=subject.card_number)
    one |= {"state": "approved", "signedData": base64.b64encode(signed).decode()}
    twin.store.put("fido", number, _plain(one))
    return as_json({"state": "approved"})


@route("POST", "/fido/requests/<number>/refuse")
def refuse_push(twin: Twin, request: Request, number: str) -> Reply:
    """The person declines."""
    twin.store.put("fido", number, _plain(_waiting(twin, number) | {"state": "refused"}))
    return as_json({"state": "refused"})


@route("GET", "/fido/phone")
def waiting_pushes(twin: Twin, request: Request) -> Reply:
    """Pushes on a phone that wait for an answer, newest first."""
    phone = _digits(request.query.get("phone", ""))
    rows = [one for one in twin.store.all("fido") if _state(one) == "waiting" and phone in ("", one["phone"])]
    return as_json({"requests": [_push_row(one) for one in rows]})


def _push_row(one: dict[str, str]) -> dict[str, str]:
    return {"transactionId": one["name"], "phone": one["phone"], "hint": one["hint"], "at": one["since"]}


def _waiting(twin: Twin, number: str) -> dict[str, str]:
    one = twin.store.get("fido", number)
    if one is None or _state(one) != "waiting":
        raise Unfit("this push does not wait for an answer")
    return one


def _state(one: dict[str, str]) -> str:
    late = datetime.fromisoformat(one["since"]) + PUSH_LASTS < datetime.now(UTC)
    return "expired" if one["state"] == "waiting" and late else one["state"]


def _plain(one: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in one.items() if name not in ("id", "name", "at")}
