"""Spans of texts are masked and everything else keeps its place."""

from __future__ import annotations

import pytest

from evenhand.actions.redact_text import mask


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        ("call me now", [(5, 7)], "call ## now"),
        ("call me now", [], "call me now"),
        ("call me now", [(0, 4), (2, 7)], "####### now"),
        ("two words", [(0, 9)], "#########"),
        ("one\ntwo\r\nsix", [(0, 12)], "###\n###\r\n###"),
        ("short", [(-3, 99)], "#####"),
        ("none", [(2, 2), (9, 12)], "none"),
        ("cafe\u0301 bar", [(0, 4)], "##### bar"),
        ("e\u0301", [(1, 1)], "e\u0301"),
        ("\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}!", [(0, 1)], "###!"),
        ("\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-3}!", [(0, 1)], "##!"),
    ],
)
def test_mask(text: str, spans: list[tuple[int, int]], expected: str) -> None:
    masked = mask(text, spans, character="#")
    assert masked == expected
    assert len(masked) == len(text)
