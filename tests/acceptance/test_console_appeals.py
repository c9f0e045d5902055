"""An appeal as it is used: from a signed link, without scripts, to its outcome; and the pages of quality."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from evenhand.domain import new_id
from evenhand.review.appeallinks import Links
from evenhand.settings import Settings
from tests.browser import axe, fits, needs_chromium, open_page
from tests.server import quick, serving

POLICY = """
name: strict
version: "1"
lines:
  default:
    rules:
      - name: contacts
        when: {label: ads.contact, score: {min: 0.5}}
        action: block
        reason: contact details are not shown
  forum:
    rules:
      - name: contacts
        when: {label: ads.contact, score: {min: 0.5}}
        action: review
        reason: a person looks at contact details
"""
HOSTILE = "<script>window.hit=1</script><img src=x onerror='window.hit=1'> call +1 415 555 0100"
pytestmark = needs_chromium


def _settings(folder: Path, **more: Any) -> Settings:
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "queues.yaml").write_text("default: {quorum: [{people: 2, actions: [block]}]}")
    return quick(
        folder,
        policy=folder / "policy.yaml",
        review_queues=folder / "queues.yaml",
        keep_originals_days=3,
        secret_key=SecretStr("not-a-real-secret-but-long-enough-for-one"),
        **more,
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[httpx.Client, Settings]]:
    """Give a server with the console, which keeps contents."""
    settings = _settings(tmp_path)
    with serving(settings, console=True) as client:
        yield client, settings


def _check(client: httpx.Client, text: str, line: str = "default") -> str:
    made = client.post("/v1/check", json={"text": text, "line": line})
    assert made.status_code == 200, made.text
    return str(made.json()["decision_id"])


def _good(page: Page) -> None:
    assert axe(page) == []
    assert fits(page)
    assert page.evaluate("window.hit") is None


def test_an_appeal_from_a_signed_link_to_the_outcome(chromium: Browser, server: tuple[httpx.Client, Settings]) -> None:
    client, _ = server
    base = str(client.base_url)
    decision_id = _check(client, HOSTILE)
    made = client.post("/v1/appeals/links", json={"decision_id": decision_id})
    assert made.status_code == 200, made.text
    path = made.json()["url"]

    # The appellant: a telephone, Chinese, no scripts at all.
    theirs, faults = open_page(
        chromium, base, viewport={"width": 390, "height": 800}, locale="zh-CN", java_script_enabled=False
    )
    theirs.goto(path)
    assert "415" not in theirs.content()
    theirs.get_by_label("为什么决定有误？").fill(HOSTILE + " 这是我们的热线")
    theirs.get_by_role("button", name="提交申诉").click()
    expect(theirs.get_by_role("heading", name="我们已收到您的申诉")).to_be_visible()
    assert theirs.locator("blockquote").inner_text() == HOSTILE + " 这是我们的热线"

    # The reviewer: takes it, looks, and overturns it.
    ours, more = open_page(chromium, base, viewport={"width": 1280, "height": 900}, color_scheme="dark")
    ours.goto("/console/appeals")
    _good(ours)
    ours.get_by_role("button", name="Take the next appeal").click()
    expect(ours.get_by_role("heading", name="What the appellant says")).to_be_visible()
    assert "热线" in ours.locator("blockquote").first.inner_text()
    expect(ours.locator("mark").first).to_contain_text("415 555 0100")
    _good(ours)
    wrong = ours.get_by_role("group", name="The decision was wrong")
    wrong.get_by_label("Explanation for the appellant").fill("这是公开的热线。<b>")
    wrong.get_by_label("Reason for colleagues").fill("a help line")
    wrong.get_by_role("button", name="Overturn").click()
    expect(ours.get_by_role("heading", name="Outcome")).to_be_visible()
    _good(ours)
    ours.goto("/console/appeals?state=decided")
    expect(ours.locator("tbody").first).to_contain_text("overturned")
    ours.goto("/console/appeals")
    ours.get_by_role("button", name="Take the next appeal").click()
    expect(ours.get_by_text("No appeal that you may decide waits.")).to_be_visible()

    # The appellant reads it, by the same address; so does a screen reader, in English.
    theirs.reload()
    expect(theirs.get_by_role("heading", name="您是对的：决定已更改")).to_be_visible()
    assert theirs.locator("blockquote").first.inner_text() == "这是公开的热线。<b>"
    assert "a help line" not in theirs.content()
    ours.goto(path + "?lang=en")
    expect(ours.get_by_role("heading", name="You were right: the decision was changed")).to_be_visible()
    _good(ours)
    assert client.get(f"/v1/decisions/{decision_id}").json()["review"]["action"] == "pass"
    theirs.context.close()
    ours.context.close()
    assert (faults, more) == ([], [])


def test_the_public_page_tells_what_is_wrong_and_gives_nothing_away(tmp_path: Path, chromium: Browser) -> None:
    settings = _settings(tmp_path, appeal_rate_limit=15)
    with serving(settings, console=True) as client:
        base, links = str(client.base_url), Links(settings)
        path = f"/appeal/{links.make(_check(client, HOSTILE))}"
        page, faults = open_page(chromium, base, viewport={"width": 390, "height": 800})
        page.goto(path)
        _good(page)
        page.context.close()
        assert faults == []
        shown = client.get(path)
        assert shown.headers["referrer-policy"] == "no-referrer"
        assert "noindex" in shown.headers["x-robots-tag"]
        form = {"content-type": "application/x-www-form-urlencoded"}
        for body, code, told in (
            ("statement=", 422, "Please write why"),
            ("statement=" + "x" * 4_001, 422, "Please write why"),
            ("x=1", 422, "Please write why"),
            ("statement=" + "x" * 60_000, 422, "Please write why"),
            ("statement=%ff", 422, "Please write why"),
        ):
            answer = client.post(path, content=body, headers=form)
            assert (answer.status_code, told in answer.text) == (code, True), body[:30]
        waits = _check(client, HOSTILE, "forum")
        answer = client.post(f"/appeal/{links.make(waits)}", content="statement=no", headers=form)
        assert (answer.status_code, "still to decide" in answer.text) == (409, True)
        gone = client.post(f"/appeal/{links.make(new_id())}", content="statement=kept+words", headers=form)
        assert (gone.status_code, "no longer stored" in gone.text, "kept words" in gone.text) == (404, True, True)
        for bad in ("nonsense", path.rpartition("/")[2][:-2]):
            answer = client.get(f"/appeal/{bad}")
            assert (answer.status_code, "This link is not good" in answer.text) == (404, True)
        codes = [client.get(path).status_code for _ in range(20)]
        assert codes[-1] == 429


def test_the_pages_of_quality(chromium: Browser, server: tuple[httpx.Client, Settings]) -> None:
    client, _ = server
    ids = [_check(client, f"{HOSTILE} {number}", "forum") for number in range(2)]
    page, faults = open_page(chromium, str(client.base_url), viewport={"width": 1280, "height": 900})
    assert client.post(f"/v1/review/items/{ids[0]}/decide", json={"verdict": "right"}).status_code == 200
    for path in ("", "/agreement", "/golden", "/disagreements", "/calibrations"):
        page.goto(f"/console/quality{path}")
        _good(page)
    page.goto("/console/quality/golden")
    by_hand = page.locator("form", has=page.get_by_label("Decision", exact=True))
    by_hand.get_by_label("Decision", exact=True).fill(ids[0])
    by_hand.get_by_label("Note for who gets it wrong").fill("<i>a phone number</i>")
    by_hand.get_by_role("button", name="Make").click()
    expect(page.get_by_text("<i>a phone number</i>")).to_be_visible()
    page.get_by_role("button", name="Retire the question").click()
    expect(page.locator("table").last.get_by_text("retired")).to_be_visible()

    page.goto("/console/quality/calibrations")
    page.get_by_label("Name").fill("Numbers <b>")
    page.get_by_label("Ids of decisions, one a line").fill("\n".join(ids))
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="Numbers <b>")).to_be_visible()
    first = page.get_by_role("region", name="Decision 1")
    expect(first).to_contain_text("415 555 0100")
    first.get_by_text("Judge").click()
    first.get_by_label("Reason").first.fill("a help line")
    first.get_by_role("button", name="Wrong", exact=True).click()
    expect(page.get_by_role("region", name="Decision 1")).to_contain_text("a help line")
    _good(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Close and compare").click()
    expect(page.get_by_text("All verdicts are shown, under letters.")).to_be_visible()
    note = page.get_by_role("region", name="Decision 1")
    note.get_by_label("Your note").fill("we should name help lines")
    note.get_by_role("button", name="Add").click()
    expect(page.get_by_text("we should name help lines")).to_be_visible()
    _good(page)
    page.set_viewport_size({"width": 390, "height": 800})
    _good(page)
    page.context.close()
    assert faults == []
