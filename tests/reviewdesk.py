"""What tests of the review pages share: a desk with its store, real content in the queue, and waiting for steps."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from playwright.sync_api import Error, Page, expect

from evenhand.domain import Finding, Incident, Modality, Source
from evenhand.store import Store
from evenhand.store.reviewrecords import LOCAL, Person
from tests.browser import WAIT_MS
from tests.media import drawn, encode
from tests.recordings import landscape, tone, video
from tests.reviewing import ask, found

ME = Person(id=LOCAL, name=LOCAL, senior=True)
HOSTILE = "<img src=x onerror=\"window.ran='yes'\"><script>window.ran='yes'</script>\"'><svg onload=window.ran='yes'>"
expect.set_options(timeout=WAIT_MS)


def put_picture(store: Store, **fields: Any) -> str:
    qr = found("ads.qrcode", source=Source.IMAGE, box=(20.0, 30.0, 120.0, 140.0))
    return ask(store, encode(drawn(640, 400), "JPEG"), qr, kind="image", media_type="image/jpeg", **fields)


def put_clip(store: Store) -> str:
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


def wait(page: Page, test: str, arg: Any = None) -> None:
    """Wait until a function of JavaScript gives true. Asked from here: a page's policy lets nothing evaluate texts."""
    for _ in range(600):
        with suppress(Error):  # the page is just being left for another
            if page.evaluate(test, arg):
                return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {test}")


def stepped(page: Page, steps: int) -> None:
    """Wait until so many steps were done, and the next item stands on the page with its heading in focus."""
    wait(page, "n => Number(document.documentElement.dataset.steps) === n", steps)
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert "Next item" in page.inner_text("#messages")
