"""Review in a real browser: a whole shift by keyboard, protection by default, recordings, hostile content."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from evenhand.domain import Finding, Incident, Modality, Source
from evenhand.store import Store, open_store
from evenhand.store.reviewrecords import LOCAL, Person
from tests.browser import WAIT_MS, axe, fits, needs_chromium, open_page
from tests.media import after_start, drawn, encode, jpeg_segment
from tests.recordings import landscape, tone, video
from tests.reviewing import ask, found
from tests.server import quick, serving

pytestmark = needs_chromium

ME = Person(id=LOCAL, name=LOCAL, senior=True)
HOSTILE = "<img src=x onerror=\"window.ran='yes'\"><script>window.ran='yes'</script>\"'><svg onload=window.ran='yes'>"
expect.set_options(timeout=WAIT_MS)
_PASSWORD = "four plain words here"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[httpx.Client, Store]]:
    """Give a server with the console that keeps contents, and its store."""
    settings = quick(tmp_path, keep_originals_days=30, keep_context_keys=("channel", "author", "conversation", HOSTILE))
    store = open_store(settings=settings)
    store.migrate()
    with serving(settings, console=True) as client:
        yield client, store
    store.close()


@pytest.fixture
def page(chromium: Browser, desk: tuple[httpx.Client, Store]) -> Iterator[Page]:
    """Give a page on that server; the test fails where a script failed or the page's policy was broken."""
    opened, faults = open_page(chromium, str(desk[0].base_url))
    yield opened
    opened.context.close()
    assert not faults


def _picture(store: Store, **fields: Any) -> str:
    qr = found("ads.qrcode", source=Source.IMAGE, box=(20.0, 30.0, 120.0, 140.0))
    return ask(store, encode(drawn(640, 400), "JPEG"), qr, kind="image", media_type="image/jpeg", **fields)


def _clip(store: Store) -> str:
    """Put a real clip into the queue, with incidents as the check of a recording gives them."""
    rate = 48_000
    data = video(
        landscape,
        seconds=6.0,
        fmt="matroska",
        codec="libvpx",
        sounds=[tone(6.0, rate=rate)],
        sound_codec="libopus",
        rate=rate,
        subtitles=[(1.0, 2.0, "good morning everybody"), (4.0, 5.0, "see you at the pier")],
    )
    seen = found("violence.weapon", source=Source.FRAME, time=(2.0, 3.0), box=(32.0, 18.0, 160.0, 90.0))
    said = found("harassment.insult", 0.8, source=Source.SPEECH, time=(4.0, 4.5), text="a mild word")
    return ask(
        store,
        data,
        seen,
        said,
        kind="video",
        media_type="video/webm",
        incidents=(_incident(2.0, 3.0, seen, Modality.SEEN), _incident(4.0, 4.5, said, Modality.SAID)),
        media={"duration": 6.0},
    )


def _incident(start: float, end: float, one: Finding, how: Modality) -> Incident:
    return Incident(
        start=start,
        end=end,
        label=one.label,
        score=one.score,
        labels={one.label: one.score},
        modalities=(how,),
        count=1,
        findings=(one,),
    )


def _wait(page: Page, test: str, arg: Any = None) -> None:
    """Wait until a function of JavaScript gives true. Asked from here: a page's policy lets nothing evaluate texts."""
    for _ in range(600):
        with suppress(Error):  # the page is just being left for another
            if page.evaluate(test, arg):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {test}")


def _stepped(page: Page, steps: int) -> None:
    """Wait until so many steps were done, and the next item stands on the page with its heading in focus."""
    _wait(page, "n => Number(document.documentElement.dataset.steps) === n", steps)
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert "Next item" in page.inner_text("#messages")


def test_a_shift_of_fifty_items_by_keyboard_alone(page: Page, desk: tuple[httpx.Client, Store]) -> None:
    _, store = desk
    ids = [ask(store, f"call me at number {number}", found("ads.contact", span=(0, 7))) for number in range(44)]
    ids += [_picture(store, content_hash=f"sha256:{number:064x}") for number in range(6)]
    page.goto("/console/review")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_text("Review the next item", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#item[data-mine]")).to_be_visible()
    assert page.locator("#item").get_attribute("data-id") in ids
    page.keyboard.press("?")
    for name in ("Harmless: pass", "Undo my last verdict", "Skip …", "Next place of evidence", "Escalate …"):
        expect(page.get_by_role("dialog").get_by_text(name).first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-evidence][aria-current=true]")).to_have_count(1)
    expect(page.locator("mark.on")).to_have_text("[ads.contact: call me]")

    steps, keys, times = 0, "bmpa", []
    for number in range(40):
        last = page.locator("#item").get_attribute("data-id")
        page.keyboard.press(keys[number % 4])
        steps += 1
        _stepped(page, steps)
        times.append(float(page.evaluate("document.documentElement.dataset.stepMs")))
    # Undo: the last one is in hand again, and the one that was is free for others.
    page.keyboard.press("z")
    steps += 1
    _wait(page, "n => Number(document.documentElement.dataset.steps) === n", steps)
    assert page.locator("#item").get_attribute("data-id") == last
    page.keyboard.press("p")
    steps += 1
    _stepped(page, steps)
    # Dialogs: skip, escalate (which comes back first, to somebody senior), hold, other labels.
    page.keyboard.press("s")
    page.keyboard.type("I know this person")
    page.keyboard.press("Enter")
    steps += 1
    _stepped(page, steps)
    page.keyboard.press("e")
    page.keyboard.type("please look")
    page.keyboard.press("Enter")
    steps += 1
    _stepped(page, steps)
    expect(page.locator(".item-head")).to_contain_text("please look")
    page.keyboard.press("o")
    page.keyboard.press("Enter")
    steps += 1
    _stepped(page, steps)
    page.keyboard.press("w")
    page.keyboard.press("Tab")
    page.locator("dialog[open] select[name=labels]").focus()
    page.keyboard.type("spam.scam")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("a fraud")
    page.keyboard.press("Enter")
    steps += 1
    _stepped(page, steps)
    while page.locator("#item").count():
        page.keyboard.press("b")
        steps += 1
        _wait(
            page,
            "n => !document.getElementById('item') || Number(document.documentElement.dataset.steps) === n",
            steps,
        )
        if page.url.rstrip("/").endswith("/console/review"):
            break
    expect(page.get_by_role("status")).to_contain_text("Nothing more waits for you.")
    by_state = {state: len(store.reviews.page(state=state, limit=100)) for state in ("done", "held", "waiting")}
    assert by_state == {"done": 48, "held": 1, "waiting": 1}
    verdicts = [item.verdict for item in store.reviews.page(state="done", limit=100) if item.verdict]
    assert sum(one["verdict"] == "wrong" and one["labels"] == ["spam.scam"] for one in verdicts) == 1
    assert {one["action"] for one in verdicts} == {"block", "mark", "pass"}
    assert store.audit.verify().problems == ()
    assert all(one > 0 for one in times)


def test_what_is_left_is_given_back(page: Page, desk: tuple[httpx.Client, Store]) -> None:
    _, store = desk
    decision_id = ask(store, "call me", found("ads.contact", span=(0, 4)))
    page.goto("/console/review")
    page.keyboard.press("n")
    expect(page.locator("#item[data-mine]")).to_be_visible()
    assert store.reviews.get(decision_id).state == "claimed"
    page.goto("/console/review/items")
    _until(page, store, decision_id, "waiting")
    page.goto(f"/console/review/items/{decision_id}")
    expect(page.get_by_role("button", name="Claim this item")).to_be_visible()
    assert store.reviews.get(decision_id).state == "waiting", "to look is not to claim"
    page.keyboard.press("c")
    expect(page.locator("#item[data-mine]")).to_be_visible()
    page.reload()
    expect(page.locator("#item[data-mine]")).to_be_visible()
    page.keyboard.press("p")
    page.wait_for_url("**/console/review")
    _until(page, store, decision_id, "done")


def _until(page: Page, store: Store, decision_id: str, state: str) -> None:
    for _ in range(300):
        if store.reviews.get(decision_id).state == state:
            return
        page.wait_for_timeout(100)
    assert store.reviews.get(decision_id).state == state


def test_two_people_with_logins_side_by_side(chromium: Browser, tmp_path: Path) -> None:
    settings = quick(tmp_path, keep_originals_days=30)
    store = open_store(settings=settings)
    store.migrate()
    for name, labels in (("ann", ()), ("bob", ("ads",))):
        store.accounts.create(
            name, actor=LOCAL, roles=("reviewer",), password=_PASSWORD, must_change=False, labels=labels
        )
    ids = [ask(store, f"call me at number {number}", found("ads.contact", span=(0, 7))) for number in range(2)]
    insult = ask(store, "a mild word", found("harassment.insult", span=(0, 6)))
    with serving(settings, console=True) as client:
        people = [open_page(chromium, str(client.base_url)) for _ in range(2)]
        (ann, _), (bob, _) = people
        for name, page in (("ann", ann), ("bob", bob)):
            page.goto("/console/review")
            page.get_by_label("Name").fill(name)
            page.get_by_label("Password").fill(_PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("button", name="Review the next item", exact=True)).to_be_visible()
            page.wait_for_load_state()
            page.keyboard.press("n")
            expect(page.locator("#item[data-mine]")).to_be_visible()
        held = [page.locator("#item").get_attribute("data-id") for page in (ann, bob)]
        assert sorted(map(str, held)) == sorted(ids), "two people, two items"
        refused = bob.request.get(f"/v1/review/items/{insult}/content")
        assert refused.status == 404, "bob works on advertising alone"
        # What a page may do needs its token: another site that has the cookie sent does nothing.
        forged = bob.request.post(f"/v1/review/items/{held[1]}/decide", data={"verdict": "right"})
        assert forged.status == 403
        ann.keyboard.press("e")
        ann.keyboard.type("for somebody senior")
        ann.keyboard.press("Enter")
        _stepped(ann, 1)
        assert ann.locator("#item").get_attribute("data-id") == insult, "what was escalated is for others"
        bob.goto(f"/console/review/items/{held[0]}")
        assert "somebody senior" in bob.inner_text("main")
        bob.goto("/console/review/wellness")
        bob.get_by_label("Blur until held").uncheck()
        bob.get_by_role("button", name="Save").click()
        expect(bob.get_by_role("status")).to_contain_text("Saved.")
        ann.goto("/console/review/wellness")
        assert ann.get_by_label("Blur until held").is_checked()
        for page, faults in people:
            page.context.close()
            assert not faults
    store.close()


def test_protection_is_on_by_default_and_breaks_come(page: Page, desk: tuple[httpx.Client, Store]) -> None:
    _, store = desk
    _picture(store)
    page.goto("/console/review")
    page.keyboard.press("n")
    picture = page.locator("[data-picture]")
    expect(picture).to_have_css("filter", "blur(28px) grayscale(1)")
    _wait(page, "() => document.querySelector('.boxes').getAttribute('viewBox') === '0 0 640 400'")
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
    decision_id = _clip(store)
    page.goto("/console/review")
    page.keyboard.press("n")
    player = page.locator("video")
    _wait(page, "() => document.querySelector('video')?.readyState >= 1")
    assert player.evaluate("one => [one.muted, one.error]") == [True, None]
    expect(player).to_have_css("filter", "blur(28px) grayscale(1)")
    _wait(page, "() => document.querySelector('[data-wave]').getAttribute('d').length > 1000")
    # j and k step from incident to incident; the player, the head of the timeline and its clock follow.
    for key, at, clock in (("j", 2.0, "0:02.0"), ("j", 4.0, "0:04.0"), ("k", 2.0, "0:02.0")):
        page.keyboard.press(key)
        _wait(page, "at => Math.abs(document.querySelector('video').currentTime - at) < 0.05", at)
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
    _wait(page, "() => Math.abs(document.querySelector('video').currentTime - 1.5) < 0.2")
    expect(page.locator("[data-transcript] button[aria-current=true]")).to_contain_text("good morning everybody")
    page.keyboard.press("l")
    _wait(page, "() => document.querySelector('video').currentTime > 1.8")
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
    picture, clip = _picture(store), _clip(store)
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
