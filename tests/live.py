"""Live streams for tests: a program with planted incidents, and real servers on loopback that send it."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from tests.recordings import landscape, qr, video
from tests.sounds import RATE, spoken
from tests.turned_off import PICTURE_MODELS

OFF = (*PICTURE_MODELS, "audio.events", "audio.known")  # what the planted incidents do not need
ADVERT_S, INSULT_S = 12.0, 20.0
INTO_S = 8.6  # seconds into the spoken file at which the insult comes
ADVERT = "https://wa.me/14155552671?text=buy%20followers"
SECONDS = 28.0


def scene(moment: float) -> Image.Image:
    """Draw the program: a landscape, and from 12 to 15 s a code that advertises."""
    if ADVERT_S <= moment < ADVERT_S + 3:
        return qr(ADVERT, (640, 360))
    return landscape(moment, (640, 360))


@cache
def program(fmt: str = "mpegts", seconds: float = SECONDS, codec: str = "libx264") -> bytes:
    """Encode the program, with an insult spoken at 20 s."""
    sound = np.zeros(round(seconds * RATE), np.float32)
    said = spoken("insult_en")
    begin = round((INSULT_S - INTO_S) * RATE)
    sound[begin : begin + len(said)] = said[: len(sound) - begin]
    options = {"preset": "ultrafast", "tune": "zerolatency"}
    return video(scene, seconds=seconds, fps=10, fmt=fmt, codec=codec, gop=10, sounds=[sound], options=options)


def pieces(folder: Path, seconds: float = SECONDS) -> list[tuple[str, float]]:
    """Cut the program into HLS segments of about two seconds; give their names and lengths."""
    with (
        av.open(BytesIO(program("mpegts", seconds)), "r", format="mpegts") as source,
        av.open(
            str(folder / "all.m3u8"),
            "w",
            format="hls",
            options={"hls_time": "2", "hls_list_size": "0", "hls_segment_filename": str(folder / "piece%03d.ts")},
        ) as out,
    ):
        made = {stream.index: out.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = made[packet.stream_index]
                out.mux(packet)
    lines = (folder / "all.m3u8").read_text().splitlines()
    lengths = [float(line[8:].rstrip(",")) for line in lines if line.startswith("#EXTINF:")]
    return list(zip([line for line in lines if line.endswith(".ts")], lengths, strict=True))


class Hls:
    """A real HTTP server on loopback that sends a stream as it is made: of its playlist, the last few segments."""

    def __init__(self, folder: Path, cut: list[tuple[str, float]], *, window: int = 4) -> None:
        self.folder, self.cut, self.window = folder, cut, window
        self.began = time.monotonic()
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}  # path -> what is said instead
        self.asked: list[str] = []
        self.broken = threading.Event()  # while set, nothing is given
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                status, headers, body = server.answer(self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Give the playlist's address."""
        return f"http://127.0.0.1:{self.port}/live.m3u8"

    @property
    def allowed(self) -> frozenset[str]:
        """Give the target that has to be allowed, since it is on loopback."""
        return frozenset({f"127.0.0.1:{self.port}"})

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if self.broken.is_set():
            return 503, {}, b""
        if path in self.answers:
            return self.answers[path]
        if path == "/live.m3u8":
            return 200, {}, self.playlist().encode()
        file = self.folder / path.lstrip("/")
        return (200, {}, file.read_bytes()) if file.is_file() else (404, {}, b"")

    def playlist(self) -> str:
        ready, at = 0, 0.0
        for _, length in self.cut:
            at += length
            if at <= time.monotonic() - self.began + 4.0:  # two segments are there at the start
                ready += 1
        first = max(0, ready - self.window)
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:3", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        for name, length in self.cut[first:ready]:
            lines += [f"#EXTINF:{length:.3f},", name]
        return "\n".join([*lines, *(["#EXT-X-ENDLIST"] if ready == len(self.cut) else []), ""])


@contextmanager
def hls(folder: Path, seconds: float = SECONDS, *, window: int = 4) -> Iterator[Hls]:
    """Serve the program as HLS until the block ends."""
    server = Hls(folder, pieces(folder, seconds), window=window)
    try:
        yield server
    finally:
        server.close()


NO_RTMP = None
if shutil.which("nginx") is None or not Path("/usr/lib/nginx/modules/ngx_rtmp_module.so").is_file():
    NO_RTMP = "there is no nginx with its RTMP module here (Debian: apt install nginx-light libnginx-mod-rtmp)"


class Rtmp:
    """nginx as an RTMP server on loopback.

    Args:
        folder: for its files.
        port: it listens on.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self.url = f"rtmp://127.0.0.1:{port}/live/program"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve."""
        folder, config = self._folder, self._folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(
            f"""{user}
            load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
            daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
            events {{ worker_connections 64; }}
            rtmp {{ server {{ listen 127.0.0.1:{self._port}; chunk_size 4096; access_log off;
                application live {{ live on; record off; }} }} }}
            """
        )
        command = ["nginx", "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")]
        self._process = subprocess.Popen(command)
        time.sleep(1.0)
        assert self._process.poll() is None, (folder / "error.log").read_text()

    def kill(self) -> None:
        """End it at once, whatever it was sending."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)


_SYSTEM = "/usr/bin/python3"
_ASKS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@cache
def no_rtsp() -> str | None:
    """Say why there is no RTSP server here; None: there is one."""
    packages = "gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good"
    why = f"there is no RTSP server of GStreamer here (Debian: apt install {packages})"
    try:
        asked = subprocess.run([_SYSTEM, "-c", _ASKS], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return why
    return None if asked.returncode == 0 else why


@contextmanager
def rtsp(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the program by RTSP until the block ends, to each who asks from its start; give its address."""
    path = folder / "program.mkv"
    path.write_bytes(program("matroska"))
    script = Path(__file__).with_name("rtsp_server.py")
    server = subprocess.Popen([_SYSTEM, str(script), str(path)], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        yield f"rtsp://127.0.0.1:{port}/program", server
    finally:
        server.kill()
        server.wait(20)


class Pusher(threading.Thread):
    """Pushes the program to an RTMP server at its own speed.

    Args:
        url: where to.
        since: seconds of the program at which it begins.
        until: seconds at which it stops, without a word.
        data: the program, FLV; None: the one of these tests.
    """

    def __init__(self, url: str, *, since: float = 0.0, until: float = SECONDS, data: bytes | None = None) -> None:
        super().__init__(daemon=True)
        self._url, self._since, self._until, self._data = url, since, until, data
        self.began: float | None = None  # wall time of second 0 of the program

    def run(self) -> None:
        """Push, until the server goes."""
        with suppress(OSError):
            self._push()

    def _push(self) -> None:
        with (
            av.open(BytesIO(self._data or program("flv")), "r", format="flv") as source,
            av.open(self._url, "w", format="flv", timeout=(10, 10)) as out,
        ):
            made = {stream.index: out.add_stream_from_template(stream) for stream in source.streams}
            self.began = time.time() - self._since
            for packet in source.demux():
                if packet.dts is None:
                    continue
                moment = float(packet.dts * packet.time_base)
                if moment < self._since:
                    continue
                if moment > self._until:
                    return
                time.sleep(max(0.0, self.began + moment - time.time()))
                packet.stream = made[packet.stream_index]
                out.mux(packet)
