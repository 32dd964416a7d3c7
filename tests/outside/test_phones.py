"""Text messages, mail, identity by mobile number, and TW FidO against their twins."""

import time
from datetime import UTC, datetime

import httpx
import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from pytest_django import Settings

from outside import certificates, demonstration, fido_app, http, mobile_id, sms
from outside.sandbox.country import enterprises
from outside.sandbox.samples import sample, vendors
from tests.sandbox import Sandbox

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OWNER = sample("restaurant").enterprise.responsible
LAST4 = OWNER.national_id[-4:]


# ---- text messages ----------------------------------------------------------------------------------------


def test_a_text_arrives_on_the_phone_newest_first(sandbox: Sandbox) -> None:
    sms.send("0911-222-333", "驗證碼 111111")
    sms.send("+886911222333", "驗證碼 222222")
    assert [one.text for one in demonstration.texts("0911222333")] == ["驗證碼 222222", "驗證碼 111111"]
    assert demonstration.texts("0911222333")[0].sent_at.tzinfo is not None


def test_the_same_text_under_the_same_key_arrives_once(sandbox: Sandbox) -> None:
    first = sms.send("0911222444", "只送一次", key="order-1")
    assert sms.send("0911222444", "只送一次", key="order-1") == first
    assert len(demonstration.texts("0911222444")) == 1


def test_a_text_is_not_doubled_when_the_answer_gets_lost(sandbox: Sandbox, settings: Settings) -> None:
    """The gateway takes the message, but answers too late; the client sends again with the same key."""
    settings.OUTSIDE_TIMEOUT_SECONDS = 0.3
    sandbox.misbehave("sms", "slow", seconds=0.5)
    with pytest.raises(http.OutsideDown):
        sms.send("0911222555", "慢", key="code-7")
    sandbox.misbehave("sms", "off")
    time.sleep(0.6)  # the three slow requests end in the twin
    cache.clear()
    sms.send("0911222555", "慢", key="code-7")
    assert len(demonstration.texts("0911222555")) == 1


def test_a_number_that_is_no_mobile_number_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(http.OutsideAnswerBroken):
        sms.send("02-2345-6789", "市話")


# ---- mail -------------------------------------------------------------------------------------------------


def test_mail_arrives_in_every_receivers_inbox(sandbox: Sandbox) -> None:
    mail = EmailMultiAlternatives(
        "點數核發通知", "您好", "office@example.org", ["A <a@example.org>"], bcc=["b@example.org"]
    )
    mail.attach_alternative("<p>您好</p>", "text/html")
    mail.attach("核定函.pdf", b"%PDF-1.7 \xff", "application/pdf")
    assert get_connection("outside.mailbox.SandboxBackend").send_messages([mail]) == 1
    [got] = demonstration.mails("a@example.org")
    assert (got.subject, got.text, got.html, got.to) == (
        "點數核發通知",
        "您好",
        "<p>您好</p>",
        ("a@example.org",),
    )
    assert got.attachments == ("核定函.pdf",)
    assert demonstration.attachment(got.id, "核定函.pdf") == b"%PDF-1.7 \xff"
    assert len(demonstration.mails("b@example.org")) == 1
    assert demonstration.mails("c@example.org") == []


def test_mail_fails_loudly_unless_told_otherwise(sandbox: Sandbox) -> None:
    mail = EmailMultiAlternatives("主旨", "內文", "office@example.org", ["a@example.org"])
    sandbox.misbehave("mail", "500")
    with pytest.raises(http.OutsideDown):
        get_connection("outside.mailbox.SandboxBackend").send_messages([mail])
    assert get_connection("outside.mailbox.SandboxBackend", fail_silently=True).send_messages([mail]) == 0


# ---- identity by mobile number ----------------------------------------------------------------------------


def test_the_owners_own_number_is_confirmed(sandbox: Sandbox) -> None:
    assert mobile_id.check(OWNER.phone, OWNER.national_id)
    assert mobile_id.check(OWNER.phone, OWNER.national_id, OWNER.birth_date, name=OWNER.name)


def test_anybody_of_the_country_is_known(sandbox: Sandbox) -> None:
    people = [one.responsible for one in (*enterprises(60), *vendors())]
    assert all(mobile_id.check(person.phone, person.national_id, person.birth_date) for person in people)


@pytest.mark.parametrize(
    ("phone", "national_id", "name"),
    [
        ("0900000001", OWNER.national_id, ""),
        (OWNER.phone, "A123456789", ""),
        (OWNER.phone, OWNER.national_id, "王小明"),
        (OWNER.phone, OWNER.national_id[:9] + "X", ""),
        (OWNER.phone, "中文字號中文字號中文", ""),
    ],
)
def test_a_number_of_somebody_else_is_not_confirmed(
    sandbox: Sandbox, phone: str, national_id: str, name: str
) -> None:
    assert not mobile_id.check(phone, national_id, name=name)


def test_a_wrong_birth_date_is_not_confirmed(sandbox: Sandbox) -> None:
    assert not mobile_id.check(OWNER.phone, OWNER.national_id, OWNER.birth_date.replace(year=1972))


# ---- TW FidO ----------------------------------------------------------------------------------------------


def push(challenge: bytes) -> str:
    number = fido_app.request_push(OWNER.national_id, challenge=challenge, text="加入平台")
    assert number is not None
    return number


def test_an_approved_push_proves_the_person(sandbox: Sandbox) -> None:
    number = push(b"fido-1")
    assert fido_app.poll(number, challenge=b"fido-1", at=AT, expected_id_last4=LAST4).state == "waiting"
    [waiting] = demonstration.pushes(OWNER.phone)
    assert (waiting.id, waiting.text) == (number, "加入平台")
    demonstration.answer_push(number, approve=True)
    result = fido_app.poll(number, challenge=b"fido-1", at=AT, expected_id_last4=LAST4)
    assert result.state == "approved"
    assert result.certificate is not None
    assert (result.certificate.authority, result.certificate.name) == ("MOICA", OWNER.name)
    assert demonstration.pushes(OWNER.phone) == []


def test_a_refused_push_proves_nothing(sandbox: Sandbox) -> None:
    number = push(b"fido-2")
    demonstration.answer_push(number, approve=False)
    assert fido_app.poll(number, challenge=b"fido-2", at=AT, expected_id_last4=LAST4) == fido_app.FidoResult(
        "refused", None
    )


def test_a_push_cannot_be_answered_twice(sandbox: Sandbox) -> None:
    number = push(b"fido-3")
    demonstration.answer_push(number, approve=False)
    with pytest.raises(http.OutsideAnswerBroken):
        demonstration.answer_push(number, approve=True)


def test_the_same_challenge_is_pushed_once(sandbox: Sandbox) -> None:
    assert push(b"fido-4") == push(b"fido-4")


def test_an_approval_of_another_challenge_or_person_is_refused(sandbox: Sandbox) -> None:
    number = push(b"fido-5")
    demonstration.answer_push(number, approve=True)
    with pytest.raises(certificates.CertificateRefused, match="not_our_challenge"):
        fido_app.poll(number, challenge=b"fido-6", at=AT, expected_id_last4=LAST4)
    with pytest.raises(certificates.CertificateRefused, match="other_person"):
        fido_app.poll(number, challenge=b"fido-5", at=AT, expected_id_last4="0000")


def test_a_person_without_the_app_is_told_apart(sandbox: Sandbox) -> None:
    assert fido_app.request_push("A123456789", challenge=b"x", text="加入平台") is None


def test_the_demonstration_ends_where_production_begins(sandbox: Sandbox, settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(ImproperlyConfigured):
        demonstration.texts()
    with pytest.raises(ImproperlyConfigured):
        sms.send("0911222333", "x")
    assert httpx.get(f"{sandbox.url}/healthz", trust_env=False).status_code == 200
