"""A voice note from its bytes to a decision: spoken words are judged like typed ones, with their seconds."""

from __future__ import annotations

import pytest

from evenhand import Moderator
from evenhand.domain import Action, Content, Source
from evenhand.settings import Settings
from tests.sounds import DATA

pytest.importorskip("faster_whisper")
SETTINGS = Settings(plugins=False, database_url=None, detector_timeout_s=300)


def test_a_spoken_insult_is_found_at_its_seconds() -> None:
    with Moderator(SETTINGS) as moderator:
        result = moderator.check(Content(data=(DATA / "insult_en.ogg").read_bytes()))
    assert result.incomplete == {}
    spoken = [f for f in result.findings if f.location.source is Source.SPEECH and f.label.startswith("harassment")]
    assert spoken
    assert result.action in (Action.REVIEW, Action.BLOCK)
    strongest = max(spoken, key=lambda finding: finding.score)
    assert strongest.location.time is not None
    # the insult is spoken from 8.2 to 11.4 seconds; harmless words before it from 1.0 to 5.2
    assert strongest.location.time[1] > 8.2
    assert strongest.location.time[1] <= 12.5


def test_a_harmless_voice_note_passes() -> None:
    with Moderator(SETTINGS) as moderator:
        result = moderator.check(Content(data=(DATA / "harmless_en.ogg").read_bytes()))
    assert result.incomplete == {}
    assert result.action is Action.PASS
    assert result.languages == ("en",)
