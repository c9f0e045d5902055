"""A recording whose decoder crashes while it is checked: incomplete, and the process that checks goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from evenhand.decode.apart.nursery import nursery
from evenhand.facade import Moderator
from evenhand.settings import Settings
from tests.recordings import landscape, video
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


def test_a_crash_is_told_and_ends_nothing_else() -> None:
    off = tuple(name for name in EVERY if name not in {"image.code", "image.hash"})
    settings = Settings(
        plugins=False, disabled_detectors=off, frame_interval_s=0.1, keyframe_interval_s=0.1, media_segment_s=5
    )
    data = video(lambda moment: landscape(moment, (1280, 720)), seconds=30, gop=10, options={"preset": "ultrafast"})
    crashed: list[int] = []

    def crash() -> None:
        """End a process that decodes: the first one plans and is let through."""
        deadline = time.monotonic() + 120
        seen: list[int] = []
        while not crashed and time.monotonic() < deadline:
            seen += [process for process in decoding() if process not in seen]
            if len(seen) == 2:
                time.sleep(0.2)
                os.kill(seen[1], signal.SIGSEGV)
                crashed.append(seen[1])
            time.sleep(0.001)

    with Moderator(settings) as moderator:
        assert moderator.check(data).incomplete == {}
        gone()
        killer = threading.Thread(target=crash)
        killer.start()
        result = moderator.check(data)
        killer.join(120)
        assert crashed
        assert any("crash (SIGSEGV)" in why for name, why in result.incomplete.items() if name.startswith("decode"))
        assert result.action.value == "review"
        assert moderator.check(data).incomplete == {}
    gone()  # nothing is left behind
