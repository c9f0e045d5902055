"""Texts: what passes untouched, what is mended and noted, what is refused."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from evenhand.decode import decode, decode_text
from evenhand.domain import Content, ContentKind, Message, Source, TextPart
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings

SETTINGS = Settings()


def text_of(content: Content, settings: Settings = SETTINGS) -> str:
    (part,) = decode(content, settings).parts
    assert isinstance(part, TextPart)
    return part.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\r\n",
        "plain",
        "a\x00b\x00",
        "\u202edetrevni\u202c \u200b \ufeff inside",
        "e\u0301 is not \u00e9",
        "\U0001f469\u200d\U0001f680",
        "\ufffd was there before",
        "GIF89a and BM and %PDF- are only words here",
    ],
)
def test_callers_text_is_untouched(text: str) -> None:
    decoded = decode(Content(text=text, language="en"), SETTINGS)
    (part,) = decoded.parts
    assert isinstance(part, TextPart)
    assert (part.text, part.language, part.origin.source) == (text, "en", Source.TEXT)
    assert decoded.kind is ContentKind.TEXT
    assert decoded.notes == ()
    assert decoded.content_hash == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    assert decoded.size == len(text.encode())


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=60))
def test_any_string_is_read_and_keeps_its_length(text: str) -> None:
    decoded = decode_text(text, SETTINGS)
    (part,) = decoded.parts
    assert isinstance(part, TextPart)
    assert len(part.text) == len(text)
    part.text.encode()  # well formed


def test_lone_surrogates_are_replaced_one_for_one_and_noted() -> None:
    decoded = decode_text("a\ud800b\udfff\udfffc", SETTINGS)
    (part,) = decoded.parts
    assert isinstance(part, TextPart)
    assert part.text == "a\ufffdb\ufffd\ufffdc"
    assert decoded.notes == ("3 lone surrogates replaced",)
    assert decoded.content_hash != decode_text(part.text, SETTINGS).content_hash


def test_too_long_text_says_what_to_do() -> None:
    settings = Settings(max_text_chars=10)
    assert text_of(Content(text="\U0001f600" * 10), settings) == "\U0001f600" * 10
    for content in (Content(text="x" * 11), Content(data=b"x" * 11), Content(data=b"x" * 1000)):
        with pytest.raises(TooLargeError, match=r"limit is 10; split it, or raise EVENHAND_MAX_TEXT_CHARS"):
            decode(content, settings)


@pytest.mark.parametrize(
    ("data", "media_type", "text", "note"),
    [
        (b"", None, "", None),
        (b"", "text/plain", "", None),
        (b"plain", "text/plain", "plain", None),
        (b"plain", "application/octet-stream", "plain", None),
        ("gr\u00fc\u00df \u6d4b\u8bd5".encode(), None, "gr\u00fc\u00df \u6d4b\u8bd5", None),
        (codecs.BOM_UTF8 + b"marked", None, "marked", None),
        ("marked \u6d4b".encode("utf-16"), None, "marked \u6d4b", None),
        (codecs.BOM_UTF16_LE + "Hi".encode("utf-16-le"), "audio/mpeg", "Hi", "declared audio/mpeg"),
        (codecs.BOM_UTF32_BE + "marked".encode("utf-32-be"), None, "marked", None),
        ("\u6d4b\u8bd5\u6587".encode("gbk"), "text/plain; charset=GBK", "\u6d4b\u8bd5\u6587", None),
        ("caf\u00e9".encode("latin-1"), 'text/html;charset="ISO-8859-1"', "caf\u00e9", None),
        ("wide".encode("utf-16-le"), "text/plain; charset=utf-16le", "wide", None),
        (b"a normal sentence \xff with damage", None, "a normal sentence \ufffd with damage", "at 1 place"),
        ("kept \ufffd and ".encode() + b"\xfe new, in a longer text", None, None, "at 1 place"),
        (b"known to nobody", "text/plain; charset=klingon", "known to nobody", "not known, read as UTF-8"),
        (b"eJwDAAAAAAE=", "text/plain; charset=zip", "eJwDAAAAAAE=", "not known, read as UTF-8"),
        (b"\\u0041", "text/plain; charset=unicode_escape", "\\u0041", "not known, read as UTF-8"),
        (b"one \x00 nul \x1b[0m", None, "one \x00 nul \x1b[0m", None),
        (b"BMW makes cars, which is a sentence", None, "BMW makes cars, which is a sentence", None),
        (b"GIF89a is a file format", None, "GIF89a is a file format", None),
        (b"ID3 tags hold names", None, "ID3 tags hold names", None),
        (b"words", "image/png", "words", "declared image/png, is text/plain"),
        (b"<svg is a tag", "text/plain", "<svg is a tag", None),
    ],
)
def test_bytes_as_text(data: bytes, media_type: str | None, text: str | None, note: str | None) -> None:
    decoded = decode(Content(data=data, media_type=media_type), SETTINGS)
    (part,) = decoded.parts
    assert isinstance(part, TextPart)
    assert text is None or part.text == text
    assert decoded.content_hash == "sha256:" + hashlib.sha256(data).hexdigest()
    assert (note is None) == (decoded.notes == ())
    assert note is None or note in " / ".join(decoded.notes)


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)),
        b"\x00" * 100,
        b"\xff" * 100,
        "\u6d4b\u8bd5\u6587\u5b57".encode("gbk") * 5,
        b"\xef\xbb\xbf" + b"\x80" * 90,
    ],
)
def test_binary_data_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedError):
        decode(Content(data=data), SETTINGS)


@given(st.binary(max_size=300), st.sampled_from((None, "text/plain", "text/plain; charset=utf-16", "image/png", ";=;")))
def test_any_bytes_give_parts_or_an_input_error(data: bytes, media_type: str | None) -> None:
    with contextlib.suppress(InputError):
        decoded = decode(Content(data=data, media_type=media_type), SETTINGS)
        assert decoded.size == len(data)
        assert decoded.parts


@pytest.mark.parametrize("body", [{"text": "do it"}, {"data": b"do it"}])
def test_a_callers_own_text_knows_what_was_said_before(body: dict[str, Any]) -> None:
    before = (Message(text="shall I?", author="a"),)
    alone, after = decode(Content(**body), Settings()), decode(Content(**body, conversation=before), Settings())
    (part,) = after.parts
    assert isinstance(part, TextPart)
    assert (part.text, part.before) == ("do it", before)
    assert after.content_hash == alone.content_hash


def test_a_picture_knows_nothing_of_it() -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, "PNG")
    content = Content(data=out.getvalue(), conversation=(Message(text="look at this"),))
    (part,) = decode(content, Settings()).parts
    assert not hasattr(part, "before")
