"""The planted film sent live to a real RTMP server, watched as a user does: each incident told once, in its place."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.live import NO_RTMP, Pusher, Rtmp
from tests.planted import FILM_S, IN_THE_FILM, Planted, allowed, film

pytest.importorskip("faster_whisper")
pytestmark = pytest.mark.skipif(NO_RTMP is not None, reason=str(NO_RTMP))

SLACK_S = 2.5
PATIENCE_S = 300.0  # how late it may be told on a machine that does much else; benchmarks/live.py measures lateness


@dataclass
class Watched:
    """What `evenhand watch` printed."""

    began: float  # wall time of second 0 of the film
    code: int
    events: list[dict[str, Any]]
    clips: list[str]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Give the events of a kind."""
        return [event for event in self.events if event["event"] == kind]


@dataclass
class _Printed:
    """Reads the lines of a child as they come."""

    child: subprocess.Popen[bytes]
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        for line in self.child.stdout or ():
            self.events.append(json.loads(line))

    def until(self, there: Any) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not there(list(self.events)):
            assert self.child.poll() is None, self.events
            assert time.monotonic() < deadline, self.events
            time.sleep(0.2)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """Send the film and watch it, with every detector that is on by default."""
    folder = tmp_path_factory.mktemp("live")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = Rtmp(folder, port)
    patient = {**os.environ, "EVENHAND_DETECTOR_TIMEOUT_S": "300", "EVENHAND_LIVE_PATIENCE_S": "600"}
    command = [sys.executable, "-m", "evenhand", "watch", server.url, "--json", "--lang", "en", "--clips", "clips"]
    data = film("flv", gop=20)
    server.start()
    child = subprocess.Popen(command, cwd=folder, env=patient, stdout=subprocess.PIPE)
    try:
        printed = _Printed(child)
        # Its models are loaded, it has asked for the stream, and nobody sends yet: it asks again at once.
        printed.until(lambda events: any(event["event"] == "interrupted" for event in events))
        sender = Pusher(server.url, until=FILM_S, data=data)
        sender.start()
        sender.join(PATIENCE_S)
        assert sender.began is not None
        printed.until(lambda events: sum(event["event"] == "incident.opened" for event in events) >= len(IN_THE_FILM))
        time.sleep(3)
        child.send_signal(signal.SIGINT)
        child.wait(60)
        printed.thread.join(20)
    finally:
        child.kill()
        child.wait(30)
        server.kill()
    clips = [path.stem for path in (folder / "clips").glob("*.mkv")]
    return Watched(sender.began, child.returncode, printed.events, clips)


@pytest.mark.parametrize("planted", IN_THE_FILM, ids=lambda one: f"{one.label}-{one.way}")
def test_what_was_planted_is_told_once_and_in_its_place(watched: Watched, planted: Planted) -> None:
    whole = [one for one in watched.of("incident.closed") if planted.way in one["modalities"]]
    found = [one for one in whole if planted.label in one["labels"]]
    # The stream's own clock begins where the watcher joined in; the wall clock is the sender's and the watcher's.
    near = [one for one in found if abs(one["wall"] - watched.began - planted.start) <= SLACK_S]
    assert len(near) == 1, watched.events
    assert near[0]["end"] - near[0]["start"] <= planted.end - planted.start + SLACK_S
    opened = [one for one in watched.of("incident.opened") if one["incident"] == near[0]["incident"]]
    assert len(opened) == 1


def test_nothing_else_is_told(watched: Watched) -> None:
    for one in watched.of("incident.closed"):
        moment = one["wall"] - watched.began
        assert any(
            allowed(one["label"], thing) and thing.start - SLACK_S <= moment <= thing.end for thing in IN_THE_FILM
        ), one


def test_what_has_to_be_reviewed_has_a_clip(watched: Watched) -> None:
    assert watched.code == 1
    reviewed = {one["incident"] for one in watched.of("incident.closed") if one["action"] in {"review", "block"}}
    assert reviewed
    assert reviewed <= set(watched.clips)


def test_it_was_one_connection_without_a_gap(watched: Watched) -> None:
    assert len(watched.of("connected")) == 1, watched.events
    assert not watched.of("gap")
