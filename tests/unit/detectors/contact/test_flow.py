"""Contacts that stand in pieces in a picture; the same words in a text that was typed are left alone."""

from __future__ import annotations

import pytest

from evenhand.detectors.contact import ContactDetector
from evenhand.domain import Location, Source, TextPart


def found(text: str, source: Source = Source.OCR, language: str = "en") -> set[str]:
    part = TextPart(text=text, origin=Location(source=source), language=language)
    (answer,) = ContactDetector().detect([part])
    return {finding.label for finding in answer.findings if finding.score >= 0.5}


SPLIT = [
    ("Snapchat:\nleo_\ndeal1871", "ads.contact"),
    ("WhatsApp\n+44\n7700\n900487", "ads.contact"),
    ("Call\n202\n555\n0147", "ads.contact"),
    ("微信：lily\nsam2024", "ads.contact"),
    ("加我\n138\n0013\n8000", "ads.contact"),
    ("电话：13800\n138000", "ads.contact"),
    ("Mail: anna12@gm\nail.com", "ads.contact"),
    ("www.bestdeal\n45.com", "ads.link"),
    ("TG: @sh o p_dea l 9 6 7", "ads.contact"),
    ("Call six four six five five five zero one two zero", "ads.contact"),
    ("Text646 5550189", "ads.contact"),
    ("官网 www.l u c k y\nwin625.n\ne t", "ads.link"),
    ("K\ni\nk\nb\no\ns\ns\n7\n7\n8\n1", "ads.contact"),
    ("微\n信\na\nb\nc\n1\n2\n3\n4", "ads.contact"),
    ("邮箱：f o x lin 356 2@16 3.c om", "ads.contact"),
]


@pytest.mark.parametrize(("text", "label"), SPLIT)
def test_pieces_in_a_picture(text: str, label: str) -> None:
    assert label in found(text)


@pytest.mark.parametrize(
    "text", ["Snapchat:\nleo_\ndeal1871", "Call\n202\n555\n0147", "Call six four six five five five zero one two zero"]
)
def test_only_in_pictures(text: str) -> None:
    assert not found(text, Source.TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "WeChat Pay\n35.00\n12.50",
        "微信支付\n35.00\n合计\n35.00",
        "WeChat\nMoments\n12",
        "Telegram\n9:41",
        "Total\n12\n35\n2024",
        "1 2 3 4 5 6 7\n8 9 10 11 12 13 14\n15 16 17 18 19 20 21",
        "1\n2\n3\n4\n5\n6\n7\n8\n9",
        "5 3 4 6 7 8 9 1 2",
        "Qty\n1\n2\n1\nPrice\n3.50\n7.00",
        "one two three four five six seven",
        "I am at 7 on a bus to the sea",
        "Line 4\nOpen 9 to 5\nis it ok to go on",
        "Receipt no 9018439663\nTable 12",
        "小票号 9018439663\n日期 2024-05-18",
        "2019\n2020\n2021\n2022",
    ],
)
def test_tables_and_small_words(text: str) -> None:
    assert not found(text)


def test_the_place_is_that_of_the_pieces() -> None:
    text = "DM for price\nSnapchat:\nleo_\ndeal1871\nsee you"
    (answer,) = ContactDetector().detect([TextPart(text=text, origin=Location(source=Source.OCR), language="en")])
    spans = [f.location.span for f in answer.findings if f.label == "ads.contact"]
    assert (text.index("Snapchat"), text.index("\nsee")) in spans


def test_hostile_pieces() -> None:
    for text in ("a\n" * 20_000, "1 " * 20_000, "one " * 9_000, "+1\n" * 9_000, "@_\n" * 9_000):
        found(text)
