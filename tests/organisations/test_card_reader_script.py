"""The script that lets the browser's card reader sign, in a real browser; only the reader's own page is stood in for."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, Route

from organisations import clock
from organisations.models.people import Membership
from organisations.models.registry import RegistryCheck
from organisations.services.registry import answer_check
from outside import card_reader
from outside.sandbox.card_reader import PIN
from outside.sandbox.samples import sample
from tests.browser.shots import chromium
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
RESTAURANT = sample("restaurant").ubn
READER = "/demo/card-reader/sign/"


class Reader:
    """The reader at the person's desk, with the card that lies in it."""

    card = "moeaca-expired"

    def answer(self, route: Route) -> None:
        """Signs what the page sends, or is out of order."""
        asked = route.request.post_data_json
        if self.card == "none":
            route.fulfill(status=503, json={"error": "讀卡機沒有回應，請再試一次。"})
            return
        cms = card_reader.sign(f"{self.card}-{asked['ubn']}", bytes.fromhex(asked["challenge"]), pin=PIN)
        route.fulfill(json={"cms": base64.b64encode(cms).decode()})


@pytest.fixture
def page(sandbox: Sandbox, lists: None, live_server: Any, person: Callable[..., Any]) -> Iterator[Page]:
    client = Client()
    client.force_login(person("owner"))
    client.post("/my/join/", {"ubn": RESTAURANT})
    answer_check(RegistryCheck.objects.get(), at=clock.now())
    with chromium() as browser:
        context = browser.new_context(base_url=live_server.url)
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
        )
        yield context.new_page()


def test_card_is_asked_again_until_a_good_one_signs(
    sandbox: Sandbox, lists: None, settings: Any, monkeypatch: pytest.MonkeyPatch, page: Page
) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    settings.CARD_READER_PAGE_URL = READER
    reader = Reader()
    page.set_default_timeout(60_000)
    page.route(f"**{READER}", reader.answer)
    page.goto(f"/my/join/{RESTAURANT}/card/")
    page.click("[data-card-sign]")
    page.wait_for_selector("text=有效期限已過")
    page.wait_for_load_state("networkidle")
    reader.card = "none"
    page.click("[data-card-sign]")
    page.wait_for_selector("text=讀卡機沒有回應，請再試一次。")
    reader.card = "moeaca-good"
    page.click("[data-card-sign]")
    page.wait_for_url("**/done/")
    deadline = time.monotonic() + 10
    while not Membership.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert Membership.objects.get().role == "acceptor"
