"""The frame of the console in a real browser."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe, fits, open_page


def test_the_first_page(browser_page: Page) -> None:
    browser_page.goto("/")
    expect(browser_page).to_have_url(f"{browser_page.url.split('/console')[0]}/console")
    expect(browser_page.get_by_role("heading", level=1)).to_be_visible()
    browser_page.keyboard.press("?")
    expect(browser_page.get_by_role("dialog")).to_be_visible()
    expect(browser_page.get_by_role("dialog").locator("kbd").first).to_have_text("?")
    assert not axe(browser_page)


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 390, "height": 844}},
        {"color_scheme": "dark"},
        {"locale": "zh-CN"},
    ],
    ids=["narrow", "dark", "chinese"],
)
def test_the_first_page_is_for_everybody(chromium: Browser, console: httpx.Client, options: dict[str, object]) -> None:
    page, faults = open_page(chromium, str(console.base_url), **options)
    page.goto("/console")
    assert not axe(page)
    assert fits(page)
    if options.get("locale"):
        assert page.get_attribute("html", "lang") == "zh-Hans"
        expect(page.get_by_role("heading", level=1)).to_have_text("控制台")
    page.context.close()
    assert not faults


def test_headers_of_pages_and_errors(console: httpx.Client) -> None:
    for path in ("/console", "/console/no-such-page", "/console/static/api.js"):
        answer = console.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    missing = console.get("/console/<script>alert(1)</script>")
    assert missing.status_code == 404
    assert missing.headers["content-type"].startswith("text/html")
    assert "<script>alert" not in missing.text
    # The API keeps its own shape.
    assert console.get("/v1/no-such-thing").json()["error"]["code"] == "not_found"


def test_a_script_is_loaded_once_and_kept_until_it_changes(chromium: Browser, console: httpx.Client) -> None:
    page, faults = open_page(chromium, str(console.base_url))
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url) if request.url.endswith("api.js") else None)
    page.goto("/console/review")  # its own module imports api.js, too
    page.wait_for_load_state("networkidle")
    (address,) = loaded
    page.context.close()
    assert not faults
    assert "immutable" in console.get(address).headers["cache-control"]
    assert "no-store" in console.get("/console/static/api.js").headers["cache-control"]


def test_one_entry_of_the_navigation_is_where_one_is(browser_page: Page) -> None:
    for path in ("/console/marks", "/console/marks/proposals"):
        browser_page.goto(path)
        current = browser_page.locator("header.top nav a[aria-current=page]")
        expect(current).to_have_count(1)
        expect(current).to_have_attribute("href", path)


def test_tables_can_be_read_on_a_phone_in_chinese(chromium: Browser, console: httpx.Client) -> None:
    for text in ("Ring me: +1 415 555 0100", "See http://shop.example/" + 300 * "a"):
        assert console.post("/v1/check", json={"text": text, "id": 200 * "x"}).status_code == 200
    said = {"name": "long-words", "kind": "words", "list": "black", "label": "spam.scam", "note": 200 * "x"}
    made = console.post("/v1/libraries", json=said)
    assert made.status_code == 201, made.text
    page, faults = open_page(chromium, str(console.base_url), viewport={"width": 390, "height": 844}, locale="zh-CN")
    for path in ("/console/decisions", "/console/auditlog", "/console/libraries"):
        page.goto(path)
        assert fits(page), path
        assert not axe(page), path
        widths = page.eval_on_selector_all(
            ".scroll td:not(.number), .scroll tbody th", "cells => cells.map(one => one.getBoundingClientRect().width)"
        )
        assert min(widths) >= 100, path  # Chinese breaks anywhere: a squeezed column is a letter wide
        assert max(widths) <= 390, path  # and what has no end does not take all of the screen
    page.context.close()
    assert not faults


def test_a_server_that_is_gone_is_told_in_the_visitors_language(chromium: Browser, console: httpx.Client) -> None:
    page, _ = open_page(chromium, str(console.base_url), locale="zh-CN")
    page.goto("/console/dashboards/alerts")
    page.context.set_offline(True)
    page.get_by_role("button", name="立即检查所有告警").click()
    expect(page.get_by_role("alert")).to_contain_text("无法连接服务器")
    page.context.close()
