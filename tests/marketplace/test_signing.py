"""Signatures under a contract: cards through the twin's reader, passkeys in software, and the paper that holds both."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import cms
from fido2 import cbor
from fido2.cose import CoseKey

from marketplace.models.orders import Contract, Order, Signature
from marketplace.services import orders as verbs
from marketplace.services.contracts import platform_key, renew_contract, seal_contract, unsealed_orders
from marketplace.services.signing import card_signature, passkey_signature, start_signing
from organisations.models.people import ProofChallenge, ProofMethod
from organisations.refusals import Refused
from outside import card_reader
from outside.sandbox.card_reader import PIN
from outside.sandbox.samples import sample
from papers.seal import attached_evidence, check_seal
from tests.marketplace.claim_world import AT, an_organisation
from tests.marketplace.order_world import Market, a_market
from tests.marketplace.passkeys import FLAG, SoftKey
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)  # the twin's certificates live in real time


@pytest.fixture
def shop(sandbox: Sandbox, settings: Any) -> Any:
    """A buyer whose number the twin issues cards for."""
    settings.PUBLIC_ORIGIN = "http://localhost:8000"
    one = sample("restaurant").enterprise
    assert one is not None
    return an_organisation(one.name, ubn=one.ubn)


@pytest.fixture
def market(shop: Any) -> Market:
    return a_market(shop=shop)


def challenge_for(
    market: Market, order: Order, method: str = ProofMethod.BUSINESS_CERTIFICATE
) -> ProofChallenge:
    return start_signing(order.contract, user=market.boss, method=method, at=NOW)


def card(ubn: str, challenge: ProofChallenge, slot: str = "moeaca-good") -> bytes:
    return card_reader.sign(f"{slot}-{ubn}", bytes.fromhex(challenge.challenge), pin=PIN)


def code_of(call: Any) -> str:
    with pytest.raises(Refused) as caught:
        call()
    assert str(caught.value.sentence)
    return caught.value.code


# What is signed


def test_a_challenge_binds_the_contract_and_a_fresh_number(market: Market) -> None:
    order = market.draft()
    one, two = challenge_for(market, order), challenge_for(market, order)
    digest = bytes.fromhex(order.contract.sha256)
    for each in (one, two):
        expected = hashlib.sha256(digest + bytes.fromhex(each.facts["nonce"])).hexdigest()
        assert each.challenge == expected
    assert one.challenge != two.challenge


# Cards


@pytest.mark.parametrize("slot", ["moeaca-good", "xca-good"])
def test_a_good_card_signs(market: Market, slot: str) -> None:
    order = market.draft()
    challenge = challenge_for(market, order)
    answer = card(market.shop.ubn, challenge, slot)
    given = card_signature(challenge, answer, contract=order.contract, organisation=market.shop, at=NOW)
    assert given.method == slot.split("-")[0]
    assert base64.b64decode(given.evidence["cms"]) == answer


@pytest.mark.parametrize(
    ("slot", "code"),
    [
        ("moeaca-expired", "identity.cert_expired"),
        ("moeaca-revoked", "identity.cert_revoked"),
        ("moeaca-other", "identity.ubn_mismatch"),
    ],
)
def test_a_card_that_does_not_count_is_refused_by_name_and_may_be_changed(
    market: Market, slot: str, code: str
) -> None:
    order = market.draft()
    challenge = challenge_for(market, order)
    bad = card(market.shop.ubn, challenge, slot)
    facts = {"contract": order.contract, "organisation": market.shop, "at": NOW}
    assert code_of(lambda: card_signature(challenge, bad, **facts)) == code
    assert card_signature(challenge, card(market.shop.ubn, challenge), **facts).method == "moeaca"


def test_a_signature_for_another_contract_is_refused(market: Market) -> None:
    order, other = market.draft(), a_market(shop=market.shop).draft(0)
    challenge = challenge_for(market, other)
    answer = card(market.shop.ubn, challenge)
    call = {"organisation": market.shop, "at": NOW}
    assert (
        code_of(lambda: card_signature(challenge, answer, contract=order.contract, **call))
        == "other_contract"
    )
    right = challenge_for(market, order)
    wrong = code_of(lambda: card_signature(right, answer, contract=order.contract, **call))
    assert wrong == "identity.signature_invalid"


def test_a_challenge_to_join_signs_no_contract(market: Market) -> None:
    order = market.draft()
    challenge = challenge_for(market, order)
    ProofChallenge.objects.filter(pk=challenge.pk).update(purpose="join_card")
    challenge.refresh_from_db()
    answer = card(market.shop.ubn, challenge)
    facts = {"contract": order.contract, "organisation": market.shop, "at": NOW}
    assert code_of(lambda: card_signature(challenge, answer, **facts)) == "other_contract"


def test_a_challenge_is_used_once_and_within_five_minutes(market: Market) -> None:
    order = market.draft()
    challenge = challenge_for(market, order)
    answer = card(market.shop.ubn, challenge)
    facts = {"contract": order.contract, "organisation": market.shop}
    late = NOW + timedelta(seconds=301)
    assert (
        code_of(lambda: card_signature(challenge, answer, at=late, **facts)) == "identity.challenge_expired"
    )
    card_signature(challenge, answer, at=NOW, **facts)
    assert code_of(lambda: card_signature(challenge, answer, at=NOW, **facts)) == "identity.challenge_reused"


# Passkeys


def passkey(market: Market, order: Order, key: SoftKey, *, user: Any = None, **wrong: Any) -> Any:
    challenge = challenge_for(market, order, ProofMethod.PASSKEY)
    signed = wrong.pop("challenge", None) or bytes.fromhex(challenge.challenge)
    answer = key.answer(signed, **wrong)
    return passkey_signature(challenge, answer, contract=order.contract, user=user or market.boss, at=NOW)


def test_a_passkey_signs_and_anyone_can_check_it_again(market: Market) -> None:
    order = market.draft()
    kept = passkey(market, order, SoftKey(market.boss)).evidence
    client = base64.b64decode(kept["client_data"])
    key = CoseKey.parse(cbor.decode(base64.b64decode(kept["public_key"])))
    signed = base64.b64decode(kept["authenticator_data"]) + hashlib.sha256(client).digest()
    key.verify(signed, base64.b64decode(kept["signature"]))
    digest, nonce = bytes.fromhex(order.contract.sha256), bytes.fromhex(kept["nonce"])
    said = json.loads(client)["challenge"]
    assert base64.urlsafe_b64decode(said + "==") == hashlib.sha256(digest + nonce).digest()


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "http://localhost:9000"},
        {"origin": "https://elsewhere.example"},
        {"host": "elsewhere.example"},
        {"challenge": b"\x01" * 32},
        {"flags": FLAG.USER_PRESENT},
        {"flags": FLAG.USER_VERIFIED},
        {"kind": "webauthn.create"},
        {"crossed": True},
        {"spoil": True},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_passkey_answer_that_is_not_quite_right_signs_nothing(
    market: Market, wrong: dict[str, Any]
) -> None:
    order, key = market.draft(), SoftKey(market.boss)
    assert code_of(lambda: passkey(market, order, key, **wrong)) == "passkey_wrong"
    assert passkey(market, order, key).method == "passkey"


def test_a_passkey_of_nobody_or_of_a_colleague_is_refused(market: Market) -> None:
    order = market.draft()
    assert (
        code_of(lambda: passkey(market, order, SoftKey(market.boss, registered=False))) == "no_such_passkey"
    )
    assert code_of(lambda: passkey(market, order, SoftKey(market.clerk))) == "no_such_passkey"


def test_a_colleague_does_not_answer_the_signers_challenge(market: Market) -> None:
    order, key = market.draft(), SoftKey(market.clerk)
    assert code_of(lambda: passkey(market, order, key, user=market.clerk)) == "passkey_wrong"


@pytest.mark.parametrize(
    "junk", ["", "5", "null", "[]", "{}", '{"id":1}', '{"rawId":"A","response":{}}', "\x00"]
)
def test_junk_instead_of_a_passkeys_answer_is_refused(market: Market, junk: str) -> None:
    order = market.draft()
    SoftKey(market.boss)
    challenge = challenge_for(market, order, ProofMethod.PASSKEY)
    call = {"contract": order.contract, "user": market.boss, "at": NOW}
    assert code_of(lambda: passkey_signature(challenge, junk, **call)) == "passkey_wrong"


def test_a_passkeys_answer_works_once(market: Market) -> None:
    order, key = market.draft(), SoftKey(market.boss)
    challenge = challenge_for(market, order, ProofMethod.PASSKEY)
    answer = key.answer(bytes.fromhex(challenge.challenge), user_handle="MQ")
    call = {"contract": order.contract, "user": market.boss}
    passkey_signature(challenge, answer, at=NOW, **call)
    assert (
        code_of(lambda: passkey_signature(challenge, answer, at=NOW, **call)) == "identity.challenge_reused"
    )


# The paper


def both_signed(market: Market) -> Order:
    """The buyer by card, the vendor by passkey."""
    order = market.draft()
    challenge = challenge_for(market, order)
    answer = card(market.shop.ubn, challenge)
    given = card_signature(challenge, answer, contract=order.contract, organisation=market.shop, at=NOW)
    verbs.sign_order(order, signature=given, by=market.boss, at=AT)
    sellers = start_signing(order.contract, user=market.seller, method=ProofMethod.PASSKEY, at=NOW)
    answer_of_key = SoftKey(market.seller).answer(bytes.fromhex(sellers.challenge))
    given = passkey_signature(sellers, answer_of_key, contract=order.contract, user=market.seller, at=NOW)
    verbs.accept_order(order, signature=given, by=market.seller, at=AT)
    return order


def test_the_sealed_contract_holds_both_proofs_and_shows_any_change(market: Market) -> None:
    order = both_signed(market)
    type(market.shop).objects.filter(pk=market.shop.pk).update(address="搬家了", responsible_person="換人了")
    sealed = bytes(seal_contract(Order.objects.get(pk=order.pk), at=AT).sealed_pdf or b"")
    report = check_seal(sealed, roots=[platform_key().certificate])
    assert (report.is_good, report.problem, report.at) == (True, "", AT)
    proofs = {name: json.loads(content) for name, content in attached_evidence(sealed).items()}
    assert set(proofs) == {"buyer-signature.json", "vendor-signature.json"}
    assert {each["contract_sha256"] for each in proofs.values()} == {order.contract.sha256}
    buyer = proofs["buyer-signature.json"]
    content = cms.ContentInfo.load(base64.b64decode(buyer["cms"]))["content"]["encap_content_info"]["content"]
    nonce = bytes.fromhex(buyer["nonce"])
    assert content.native == hashlib.sha256(bytes.fromhex(order.contract.sha256) + nonce).digest()
    changed = bytearray(sealed)
    changed[200] ^= 1
    assert not check_seal(bytes(changed), roots=[platform_key().certificate]).is_good


def test_sealing_twice_gives_the_first_paper(market: Market) -> None:
    order = both_signed(market)
    assert list(unsealed_orders()) == [order]
    first = bytes(seal_contract(order, at=AT).sealed_pdf or b"")
    assert bytes(seal_contract(order, at=AT + timedelta(days=1)).sealed_pdf or b"") == first
    assert list(unsealed_orders()) == []


def test_one_signature_is_not_sealed(market: Market) -> None:
    order = market.signed()
    assert list(unsealed_orders()) == []
    with pytest.raises(AssertionError):
        seal_contract(order, at=AT)


def test_a_paper_other_than_the_signed_one_is_not_sealed(market: Market) -> None:
    order = both_signed(market)
    contract = Contract.objects.get(order=order)
    contract.data["money"]["points"] += 1
    contract.save()
    with pytest.raises(AssertionError):
        seal_contract(order, at=AT)


def test_a_draft_of_yesterday_gets_todays_days_and_a_signed_contract_never_changes(market: Market) -> None:
    order = market.draft()
    before = order.contract.sha256
    assert renew_contract(order, at=AT).sha256 == before
    renewed = renew_contract(order, at=AT + timedelta(days=11))
    assert renewed.sha256 != before
    assert renewed.data["periods"]["activate_by"] == "2026-12-31"
    signed = a_market().signed()
    assert renew_contract(signed, at=AT + timedelta(days=11)).sha256 == signed.contract.sha256


def test_each_side_signs_once() -> None:
    market = a_market()
    order = market.accepted()
    assert sorted(order.contract.signatures.values_list("party", flat=True)) == sorted(Signature.Party.values)
