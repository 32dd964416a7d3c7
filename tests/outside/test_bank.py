"""The interbank credit file and the bank that takes it."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outside import ach, bank, demonstration, http
from tests.sandbox import Sandbox

HEADER = ach.CreditHeader(datetime(2026, 3, 2, 14, 5, 9), "0040037", "0012345678901", "12345675")


def payment(sequence: int = 1, **changes: object) -> ach.Payment:
    facts = {
        "bank_code": "8220901",
        "account": "141118000123",
        "amount_twd": 15_000,
        "receiver_id": "91001377",
    }
    return ach.Payment(sequence=sequence, **{**facts, **changes})  # type: ignore[arg-type]


# ---- the format -------------------------------------------------------------------------------------------


def test_every_record_has_250_bytes_whatever_the_text() -> None:
    content = ach.build_credit_file(
        HEADER, [payment(1, note="核銷撥款—雲市集" * 5, memo="雲市集點數款"), payment(2, memo="€堃")]
    )
    records = content.split(b"\r\n")
    assert records.pop() == b""
    assert [len(record) for record in records] == [250] * 4


def test_fields_stand_where_the_layout_says() -> None:
    head, detail, tail, _ = ach.build_credit_file(
        HEADER, [payment(7, reference="C-115-000123", note="核銷", memo="雲市集")]
    ).split(b"\r\n")
    assert head[:40] == b"BOFACHP010115030214050900400379990250V10"
    assert detail[0:3] == b"NSD"
    assert detail[6:14] == b"00000007"
    assert detail[14:21] == b"0040037"
    assert detail[21:37] == b"0000012345678901"[-16:].rjust(16, b"0")
    assert detail[37:44] == b"8220901"
    assert detail[44:60] == b"0000141118000123"
    assert detail[60:70] == b"0000015000"
    assert detail[70:72] == b"  "
    assert detail[72:73] == b"B"
    assert detail[73:83] == b"12345675  "
    assert detail[83:93] == b"91001377  "
    assert detail[116:136] == b"C-115-000123        "
    assert detail[136:176].decode("cp950").strip() == "核銷"
    assert detail[176:186].decode("cp950").strip() == "雲市集"
    assert tail[:9] == b"EOFACHP01"
    assert tail[31:39] == b"00000001"
    assert tail[39:55] == b"0000000000015000"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount_twd": 0}, "amount"),
        ({"amount_twd": -5}, "amount"),
        ({"amount_twd": 10**10}, "amount"),
        ({"bank_code": "822"}, "bank code"),
        ({"bank_code": "８２２０９０１"}, "bank code"),
        ({"account": ""}, "account"),
        ({"account": "12345678901234567"}, "RCLNO"),
        ({"account": "1234-567"}, "account"),
        ({"receiver_id": ""}, "receiver"),
        ({"reference": "x" * 21}, "CNO"),
        ({"sequence": 0}, "sequence"),
    ],
)
def test_a_payment_that_does_not_fit_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ach.FileBroken, match=why):
        ach.build_credit_file(HEADER, [payment(**{"sequence": 1, **changes})])  # type: ignore[arg-type]


def test_no_payment_and_repeated_numbers_are_refused() -> None:
    with pytest.raises(ach.FileBroken):
        ach.build_credit_file(HEADER, [])
    with pytest.raises(ach.FileBroken, match="repeated"):
        ach.build_credit_file(HEADER, [payment(1), payment(1)])


@given(
    amounts=st.lists(st.integers(1, 10**9), min_size=1, max_size=30),
    text=st.text(max_size=60),
    failing=st.sets(st.integers(1, 30)),
)
def test_what_was_paid_comes_back_in_the_result(amounts: list[int], text: str, failing: set[int]) -> None:
    text = text.replace("\x00", "")
    payments = [payment(place, amount_twd=amount, note=text) for place, amount in enumerate(amounts, 1)]
    content = ach.build_credit_file(HEADER, payments)
    codes = {f"{place:08d}": "04" for place in failing}
    results = ach.parse_result_file(ach.build_result_file(content, codes, previous_day=date(2026, 2, 27)))
    assert [(one.sequence, one.amount_twd, one.account) for one in results] == [
        (one.sequence, one.amount_twd, one.account) for one in payments
    ]
    assert {one.sequence for one in results if not one.is_paid} == {
        one.sequence for one in payments
    } & failing
    assert all(bool(one.reason) != one.is_paid for one in results)


def test_a_result_file_swaps_sender_and_receiver() -> None:
    content = ach.build_credit_file(HEADER, [payment()])
    result = ach.build_result_file(content, {}, previous_day=date(2026, 2, 27))
    assert result[:40] == b"BOFACHR010115030214050999902500040037V10"


def result_file() -> bytes:
    content = ach.build_credit_file(HEADER, [payment(1), payment(2)])
    return ach.build_result_file(content, {"00000002": "22"}, previous_day=date(2026, 2, 27))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: b"",
        lambda file: file[:-2],
        lambda file: file[:-100],
        lambda file: file[252:],
        lambda file: file[:252] + file[504:],
        lambda file: file.replace(b"0000015000", b"0000015001", 1),
        lambda file: file.replace(b"ACHR01", b"ACHP01"),
        lambda file: file.replace(b"V10", b"V09"),
        lambda file: file.replace(b"BOF", b"XOF"),
        lambda file: file[:300] + b"\xff" + file[301:],
        lambda file: file[:252] + file[252:504] * 2 + file[756:],
        lambda file: file + file,
    ],
)
def test_a_spoilt_result_file_is_refused_as_a_whole(spoil: object) -> None:
    with pytest.raises(ach.FileBroken):
        ach.parse_result_file(spoil(result_file()))  # type: ignore[operator]


# ---- the bank ---------------------------------------------------------------------------------------------


def test_the_bank_takes_a_file_and_answers_later(sandbox: Sandbox) -> None:
    receipt = bank.submit(
        ach.build_credit_file(HEADER, [payment(1), payment(2, amount_twd=500)]), "P01-1.txt"
    )
    assert (receipt.count, receipt.amount_twd) == (2, 15_500)
    assert bank.fetch_result(receipt.number) is None
    demonstration.settle_bank_file(receipt.number)
    answer = bank.fetch_result(receipt.number)
    assert answer is not None
    assert [one.is_paid for one in ach.parse_result_file(answer)] == [True, True]
    assert bank.fetch_result(receipt.number) == answer


def test_a_planned_failure_happens_once(sandbox: Sandbox) -> None:
    demonstration.plan_bank_failure("141118000123")
    codes = []
    for name in ("P01-2.txt", "P01-3.txt"):
        receipt = bank.submit(ach.build_credit_file(HEADER, [payment(1)]), name)
        demonstration.settle_bank_file(receipt.number)
        codes += [one.return_code for one in ach.parse_result_file(bank.fetch_result(receipt.number) or b"")]
    assert codes == ["04", "00"]


def test_the_same_file_is_taken_once(sandbox: Sandbox) -> None:
    content = ach.build_credit_file(HEADER, [payment(1)])
    first = bank.submit(content, "P01-4.txt")
    assert bank.submit(content, "P01-4.txt") == first
    assert [one.name for one in demonstration.bank_files()].count("P01-4.txt") == 1


def test_another_file_under_the_same_name_is_refused(sandbox: Sandbox) -> None:
    bank.submit(ach.build_credit_file(HEADER, [payment(1)]), "P01-5.txt")
    with pytest.raises(bank.BankRefused):
        bank.submit(ach.build_credit_file(HEADER, [payment(2)]), "P01-5.txt")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file[:-5],
        lambda file: file.replace(b"NSD", b"NSC"),
        lambda file: file.replace(b"0000015000", b"0000015001", 1),
        lambda file: b"hello",
    ],
)
def test_the_bank_refuses_a_file_that_does_not_follow_the_layout(sandbox: Sandbox, spoil: object) -> None:
    with pytest.raises(bank.BankRefused) as caught:
        bank.submit(spoil(ach.build_credit_file(HEADER, [payment(1)])), "P01-6.txt")  # type: ignore[operator]
    assert caught.value.errors
    assert "P01-6.txt" not in [one.name for one in demonstration.bank_files()]


def test_an_unknown_receipt_is_a_broken_answer(sandbox: Sandbox) -> None:
    with pytest.raises(http.OutsideAnswerBroken):
        bank.fetch_result("B99999999")
