"""Words beside a symbol: what they say about it, and that the symbol's finding is told."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from evenhand.app import AsyncModerator
from evenhand.detectors.beside import stance, tell
from evenhand.domain import Action, Finding, ImagePart, Location, Source, TextPart
from evenhand.policy import decide, default_policy, load_policy
from evenhand.settings import Settings
from tests.unit.detectors.test_symbol import plain


def symbol(frame: int | None = None, score: float = 0.9) -> Finding:
    place = Location(source=Source.IMAGE if frame is None else Source.FRAME, frame=frame, box=(1.0, 1.0, 9.0, 9.0))
    return Finding(label="extremism.symbol", score=score, location=place, detector="image.symbol", version="1",
                   reason="a shape")  # fmt: skip


def words(text: str, frame: int | None = None, source: Source = Source.OCR) -> TextPart:
    return TextPart(text=text, origin=Location(source=source, frame=frame))


def hate(frame: int | None = None, score: float = 0.8, label: str = "hate.attack") -> Finding:
    place = Location(source=Source.OCR, frame=frame, span=(0, 4))
    return Finding(label=label, score=score, location=place, detector="text.harm", version="1", reason="reads like it")


@pytest.mark.parametrize(("said", "want"), [
    ("WHITE POWER\nmeeting on Friday", "hateful"),
    ("Sieg\nHeil", "hateful"),
    ("白人至上", "hateful"),
    ("Join the movement", "hateful"),
    ("NO PLACE FOR HATE", "condemning"),
    ("Never again", "condemning"),
    ("No Nazis in our town!", "condemning"),
    ("Nazis raus", "condemning"),
    ("say no to racism", "condemning"),
    ("拒绝仇恨 反对种族歧视", "condemning"),
    ("City museum, room 4: posters of 1936", "teaching"),
    ("Chapter 12: The Second World War", "teaching"),
    ("Ausstellung im Haus der Geschichte", "teaching"),
    ("历史博物馆", "teaching"),
    ("Guide to hate symbols. Report hate!", "condemning"),
    ("Stop white power", "hateful"),  # a word list cannot tell; a person looks either way
    ("Museum of white power", "mixed"),
    ("Never again? We will rise again", "mixed"),
    ("Fresh bread every day", "other"),
    ("Heilbronn, exit 7", "other"),
    ("The crossword of the week", "other"),
    ("14 km to the coast, 88 to the border", "other"),
])  # fmt: skip
def test_what_words_say(said: str, want: str) -> None:
    assert stance(said) == want


@pytest.mark.parametrize(("said", "want"), [("Fresh bread", "hateful"), ("City museum", "mixed")])
def test_what_a_text_detector_took_for_hate_counts_as_words_do(said: str, want: str) -> None:
    (found, _) = tell([symbol(), hate()], [words(said)])
    assert (found.facts or {})["words"] == want


@pytest.mark.parametrize("other", [hate(score=0.4), hate(frame=7), hate(label="ads.contact")])
def test_what_is_weak_elsewhere_or_something_else_does_not(other: Finding) -> None:
    (found, _) = tell([symbol(), other], [words("Fresh bread")])
    assert (found.facts or {})["words"] == "other"


def test_the_finding_is_told_and_keeps_its_score() -> None:
    (found,) = tell([symbol()], [words("Never again")])
    assert found.facts == {"words": "condemning"}
    assert (found.label, found.score) == ("extremism.symbol", 0.9)
    assert found.reason == "a shape; words beside it condemn it"


def test_each_frame_has_its_own_words() -> None:
    found = tell([symbol(1), symbol(2), symbol(3)], [words("Never again", 1), words("white power", 2)])
    assert [(one.facts or {}).get("words") for one in found] == ["condemning", "hateful", None]


@pytest.mark.parametrize("texts", [[], [words("  \n")], [words("Never again", source=Source.CODE)]])
def test_where_no_words_were_read_nothing_is_said(texts: list[TextPart]) -> None:
    assert tell([symbol()], texts) == [symbol()]


def test_other_findings_stay_as_they_are() -> None:
    before = [hate(), Finding(label="violence.weapon", score=0.9, location=Location(source=Source.IMAGE),
                              detector="image.weapon", version="1", reason="seen")]  # fmt: skip
    assert tell(before, [words("Never again")]) == before


RULES = """
name: p
version: "1"
lines:
  default:
    rules:
      - name: praised
        when: {label: extremism.symbol, facts: {words: [hateful, mixed]}}
        action: block
      - name: displayed
        when: {label: extremism.symbol}
        except: {label: extremism.symbol, facts: {words: [condemning, teaching]}}
        action: review
"""


@pytest.mark.parametrize(("said", "action"), [
    ("white power", Action.BLOCK),
    ("Never again", Action.PASS),
    ("City museum", Action.PASS),
    ("Fresh bread", Action.REVIEW),
    ("", Action.REVIEW),
])  # fmt: skip
def test_a_policy_may_ask(said: str, action: Action) -> None:
    policy = load_policy(RULES)
    assert decide(policy, "default", findings=tell([symbol()], [words(said)]), kind="image").action is action


@pytest.mark.parametrize("said", ["white power", "Never again", "City museum", "Fresh bread", ""])
def test_the_policy_that_ships_asks_a_person_whatever_the_words_say(said: str) -> None:
    """Words are cheap to put beside a symbol, so none excuses it by a machine alone, and none makes it a block."""
    findings = tell([symbol()], [words(said)])
    assert decide(default_policy(), "default", findings=findings, kind="image").action is Action.REVIEW


async def test_words_drawn_beside_a_symbol_reach_its_finding() -> None:
    """The whole way: a picture with a symbol and words, read by the detectors that ship."""
    pytest.importorskip("rapidocr")
    sheet = Image.new("RGB", (900, 420), "white")
    sheet.paste(plain("hooked-cross", 1).image.resize((400, 300)), (20, 60))
    for row, line in enumerate(("CITY MUSEUM", "Room 4: history")):
        ImageDraw.Draw(sheet).text((450, 120 + 80 * row), line, fill="black", font=ImageFont.load_default(44))
    off = ("image.nudity", "image.weapon", "image.face", "image.likeness", "image.classes", "text.harm")
    settings = Settings(plugins=False, disabled_detectors=off, threads=1, detector_timeout_s=120)
    async with AsyncModerator(settings) as opened:
        result: Any = await opened.check(encoded(sheet))
    found = [finding for finding in result.findings if finding.label == "extremism.symbol"]
    assert found
    assert {(finding.facts or {}).get("words") for finding in found} == {"teaching"}


def encoded(image: Image.Image) -> bytes:
    import io

    out = io.BytesIO()
    ImagePart(image=image).image.save(out, "PNG")
    return out.getvalue()
