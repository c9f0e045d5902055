"""URLs that are refused before anything is sent."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from evenhand.decode import decode
from evenhand.decode.fetch import fetch
from evenhand.domain import Content
from evenhand.errors import FetchError
from evenhand.settings import Settings

SETTINGS = Settings(fetch_timeout_s=3)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://017700000001/",
        "http://0/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1%25lo]/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1:8443/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://\u2460\u2461\u2466.0.0.1/",
        "http://127\u30020\u30020\u30021/",
    ],
)
def test_inside_targets_in_any_spelling(url: str) -> None:
    with pytest.raises(FetchError):
        fetch(url, SETTINGS)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "only http and https"),
        ("ftp://example.org/", "only http and https"),
        ("gopher://example.org/_", "only http and https"),
        ("data:text/plain,hi", "only http and https"),
        ("//example.org/", "only http and https"),
        ("example.org/picture.png", "only http and https"),
        ("http://", "only http and https"),
        ("", "only http and https"),
        ("http://user:secret@example.org/", "user name or password"),
        ("http://example.org@127.0.0.1/", "user name or password"),
        ("http://example.org:0/", "out of range|well formed"),
        ("http://example.org:99999/", "out of range|well formed"),
        ("http://[::1/", "well formed"),
        ("http://exa\x00mple.org/", "well formed"),
        ("http://example.org/\r\nHost: inside", "well formed"),
        ("http://example.org/" + "a" * 5000, "longer than"),
    ],
)
def test_malformed_urls(url: str, words: str) -> None:
    with pytest.raises(FetchError, match=words) as caught:
        fetch(url, SETTINGS, resolve=_never)
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "addresses",
    [
        ("10.0.0.1",),
        ("93.184.216.34", "127.0.0.1"),
        ("127.0.0.1", "93.184.216.34"),
        ("2606:4700::1111", "fd00:ec2::254"),
        ("::ffff:192.168.0.1",),
        ("not an address",),
    ],
)
def test_every_address_of_a_name_is_checked(addresses: tuple[str, ...]) -> None:
    with pytest.raises(FetchError, match="not on the public Internet") as caught:
        fetch("http://10-0-0-1.names.example/", SETTINGS, resolve=lambda host, port: addresses)
    assert not any(address in caught.value.message for address in addresses)


@pytest.mark.parametrize("error", [OSError("no such name"), UnicodeError("label too long"), RuntimeError("odd")])
def test_a_name_without_address(error: Exception) -> None:
    def fail(host: str, port: int) -> Sequence[str]:
        raise error

    with pytest.raises(FetchError, match="has no address"):
        fetch("http://nowhere.example/", SETTINGS, resolve=fail)
    with pytest.raises(FetchError, match="has no address"):
        fetch("http://nowhere.example/", SETTINGS, resolve=lambda host, port: ())


def test_a_resolver_that_hangs_is_left_behind() -> None:
    def hang(host: str, port: int) -> Sequence[str]:
        time.sleep(1.5)
        return ("93.184.216.34",)

    with pytest.raises(FetchError, match=r"within 0\.1 s"):
        fetch("http://slow.example/", Settings(fetch_timeout_s=0.1), resolve=hang)


def test_fetching_switched_off() -> None:
    with pytest.raises(FetchError, match="EVENHAND_FETCH_URLS"):
        decode(Content(url="http://example.org/"), Settings(fetch_urls=False))


def _never(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host} was looked up")  # pragma: no cover
