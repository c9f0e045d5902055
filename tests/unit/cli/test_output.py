"""The table: every item, its place of evidence once, and nothing that could take over a terminal."""

from __future__ import annotations

import pytest

from evenhand.cli.output import describe, table
from evenhand.domain import Finding, ItemError, Location, Source
from evenhand.testing import text_result
from evenhand.timeline import incidents


def finding(reason: str, location: Location) -> Finding:
    return Finding(label="ads.contact", score=0.9, location=location, detector="d", version="1", reason=reason)


def test_places_are_described_in_few_words() -> None:
    assert describe(Location(source=Source.TEXT, span=(3, 9))) == "chars 3-9"
    assert describe(Location(source=Source.IMAGE)) == "image"
    ocr = Location(source=Source.OCR, span=(0, 4), text="call\nme", box=(1, 2, 3.6, 4), frame=7)
    assert describe(ocr) == 'ocr "call me" frame 7 box 1,2,4,4'


def test_the_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    here = Location(source=Source.TEXT, span=(0, 4))
    found = text_result(id="a/b/one.txt", findings=(finding("first", here), finding("second", here)))
    partly = text_result(id="a/b/two.txt", incomplete={"image.ocr": "no answer"})
    broken = ItemError(id="a/c/\x1b[2Jthree", code="too_large", message="no [bold]markup")
    assert table([found, partly, broken], total=3, progress=False) == 2
    shown = capsys.readouterr().out
    assert "in a/" in shown
    assert "b/one.txt" in shown
    assert "chars 0-4: first; second" in shown
    assert "a/b/two.txt: image.ocr gave no answer: no answer" in shown
    assert "no [bold]markup" in shown
    assert "\x1b[2J" not in shown


def test_incidents_are_told_with_what_was_said_and_heard(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    def found(label: str, reason: str, place: Location, score: float = 0.9) -> Finding:
        facts = {"sound": "gunshot"} if place.source is Source.AUDIO else None
        return Finding(label=label, score=score, location=place, detector="d", version="1", reason=reason, facts=facts)

    spoken = Location(source=Source.SPEECH, span=(0, 12), text="silly\n\x1b[2J goose", time=(20.36, 21.1))
    part = Location(source=Source.SPEECH, span=(0, 5), text="goose", time=(20.5, 21.1))
    findings = (
        found("harassment.insult", "Reads like an insult.", spoken, 0.95),
        found("harassment", "Reads like abuse.", part),
        found("violence.weapon", "Sounds like a shot.", Location(source=Source.AUDIO, time=(36.0, 37.0))),
    )
    happened = tuple(incidents(findings, interval=2.0))
    assert table([text_result(id="a", findings=findings, incidents=happened)], total=1, progress=False) == 0
    shown = capsys.readouterr().out
    assert '20.4-21.1 s: harassment.insult 0.95, said "silly ?[2J goose"'.replace("?", "\ufffd") in shown
    assert '"goose"' not in shown
    assert "36.0-37.0 s: violence.weapon 0.90, heard (Sounds like a shot (sound gunshot))" in shown
