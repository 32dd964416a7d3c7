"""Proof of authority: the responsible person's phone, and certificate cards."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from organisations.models.organisation import Organisation
from organisations.models.people import IdentityProof, Membership, ProofChallenge
from organisations.models.registry import RegistryCheck
from organisations.refusals import Refused
from organisations.selectors.facts import registry_facts
from organisations.services import proofs
from organisations.services.joining import join_organisation
from organisations.services.proofs import Proven
from organisations.services.registry import answer_check, ask_registry
from outside import card_reader, demonstration
from outside.sandbox.card_reader import PIN
from outside.sandbox.samples import sample
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lists")]


def known(ubn: str, at: datetime) -> str:
    answer_check(ask_registry(ubn=ubn, purpose=RegistryCheck.Purpose.JOIN, by=None, at=at), at=at)
    return ubn


@pytest.fixture
def restaurant(sandbox: Sandbox, at: datetime) -> str:
    return known(sample("restaurant").ubn, at)


def responsible() -> Any:
    one = sample("restaurant").enterprise
    assert one is not None
    return one.responsible


def start(ubn: str, user: Any, at: datetime, **facts: str) -> ProofChallenge:
    who = responsible()
    typed = {"national_id": who.national_id, "phone": who.phone} | facts
    return proofs.start_mobile_proof(ubn=ubn, user=user, at=at, **typed)


def code_on_phone() -> str:
    text = demonstration.texts(responsible().phone)[0].text
    return re.findall(r"\d{6}", text)[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


# ---- the phone


def test_code_from_the_phone_proves_and_keeps_only_hash_and_last_four(
    restaurant: str, at: datetime, person: Callable[..., Any]
) -> None:
    challenge = start(restaurant, person("owner"), at)
    proven = proofs.finish_mobile_proof(challenge, code=code_on_phone(), at=at)
    assert (proven.ubn, proven.method, proven.id_last4) == (
        restaurant,
        "mobile",
        responsible().national_id[-4:],
    )
    challenge.refresh_from_db()
    kept = str(challenge.facts) + challenge.challenge + str(proven)
    assert responsible().national_id not in kept
    assert code_on_phone() not in challenge.challenge


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"national_id": "A123456788"}, "national_id_wrong"),
        ({"phone": "0912"}, "phone_wrong"),
        ({"phone": "02-2345-6789"}, "phone_wrong"),
        ({"phone": "0912345678"}, "identity.person_mismatch"),
        ({"national_id": "A123456789"}, "identity.person_mismatch"),
    ],
)
def test_person_or_phone_that_is_not_the_responsible_persons_is_refused(
    restaurant: str, at: datetime, person: Callable[..., Any], facts: dict[str, str], code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        start(restaurant, person("owner"), at, **facts)
    assert refusal.value.code == code
    assert refusal.value.remedy


def test_full_width_and_spaced_input_is_read(
    restaurant: str, at: datetime, person: Callable[..., Any]
) -> None:
    who = responsible()
    wide = who.national_id.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}).lower()
    phone = f"+886 {who.phone[1:4]}-{who.phone[4:]}"
    assert start(restaurant, person("owner"), at, national_id=wide, phone=phone).facts["phone"] == who.phone


def test_wrong_code_says_how_many_tries_are_left_and_the_fifth_locks(
    restaurant: str, at: datetime, person: Callable[..., Any]
) -> None:
    challenge = start(restaurant, person("owner"), at)
    right = code_on_phone()
    for left in (4, 3, 2, 1):
        with pytest.raises(Refused, match=f"還可以試{left}次"):
            proofs.finish_mobile_proof(challenge, code=wrong(right), at=at)
    for code in (wrong(right), right):
        with pytest.raises(Refused) as refusal:
            proofs.finish_mobile_proof(challenge, code=code, at=at)
        assert refusal.value.code == "code_locked"


def test_code_is_good_for_300_seconds_and_not_one_more(
    restaurant: str, at: datetime, person: Callable[..., Any]
) -> None:
    challenge = start(restaurant, person("owner"), at)
    with pytest.raises(Refused) as refusal:
        proofs.finish_mobile_proof(challenge, code=code_on_phone(), at=at + timedelta(seconds=301))
    assert refusal.value.code == "code_late"
    assert proofs.finish_mobile_proof(challenge, code=code_on_phone(), at=at + timedelta(seconds=300))


def test_code_works_once(restaurant: str, at: datetime, person: Callable[..., Any]) -> None:
    challenge = start(restaurant, person("owner"), at)
    code = code_on_phone()
    proofs.finish_mobile_proof(challenge, code=code, at=at)
    with pytest.raises(Refused) as refusal:
        proofs.finish_mobile_proof(challenge, code=code, at=at)
    assert refusal.value.code == "code_used"


def test_resending_waits_a_minute_ends_the_old_code_and_stops_after_three(
    restaurant: str, at: datetime, person: Callable[..., Any]
) -> None:
    challenge = start(restaurant, person("owner"), at)
    old = code_on_phone()
    with pytest.raises(Refused) as refusal:
        proofs.send_code(challenge, at=at + timedelta(seconds=59))
    assert refusal.value.code == "sent_just_now"
    later = at + timedelta(seconds=61)
    proofs.send_code(challenge, at=later)
    new = code_on_phone()
    if new != old:
        with pytest.raises(Refused):
            proofs.finish_mobile_proof(challenge, code=old, at=later)
    proofs.send_code(challenge, at=later + timedelta(seconds=61))
    with pytest.raises(Refused) as refusal:
        proofs.send_code(challenge, at=later + timedelta(seconds=200))
    assert refusal.value.code == "sent_too_often"


def test_sixth_start_within_a_quarter_of_an_hour_is_refused(
    restaurant: str, at: datetime, person: Callable[..., Any]
) -> None:
    user = person("owner")
    for _ in range(5):
        with pytest.raises(Refused, match="電信業者"):
            start(restaurant, user, at, phone="0912345678")
    with pytest.raises(Refused) as refusal:
        start(restaurant, user, at)
    assert refusal.value.code == "too_many_tries"
    assert start(restaurant, user, at + timedelta(minutes=16))


@pytest.mark.parametrize("system", ["mobile-id", "sms"])
@pytest.mark.parametrize("mode", ["500", "garbage", "empty"])
def test_outage_of_telecom_or_gateway_is_a_clear_refusal(
    sandbox: Sandbox, restaurant: str, at: datetime, person: Callable[..., Any], system: str, mode: str
) -> None:
    sandbox.misbehave(system, mode)
    with pytest.raises(Refused) as refusal:
        start(restaurant, person("owner"), at)
    assert refusal.value.code == "registry_down"


def test_number_without_responsible_person_is_sent_to_the_card(
    sandbox: Sandbox, at: datetime, person: Callable[..., Any]
) -> None:
    clinic = known(sample("clinic").ubn, at)
    with pytest.raises(Refused) as refusal:
        start(clinic, person("doctor"), at)
    assert refusal.value.code == "no_responsible_person"


# ---- cards


def signed(ubn: str, slot: str, challenge: ProofChallenge) -> bytes:
    return card_reader.sign(f"{slot}-{ubn}", bytes.fromhex(challenge.challenge), pin=PIN)


@pytest.mark.parametrize(
    ("slot", "method"), [("moeaca-good", "moeaca"), ("xca-good", "xca"), ("moica-good", "moica")]
)
def test_good_card_proves(restaurant: str, person: Callable[..., Any], slot: str, method: str) -> None:
    now = datetime.now(UTC)
    challenge = proofs.start_card_proof(ubn=restaurant, user=person("owner"), at=now)
    proven = proofs.finish_card_proof(challenge, signed(restaurant, slot, challenge), at=now)
    assert (proven.ubn, proven.method) == (restaurant, method)
    assert proven.evidence["fingerprint"]


@pytest.mark.parametrize(
    ("slot", "code"),
    [
        ("moeaca-expired", "identity.cert_expired"),
        ("moeaca-revoked", "identity.cert_revoked"),
        ("moeaca-other", "identity.ubn_mismatch"),
        ("moica-other", "identity.person_mismatch"),
    ],
)
def test_card_that_is_expired_revoked_or_anothers_is_refused_by_name(
    restaurant: str, person: Callable[..., Any], slot: str, code: str
) -> None:
    now = datetime.now(UTC)
    challenge = proofs.start_card_proof(ubn=restaurant, user=person("owner"), at=now)
    with pytest.raises(Refused) as refusal:
        proofs.finish_card_proof(challenge, signed(restaurant, slot, challenge), at=now)
    assert refusal.value.code == code
    challenge.refresh_from_db()
    assert challenge.used_at is None


def test_signature_over_another_challenge_is_refused(restaurant: str, person: Callable[..., Any]) -> None:
    now, user = datetime.now(UTC), person("owner")
    one, two = (proofs.start_card_proof(ubn=restaurant, user=user, at=now) for _ in range(2))
    with pytest.raises(Refused) as refusal:
        proofs.finish_card_proof(two, signed(restaurant, "moeaca-good", one), at=now)
    assert refusal.value.code == "identity.signature_invalid"


@pytest.mark.parametrize("content", [b"", b"not a signature", b"\x30\x80"])
def test_garbage_instead_of_a_signature_is_refused(
    restaurant: str, person: Callable[..., Any], content: bytes
) -> None:
    now = datetime.now(UTC)
    challenge = proofs.start_card_proof(ubn=restaurant, user=person("owner"), at=now)
    with pytest.raises(Refused) as refusal:
        proofs.finish_card_proof(challenge, content, at=now)
    assert refusal.value.code == "identity.signature_invalid"


def test_card_challenge_is_late_after_300_seconds_and_used_once(
    restaurant: str, person: Callable[..., Any]
) -> None:
    now = datetime.now(UTC)
    challenge = proofs.start_card_proof(ubn=restaurant, user=person("owner"), at=now)
    content = signed(restaurant, "moeaca-good", challenge)
    with pytest.raises(Refused) as refusal:
        proofs.finish_card_proof(challenge, content, at=now + timedelta(seconds=301))
    assert refusal.value.code == "identity.challenge_expired"
    proofs.finish_card_proof(challenge, content, at=now)
    with pytest.raises(Refused) as refusal:
        proofs.finish_card_proof(challenge, content, at=now)
    assert refusal.value.code == "identity.challenge_reused"


# ---- races


def both(work: Callable[[int], Any]) -> list[Any]:
    """The same work by two threads at the same instant; results and refusals."""
    barrier = Barrier(2)

    def one(number: int) -> Any:
        barrier.wait()
        try:
            return work(number)
        except Refused as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, range(2)))


@pytest.mark.django_db(transaction=True)
def test_code_used_twice_at_once_works_once(
    restaurant: str, at: datetime, person: Callable[..., Any]
) -> None:
    challenge = start(restaurant, person("owner"), at)
    code = code_on_phone()
    results = both(
        lambda _: proofs.finish_mobile_proof(ProofChallenge.objects.get(pk=challenge.pk), code=code, at=at)
    )
    assert sorted(type(each).__name__ for each in results) == ["Proven", "Refused"]


@pytest.mark.django_db(transaction=True)
def test_card_answer_used_twice_at_once_works_once(restaurant: str, person: Callable[..., Any]) -> None:
    now = datetime.now(UTC)
    challenge = proofs.start_card_proof(ubn=restaurant, user=person("owner"), at=now)
    content = signed(restaurant, "moeaca-good", challenge)
    results = both(
        lambda _: proofs.finish_card_proof(ProofChallenge.objects.get(pk=challenge.pk), content, at=now)
    )
    assert sorted(type(each).__name__ for each in results) == ["Proven", "Refused"]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_join_at_the_same_instant_share_one_organisation(
    restaurant: str, at: datetime, person: Callable[..., Any]
) -> None:
    people = [person("one"), person("two")]
    results = both(
        lambda n: join_organisation(proven=Proven(ubn=restaurant, method="mobile"), by=people[n], at=at)
    )
    assert [type(each).__name__ for each in results] == ["Membership", "Membership"]
    assert Organisation.objects.filter(ubn=restaurant).count() == 1
    assert Membership.objects.filter(role="acceptor", ended_at=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_person_who_joins_twice_at_the_same_instant_is_one_member(
    restaurant: str, at: datetime, person: Callable[..., Any]
) -> None:
    user = person("one")
    both(lambda _: join_organisation(proven=Proven(ubn=restaurant, method="mobile"), by=user, at=at))
    assert Membership.objects.count() == 1
    assert IdentityProof.objects.count() == 2
    assert registry_facts(restaurant) is not None
    assert connection.is_usable()
