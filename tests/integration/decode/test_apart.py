"""A recording whose decoder crashes while it is checked: incomplete, and the process that checks goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from evenhand.decode.apart.nursery import nursery
from evenhand.detectors.sound_enrol import fingerprint_file
from evenhand.detectors.video_enrol import print_video
from evenhand.errors import InputError
from evenhand.facade import Moderator
from evenhand.settings import Settings
from tests.recordings import landscape, tone, video
from tests.turned_off import EVERY


def decoding() -> list[int]:
    """Give the processes that decode for this one."""
    zygote = nursery()._zygote
    if zygote is None:
        return []
    with suppress(OSError):
        listed = Path(f"/proc/{zygote.pid}/task/{zygote.pid}/children").read_text()
        return [int(one) for one in listed.split()]
    return []


def gone() -> None:
    """Wait until nothing is decoded."""
    deadline = time.monotonic() + 30
    while decoding():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def crashing(*, after: float) -> Iterator[None]:
    """End a process that decodes: the first one plans and is let through."""
    crashed: list[int] = []

    def crash() -> None:
        deadline = time.monotonic() + 120
        seen: list[int] = []
        while not crashed and time.monotonic() < deadline:
            seen += [process for process in decoding() if process not in seen]
            if len(seen) == 2:
                time.sleep(after)
                os.kill(seen[1], signal.SIGSEGV)
                crashed.append(seen[1])
            time.sleep(0.001)

    killer = threading.Thread(target=crash)
    killer.start()
    yield
    killer.join(120)
    assert crashed


def test_a_crash_is_told_and_ends_nothing_else() -> None:
    off = tuple(name for name in EVERY if name not in {"image.code", "image.hash"})
    settings = Settings(
        plugins=False, disabled_detectors=off, frame_interval_s=0.1, keyframe_interval_s=0.1, media_segment_s=5
    )
    data = video(lambda moment: landscape(moment, (1280, 720)), seconds=30, gop=10, options={"preset": "ultrafast"})
    with Moderator(settings) as moderator:
        assert moderator.check(data).incomplete == {}
        gone()
        with crashing(after=0.2):
            result = moderator.check(data)
        assert any("crash (SIGSEGV)" in why for name, why in result.incomplete.items() if name.startswith("decode"))
        assert result.action.value == "review"
        assert moderator.check(data).incomplete == {}
    gone()  # nothing is left behind


@pytest.mark.parametrize("enrol", [print_video, fingerprint_file])
def test_samples_are_decoded_apart_too_and_half_a_sample_is_none(enrol: Callable[..., object], tmp_path: Path) -> None:
    path = tmp_path / "sample.mp4"
    size = (1280, 720)
    path.write_bytes(
        video(
            lambda moment: landscape(moment, size), seconds=20, gop=10, sounds=[tone(20.0)],
            options={"preset": "ultrafast"},
        )
    )  # fmt: skip
    gone()
    with crashing(after=0.0), pytest.raises(InputError, match="crash"):
        enrol(path, settings=Settings(media_segment_s=5))
    gone()
