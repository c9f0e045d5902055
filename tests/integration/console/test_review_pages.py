"""The review pages in a real browser: protection by default, recordings, hostile content, everybody's use."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from evenhand.domain import Finding, Source
from evenhand.store import Store
from tests.browser import WAIT_MS, axe, fits, needs_chromium, open_page
from tests.media import after_start, drawn, encode, jpeg_segment
from tests.reviewdesk import HOSTILE, ME, put_clip, put_picture, wait
from tests.reviewing import ask, found

pytestmark = needs_chromium

expect.set_options(timeout=WAIT_MS)
_PASSWORD = "four plain words here"


def test_protection_is_on_by_default_and_breaks_come(page: Page, desk: tuple[httpx.Client, Store]) -> None:
    _, store = desk
    put_picture(store)
    page.goto("/console/review")
    page.keyboard.press("n")
    picture = page.locator("[data-picture]")
    expect(picture).to_have_css("filter", "blur(28px) grayscale(1)")
    wait(page, "() => document.querySelector('.boxes').getAttribute('viewBox') === '0 0 640 400'")
    width = picture.evaluate("one => one.getBoundingClientRect().width")
    assert width <= 352
    box = page.locator("rect[data-box]").evaluate("one => one.getBoundingClientRect().width")
    assert box == pytest.approx(100 * width / 640, abs=4)
    page.keyboard.down("v")
    expect(picture).to_have_css("filter", "blur(0px) grayscale(1)")
    page.keyboard.up("v")
    expect(picture).to_have_css("filter", "blur(28px) grayscale(1)")
    page.get_by_role("button", name="Hold to show").dispatch_event("pointerdown")
    expect(picture).to_have_css("filter", "blur(0px) grayscale(1)")
    page.dispatch_event("body", "pointerup")
    expect(picture).to_have_css("filter", "blur(28px) grayscale(1)")
    page.keyboard.press("g")
    expect(picture).to_have_css("filter", "blur(28px) grayscale(0)")
    page.keyboard.press("f")
    assert picture.evaluate("one => one.getBoundingClientRect().width") > 352

    page.goto("/console/review/wellness")
    page.get_by_label("Without colours").uncheck()
    page.get_by_label("Labels that you opted out of").fill("self_harm\n")
    page.get_by_label("... or after so many hard items").fill("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    comfort = store.wellness.comfort(ME)
    assert (comfort.greyscale, comfort.blur, comfort.opt_outs) == (False, True, ("self_harm",))
    assert comfort.break_after_hard == 1
    page.reload()
    page.get_by_label("Labels that you opted out of").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert store.wellness.comfort(ME).opt_outs == ()

    for number in range(2):
        hard = found("violence.graphic", source=Source.IMAGE)
        body = encode(drawn(640, 400 + number), "PNG")
        ask(store, body, hard, kind="image", media_type="image/png", labels={"violence.graphic": 0.9})
    page.goto("/console/review")
    for _ in range(3):
        page.keyboard.press("n" if page.locator("#item").count() == 0 else "b")
        page.wait_for_timeout(1_000)
    expect(page.get_by_role("status")).to_contain_text("It is time for a break.")
    expect(page.locator(".message.warn")).to_contain_text("You are on a break until")


def test_a_clip_its_timeline_and_its_words(page: Page, desk: tuple[httpx.Client, Store]) -> None:
    _, store = desk
    decision_id = put_clip(store)
    page.goto("/console/review")
    page.keyboard.press("n")
    player = page.locator("video")
    wait(page, "() => document.querySelector('video')?.readyState >= 1")
    assert player.evaluate("one => [one.muted, one.error]") == [True, None]
    expect(player).to_have_css("filter", "blur(28px) grayscale(1)")
    wait(page, "() => document.querySelector('[data-wave]').getAttribute('d').length > 1000")
    # j and k step from incident to incident; the player, the head of the timeline and its clock follow.
    for key, at, clock in (("j", 2.0, "0:02.0"), ("j", 4.0, "0:04.0"), ("k", 2.0, "0:02.0")):
        page.keyboard.press(key)
        wait(page, "at => Math.abs(document.querySelector('video').currentTime - at) < 0.05", at)
        expect(page.locator("[data-clock]")).to_have_text(clock)
        head = float(page.locator("[data-head]").get_attribute("x1") or 0)
        assert head == pytest.approx(1_000 * at / 6, abs=15)
    expect(page.locator("[data-incident-bar].on")).to_have_count(1)
    # The box of what was seen stands on the video at its time, and in its place.
    frame, drawn_box = player.bounding_box(), page.locator("rect[data-box]").bounding_box()
    assert frame is not None
    assert drawn_box is not None
    assert drawn_box["width"] == pytest.approx(frame["width"] * 128 / 320, abs=6)
    assert drawn_box["x"] - frame["x"] == pytest.approx(frame["width"] * 32 / 320, abs=6)
    page.keyboard.press("j")
    expect(page.locator("rect[data-box]")).to_be_hidden()
    expect(page.locator("[data-transcript]")).to_contain_text("a mild word")
    page.get_by_role("button", name="Write down what is said").click()
    expect(page.locator("[data-transcript]")).to_contain_text("see you at the pier")
    page.locator("[data-transcript] button", has_text="see you at the pier").click()
    expect(page.locator("[data-transcript] button[aria-current=true]")).to_contain_text("see you at the pier")
    line = page.locator("[data-timeline]")
    where = line.bounding_box()
    assert where is not None
    line.click(position={"x": where["width"] / 4, "y": 10})
    wait(page, "() => Math.abs(document.querySelector('video').currentTime - 1.5) < 0.2")
    expect(page.locator("[data-transcript] button[aria-current=true]")).to_contain_text("good morning everybody")
    page.keyboard.press("l")
    wait(page, "() => document.querySelector('video').currentTime > 1.8")
    page.keyboard.press("l")
    page.keyboard.press("u")
    assert player.evaluate("one => one.muted") is False
    traits = store.traits.get(store.reviews.get(decision_id).content_hash)
    assert traits is not None
    assert traits.transcript is not None
    assert traits.peaks is not None


def test_hostile_content_stays_content(page: Page, desk: tuple[httpx.Client, Store]) -> None:
    client, store = desk
    context = {
        "channel": HOSTILE,
        HOSTILE: HOSTILE,
        "author": {"age_days": HOSTILE},
        "conversation": [{"author": HOSTILE, "text": HOSTILE}],
    }
    evil = Finding(
        label="ads.contact",
        score=0.9,
        location=found("x", source=Source.OCR, box=(1.0, 1.0, 9.0, 9.0), text=HOSTILE).location,
        detector="text.test",
        version="1",
        reason=HOSTILE,
    )
    more: dict[str, Any] = {
        "context": context,
        "id": HOSTILE,
        "reason": HOSTILE,
        "rule": HOSTILE,
        "incomplete": {"x": HOSTILE},
    }
    text = ask(store, HOSTILE, evil, found("ads.contact", span=(3, 30)), **more)
    comment, exif = jpeg_segment(0xFE, HOSTILE.encode()), jpeg_segment(0xE1, b"Exif\0\0" + HOSTILE.encode())
    jpeg = ask(store, after_start(encode(drawn(64, 64), "JPEG"), comment, exif), evil, kind="image", **more)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="window.ran=1"><script>window.ran=1</script>{HOSTILE}</svg>'
    vector = ask(store, svg, evil, media_type="image/svg+xml", kind="image", **more)
    html = ask(store, f"<!doctype html><body>{HOSTILE}", media_type="text/html", kind="text", **more)
    store.reviews.take(text, ME)
    store.reviews.escalate(text, ME, HOSTILE)
    for decision_id in (text, jpeg, vector, html):
        page.goto(f"/console/review/items/{decision_id}")
        expect(page.locator("#similar-found")).to_be_visible()
        assert HOSTILE in page.inner_text("#item")
        assert page.evaluate("window.ran") is None
        assert page.locator("#item script, #item [onerror], #item [onload]").count() == 0
        page.keyboard.press("c")
        expect(page.locator("#item[data-mine]")).to_be_visible()
        expect(page.locator("#similar-found")).to_be_visible()
        assert page.evaluate("window.ran") is None
    for path in ("/console/review", "/console/review/items"):
        page.goto(f"{path}?queue={'%3Cscript%3E'}")
        assert page.evaluate("window.ran") is None
    # What is opened by itself is saved, not shown.
    for decision_id in (vector, html):
        with page.expect_download() as saved:
            page.evaluate("path => { location.href = path }", f"/v1/review/items/{decision_id}/media")
        assert saved.value.suggested_filename == f"content-{decision_id}.bin"
    sandboxed = client.get(f"/v1/review/items/{jpeg}/picture")
    assert b"window.ran" not in sandboxed.content


@pytest.mark.parametrize(
    "options",
    [{}, {"color_scheme": "dark"}, {"locale": "zh-CN"}, {"viewport": {"width": 390, "height": 844}}],
    ids=["wide", "dark", "chinese", "narrow"],
)
def test_everybody_can_use_the_pages(
    chromium: Browser, desk: tuple[httpx.Client, Store], options: dict[str, Any]
) -> None:
    client, store = desk
    text = ask(
        store,
        "cаll mе at the pier",
        found("ads.contact", span=(0, 7)),
        context={"channel": "chat", "conversation": [{"author": "a", "text": "hello"}]},
    )
    picture, clip = put_picture(store), put_clip(store)
    store.reviews.take(text, ME)
    page, faults = open_page(chromium, str(client.base_url), **options)
    pages = [f"items/{one}" for one in (text, picture, clip)]
    for path in ("", "/items", "/wellness", *(f"/{one}" for one in pages)):
        page.goto(f"/console/review{path}")
        if path.startswith("/items/"):
            expect(page.locator("#similar-found")).to_be_visible()
        assert not axe(page), path
        assert fits(page), path
    page.keyboard.press("w")
    expect(page.locator("dialog[open]")).to_be_visible()
    assert not axe(page), "dialog"
    page.context.close()
    assert not faults
