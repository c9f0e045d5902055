"""An operator's own video and sound, sent live: joined over windows and pieces, told once, with its whole time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenhand.detectors.video_enrol import print_video
from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour
from evenhand.matching import audioprint
from evenhand.matching.videoprint import as_text
from tests.compositions import around, scenes
from tests.following import Notes, follow, settings_for
from tests.recordings import video
from tests.sounds import RATE, noise, spoken
from tests.turned_off import EVERY


def test_a_copy_is_told_while_it_runs_and_its_end_when_it_is_over(tmp_path: Path) -> None:
    sample = tmp_path / "sample.mp4"
    sample.write_bytes(video(scenes(1), seconds=16, fps=10))
    seen = LibraryItem(value=as_text(print_video(sample)))
    jingle = spoken("trade_en")  # 4.4 s; five seconds are heard at a time, so a border cuts it
    heard = LibraryItem(value=audioprint.as_text(audioprint.fingerprint(jingle)))
    libraries = [
        Library(name="films", kind=LibraryKind.VIDEOS, colour=ListColour.BLACK, items=(seen,)),
        Library(name="jingles", kind=LibraryKind.SOUNDS, colour=ListColour.BLACK, items=(heard,)),
    ]
    track = noise(30, level=0.002)
    for start in (2.6, 14.2, 22.9):
        track[round(start * RATE) :][: len(jingle)] += jingle
    stream = tmp_path / "stream.ts"
    # from 3 s of the sample, shown from 8 to 18 s
    scene = around(lambda moment: scenes(1)(moment + 3), 8, 10, scenes(2))
    stream.write_bytes(video(scene, seconds=30, fps=10, fmt="mpegts", gop=20, sounds=[track]))
    off = tuple(name for name in EVERY if name not in {"video.known", "audio.known"})
    settings = settings_for(tmp_path, live_interval_s=0.5).model_copy(update={"disabled_detectors": off})
    notes = Notes()
    assert follow(settings, str(stream), notes, libraries=libraries).state == "ended"
    opened, closed = notes.of("incident.opened"), notes.of("incident.closed")
    films = [one for one in closed if one["modalities"] == ["seen"]]
    jingles = [one for one in closed if one["modalities"] == ["heard"]]
    assert len(opened) == len(films) + len(jingles) == 4, closed
    assert films[0]["label"] == "known.black"
    assert films[0]["start"] == pytest.approx(8, abs=1.1)
    assert films[0]["end"] == pytest.approx(18, abs=1.1)
    first = next(one for one in opened if one["incident"] == films[0]["incident"])
    assert first["end"] < 16  # it was told before it was over
    assert np.allclose([one["start"] for one in jingles], (2.6, 14.2, 22.9), atol=1.0)
    assert all(one["end"] - one["start"] < 6 for one in jingles)
