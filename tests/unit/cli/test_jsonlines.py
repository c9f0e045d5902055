"""JSON lines are cut out of whatever chunks come, and say when the writer pauses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evenhand.cli import jsonlines
from evenhand.cli.jsonlines import _lines
from evenhand.contents import PAUSE


def chunks(*given: bytes) -> Callable[[int], bytes]:
    left = [*given, b""]
    return lambda size: left.pop(0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a\nb"], [b"a", b"b"]),
        ([b"a", b"b", b"c\nd", b"\n"], [b"abc", b"d"]),
        ([b"\n\n"], [b"", b""]),
        ([b"123456789\nshort\n"], [None, b"short"]),
        ([b"1234", b"5678", b"9", b"0\nshort"], [None, b"short"]),
        ([b"12345678\n"], [b"12345678"]),
        ([b"123456", b"789"], [None]),
    ],
)
def test_lines(monkeypatch: pytest.MonkeyPatch, given: list[bytes], expected: list[bytes | None]) -> None:
    monkeypatch.setattr(jsonlines, "_MAX_LINE", 8)
    assert list(_lines(chunks(*given), lambda: True)) == expected


def test_a_pause_comes_before_a_read_that_would_wait() -> None:
    ready = [True, False, True, False]
    assert list(_lines(chunks(b"a\nb", b"\n", b"c\n"), lambda: ready.pop(0))) == [b"a", PAUSE, b"b", b"c", PAUSE]
