"""Marks about nearly the same content, with the text model that ships: a word or two makes another text of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw

from evenhand.app import AsyncModerator
from evenhand.domain import Content, Result
from evenhand.review.applying import apply, foresee
from evenhand.review.marking import Said
from evenhand.settings import Settings
from evenhand.shelves.nearmarks import read_rows
from evenhand.store.reviewrecords import Person

CHIEF = Person(id="chief", name="chief", senior=True)
FLAGGED = (
    "Our new village coach explained the training plan again on {day} evening, and honestly you are such a "
    "{word} that nobody in the hall wanted to leave before it was over"
)
CLEAN = FLAGGED.replace("you are", "he is")
CALL = "The choir meets on {day} evenings in the old hall; call Mary at +1 415 555 {number} to join our spring concert"
FINE: dict[str, Any] = {"verdict": "wrong", "labels": [], "reason": "no insult", "action": "pass"}
BAD: dict[str, Any] = {"verdict": "overridden", "reason": "an insult", "action": "block"}


@dataclass(frozen=True)
class Here:
    """A moderator, and a person who marks."""

    moderator: AsyncModerator
    settings: Settings

    def check(self, content: str | bytes) -> Result:
        """Check a content with the marks that are in force now."""
        corrections = self.moderator.pipeline._corrections
        assert corrections is not None
        corrections.look()
        made = Content(text=content) if isinstance(content, str) else Content(data=content)
        return asyncio.run(self.moderator.check(made))

    def marked(self, content: str | bytes, *before: str, **said: Any) -> tuple[Any, Result]:
        """Mark a content with what is nearly the same, and apply it; give what it spoke of, and the decision."""
        store = self.moderator.store
        assert store is not None
        for text in before:
            self.check(text)
        decision = self.check(content)
        row = Said(decision_id=decision.decision_id, near=True, **said)
        (mark,) = store.marks.add(CHIEF, read_rows(store, self.settings, [row]))
        assert foresee(store, [mark.id]).touched == apply(store, [mark.id], CHIEF).touched
        return foresee(store, [mark.id]), decision


@pytest.fixture
def here(url: str) -> Iterator[Here]:
    settings = Settings(database_url=url, plugins=False, threads=1, fingerprints="all")
    moderator = AsyncModerator(settings)
    yield Here(moderator, settings)
    moderator.close()


def test_a_harmless_text_that_was_marked_clears_no_insulting_rewrite(here: Here) -> None:
    insult = CLEAN.format(day="Friday", word="pathetic idiot")
    seen, first = here.marked(CLEAN.format(day="Friday", word="charmer"), insult, **FINE)
    assert first.action.value == "pass"
    (effect,) = seen.effects
    assert (len(seen.touched), seen.unlike[effect.mark]) == (1, 1)  # the insult that came before is left as it is
    for word in ("pathetic idiot", "stupid clown"):
        again = here.check(CLEAN.format(day="Friday", word=word))
        assert (again.action.value, again.rule) == ("block", "harassment-certain")
        assert "harassment.insult" in again.labels
        assert effect.mark in again.reason
        assert "differs in harassment" in again.reason
    assert here.check(CLEAN.format(day="Monday", word="charmer")).rule == "mark"


def test_what_was_found_wrongly_is_cleared_on_the_same_words_and_no_others(here: Here) -> None:
    _, first = here.marked(FLAGGED.format(day="Friday", word="charmer"), **FINE)
    assert (first.action.value, set(first.labels)) == ("review", {"harassment", "harassment.insult"})
    same = here.check(FLAGGED.format(day="Monday", word="charmer"))
    assert (same.action.value, same.rule, same.findings) == ("pass", "mark", ())
    other = here.check(FLAGGED.format(day="Friday", word="pathetic idiot"))  # same labels, scores as high
    assert set(other.labels) == set(first.labels)
    assert (other.action.value, other.rule) == ("block", "harassment-certain")


def test_another_number_to_call_is_not_cleared(here: Here) -> None:
    _, first = here.marked(CALL.format(day="Thursday", number="0100"), **FINE)
    assert first.labels["ads.contact"] > 0.5
    assert here.check(CALL.format(day="Friday", number="0100")).rule == "mark"
    other = here.check(CALL.format(day="Thursday", number="7793"))
    assert other.rule != "mark"
    assert other.labels["ads.contact"] > 0.5


def test_an_insult_that_was_marked_blocks_no_harmless_rewrite(here: Here) -> None:
    harmless = CLEAN.format(day="Friday", word="charmer")
    seen, _ = here.marked(CLEAN.format(day="Friday", word="pathetic idiot"), harmless, **BAD)
    (effect,) = seen.effects
    assert seen.unlike[effect.mark] == 1
    asked = here.check(harmless)
    assert (asked.action.value, asked.rule, asked.findings) == ("review", "mark", ())
    assert "nothing is found here of what was found there" in asked.reason
    again = here.check(CLEAN.format(day="Monday", word="pathetic idiot"))
    assert (again.action.value, again.rule) == ("block", "mark")


def test_what_no_detector_saw_is_blocked_in_what_is_nearly_the_same(here: Here) -> None:
    text = CLEAN.format(day="Friday", word="charmer")
    here.marked(text, verdict="wrong", labels=["spam.scam"], reason="a lure", action="block")
    again = here.check(CLEAN.format(day="Monday", word="charmer"))
    assert (again.action.value, again.labels) == ("block", {"spam.scam": 1.0})
    assert "% alike" in again.findings[0].reason


def _poster(words: str, quality: int = 92) -> bytes:
    image = Image.new("RGB", (640, 480), (236, 240, 244))
    draw = ImageDraw.Draw(image)
    for number in range(60):
        at = ((number * 67) % 600, 90 + (number * 41) % 360)
        draw.ellipse((*at, at[0] + 30 + number % 45, at[1] + 18 + number % 51), fill=(number * 4, 200 - number * 3, 99))
    draw.text((24, 16), words, fill=(10, 10, 10), font_size=34)
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def test_words_in_a_picture_are_not_cleared_by_its_looks(here: Here) -> None:
    _, first = here.marked(_poster("call +1 415 555 0100 now"), **FINE)
    assert "ads.contact" in first.labels
    other = here.check(_poster("call +1 415 555 7793 now"))
    assert other.rule != "mark"
    assert other.labels["ads.contact"] > 0.5


def test_a_near_mark_without_a_known_decision_clears_nothing_that_carries_something(here: Here) -> None:
    store = here.moderator.store
    assert store is not None
    text = FLAGGED.format(day="Friday", word="charmer")
    row = Said(content_hash="sha256:" + "0" * 64, near=True, text=text, **FINE)
    (mark,) = store.marks.add(CHIEF, read_rows(store, here.settings, [row]))
    assert mark.carried == {}
    apply(store, [mark.id], CHIEF)
    assert here.check(text).rule != "mark"
