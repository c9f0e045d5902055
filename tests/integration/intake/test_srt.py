"""SRT from a real sender: the system's ffmpeg, as a listener on loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import pytest

from evenhand.errors import FetchError
from evenhand.intake.addresses import read_address
from evenhand.intake.sources import Source
from evenhand.intake.srt import speaks_srt
from evenhand.settings import Settings
from tests.live import program


@pytest.mark.skipif(speaks_srt() is None, reason="there is no ffmpeg with SRT here (Debian: apt install ffmpeg)")
def test_srt_is_read(tmp_path: Path) -> None:
    path = tmp_path / "program.ts"
    path.write_bytes(program())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"srt://127.0.0.1:{port}"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-re", "-i", str(path), "-c", "copy", "-f", "mpegts"]
    sender = subprocess.Popen([*command, f"{url}?mode=listener"])
    try:
        source = Source(read_address(url), Settings(data_dir=tmp_path), allowed=frozenset({f"127.0.0.1:{port}"}))
        deadline, frames = time.monotonic() + 60, 0
        while not frames and time.monotonic() < deadline:
            try:
                with source.connect() as connection:
                    for _ in connection.container.decode(video=0):
                        frames += 1
                        if frames == 30:
                            break
            except FetchError:  # the sender does not listen yet
                time.sleep(0.5)
        assert frames == 30
    finally:
        sender.kill()
        sender.wait(20)
