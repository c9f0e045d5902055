"""A custom class built in a browser: from pasted examples to a check that answers with it; and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from evenhand.settings import Settings
from tests.browser import axe, fits, needs_chromium, open_page
from tests.server import serving
from tests.turned_off import PICTURE_MODELS
from tests.unit.detectors.test_classes_text import pupils, sellers

pytestmark = needs_chromium
_SLOW_MS = 120_000  # teaching reads the audit's sentences once, on two slow cores with much else to do


@pytest.fixture
def server(tmp_path: Path) -> Iterator[httpx.Client]:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'test.db'}",
        data_dir=tmp_path,
        plugins=False,
        threads=1,
        disabled_detectors=PICTURE_MODELS,
    )
    with serving(settings, console=True) as client:
        yield client


def _fill(page: Page, name: str, examples: list[str], against: list[str], label: str = "") -> None:
    page.get_by_label("Name of the class").fill(name)
    page.get_by_label("Examples, one a line").fill("\n".join(examples))
    page.get_by_label("What it should not be taken for").fill("\n".join(against))
    if label:
        page.get_by_text("Label and threshold").click()
        page.get_by_label("Label of its findings").fill(label)
    page.get_by_role("button", name="Teach and test").click()


def test_from_pasted_examples_to_a_check_that_answers(server: httpx.Client, chromium: Browser) -> None:
    page, faults = open_page(chromium, str(server.base_url))
    page.goto("/console/classes")
    expect(page.get_by_text("No class is taught yet.")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("link", name="Build a class").click()
    assert axe(page) == []

    _fill(page, "religion", sellers(1, 10), [])
    expect(page.get_by_role("alert")).to_contain_text("religion", timeout=_SLOW_MS)

    hostile = "<img src=x onerror=\"document.title='ran'\"> We write essays for students, message me for prices."
    page.goto("/console/classes/new")
    _fill(page, "essay_mill", [*sellers(1, 23), hostile], pupils(1, 20), "spam.essay_mill")
    expect(page.get_by_role("heading", name="essay_mill")).to_be_visible(timeout=_SLOW_MS)
    expect(page.get_by_text("not deployed")).to_be_visible()
    expect(page.get_by_text("fairness audit passed")).to_be_visible()
    expect(page.get_by_role("heading", name="Worst mistakes")).to_be_visible()
    assert page.title() != "ran"
    assert axe(page) == []

    # Tried before it judges anything, and nothing is recorded
    offer = next(text for text in sellers(9, 40) if text not in sellers(1, 24))
    for text, said in ((offer, "found: spam.essay_mill"), ("The library opens at nine on weekdays.", "not found")):
        page.get_by_label("A text; nothing is decided about it").fill(text)
        page.get_by_role("button", name="Try it").click()
        expect(page.locator("#tried")).to_contain_text(said, timeout=_SLOW_MS)
    assert server.get("/v1/decisions").json()["decisions"] == []

    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text("judges contents").first).to_be_visible()
    assert "spam.essay_mill" in server.post("/v1/check", json={"text": offer}).json()["labels"]

    page.set_viewport_size({"width": 390, "height": 800})
    for path in ("/console/classes", "/console/classes/new", "/console/classes/essay_mill"):
        page.goto(path)
        assert fits(page), path
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("not deployed")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No class is taught yet.")).to_be_visible()
    page.context.close()
    assert not faults
