"""A seal shows any change: in what it covers, in itself, and after it."""

import hashlib
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from papers.contracts import ContractData, LetterData, contract_pdf, letter_pdf
from papers.seal import (
    SealKey,
    attach_evidence,
    attached_evidence,
    check_seal,
    make_platform_seal_key,
    seal_pdf,
)

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
def sealed(contract: ContractData, seal_key: SealKey) -> bytes:
    pdf = attach_evidence(contract_pdf(contract), "buyer-signature.json", '{"method": "工商憑證"}'.encode())
    pdf = attach_evidence(pdf, "vendor-signature.json", b"{}")
    return seal_pdf(pdf, key=seal_key, reason="雙方簽署完成", at=AT)


def test_a_fresh_seal_is_good_and_names_signer_and_time(sealed: bytes, seal_key: SealKey) -> None:
    report = check_seal(sealed, roots=[seal_key.certificate])
    assert report.is_good
    assert report.intact
    assert report.covers_whole
    assert report.problem == ""
    assert report.signer == "雲市集 Open 開發用封緘"
    assert report.at == AT


def test_sealing_adds_a_revision_and_keeps_earlier_bytes(letter: LetterData, seal_key: SealKey) -> None:
    pdf = letter_pdf(letter)
    assert seal_pdf(pdf, key=seal_key, reason="x", at=AT).startswith(pdf)


def test_evidence_can_be_taken_out_again(sealed: bytes) -> None:
    assert attached_evidence(sealed) == {
        "buyer-signature.json": '{"method": "工商憑證"}'.encode(),
        "vendor-signature.json": b"{}",
    }


def test_a_pdf_without_attachments_has_no_evidence(letter: LetterData) -> None:
    assert attached_evidence(letter_pdf(letter)) == {}


@pytest.mark.parametrize("name", ["", "../x.json", "證據.json", "a b", "a\n.json"])
def test_evidence_needs_a_plain_name(letter: LetterData, name: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        attach_evidence(letter_pdf(letter), name, b"{}")


@pytest.mark.parametrize("draw", range(20))
def test_one_changed_byte_anywhere_is_seen(sealed: bytes, seal_key: SealKey, draw: int) -> None:
    dice = random.Random(draw)
    mangled = bytearray(sealed)
    mangled[dice.randrange(len(sealed))] ^= 1 << dice.randrange(8)
    assert not check_seal(bytes(mangled), roots=[seal_key.certificate]).is_good


@pytest.mark.parametrize("draw", range(20))
def test_one_changed_digit_of_the_seal_itself_is_seen(sealed: bytes, seal_key: SealKey, draw: int) -> None:
    start = sealed.rindex(b"/Contents <") + len(b"/Contents <")
    end = sealed.index(b">", start)
    dice = random.Random(draw)
    place = dice.randrange(start, end)
    mangled = bytearray(sealed)
    mangled[place] = ord(dice.choice([d for d in "0123456789ABCDEFabcdef" if ord(d) != sealed[place]]))
    assert not check_seal(bytes(mangled), roots=[seal_key.certificate]).is_good


def test_bytes_added_after_the_seal_are_seen(sealed: bytes, seal_key: SealKey) -> None:
    assert not check_seal(sealed + b"\n", roots=[seal_key.certificate]).is_good
    added = attach_evidence(sealed, "late.json", b"{}")
    report = check_seal(added, roots=[seal_key.certificate])
    assert not report.is_good
    assert not report.covers_whole


def test_a_seal_by_another_key_is_not_trusted(sealed: bytes, other_key: SealKey) -> None:
    report = check_seal(sealed, roots=[other_key.certificate])
    assert report.problem == "not_trusted"
    assert not report.is_good


def test_a_second_seal_by_a_stranger_does_not_pass_for_ours(
    sealed: bytes, seal_key: SealKey, other_key: SealKey
) -> None:
    try:
        resealed = seal_pdf(sealed, key=other_key, reason="x", field="Another", at=AT)
    except Exception:
        return
    assert not check_seal(resealed, roots=[seal_key.certificate]).is_good


def test_a_pdf_without_a_seal_is_told_apart_from_a_broken_file(letter: LetterData, seal_key: SealKey) -> None:
    assert check_seal(letter_pdf(letter), roots=[seal_key.certificate]).problem == "no_seal"
    assert check_seal(b"not a pdf", roots=[seal_key.certificate]).problem == "unreadable"
    assert check_seal(b"", roots=[seal_key.certificate]).problem == "unreadable"


def test_a_seal_needs_a_time_zone(letter: LetterData, seal_key: SealKey) -> None:
    with pytest.raises(ValueError, match="time zone"):
        seal_pdf(letter_pdf(letter), key=seal_key, reason="x", at=datetime(2026, 11, 24))


def test_the_development_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "seal"
    first = make_platform_seal_key(folder)
    assert make_platform_seal_key(folder).certificate.dump() == first.certificate.dump()
    assert (folder / "seal.key").stat().st_mode & 0o077 == 0


def test_two_contracts_have_different_bytes_and_the_seal_belongs_to_one(
    contract: ContractData, sealed: bytes, seal_key: SealKey
) -> None:
    other = seal_pdf(contract_pdf({**contract, "number": "O9"}), key=seal_key, reason="x", at=AT)
    assert hashlib.sha256(other).digest() != hashlib.sha256(sealed).digest()
    assert check_seal(other, roots=[seal_key.certificate]).is_good
