"""Certificate cards: each of the nine steps refuses what it is there for, in the order that the rules fix."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from pytest_django import Settings

from outside import card_reader, certificate_lists, certificates, http
from outside.certificates import CertificateRefused, verify
from outside.sandbox import card_reader as reader
from outside.sandbox import pki
from outside.sandbox.samples import sample
from tests.sandbox import Sandbox

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CHALLENGE = b"one use only: 6d1f"
RESTAURANT = sample("restaurant").enterprise
UBN = RESTAURANT.ubn
LAST4 = RESTAURANT.responsible.national_id[-4:]


@dataclass(frozen=True, slots=True)
class World:
    """The twin's hierarchy and a good card of the restaurant."""

    authorities: dict[str, pki.Holder]
    subject: pki.Subject
    card: pki.Holder

    def sign(self, content: bytes = CHALLENGE, **options: object) -> bytes:
        return reader.sign(self.card, content, others=[self.authorities["MOEACA"]], **options)  # type: ignore[arg-type]

    def with_card(self, **options: object) -> "World":
        made = pki.issue_card(self.authorities["MOEACA"], self.subject, **options)  # type: ignore[arg-type]
        return replace(self, card=made)


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    http.get("pki", f"{sandbox.url}/pki/roots.pem")
    made = pki.hierarchy(sandbox.data / "pki")
    subject = pki.Subject("MOEACA", RESTAURANT.name, ubn=UBN)
    return World(made, subject, pki.issue_card(made["MOEACA"], subject))


def refusal(signed: bytes, *, at: datetime = AT, **expected: str) -> tuple[str, str]:
    with pytest.raises(CertificateRefused) as caught:
        verify(signed, challenge=CHALLENGE, at=at, **(expected or {"expected_ubn": UBN}))  # type: ignore[arg-type]
    return caught.value.step, caught.value.code


# ---- cards that lie beside the reader ---------------------------------------------------------------------


def test_a_good_card_proves_the_organisation(sandbox: Sandbox) -> None:
    signed = card_reader.sign(f"moeaca-good-{UBN}", CHALLENGE, pin="123456")
    proof = verify(signed, challenge=CHALLENGE, at=AT, expected_ubn=UBN)
    assert (proof.authority, proof.ubn, proof.name) == ("MOEACA", UBN, RESTAURANT.name)
    assert proof.card_number.startswith("TP")
    assert proof.claimed_signed_at is not None
    assert len(proof.fingerprint) == 64


def test_a_citizen_card_proves_the_responsible_person(sandbox: Sandbox) -> None:
    signed = card_reader.sign(f"moica-good-{UBN}", CHALLENGE, pin="123456")
    proof = verify(signed, challenge=CHALLENGE, at=AT, expected_ubn=UBN, expected_id_last4=LAST4)
    assert (proof.authority, proof.id_last4, proof.name) == ("MOICA", LAST4, RESTAURANT.responsible.name)
    assert proof.ubn == ""


def test_an_organisation_card_proves_the_organisation(sandbox: Sandbox) -> None:
    signed = card_reader.sign(f"xca-good-{UBN}", CHALLENGE, pin="123456")
    proof = verify(signed, challenge=CHALLENGE, at=AT, expected_ubn=UBN)
    assert (proof.authority, proof.ubn) == ("XCA", UBN)
    assert proof.organisation_oid.startswith("2.16.886.111.")


@pytest.mark.parametrize(
    ("slot", "expected", "refused"),
    [
        ("moeaca-expired", {"expected_ubn": UBN}, ("validity", "expired")),
        ("moeaca-revoked", {"expected_ubn": UBN}, ("crl", "revoked")),
        ("moeaca-other", {"expected_ubn": UBN}, ("identity", "other_organisation")),
        ("moica-other", {"expected_id_last4": LAST4}, ("identity", "other_person")),
        ("moica-good", {"expected_ubn": UBN}, ("identity", "person_not_expected")),
        ("moeaca-good", {"expected_id_last4": LAST4}, ("identity", "no_id")),
    ],
)
def test_a_wrong_card_is_refused(
    sandbox: Sandbox, slot: str, expected: dict[str, str], refused: tuple[str, str]
) -> None:
    assert refusal(card_reader.sign(f"{slot}-{UBN}", CHALLENGE, pin="123456"), **expected) == refused


def test_the_reader_lists_every_card_it_can_sign_with(sandbox: Sandbox) -> None:
    listed = card_reader.cards(UBN)
    assert {card.slot for card in listed} >= {
        "moeaca-good",
        "moeaca-expired",
        "moeaca-revoked",
        "moeaca-other",
    }
    for card in listed:
        assert card_reader.sign(card.id, CHALLENGE, pin="123456")


def test_the_reader_refuses_a_wrong_pin(sandbox: Sandbox) -> None:
    with pytest.raises(card_reader.CardRefused):
        card_reader.sign(f"moeaca-good-{UBN}", CHALLENGE, pin="000000")


# ---- one signer, content, signature -----------------------------------------------------------------------


def test_two_signers_are_refused(world: World) -> None:
    message = cms.ContentInfo.load(world.sign())
    data = message["content"]
    signers = list(data["signer_infos"])
    assert refusal(reader.wrap(CHALLENGE, signers * 2, [one.chosen for one in data["certificates"]])) == (
        "signer",
        "not_one_signer",
    )


def test_no_signer_is_refused(world: World) -> None:
    certificates_inside = [
        one.chosen for one in cms.ContentInfo.load(world.sign())["content"]["certificates"]
    ]
    assert refusal(reader.wrap(CHALLENGE, [], certificates_inside)) == ("signer", "not_one_signer")


def test_a_message_without_its_certificate_is_refused(world: World) -> None:
    signers = list(cms.ContentInfo.load(world.sign())["content"]["signer_infos"])
    assert refusal(reader.wrap(CHALLENGE, signers, [])) == ("signer", "no_certificate")


@pytest.mark.parametrize("junk", [b"", b"\x00" * 40, b"0\x80", b"x" * 200_000, base64.b64encode(b"cms")])
def test_junk_is_refused(world: World, junk: bytes) -> None:
    assert refusal(junk)[0] == "signer"


def test_another_challenge_is_refused(world: World) -> None:
    assert refusal(world.sign(b"an earlier challenge")) == ("content", "not_our_challenge")


def test_an_empty_challenge_never_matches(world: World) -> None:
    with pytest.raises(CertificateRefused, match="not_our_challenge"):
        verify(world.sign(b""), challenge=b"", at=AT)


def test_a_message_without_content_is_refused(world: World) -> None:
    data = cms.ContentInfo.load(world.sign())["content"]
    signers, inside = list(data["signer_infos"]), [one.chosen for one in data["certificates"]]
    assert refusal(reader.wrap(None, signers, inside)) == ("content", "missing")


def test_our_challenge_around_a_signature_over_something_else_is_refused(world: World) -> None:
    assert refusal(world.sign(signed_content=b"something else")) == ("signature", "digest")


def test_a_signature_of_another_key_is_refused(world: World) -> None:
    stranger = world.with_card()
    forged = replace(world, card=pki.Holder(world.card.certificate, stranger.card.key))
    assert refusal(forged.sign()) == ("signature", "wrong")


# ---- chain, validity, key usage, policy -------------------------------------------------------------------


def test_a_card_of_a_self_made_authority_is_refused(world: World, tmp_path: Path) -> None:
    false = pki.hierarchy(tmp_path / "false")
    card = pki.issue_card(false["MOEACA"], world.subject)
    signed = reader.sign(card, CHALLENGE, others=[false["MOEACA"], false["root"]])
    assert refusal(signed) == ("chain", "no_path_to_root")


def test_a_card_may_not_issue_another_card(world: World) -> None:
    child = pki.issue_card(world.card, world.subject)
    signed = reader.sign(child, CHALLENGE, others=[world.card, world.authorities["MOEACA"]])
    assert refusal(signed) == ("chain", "no_path_to_root")


def test_a_card_without_its_authority_in_the_message_is_refused(world: World) -> None:
    assert refusal(reader.sign(world.card, CHALLENGE, others=[])) == ("chain", "no_path_to_root")


def test_a_card_is_refused_before_it_is_valid(world: World) -> None:
    assert refusal(world.sign(), at=datetime(2022, 12, 31, tzinfo=UTC)) == ("validity", "not_yet_valid")


def test_a_card_for_encryption_may_not_sign(world: World) -> None:
    card = world.with_card(usage={"key_encipherment": True})
    assert refusal(card.sign()) == ("key_usage", "not_for_signing")


def test_a_test_policy_is_refused(world: World) -> None:
    assert refusal(world.with_card(policy="2.16.886.101.0.3.0").sign()) == ("policy", "not_accepted")


# ---- revocation lists -------------------------------------------------------------------------------------


def served(monkeypatch: pytest.MonkeyPatch, make: Callable[[pki.Holder], bytes]) -> None:
    """Let the twin serve lists that are made so; the client and the socket stay real."""
    real = pki.revocation_list
    monkeypatch.setattr(
        reader.pki, "revocation_list", lambda holder, numbers: make(holder) or real(holder, numbers)
    )


def test_a_list_that_is_overdue_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pki.revocation_list
    served(monkeypatch, lambda holder: real(holder, [], next_update=datetime(2026, 3, 1, tzinfo=UTC)))
    assert refusal(world.sign()) == ("crl", "stale")


def test_a_list_signed_by_another_key_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real, stranger = pki.revocation_list, world.with_card().card.key
    served(monkeypatch, lambda holder: real(pki.Holder(holder.certificate, stranger), []))
    assert refusal(world.sign()) == ("crl", "signature")


def test_a_list_of_another_authority_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pki.revocation_list
    served(monkeypatch, lambda holder: real(world.authorities["MOICA"], []))
    assert refusal(world.sign()) == ("crl", "signature")


def test_a_revoked_authority_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real, number = pki.revocation_list, world.authorities["MOEACA"].certificate.serial_number
    served(monkeypatch, lambda holder: real(holder, [number]))
    assert refusal(world.sign()) == ("crl", "revoked")


@pytest.mark.parametrize("mode", ["500", "garbage", "empty", "truncated"])
def test_a_list_that_cannot_be_had_is_no_refusal_but_an_outage(
    world: World, sandbox: Sandbox, mode: str
) -> None:
    signed = world.sign()
    assert verify(signed, challenge=CHALLENGE, at=AT, expected_ubn=UBN)
    sandbox.misbehave("crl", mode)
    with pytest.raises((http.OutsideDown, http.OutsideAnswerBroken)):
        verify(signed, challenge=CHALLENGE, at=AT, expected_ubn=UBN)


def test_a_kept_list_bridges_an_outage(world: World, sandbox: Sandbox, settings: Settings) -> None:
    settings.CRL_KEPT_SECONDS = 600
    signed = world.sign()
    verify(signed, challenge=CHALLENGE, at=AT, expected_ubn=UBN)
    sandbox.misbehave("crl", "500")
    assert verify(signed, challenge=CHALLENGE, at=AT, expected_ubn=UBN).ubn == UBN
    cache.clear()
    with pytest.raises(http.OutsideDown):
        verify(signed, challenge=CHALLENGE, at=AT, expected_ubn=UBN)


def test_a_kept_list_that_was_tampered_with_does_not_count(
    world: World, sandbox: Sandbox, settings: Settings
) -> None:
    settings.CRL_KEPT_SECONDS = 600
    verify(world.sign(), challenge=CHALLENGE, at=AT, expected_ubn=UBN)
    forged = pki.revocation_list(pki.Holder(world.authorities["MOEACA"].certificate, world.card.key), [])
    cache.set(certificate_lists._key(f"{sandbox.url}/crl/moeaca.crl"), forged, 600)
    assert refusal(world.sign()) == ("crl", "signature")


# ---- order and robustness ---------------------------------------------------------------------------------


def test_the_first_failing_step_is_the_one_named(world: World) -> None:
    """Everything is wrong with this card; the steps are mended one by one."""
    late = datetime(2034, 1, 1, tzinfo=UTC)
    bad = world.with_card(
        usage={"key_encipherment": True}, policy="1.2.3", end=datetime(2033, 1, 1, tzinfo=UTC)
    )
    assert (
        refusal(bad.sign(b"other", signed_content=b"third"), at=late, expected_ubn="12345675")[0] == "content"
    )
    assert refusal(bad.sign(signed_content=b"third"), at=late, expected_ubn="12345675")[0] == "signature"
    alone = reader.sign(bad.card, CHALLENGE, others=[])
    assert refusal(alone, at=late, expected_ubn="12345675")[0] == "chain"
    assert refusal(bad.sign(), at=late, expected_ubn="12345675")[0] == "validity"
    assert refusal(bad.sign(), expected_ubn="12345675")[0] == "key_usage"
    signing = world.with_card(policy="1.2.3")
    assert refusal(signing.sign(), expected_ubn="12345675")[0] == "policy"
    assert refusal(world.sign(), expected_ubn="12345675")[0] == "identity"


@pytest.mark.filterwarnings("ignore:Attribute's length:UserWarning")
@trials(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), value=st.integers(min_value=0, max_value=255))
def test_a_changed_byte_never_passes_as_somebody_else_and_never_crashes(
    world: World, place: int, value: int
) -> None:
    signed = bytearray(world.sign())
    signed[place % len(signed)] = value
    try:
        proof = verify(bytes(signed), challenge=CHALLENGE, at=AT, expected_ubn=UBN)
    except (CertificateRefused, http.OutsideDown, http.OutsideAnswerBroken):
        return
    assert proof.ubn == UBN
    assert proof.certificate_der == world.card.certificate.public_bytes(Encoding.DER)


def test_pinned_roots_come_from_the_file_that_is_set(
    world: World, sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    settings.CERTIFICATE_ROOTS = str(sandbox.data / "pki" / "roots.pem")
    assert verify(world.sign(), challenge=CHALLENGE, at=AT, expected_ubn=UBN).ubn == UBN
    pki.hierarchy(tmp_path / "false")
    settings.CERTIFICATE_ROOTS = str(tmp_path / "false" / "roots.pem")
    assert refusal(world.sign()) == ("chain", "no_path_to_root")


def test_production_does_not_trust_the_twin(world: World, settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(ImproperlyConfigured):
        verify(world.sign(), challenge=CHALLENGE, at=AT, expected_ubn=UBN)


def test_steps_are_the_nine_of_the_rules() -> None:
    assert certificates.Step.__args__ == (  # type: ignore[attr-defined]
        "signer",
        "content",
        "signature",
        "chain",
        "validity",
        "key_usage",
        "policy",
        "crl",
        "identity",
    )
