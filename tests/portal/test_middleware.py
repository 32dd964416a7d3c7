"""Around every request: its number, the idle limit."""

from __future__ import annotations

import time

import pytest
from django.test import Client
from pytest_django import Settings

from portal.middleware import LAST_SEEN
from portal.models import User


def test_a_request_keeps_the_number_that_the_proxy_gave(client: Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "0123456789abcdef"})
    assert answer["X-Request-ID"] == "0123456789abcdef"


@pytest.mark.parametrize("given", ["short", "x" * 65, "line\tbreak-here", "<script>alert(1)</script>"])
def test_an_unfit_number_is_replaced(client: Client, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert answer["X-Request-ID"] != given
    assert len(answer["X-Request-ID"]) == 32


@pytest.mark.django_db
@pytest.mark.parametrize(("idle_seconds", "is_signed_in"), [(60, True), (29 * 60, True), (31 * 60, False)])
def test_an_idle_person_is_signed_out(
    client: Client, settings: Settings, idle_seconds: int, is_signed_in: bool
) -> None:
    settings.IDLE_MINUTES = 30
    client.force_login(User.objects.create_user("chen", "chen@example.com"))
    session = client.session
    session[LAST_SEEN] = time.time() - idle_seconds
    session.save()
    client.get("/")
    assert ("_auth_user_id" in client.session) is is_signed_in


@pytest.mark.django_db
def test_a_new_session_is_not_idle(client: Client) -> None:
    client.force_login(User.objects.create_user("chen", "chen@example.com"))
    client.get("/")
    assert "_auth_user_id" in client.session
    assert time.time() - client.session[LAST_SEEN] < 30
