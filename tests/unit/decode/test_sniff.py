"""What a file is told to be, and what is said of what is not read."""

from __future__ import annotations

import pytest

from evenhand.decode import DECODERS, decode
from evenhand.decode.sniff import sniff
from evenhand.domain import Content, ContentKind
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings
from tests.media import drawn, encode

SETTINGS = Settings()

UNREAD = [
    (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "image/heic", "save it as JPEG, PNG or AVIF"),
    (b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic", "image/heic", "save it as JPEG, PNG or AVIF"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl", "save it as JPEG, PNG or AVIF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2", "save it as JPEG, PNG or AVIF"),
    (b"MThd\x00\x00\x00\x06", "audio/midi", "convert it to MP4, WebM, Ogg or WAV"),
    (b"8BPS\x00\x01" + bytes(30), "image/vnd.adobe.photoshop", "export it as PNG"),
    (b"%!PS-Adobe-3.0 EPSF-3.0", "application/postscript", "not read"),
    (b"%PDF-1.7\n", "application/pdf", "a PDF document"),
    (b"PK\x03\x04" + bytes(30), "application/zip", "a ZIP archive"),
    (b"\x1f\x8b\x08" + bytes(30), "application/gzip", "not read"),
    (b"\x00\x00\x01\x00\x01\x00\x10\x10", "image/x-icon", "send each of them as PNG"),
    (b"II+\x00\x08\x00\x00\x00" + bytes(20), "image/x-bigtiff", "not read"),
]

RECORDINGS = [
    (b"RIFF\x24\x00\x00\x00WAVEfmt ", "audio/wav"),
    (b"RIFF\x24\x00\x00\x00AVI LIST", "video/x-msvideo"),
    (b"ID3\x04\x00\x00\x00\x00\x00\x00", "audio/mpeg"),
    (b"\xff\xfb\x90\x64" + bytes(100), "audio/mpeg"),
    (b"OggS\x00\x02" + bytes(20), "audio/ogg"),
    (b"fLaC\x00\x00\x00\x22", "audio/flac"),
    (b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00", "video/mp4"),
    (b"\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00", "audio/mp4"),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81", "video/x-matroska"),
    (b"G" + b"\x40\x00\x10" + bytes(184) + (b"G" + bytes(187)) * 3, "video/mp2t"),
    (b"RF64\xff\xff\xff\xffWAVEds64", "audio/wav"),
    (b"ID3\x04\x00\x00\x00\x00\x00\x05tags.fLaC\x00\x00\x00\x22", "audio/flac"),
    (b"ID3\x04\x00\x00\x00\x00\x00\x05tags.\xff\xf1\x50\x80" + bytes(40), "audio/aac"),
    (b"\xff\xf1\x50\x80" + bytes(40), "audio/aac"),
    (b"\x00\x00\x00\x08wide\x00\x00\x00\x10mdat" + bytes(8), "video/mp4"),
    (b"\x00\x00\x00\x20ftypqt  " + bytes(20), "video/mp4"),
    (b"\x00\x00\x00\x18ftyp3gp4\x00\x00\x02\x00", "video/mp4"),
    (b"\x00\x00\x00\x00G" + bytes(187) + (b"\x00\x00\x00\x00G" + bytes(187)) * 3, "video/mp2t"),
    (b"caff\x00\x01\x00\x00", "audio/x-caf"),
    (b"#!AMR\n", "audio/amr"),
    (b"FLV\x01\x05\x00\x00\x00\x09", "video/x-flv"),
    (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel", "video/x-ms-asf"),
    (b"\x00\x00\x01\xba\x44" + bytes(20), "video/mpeg"),
]


@pytest.mark.parametrize(("data", "media"), RECORDINGS)
def test_recordings_are_known_and_stumps_of_them_refused(data: bytes, media: str) -> None:
    assert sniff(data) == media
    with pytest.raises(InputError, match=f"{media} file (is damaged|holds no sound)"):
        decode(Content(data=data, media_type="image/png"), SETTINGS)


@pytest.mark.parametrize(("data", "media", "words"), UNREAD)
def test_what_is_not_read_is_named(data: bytes, media: str, words: str) -> None:
    assert sniff(data) == media
    with pytest.raises(UnsupportedError, match=words):
        decode(Content(data=data, media_type="image/png"), SETTINGS)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'></svg>",
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- made by hand -->\n<!DOCTYPE svg>\n<SVG >",
        b"<!-- " + b"far away " * 5000 + b"--><svg>",
        b"<!-- " + b"further away " * 9000 + b"--><svg>",
        b"<?xml?>" * 900 + b"<svg\n>",
        b"<!DOCTYPE svg [<!ENTITY a '1'><!ENTITY b '&a;&a;'>]>\n<svg/>",
        b"<d:svg xmlns:d='http://www.w3.org/2000/svg'/>",
        "\ufeff<?xml version='1.0' encoding='utf-16'?><svg/>".encode("utf-16-le"),
    ],
)
def test_an_svg_drawing_never_reads_as_its_words(data: bytes) -> None:
    with pytest.raises(UnsupportedError, match=r"an SVG drawing.*send it drawn, as PNG"):
        decode(Content(data=data, media_type="image/png"), SETTINGS)


@pytest.mark.parametrize("data", [b"<html><svg/></html>", b"a <svg> is a drawing", b"<svgs>", b"<!-- <svg> --><p>"])
def test_a_text_that_only_names_one_is_a_text(data: bytes) -> None:
    assert decode(Content(data=data), SETTINGS).kind is ContentKind.TEXT
    drawing = Content(data=b"<svg><text>hello</text></svg>", media_type="text/plain")
    assert decode(drawing, SETTINGS).kind is ContentKind.TEXT  # declared to be its words


def test_unknown_binary_is_refused_in_plain_words() -> None:
    with pytest.raises(UnsupportedError, match="of no known kind"):
        decode(Content(data=b"\x01\x02\x03\x04" * 40), SETTINGS)


@pytest.mark.parametrize("declared", ["image/png", "audio/mpeg", "video/mp4"])
def test_an_empty_file_is_not_an_empty_text_when_something_else_was_declared(declared: str) -> None:
    with pytest.raises(InputError, match="empty"):
        decode(Content(data=b"", media_type=declared), SETTINGS)


@pytest.mark.parametrize(
    ("declared", "kind", "note"),
    [
        (None, None, None),
        ("image/jpeg", None, None),
        ("image/jpg", None, None),
        ("IMAGE/JPEG; q=1", None, None),
        ("application/octet-stream", None, None),
        (None, ContentKind.IMAGE, None),
        ("image/png", None, "declared image/png, is image/jpeg"),
        ("text/plain", None, "declared text/plain, is image/jpeg"),
        (None, ContentKind.TEXT, "declared text, is image/jpeg"),
        (None, ContentKind.VIDEO, "declared video, is image/jpeg"),
    ],
)
def test_a_mislabelled_file_is_read_as_what_it_is(
    declared: str | None, kind: ContentKind | None, note: str | None
) -> None:
    data = encode(drawn(), "JPEG")
    decoded = decode(Content(data=data, media_type=declared, kind=kind), SETTINGS)
    assert decoded.kind is ContentKind.IMAGE
    assert decoded.notes == (() if note is None else (note,))


def test_too_many_bytes() -> None:
    with pytest.raises(TooLargeError, match="EVENHAND_MAX_FILE_BYTES"):
        decode(Content(data=bytes(101)), Settings(max_file_bytes=100))


def test_decoders_share_no_media_type() -> None:
    media = [name for decoder in DECODERS for name in decoder.media]
    assert len(media) == len(set(media))
