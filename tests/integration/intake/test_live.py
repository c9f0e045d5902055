"""Real streams with planted incidents: found, in order, at the right time, told once."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest

from evenhand.intake.follower import Follower
from tests.following import Notes, follow, settings_for
from tests.live import ADVERT_S, INSULT_S, NO_RTMP, SECONDS, Pusher, Rtmp, hls, no_rtsp, program, rtsp

LATE_S = 90.0  # how late an incident may be told on a machine that does much else; benchmarks/live.py measures


def check_program(notes: Notes, *, shift: float = 0.0) -> None:
    """Check that the planted incidents were found, in order, once, and nothing else."""
    opened = notes.of("incident.opened")
    kinds = [one["label"].partition(".")[0] for one in opened]
    assert sorted(kinds, key=kinds.index) == kinds
    adverts = [one for one in opened if one["label"].startswith(("ads", "spam"))]
    insults = [one for one in opened if one["label"].startswith("harassment")]
    assert adverts, opened
    assert len(insults) == 1, opened
    assert len(adverts) == len({one["label"].partition(".")[0] for one in adverts})  # told once, not once a window
    assert len(opened) == len(adverts) + len(insults), opened
    for one in adverts:
        assert one["start"] == pytest.approx(ADVERT_S + shift, abs=1.6)
        assert "read" in one["modalities"]
    assert INSULT_S + shift - 1.6 <= insults[0]["start"] <= INSULT_S + shift + 5
    assert insults[0]["modalities"] == ["said"]
    closed = {one["incident"]: one for one in notes.of("incident.closed")}
    assert set(closed) == {one["incident"] for one in opened}
    assert max(one["end"] for one in closed.values() if one["label"].startswith("ads")) >= ADVERT_S + shift + 1.5
    assert all(one["late_s"] < LATE_S for one in opened)


def test_a_file_read_as_if_live(tmp_path: Path) -> None:
    path = tmp_path / "program.ts"
    path.write_bytes(program())
    notes, began = Notes(), time.monotonic()
    ending = follow(settings_for(tmp_path), str(path), notes)
    assert ending.state == "ended"
    assert time.monotonic() - began > 25  # it was not read faster than it plays
    check_program(notes)
    assert not notes.of("gap")


def test_hls(tmp_path: Path) -> None:
    notes = Notes()
    with hls(tmp_path) as server:
        ending = follow(settings_for(tmp_path), server.url, notes, allowed=server.allowed)
    assert ending.state == "ended", ending
    check_program(notes)
    assert not notes.of("gap")
    blocked = [one for one in notes.of("incident.opened") if one["action"] in {"review", "block"}]
    assert blocked
    assert all(one["clip"] for one in blocked)
    for one in blocked:
        _is_clip(notes.clips[one["incident"]])
    assert {one["incident"] for one in notes.of("stop")} == {
        one["incident"] for one in [*blocked, *notes.of("incident.escalated")] if one["action"] == "block"
    }


@pytest.mark.skipif(no_rtsp() is not None, reason=str(no_rtsp()))
def test_rtsp(tmp_path: Path) -> None:
    notes = Notes()

    async def stop_when_over(follower: Follower) -> None:
        while not notes.of("interrupted"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        server.kill()  # it would send the program again
        while len(notes.of("incident.opened")) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        follower.stop()

    with rtsp(tmp_path) as (url, server):
        allowed = frozenset({url.split("/")[2]})
        ending = follow(settings_for(tmp_path), url, notes, allowed=allowed, meanwhile=stop_when_over)
    assert ending.state == "stopped", ending
    check_program(notes)
    assert notes.of("connected")[0]["tracks"] == ["video", "audio"]
    assert not [one for one in notes.of("gap") if one["start"] < SECONDS - 1]


def test_hls_that_breaks_off_leaves_a_gap_and_goes_on(tmp_path: Path) -> None:
    notes = Notes()

    with hls(tmp_path, window=2) as server:

        async def interrupt(_: Follower) -> None:
            while not notes.of("connected"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            await asyncio.sleep(2)
            server.broken.set()
            await asyncio.sleep(8)
            server.broken.clear()

        ending = follow(settings_for(tmp_path), server.url, notes, allowed=server.allowed, meanwhile=interrupt)
    assert ending.state == "ended", ending
    missed = notes.of("gap")
    assert notes.of("interrupted")
    assert missed
    assert sum(one["end"] - one["start"] for one in missed) > 2
    assert "live.gap" in notes.state["incomplete"]
    times = [event.data["start"] for _, event in notes.events if event.kind == "incident.opened"]
    assert all(one["start"] > 0 for one in missed)
    assert times == sorted(times)


@pytest.mark.skipif(NO_RTMP is not None, reason=str(NO_RTMP))
def test_rtmp_whose_server_dies_in_mid_frame_and_comes_back(tmp_path: Path) -> None:
    notes = Notes()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    first, second = Rtmp(tmp_path, port), Rtmp(tmp_path, port)

    async def break_off(follower: Follower) -> None:
        sender = Pusher(first.url)
        sender.start()
        while sender.began is None or time.time() < sender.began + 15.5:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        first.kill()
        reached = time.time() - (sender.began or 0.0)
        await asyncio.sleep(2)
        await asyncio.to_thread(second.start)
        again = Pusher(first.url, since=reached + 3)
        again.start()
        while again.is_alive():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await asyncio.sleep(8)
        follower.stop()

    first.start()
    try:
        allowed = frozenset({f"127.0.0.1:{port}"})
        ending = follow(settings_for(tmp_path), first.url, notes, allowed=allowed, meanwhile=break_off)
    finally:
        first.kill()
        second.kill()
    assert ending.state == "stopped", ending
    opened = notes.of("incident.opened")
    labels = [one["label"].partition(".")[0] for one in opened]
    assert set(labels) & {"ads", "spam"}, opened
    assert len(notes.of("connected")) >= 2, [(round(at), one.kind, one.data) for at, one in notes.events]
    assert notes.of("interrupted")
    gaps = notes.of("gap")
    assert gaps, notes.events
    assert all(one["end"] > one["start"] > 10 for one in gaps)


def _is_clip(data: bytes) -> None:
    from io import BytesIO

    import av

    with av.open(BytesIO(data), "r", format="matroska") as clip:
        frames = len(list(clip.decode(video=0)))
    assert frames > 10
