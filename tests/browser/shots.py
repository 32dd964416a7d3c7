"""Pictures of pages at phone and desk width, in both themes, with what axe has to say about each.

Usage: python -m tests.browser.shots URL… --out DIR [--widths 390 1280] [--themes light dark] [--no-axe]
Exit status 1 when axe finds a violation or a page is wider than its window.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def violations(page: Page) -> list[str]:
    """What axe finds on the page, one line each; the window is made as tall as the page, so that nothing sticky covers a target."""
    size = page.viewport_size or {"width": 1280, "height": 900}
    page.set_viewport_size(
        {
            "width": size["width"],
            "height": min(12_000, int(page.evaluate("document.documentElement.scrollHeight")) + 1),
        }
    )
    answer = Axe().run(page, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
    page.set_viewport_size(size)
    return [
        f"{found['id']} ({found['impact']}): {found['help']} – {node['target']} {node['html'][:120]}"
        for found in answer.response["violations"]
        for node in found["nodes"][:4]
    ]


def overflow(page: Page) -> str:
    """The widest thing that sticks out of the window; empty when nothing does."""
    return str(
        page.evaluate(
            """() => {
              const wide = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= wide + 1) return "";
              const found = [...document.body.querySelectorAll("*")].find((each) => each.getBoundingClientRect().right > wide + 1);
              return found ? found.outerHTML.slice(0, 120) : "the page";
            }"""
        )
    )


def name_of(url: str) -> str:
    """A file name for an address."""
    parts = urlsplit(url)
    return (
        re.sub(r"[^\w-]+", "-", f"{parts.path}{'-' + parts.query if parts.query else ''}").strip("-")
        or "home"
    )


def shoot(browser: Browser, url: str, *, width: int, theme: Any, out: Path, axe: bool) -> list[str]:
    """One picture; returns the complaints about it."""
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width < 600 else 900}, color_scheme=theme
    )
    page = context.new_page()
    spoken: list[str] = []
    page.on("console", lambda line: spoken.append(f"console: {line.text}") if line.type == "error" else None)
    page.on("pageerror", lambda error: spoken.append(f"script: {error}"))
    page.goto(url, wait_until="load")
    page.wait_for_timeout(150)
    page.screenshot(
        path=out / f"{name_of(url)}-{width}{'-dark' if theme == 'dark' else ''}.png", full_page=True
    )
    wide = overflow(page)
    found = spoken + ([f"overflow: {wide}"] if wide else []) + (violations(page) if axe else [])
    context.close()
    return found


def main(arguments: list[str] | None = None) -> int:
    """Shoot every address at every width in every theme."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("urls", nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--widths", type=int, nargs="+", default=[390, 1280])
    parser.add_argument("--themes", nargs="+", default=["light", "dark"])
    parser.add_argument("--no-axe", action="store_true")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    seen: dict[tuple[str, str], list[str]] = {}
    with chromium() as browser:
        for url, width, theme in product(chosen.urls, chosen.widths, chosen.themes):
            for line in shoot(browser, url, width=width, theme=theme, out=chosen.out, axe=not chosen.no_axe):
                seen.setdefault((name_of(url), line), []).append(f"{width} {theme}")
    for (name, line), where in seen.items():
        print(f"{name} [{', '.join(where)}]: {line}")
    print(f"{len(seen)} complaints")
    return int(bool(seen))


if __name__ == "__main__":
    sys.exit(main())
