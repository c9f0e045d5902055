"""Addresses of streams: what may be opened, and what is shown of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.errors import FetchError, InputError
from evenhand.intake.addresses import RefusedStreamError, checked, read_address, shown


@pytest.mark.parametrize(
    ("url", "target", "paced"),
    [
        ("rtmp://media.example.org/live/key", "media.example.org:1935", False),
        ("rtsp://user:word@cam.example.org:8554/1", "cam.example.org:8554", False),
        ("srt://media.example.org:9000?streamid=a", "media.example.org:9000", False),
        ("https://media.example.org/live.m3u8?token=x", "media.example.org:443", False),
        ("http://media.example.org/clip.mp4", "media.example.org:80", True),
    ],
)
def test_known_schemes(url: str, target: str, paced: bool) -> None:
    address = read_address(url)
    assert (address.target, address.paced) == (target, paced)


@pytest.mark.parametrize(
    "url",
    ["", "file:///etc/passwd", "/etc/passwd", "concat:a|b", "tcp://example.org:1", "http://", "rtmp://a b/c",
     "http://user:word@example.org/x.m3u8", "rtmp://example.org:999999/x", "rtmp://" + "a" * 5_000],
)  # fmt: skip
def test_all_else_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        read_address(url)


def test_files_are_for_the_command_line_only(tmp_path: Path) -> None:
    path = tmp_path / "a clip.mp4"
    path.write_bytes(b"x")
    assert read_address(str(path), files=True).path == path
    assert read_address(path.as_uri(), files=True).path == path
    with pytest.raises(InputError):
        read_address(str(tmp_path / "none.mp4"), files=True)
    with pytest.raises(InputError):
        read_address(path.as_uri())


def test_secrets_are_not_shown() -> None:
    assert shown("rtmp://u:p@a.example.org/live/secret?k=1") == "rtmp://a.example.org/live/..."
    assert shown("rtsp://u:p@a.example.org:8554/1?k=1#f") == "rtsp://a.example.org:8554/1"
    assert shown("https://[2001:db8::1]:8/x?y") == "https://[2001:db8::1]:8/x"


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1"])
def test_hosts_inside_are_refused_unless_allowed(inside: str) -> None:
    def resolve(_host: str, _port: int) -> tuple[str, ...]:
        return ("93.184.216.34", inside)

    with pytest.raises(RefusedStreamError):
        checked("media.example.org", 1935, frozenset(), resolve=resolve)
    with pytest.raises(RefusedStreamError):
        checked("media.example.org", 1935, frozenset({"media.example.org:80"}), resolve=resolve)
    assert checked("media.example.org", 1935, frozenset({"media.example.org:1935"}), resolve=resolve)[1] == inside


def test_a_host_without_an_address_may_get_one_later() -> None:
    def resolve(_host: str, _port: int) -> tuple[str, ...]:
        raise OSError

    with pytest.raises(FetchError) as caught:
        checked("media.example.org", 1935, frozenset(), resolve=resolve)
    assert not isinstance(caught.value, RefusedStreamError)
