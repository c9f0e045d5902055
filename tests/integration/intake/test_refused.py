"""Streams that try to lead elsewhere: into the network, to local files, round in circles."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from evenhand.errors import FetchError, InputError
from evenhand.intake.addresses import RefusedStreamError, read_address
from evenhand.intake.sources import Source
from evenhand.settings import Settings
from tests.live import Hls

HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"


@pytest.fixture
def server(tmp_path: Path) -> Hls:
    return Hls(tmp_path, [])


def connect(server: Hls, tmp_path: Path) -> None:
    source = Source(read_address(server.url), Settings(data_dir=tmp_path), allowed=server.allowed)
    with source.connect():
        pass


@pytest.mark.parametrize(
    "name",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/1.ts",
        "http://[::1]:1/1.ts",
        "http://localhost:1/1.ts",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize(
    "form", ["#EXTINF:2,\n{}\n", "#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n", '#EXT-X-MAP:URI="{}"\n#EXTINF:2,\n1.m4s\n']
)
def test_playlists_that_point_inside_or_at_files(server: Hls, tmp_path: Path, name: str, form: str) -> None:
    server.answers["/live.m3u8"] = (200, {}, (HEAD + form.format(name)).encode())
    server.answers["/1.m4s"] = (200, {}, b"\0" * 100)
    with pytest.raises(RefusedStreamError):
        connect(server, tmp_path)


def test_redirects_inside_and_without_end(server: Hls, tmp_path: Path) -> None:
    server.answers["/live.m3u8"] = (302, {"Location": "/live.m3u8"}, b"")
    with pytest.raises(FetchError, match="redirects more than"):
        connect(server, tmp_path)
    assert len(server.asked) < 10
    server.answers["/live.m3u8"] = (302, {"Location": "http://169.254.169.254/x"}, b"")
    with pytest.raises(FetchError):
        connect(server, tmp_path)


def test_a_master_that_leads_to_itself(server: Hls, tmp_path: Path) -> None:
    server.answers["/live.m3u8"] = (200, {}, b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8\n")
    with pytest.raises(FetchError, match="another master"):
        connect(server, tmp_path)


def test_segments_that_are_no_media(server: Hls, tmp_path: Path) -> None:
    body = b"root:x:0:0:root:/root:/bin/bash\n" * 200
    server.answers["/live.m3u8"] = (200, {}, (HEAD + "#EXTINF:2,\n1.ts\n#EXT-X-ENDLIST\n").encode())
    server.answers["/1.ts"] = (200, {}, body)
    with pytest.raises(InputError):
        connect(server, tmp_path)
    # A playlist inside a segment is no playlist to us.
    server.answers["/1.ts"] = (200, {}, (HEAD + "#EXTINF:2,\nfile:///etc/passwd\n").encode())
    with pytest.raises(InputError):
        connect(server, tmp_path)


def test_an_rtsp_redirect_is_not_followed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as trap:
        port, inside = listener.getsockname()[1], trap.getsockname()[1]
        trap.settimeout(3)

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                while connection.recv(4096):
                    lines = ["RTSP/1.0 302 Found", "CSeq: 1", f"Location: rtsp://127.0.0.1:{inside}/x", "", ""]
                    try:
                        connection.sendall("\r\n".join(lines).encode())
                    except OSError:
                        return

        threading.Thread(target=answer, daemon=True).start()
        target = frozenset({f"127.0.0.1:{port}"})
        source = Source(read_address(f"rtsp://127.0.0.1:{port}/x"), Settings(data_dir=tmp_path), allowed=target)
        with pytest.raises(RefusedStreamError, match="redirects"), source.connect():
            pass
        with pytest.raises(TimeoutError):
            trap.accept()
