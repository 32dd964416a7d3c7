"""The catalogue in a real browser: a plan changes the bill, the tray fills without a new page, nothing for axe to say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from organisations.services.reference_data import load_reference_data
from points.services.seeding import load_programme
from tests.browser.shots import overflow, violations
from vendors.services.catalogue_loading import load_catalogue

AT = datetime(2026, 11, 20, 1, tzinfo=UTC)
PAGES = (
    "/solutions/?q=POS",
    "/solutions/S0001/",
    "/solutions/S0001/ratings/",
    "/solutions/compare/?s=S0001&s=S0018",
)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(browser: Browser, live_server: Any) -> Iterator[Page]:
    load_reference_data()
    load_programme(at=AT)
    load_catalogue(at=AT)
    context = browser.new_context(base_url=live_server.url, viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def test_a_person_compares_and_picks_a_plan_and_axe_finds_nothing(page: Page) -> None:
    _picking_a_plan_changes_the_bill(page)
    _the_tray_fills_without_a_new_page(page)
    _axe_finds_nothing(page)


def _picking_a_plan_changes_the_bill(page: Page) -> None:
    page.goto("/solutions/S0001/")
    expect(page.locator("#money h2")).to_have_text("旺店版")
    page.locator(".plan", has_text="雙店版").click()
    expect(page.locator("#money h2")).to_have_text("雙店版")
    expect(page.locator("#money .total")).to_contain_text("27,000")
    assert page.url.endswith("/solutions/S0001/")


def _the_tray_fills_without_a_new_page(page: Page) -> None:
    page.goto("/solutions/?q=POS")
    first = page.locator("main .offer").first
    name = first.locator("h3").inner_text()
    page.evaluate("window.stayed = true")
    first.get_by_role("button", name="加入比較").press("Enter")
    expect(page.locator("#tray")).to_contain_text("比較1／4")
    expect(first.get_by_role("button")).to_contain_text("已加入比較")
    assert page.evaluate("window.stayed") is True
    page.get_by_role("link", name="並排比較").click()
    expect(page.get_by_role("columnheader", name=name)).to_be_visible()


def _axe_finds_nothing(page: Page) -> None:
    complaints = []
    for address in [*PAGES, *(f"/en{each}" for each in PAGES)]:
        page.goto(address)
        complaints += [f"{address}: {each}" for each in [*violations(page), overflow(page)] if each]
    assert not complaints
