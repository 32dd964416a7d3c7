"""A passkey in a real browser: added, asked for again before signing, and found under the contract."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from marketplace.models.orders import Order
from tests.browser.walk import Walk

VIRTUAL = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.mark.soak
def test_an_owner_signs_with_a_passkey_that_was_added_on_the_phone(
    browser: Browser, live_platform: Any
) -> None:
    walk = Walk(browser, live_platform.url, language="zh", width=390)
    page = walk.person("chen")
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": VIRTUAL})
    page.goto("accounts/2fa/webauthn/add/")
    page.fill("input[name=name]", "店裡的手機")
    walk.submit(page, "#mfa_webauthn_add")
    page.goto("solutions/S0002/")
    walk.submit(page, "button[form=plans]")
    walk.submit(page, "main form:has(input[name=points]) button.button:not(.is-quiet)")
    number = page.url.rstrip("/").rsplit("/", 1)[1]
    page.goto(f"my/orders/{number}/sign/")
    if "reauthenticate" in page.url:
        walk.submit(page, "main a.button.is-second")
        walk.submit(page, "#mfa_webauthn_reauthenticate")
    walk.look(page, "sign-choice")
    walk.submit(page, "main button[name=method][value=passkey]")
    walk.look(page, "sign-passkey")
    walk.submit(page, "[data-passkey-sign]")
    walk.look(page, "signed")
    order = Order.objects.get(number=number)
    assert order.state == Order.State.SIGNED
    assert order.contract.signatures.get(party="buyer").method == "passkey"
    walk.close()
    assert walk.complaints == []
