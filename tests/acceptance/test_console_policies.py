"""A policy change in a browser: from a draft through blast radius, shadow, publishing and the brake to rollback."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe, fits, needs_chromium, open_page
from tests.jobworker import settings_for
from tests.server import serving

pytestmark = needs_chromium
_SLOW_MS = 300_000  # the audit reads all its sentences, on slow cores with much else to do
CALL = "call me at 555-010-{:04d}"
HOSTILE = "<img src=x onerror=\"document.title='ran'\"> call me at 555-010-9999"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[httpx.Client]:
    settings = settings_for(
        f"sqlite:///{tmp_path / 'test.db'}", tmp_path, policy_poll_s=0.2, keep_originals_days=2, log_level="warning"
    )
    with serving(settings, work=True, console=True) as client:
        yield client


def _check(client: httpx.Client, text: str) -> dict[str, Any]:
    answer = client.post("/v1/check", json={"text": text})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SLOW_MS / 1000
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def _sound(page: Page) -> None:
    assert axe(page) == []


def test_from_a_draft_to_the_brake_and_back(server: httpx.Client, chromium: Browser) -> None:
    for number in range(12):
        assert _check(server, CALL.format(number))["action"] == "mark"
    _check(server, HOSTILE)
    page, faults = open_page(chromium, str(server.base_url))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/console/policies")
    expect(page.locator("#source")).to_contain_text("the policy that ships decides")
    _sound(page)

    # The editor: both views of one document stay in step, and problems are told as they are typed
    page.get_by_label("Start from").select_option("marketplace")
    page.get_by_role("button", name="New policy").click()
    expect(page.locator("#verdict")).to_have_text("In order.")
    text = page.locator("#document")
    page.get_by_text("contact-in-offer → review").click()
    page.locator("details.rule[open]").get_by_label("Score from").fill("0.65")
    page.locator("details.rule[open]").get_by_label("Score from").press("Tab")
    expect(text).to_have_value(re.compile(r"score: \{min: 0.65\}"))
    expect(text).to_have_value(re.compile("# What is sold here"))
    good = text.input_value()
    text.fill(good.replace("action: review", "action: revue", 1))
    expect(page.locator("#problems")).to_contain_text("revue")
    page.locator("#problems button").first.click()
    text.fill(good.replace('version: "1"', 'version: "2"'))
    expect(page.locator("#verdict")).to_have_text("In order.")
    expect(page.get_by_label("Version", exact=True)).to_have_value("2")
    page.get_by_label("What is this version for?").fill("Contact details <b>wait</b>")
    _sound(page)
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("marketplace 2")
    address = page.url
    version = address.rpartition("/")[2]

    # Said, compared, and what it would change
    page.get_by_label("Comment", exact=True).fill("Why <i>this</i>?")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_text("Why <i>this</i>?")).to_be_visible()
    page.get_by_role("button", name="What would change?").click()
    expect(page.get_by_text("What becomes of what")).to_be_visible(timeout=_SLOW_MS)
    expect(page.locator("svg.plot").first).to_be_visible()
    page.get_by_text("Show the text").last.click()
    assert page.title() != "ran"
    _sound(page)

    # Proposed, beside the live one, approved
    page.get_by_role("button", name="Propose").click()
    page.get_by_role("button", name="Start shadow mode").click()
    expect(page.get_by_role("button", name="End shadow mode")).to_be_visible()
    for number in range(3):
        assert _check(server, CALL.format(number))["action"] == "mark"
    _until(lambda: server.get(f"/v1/policies/versions/{version}/shadow").json()["decisions"] == 3)
    page.reload()
    expect(page.locator("#shadow-tiles")).to_contain_text("3")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Publish")).to_be_visible()

    # Published for all, with a brake; the audit runs first
    page.get_by_label("Block rate, least and most").fill("[0, 0.5]")
    page.get_by_label("Review rate, least and most").fill("[0, 0.5]")
    page.get_by_label("At least so many decisions").fill("8")
    page.locator("#publish button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("live", timeout=_SLOW_MS)
    expect(page.locator("#audit")).to_contain_text("passed")
    _until(lambda: _check(server, "good morning")["policy"] == "marketplace@2/default")
    page.goto("/console/policies/live/marketplace")
    expect(page.locator("#live")).to_contain_text("2")
    _sound(page)

    # Real traffic trips the brake
    decisions = [_check(server, CALL.format(number)) for number in range(12)]
    assert decisions[0]["action"] == "review"
    _until(lambda: _check(server, CALL.format(1))["policy"].startswith("evenhand-default@"))
    page.reload()
    expect(page.locator("#live")).to_contain_text("the policy that ships")
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_contain_text("stopped")

    # What it did is previewed, undone, and put back
    page.goto("/console/policies/live/marketplace")
    page.locator("#undo").get_by_label("Until").fill("2099-01-01T00:00+00:00")
    page.locator("#undo button").click()
    expect(page.locator("#undo-tiles")).to_contain_text("changed", timeout=_SLOW_MS)
    page.get_by_role("button", name="Undo these decisions").click()
    expect(page.get_by_role("button", name="Put back what this changed")).to_be_visible(timeout=_SLOW_MS)
    assert server.get(f"/v1/decisions/{decisions[0]['decision_id']}").json()["action"] == "mark"
    _sound(page)
    page.get_by_role("button", name="Put back what this changed").click()
    expect(page.get_by_text("decisions were put back")).to_be_visible(timeout=_SLOW_MS)

    # Published again, without a second audit, for a share; the share grows; and back by hand
    page.goto(address)
    page.get_by_label("Review rate, least and most").fill("[0, 1]")
    page.get_by_label("Share of contents").select_option("0.1")
    page.locator("#publish button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("candidate")
    page.goto("/console/policies/live/marketplace")
    page.locator("#rollout input").fill("0.4")
    expect(page.locator("#share-out")).to_have_text("40")
    page.get_by_role("button", name="Set the share").click()
    expect(page.get_by_text("40.0 %")).to_be_visible()
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("40.0 %")).to_be_hidden()
    page.context.close()
    assert not faults

    # A narrow screen, in the dark, in Chinese
    small, faults = open_page(
        chromium, str(server.base_url), viewport={"width": 390, "height": 800}, color_scheme="dark", locale="zh-CN"
    )
    for path in ("/console/policies", address, "/console/policies/live/marketplace", "/console/policies/new"):
        small.goto(path)
        expect(small.get_by_role("heading", level=1)).to_be_visible()
        assert fits(small), path
        _sound(small)
    expect(small.get_by_role("button", name="保存草稿")).to_be_visible()
    small.context.close()
    assert not faults
