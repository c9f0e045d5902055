"""SRT, through the system's `ffmpeg`: the FFmpeg inside PyAV's wheels is built without it."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from urllib.parse import parse_qs, urlencode, urlsplit

from evenhand.errors import UnsupportedError

_PASSED = ("streamid", "passphrase", "pbkeylen", "latency")  # what a caller may say; the mode is always caller


class Srt:
    """A child that receives SRT and writes MPEG-TS.

    Args:
        url: srt://host:port?streamid=...
        address: of the host, checked.
        port: of the server.
        timeout_s: of connecting.

    Raises:
        UnsupportedError: there is no `ffmpeg` with SRT on this machine.
    """

    def __init__(self, url: str, address: str, port: int, *, timeout_s: float) -> None:
        given = parse_qs(urlsplit(url).query)
        query = {name: given[name][0] for name in _PASSED if name in given}
        query |= {"mode": "caller", "connect_timeout": str(int(timeout_s * 1000))}
        host = f"[{address}]" if ":" in address else address
        program = speaks_srt()
        if program is None:
            raise UnsupportedError(
                "SRT needs the program ffmpeg, built with SRT, on this machine (Debian: apt install ffmpeg)"
            )
        # fmt: off
        command = [
            program, "-nostdin", "-v", "quiet", "-protocol_whitelist", "srt,udp", "-f", "mpegts",
            "-i", f"srt://{host}:{port}?{urlencode(query)}",
            "-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "mpegts", "-flush_packets", "1", "-",
        ]
        # fmt: on
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603

    def read(self, size: int) -> bytes:
        """Give the next bytes; none: it is over."""
        stream = self._child.stdout
        try:
            return stream.read1(size) if stream is not None else b""  # type: ignore[attr-defined]
        except (OSError, ValueError):
            return b""

    def close(self) -> None:
        """End the child."""
        with suppress(OSError):
            self._child.kill()
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(5)


_FOUND: list[str | None] = []


def speaks_srt() -> str | None:
    """Give the path of an `ffmpeg` that speaks SRT; None where there is none. Asked once."""
    if not _FOUND:
        program = shutil.which("ffmpeg")
        known = ""
        if program is not None:
            with suppress(OSError, subprocess.TimeoutExpired):
                known = subprocess.run(  # noqa: S603
                    [program, "-v", "quiet", "-protocols"], capture_output=True, text=True, timeout=20, check=False
                ).stdout
        _FOUND.append(program if "srt" in known.split() else None)
    return _FOUND[0]
