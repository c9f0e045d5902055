"""Decoding in a process apart gives what decoding here gives; what crashes it is told, and ends nothing else."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evenhand.decode.apart.child import Child, CrashedError
from evenhand.decode.apart.nursery import nursery
from evenhand.decode.apart.reading import ApartReader, open_reader, plan_recording
from evenhand.decode.media import MediaReader, plan
from evenhand.errors import InputError, TooLargeError
from evenhand.settings import Settings
from tests.recordings import landscape, tone, video, with_cover

SETTINGS = Settings(plugins=False, media_segment_s=5)


@pytest.fixture(scope="module")
def film() -> bytes:
    words = [(1.0, 3.0, "hello"), (7.0, 9.0, "again")]
    return video(seconds=12, gop=10, sounds=[tone(12)], subtitles=words)


def test_it_gives_the_same(film: bytes, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film)
    made = plan_recording(path, "video/mp4", SETTINGS)
    assert made == plan(path, "video/mp4", SETTINGS) == plan_recording(film, "video/mp4", SETTINGS)
    assert len(made.segments) == 3
    with ApartReader(film, made, SETTINGS) as apart, MediaReader(film, made, SETTINGS) as here:
        for segment in made.segments:
            theirs, ours = apart.segment(segment.number), here.segment(segment.number)
            texts = theirs.texts()
            assert texts or segment.number == 2
            assert [(one.text, one.origin, one.marks) for one in texts] == [
                (one.text, one.origin, one.marks) for one in ours.texts()
            ]
            for heard, wanted in zip(theirs.sound(), ours.sound(), strict=True):
                assert np.array_equal(heard.samples, wanted.samples)
                assert (heard.origin, heard.rate) == (wanted.origin, wanted.rate)
                assert not heard.samples.flags.writeable
            for seen, drawn in zip(theirs.frames(), ours.frames(), strict=True):
                assert (seen.image.tobytes(), seen.origin) == (drawn.image.tobytes(), drawn.origin)
            closer = [one.origin for one in theirs.closer([segment.start + 2], most=4)]
            assert closer == [one.origin for one in ours.closer([segment.start + 2], most=4)]
            for name in ("looked_at", "repeated", "heard", "notes", "incomplete", "packets"):
                assert getattr(theirs, name) == getattr(ours, name)


def test_cover_art_comes_along() -> None:
    song = with_cover(tone(3, rate=44_100), landscape(0))
    made = plan_recording(song, "audio/mpeg", SETTINGS)
    with ApartReader(song, made, SETTINGS) as apart, MediaReader(song, made, SETTINGS) as here:
        (cover,), (wanted,) = apart.segment(0).covers(), here.segment(0).covers()
    assert (cover.image.tobytes(), cover.origin) == (wanted.image.tobytes(), wanted.origin)


@pytest.mark.parametrize("bad", [b"", b"\0" * 4_096, b"ftypisom" * 400])
def test_errors_come_along(bad: bytes) -> None:
    with pytest.raises(InputError, match="damaged"):
        plan_recording(bad, "video/mp4", SETTINGS)


def test_a_limit_is_told_as_one(film: bytes) -> None:
    with pytest.raises(TooLargeError, match="EVENHAND_MAX_MEDIA_S"):
        plan_recording(film, "video/mp4", Settings(plugins=False, max_media_s=5))


def test_a_crash_costs_what_was_asked_and_the_rest_is_read(film: bytes) -> None:
    made = plan(film, "video/mp4", SETTINGS)
    with ApartReader(film, made, SETTINGS.model_copy(update={"frame_interval_s": 0.2})) as reader:
        parts = reader.segment(0)
        frames = parts.frames()
        first = next(frames)
        kill(reader, signal.SIGSEGV)
        assert first.image.size == (320, 180)
        rest = list(frames)
        assert len(rest) < 4  # those that were handed over before
        assert "it made the decoder crash (SIGSEGV)" in parts.incomplete["decode.video"]
        assert "0 to 5 s" in parts.incomplete["decode.video"]
        assert parts.sound()  # of another process
        assert "decode.audio" not in parts.incomplete
        later = reader.segment(1)
        assert list(later.frames())
        assert later.incomplete == {}


def test_the_zygote_may_go_too(film: bytes) -> None:
    plan_recording(film, "video/mp4", SETTINGS)
    zygote = nursery()._zygote
    assert zygote is not None
    os.kill(zygote.pid, signal.SIGKILL)
    zygote.wait(30)
    assert plan_recording(film, "video/mp4", SETTINGS).segments


def test_what_takes_too_long_is_ended(film: bytes) -> None:
    child = Child(film, SETTINGS)
    child._limit_s = 1.0
    assert child._process is not None
    signal.pidfd_send_signal(child._process, signal.SIGSTOP)
    with pytest.raises(CrashedError, match="did not come back within 1 s"):
        child.ask({"do": "plan", "media": "video/mp4"})
    child.close()


def test_what_takes_too_much_memory_is_told() -> None:
    def noise(moment: float) -> Image.Image:
        return landscape(moment, (3840, 2160))

    big = video(noise, seconds=1, fps=4, options={"preset": "ultrafast"})
    made = plan(big, "video/mp4", SETTINGS)
    small = SETTINGS.model_copy(update={"media_memory_mb": 24})
    with ApartReader(big, made, small) as reader:
        parts = reader.segment(0)
        frames = list(parts.frames())
        assert not frames
        assert "decode.video" in parts.incomplete


def test_never_means_here(film: bytes) -> None:
    settings = Settings(plugins=False, media_isolation="never")
    made = plan_recording(film, "video/mp4", settings)
    with open_reader(film, made, settings) as reader:
        assert isinstance(reader, MediaReader)


def kill(reader: ApartReader, number: signal.Signals) -> None:
    """End the process that decodes, as a crash would."""
    child = reader._child
    assert child is not None
    assert child._process is not None
    signal.pidfd_send_signal(child._process, number)
