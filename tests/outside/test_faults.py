"""Every client against every fault: one of two clear exceptions, in bounded time and with bounded retries."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import override_settings
from pytest_django import Settings

from outside import (
    ach,
    bank,
    breaker,
    card_reader,
    demonstration,
    fido_app,
    gcis,
    http,
    mobile_id,
    sms,
    tax_registry,
)
from outside.sandbox.samples import sample
from tests.sandbox import Sandbox

RESTAURANT = sample("restaurant").enterprise
FILE = ach.build_credit_file(
    ach.CreditHeader(datetime(2026, 3, 2, tzinfo=UTC), "0040037", "1", "12345675"),
    [ach.Payment(1, "8220901", "123", 10, "91001377")],
)
CLIENTS: dict[str, tuple[str, Callable[[], object]]] = {
    "tax registry": ("tax-registry", lambda: tax_registry.look_up(RESTAURANT.ubn)),
    "gcis": ("gcis", lambda: gcis.look_up(RESTAURANT.ubn)),
    "gcis kind": ("gcis", lambda: gcis.kind_of(RESTAURANT.ubn)),
    "sms": ("sms", lambda: sms.send("0911999999", "碼")),
    "texts": ("sms", demonstration.texts),
    "mails": ("mail", demonstration.mails),
    "mobile id": ("mobile-id", lambda: mobile_id.check("0911999999", "A123456789")),
    "fido push": ("fido", lambda: fido_app.request_push("A123456789", challenge=b"c", text="t")),
    "fido poll": (
        "fido",
        lambda: fido_app.poll("x", challenge=b"c", at=datetime.now(UTC), expected_id_last4="1"),
    ),
    "bank submit": ("bank", lambda: bank.submit(FILE, "faults.txt")),
    "bank result": ("bank", lambda: bank.fetch_result("B00000001")),
    "card reader": (
        "card-reader",
        lambda: card_reader.sign(f"moeaca-good-{RESTAURANT.ubn}", b"c", pin="123456"),
    ),
    "cards": ("card-reader", lambda: card_reader.cards(RESTAURANT.ubn)),
}
TEMPORARY = {"slow", "500"}


@pytest.mark.parametrize("mode", ["slow", "500", "garbage", "empty", "truncated"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_meets_a_fault_with_a_clear_exception(
    sandbox: Sandbox, settings: Settings, client: str, mode: str
) -> None:
    system, ask = CLIENTS[client]
    settings.OUTSIDE_TIMEOUT_SECONDS = 0.15
    sandbox.misbehave(system, mode, seconds=0.6)
    before, started = sandbox.calls(system), time.monotonic()
    expected = http.OutsideDown if mode in TEMPORARY else http.OutsideAnswerBroken
    with pytest.raises(expected) as caught:
        ask()
    assert caught.value.why
    assert 1 <= sandbox.calls(system) - before <= http.ATTEMPTS
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_says_that_nobody_is_there(sandbox: Sandbox, settings: Settings, client: str) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    with pytest.raises(http.OutsideDown):
        CLIENTS[client][1]()


def test_a_register_in_trouble_is_never_read_as_a_miss(sandbox: Sandbox) -> None:
    """An empty body is a miss in GCIS; for a number that is said to exist it is a fault."""
    for mode in ("empty", "garbage", "truncated"):
        sandbox.misbehave("gcis", mode)
        with pytest.raises(http.OutsideAnswerBroken):
            gcis.look_up(sample("unknown").ubn)


def test_a_client_recovers_by_itself(sandbox: Sandbox) -> None:
    sandbox.misbehave("gcis", "500")
    with pytest.raises(http.OutsideDown):
        gcis.look_up(RESTAURANT.ubn)
    sandbox.misbehave("gcis", "off")
    assert gcis.look_up(RESTAURANT.ubn) is not None


def test_one_systems_outage_does_not_touch_another(sandbox: Sandbox) -> None:
    sandbox.misbehave("gcis", "500")
    for _ in range(breaker.FAILURES_TO_OPEN):
        with pytest.raises(http.OutsideDown):
            gcis.kind_of(RESTAURANT.ubn)
    assert tax_registry.look_up(RESTAURANT.ubn) is not None


def test_after_several_failures_a_system_is_left_alone(sandbox: Sandbox) -> None:
    sandbox.misbehave("gcis", "500")
    for _ in range(breaker.FAILURES_TO_OPEN):
        with pytest.raises(http.OutsideDown):
            gcis.kind_of(RESTAURANT.ubn)
    before = sandbox.calls("gcis")
    with pytest.raises(http.OutsideDown, match="waiting"):
        gcis.kind_of(RESTAURANT.ubn)
    assert sandbox.calls("gcis") == before


def test_after_the_pause_one_call_tries_and_closes_the_circuit(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "OPEN_SECONDS", 1)
    sandbox.misbehave("gcis", "500")
    for _ in range(breaker.FAILURES_TO_OPEN):
        with pytest.raises(http.OutsideDown):
            gcis.kind_of(RESTAURANT.ubn)
    sandbox.misbehave("gcis", "off")
    time.sleep(1.1)
    circuit = f"gcis:{sandbox.url.removeprefix('http://')}"
    assert [breaker.is_open(circuit) for _ in range(3)] == [False, True, True]
    time.sleep(1.1)
    assert gcis.kind_of(RESTAURANT.ubn) == "business"
    assert [breaker.is_open(circuit) for _ in range(3)] == [False, False, False]


def test_a_broken_cache_does_not_stop_a_call(sandbox: Sandbox) -> None:
    nowhere = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    with override_settings(CACHES={"default": nowhere}):
        assert gcis.kind_of(RESTAURANT.ubn) == "business"
        sandbox.misbehave("gcis", "500")
        for _ in range(breaker.FAILURES_TO_OPEN + 1):
            with pytest.raises(http.OutsideDown, match="500"):
                gcis.kind_of(RESTAURANT.ubn)


@pytest.mark.parametrize(
    ("system", "ask"),
    [
        ("tax-registry", lambda: tax_registry.look_up("12345675")),
        ("gcis", lambda: gcis.look_up("12345675")),
    ],
)
def test_a_number_nobody_has_costs_few_questions(
    sandbox: Sandbox, system: str, ask: Callable[[], object]
) -> None:
    before = sandbox.calls(system)
    assert ask() is None
    assert sandbox.calls(system) - before <= 5
