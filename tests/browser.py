"""A real browser for tests of the console: Debian's Chromium, driven by Playwright, and axe for accessibility.

Tests that need it skip with a reason where there is no Chromium (apt-get install chromium) or no axe (npm ci).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.server import quick, serving

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).parent / "node" / "node_modules" / "axe-core" / "axe.min.js"
WAIT_MS = 30_000  # generous: two slow cores may have much else to do

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (apt-get install chromium)")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the browser once for a file's tests. While it runs, its loop keeps asynchronous tests from running."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    # Chromium's own sandbox refuses to run for root, as tests in containers do.
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*flags, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[httpx.Client]:
    """Give a client of a real server with the console, without models, on a database of its own."""
    with serving(quick(tmp_path), console=True) as client:
        yield client


def open_page(browser: Browser, base: str, **options: Any) -> tuple[Page, list[str]]:
    """Open a page in a context of its own; close `page.context` in the end.

    Args:
        browser: that runs.
        base: address of the server.
        options: of Playwright's context: viewport, color_scheme, locale...

    Returns:
        The page, and the list of what went wrong in it: errors of scripts, and what the page's policy refused.
    """
    options.setdefault("viewport", {"width": 1280, "height": 800})
    context = browser.new_context(base_url=base, **options)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
    )
    return page, faults


@pytest.fixture
def browser_page(chromium: Browser, console: httpx.Client) -> Iterator[Page]:
    """Give a page on the server of `console`; the test fails if a script of it failed or its policy was broken."""
    page, faults = open_page(chromium, str(console.base_url))
    yield page
    page.context.close()
    assert not faults


def axe(page: Page) -> list[str]:
    """Give what axe finds serious or critical on a page, one line each: rule, and where."""
    if not AXE.exists():
        pytest.skip("needs axe-core (npm ci --prefix tests/node)")
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def fits(page: Page) -> bool:
    """Say whether a page needs no scrolling sideways."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return not wide
