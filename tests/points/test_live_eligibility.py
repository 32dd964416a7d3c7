"""The public eligibility page asks the live registers about numbers that the snapshot does not hold."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from organisations.clock import now
from organisations.services.reference_data import load_reference_data
from outside.sandbox.samples import sample
from points.services.seeding import load_programme
from tests.sandbox import Sandbox, sandbox, sandbox_server

__all__ = ["sandbox", "sandbox_server"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _programme(sandbox: Sandbox) -> None:
    cache.clear()
    load_reference_data()
    load_programme(at=now())


@pytest.mark.parametrize("key", ["suspended", "closed", "cooperative"])
def test_a_number_outside_the_snapshot_is_answered_with_its_true_state(client: Client, key: str) -> None:
    answer = client.get("/eligibility/", {"ubn": sample(key).ubn})
    assert sample(key).name in answer.content.decode()


def test_a_suspended_business_is_told_to_resume_first(client: Client) -> None:
    assert "復業" in client.get("/eligibility/", {"ubn": sample("suspended").ubn}).content.decode()


def test_a_number_that_no_register_knows_is_said_to_be_unknown(client: Client) -> None:
    answer = client.get("/eligibility/", {"ubn": sample("unknown").ubn}).content.decode()
    assert "登記資料裡沒有" in answer


def test_registers_that_do_not_answer_are_not_called_unknown(client: Client, sandbox: Sandbox) -> None:
    sandbox.misbehave("tax-registry", "500")
    sandbox.misbehave("gcis", "500")
    answer = client.get("/eligibility/", {"ubn": sample("suspended").ubn}).content.decode()
    assert "登記資料裡沒有" not in answer
    assert client.get("/eligibility/", {"ubn": sample("suspended").ubn}).status_code == 200
