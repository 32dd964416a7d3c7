"""Walking the platform as people do: one browser context a person, clicks and fields only, whatever the language or width."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page, expect

from tests.browser.shots import overflow, violations

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
HEIGHT = 900
PASSWORD = "twelve-bowls-of-noodles"


class Walk:
    """One journey in one language at one width; remembers every page that was looked at and what axe had to say."""

    def __init__(self, browser: Browser, url: str, *, language: str, width: int) -> None:
        self.browser, self.url, self.language, self.width = browser, url, language, width
        self.pages: dict[str, Page] = {}
        self.complaints: list[str] = []
        self.looked: set[str] = set()

    def close(self) -> None:
        """Every window."""
        for page in self.pages.values():
            page.context.close()

    def visitor(self, name: str) -> Page:
        """A window of somebody who is not signed in."""
        context = self.browser.new_context(
            base_url=self.url + ("/en/" if self.language == "en" else "/"),
            viewport={"width": self.width, "height": HEIGHT},
            locale="en-GB" if self.language == "en" else "zh-TW",
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.pages[name] = page
        return page

    def person(self, key: str) -> Page:
        """The window of one of the cast, signed in with one click."""
        if key in self.pages:
            return self.pages[key]
        page = self.visitor(key)
        page.goto("demo/")
        page.locator(f'form:has(input[name=person][value="{key}"]) button').click()
        page.wait_for_load_state()
        return page

    def look(self, page: Page, name: str) -> None:
        """Axe, the width, and (with PICTURES=1) a picture for the docs; each page once."""
        if name in self.looked:
            return
        self.looked.add(name)
        said = [*violations(page), overflow(page)]
        self.complaints += [f"{name}: {each}" for each in said if each]
        if os.environ.get("PICTURES"):
            PICTURES.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=PICTURES / f"{name}-{self.language}-{self.width}.png", full_page=True)

    def submit(self, page: Page, selector: str) -> None:
        """Press a button and wait for the page it leads to."""
        with page.expect_navigation():
            page.locator(selector).first.click()
        page.wait_for_load_state()

    # What people do

    def read_code(self, phone: str) -> str:
        """The newest six figures on a phone."""
        page = self.visitor("phone")
        page.goto(f"demo/phone/?phone={phone}")
        found = re.search(r"\b(\d{6})\b", page.locator("main .todos").inner_text())
        page.context.close()
        del self.pages["phone"]
        assert found, "no code on the phone"
        return found.group(1)

    def read_mailed_code(self, address: str) -> str:
        """The newest sign-in code in an inbox."""
        page = self.visitor("inbox")
        page.goto(f"demo/inbox/?to={address}")
        found = re.search(
            r"\b([A-Z0-9]{6}|[A-Z0-9]{4}-[A-Z0-9]{4}|[A-Z0-9]{3}-[A-Z0-9]{3})\b",
            page.locator("main details").first.inner_text(),
        )
        page.context.close()
        del self.pages["inbox"]
        assert found, "no code in the inbox"
        return found.group(1)

    def days_later(self, page: Page, *, weeks: int = 0, days: int = 0, months: int = 0) -> None:
        """Move the demonstration's clock."""
        for step, times in (("month", months), ("week", weeks), ("day", days)):
            for _time in range(times):
                page.goto("demo/")
                self.submit(page, f'main form[action$="/demo/clock/"] button[value="{step}"]')

    def join(self, page: Page, *, ubn: str, national_id: str, phone: str) -> None:
        """From a typed number to a proven person."""
        page.goto("my/join/")
        self.look(page, "join")
        page.fill("input[name=ubn]", ubn)
        self.submit(page, "main form:has(input[name=ubn]) button")
        prove = page.locator(f'main a[href$="/my/join/{ubn}/prove/"]')
        expect(prove.first).to_be_visible(timeout=20_000)
        self.look(page, "join-found")
        with page.expect_navigation():
            prove.first.click()
        self.look(page, "join-prove")
        page.fill("input[name=national_id]", national_id)
        page.fill("input[name=phone]", phone)
        self.submit(page, "main form:has(input[name=phone]) button")
        page.fill("input[name=code]", "000000")
        self.submit(page, "main form:has(input[name=code]) button")
        expect(
            page.locator("main form:has(input[name=code])")
        ).to_be_visible()  # a wrong code is told, not swallowed
        self.look(page, "join-code")
        page.fill("input[name=code]", self.read_code(phone))
        self.submit(page, "main form:has(input[name=code]) button")
        expect(page).to_have_url(re.compile(r"/my/join/\d{8}/done/"))
        self.look(page, "join-done")

    def apply(self, page: Page) -> None:
        """Ask for points in the general zone and wait for them."""
        page.goto("my/points/")
        self.look(page, "points-before")
        self.submit(page, 'main form[action$="/apply/general/"] button')
        try:
            expect(page.locator("main .fig").first).to_contain_text("30,000", timeout=20_000)
        except AssertionError as error:
            raise AssertionError(page.locator("main").inner_text()) from error
        page.goto("my/points/")
        self.look(page, "points")

    def order(self, page: Page, code: str) -> str:
        """Choose the marked plan with the most points and sign with the card; the order's number."""
        page.goto(f"solutions/{code}/")
        self.look(page, "solution")
        self.submit(page, "button[form=plans]")
        self.look(page, "order-new")
        self.submit(page, "main form:has(input[name=points]) button.button:not(.is-quiet)")
        number = page.url.rstrip("/").rsplit("/", 1)[1]
        assert re.fullmatch(r"[0-9A-Z]{20}", number), page.url
        self.look(page, "order-draft")
        self.sign(page, f"my/orders/{number}/sign/")
        self.look(page, "order-signed")
        return number

    def sign(self, page: Page, address: str) -> None:
        """Sign a contract with the certificate card in the reader."""
        page.goto(address)
        if "/reauthenticate/" in page.url:  # nobody signs on a session alone
            self.look(page, "reauthenticate")
            page.fill("input[name=password]", PASSWORD)
            self.submit(page, "main form:has(input[name=password]) button")
        if "/reauthenticate/" in page.url or "/orders/" not in page.url:
            raise AssertionError(f"sent to {page.url}: {page.locator('main').inner_text()[:300]}")
        self.look(page, "sign")
        self.submit(page, "main button[name=method][value=card]")
        self.look(page, "sign-card")
        with page.expect_navigation(url=re.compile(r"/orders/[0-9A-Z]{20}/$")):
            page.locator("[data-card-sign]").click()
        page.wait_for_load_state()

    def deliver(self, page: Page, number: str) -> None:
        """The vendor's side: sign, register the buyer's share, open the service."""
        page.goto("vendor/orders/")
        self.look(page, "vendor-orders")
        self.sign(page, f"vendor/orders/{number}/sign/")
        self.look(page, "vendor-order")
        page.fill("input[name=reference]", "88123")
        self.submit(page, 'main form[action$="/copay/"] button')
        page.fill("input[name=url]", "https://banyanshade.example/login")
        page.fill("textarea[name=note]", "09:00–18:00")
        self.submit(page, 'main form[action$="/activate/"] button')

    def accept(self, page: Page, number: str) -> None:
        """The buyer accepts what was delivered, and rates it."""
        page.goto(f"my/orders/{number}/")
        self.look(page, "order-activated")
        self.submit(page, 'main form[action$="/do/confirm/"] button')

    def rate(self, page: Page, number: str) -> None:
        """Four stars and five effects."""
        page.goto(f"my/orders/{number}/rate/")
        self.look(page, "rate")
        page.locator("input[name=stars][value='4']").check(force=True)
        for effect in ("cost", "revenue", "input", "product", "staff"):
            page.locator(f"input[name=effect_{effect}][value='2']").check(force=True)
        page.fill("textarea[name=text]", "打烊對帳快多了。")
        self.submit(page, "main form:has(input[name=stars]) button.button")
        expect(page).to_have_url(re.compile(rf"/my/orders/{number}/$"))
        self.look(page, "order-rated")

    def report_use(self, page: Page, number: str, *, since: datetime, days: int) -> None:
        """The vendor's own system reports use with a key that was made on the page."""
        page.goto("vendor/keys/")
        page.fill("input[name=label]", f"{self.language} {number[-4:]}")
        for scope in page.locator("input[name=scopes]").all():
            scope.check(force=True)
        self.submit(page, "main form:has(input[name=label]) button.button")
        found = re.search(r"cm_[0-9a-f]+_[\w-]+", page.content())
        assert found, "the key is shown once"
        self.look(page, "keys")
        rows = [
            {
                "order": number,
                "date": f"{since + timedelta(days=day):%Y-%m-%d}",
                "active_users": 2,
                "events": 40 + day,
            }
            for day in range(days)
        ]
        headers = {"Authorization": f"Bearer {found.group(0)}", "Content-Type": "application/json"}
        request = Request(f"{self.url}/api/v1/usage/", json.dumps({"rows": rows}).encode(), headers)
        with urlopen(request) as answer:
            assert json.load(answer)["kept"] == days

    def claim(self, page: Page, number: str, *, invoice: str, price: int) -> str:
        """The vendor asks to be paid with one invoice; the claim's number."""
        page.goto("vendor/claims/?tab=ready")
        self.look(page, "claims-ready")
        page.goto(f"vendor/claims/new/{number}/")
        page.fill("input[name=invoice-0-number]", "ab-123")
        page.fill("input[name=invoice-0-amount_twd]", str(price))
        page.fill("input[name=invoice-0-tax_twd]", str(price // 21))
        self.submit(page, "main form button.is-large")
        expect(
            page.locator("main form .is-bad").first
        ).to_be_visible()  # malformed: told at the field, nothing lost
        self.look(page, "claim-error")
        page.fill("input[name=invoice-0-number]", invoice)
        self._fill_today(page)
        self.submit(page, "main form button.is-large")
        found = re.search(r"C\d{3}-\d+", page.url)
        assert found, page.locator("main").inner_text()[:500]
        self.look(page, "claim")
        return found.group(0)

    def _fill_today(self, page: Page) -> None:
        """The invoice's day: the platform's own today, as its clock bar says."""
        stamp = page.locator(".clock-bar time").get_attribute("datetime") or ""
        day = datetime.fromisoformat(stamp)
        if page.locator("input[name=invoice-0-issued_on_0]").count():
            for part, value in enumerate(
                (day.year - 1911 if self.language == "zh" else day.year, day.month, day.day)
            ):
                page.fill(f"input[name=invoice-0-issued_on_{part}]", str(value))
        else:
            page.fill("input[name=invoice-0-issued_on]", f"{day:%Y-%m-%d}")

    def platform_now(self, page: Page) -> datetime:
        """What the clock bar says."""
        return datetime.fromisoformat(page.locator(".clock-bar time").get_attribute("datetime") or "")

    def decide(self, page: Page, claim: str) -> None:
        """The officer approves, if the platform did not by itself."""
        page.goto("office/claims/")
        self.look(page, "office-claims")
        page.goto(f"office/claims/{claim}/")
        self.look(page, "office-claim")
        if page.locator("input[name=decision][value=approve]").count():
            page.locator("input[name=decision][value=approve]").check(force=True)
            self.submit(page, "main form:has(input[name=decision]) button.is-wide")

    def batch(self, page: Page) -> str:
        """The officer makes a batch of everything that can be paid; its number."""
        page.goto("office/payouts/")
        self.look(page, "payouts")
        self.submit(page, 'main form[action$="/payouts/new/"] button.button')
        return page.url.rstrip("/").rsplit("/", 1)[1]

    def pay(self, page: Page, batch: str) -> None:
        """Another person approves, the bank takes the file and answers."""
        address = f"office/payouts/{batch}/"
        page.goto(address)
        self.look(page, "payout")
        self.submit(page, 'main form[action$="/approve/"] button')
        for step in ("send", "result"):
            for _try in range(12):
                page.goto(address)
                button = page.locator(f'main form[action$="/{step}/"] button')
                if not button.count():
                    break
                self.submit(page, f'main form[action$="/{step}/"] button')
                page.wait_for_timeout(1000)
        self.look(page, "payout-settled")
