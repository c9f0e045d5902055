"""Texts: a caller's string as it is, or bytes in a declared or self-declared character set."""

from __future__ import annotations

import codecs
import re
from hashlib import sha256

from evenhand.decode.base import Blob, Decoded
from evenhand.domain import ContentKind, Location, Source, TextPart
from evenhand.errors import TooLargeError, UnsupportedError
from evenhand.settings import Settings

# One shared value: making a Location a message would cost more than all the rest of decoding it.
_ORIGIN = Location(source=Source.TEXT)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# An allow-list, because Python also registers codecs that unpack ("zip"), evaluate escapes or take quadratic time.
_CHARSETS = re.compile(
    r"utf-8|ascii|(utf-16|utf-32)(-[lb]e)?|gb18030|gbk|gb2312|big5(hkscs)?|shift_jis|cp932|euc_jp|iso2022_jp|euc_kr|"
    r"cp949|koi8-[ru]|tis-620|cp874|iso8859-\d{1,2}|cp125[0-8]|mac-roman"
)
_MOST_BROKEN = 0.1  # more replaced places than this share of the characters: not a text in that character set


def decode_text(text: str, settings: Settings, *, language: str | None = None) -> Decoded:
    """Take a caller's string: the fast path, about two microseconds for a short message.

    The text is not normalised, so spans count the caller's own code points. A lone surrogate (half a character, which
    no UTF can carry) becomes U+FFFD, one for one, and is noted.

    Args:
        text: any string; empty is valid.
        settings: `max_text_chars` is the limit.
        language: the caller's BCP 47 hint.

    Raises:
        TooLargeError: the text has more than `max_text_chars` code points.
    """
    if len(text) > settings.max_text_chars:
        raise _too_long(len(text), settings)
    notes: tuple[str, ...] = ()
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        # Hashed as it came, so that a repaired text and one that held U+FFFD from the start stay different contents.
        raw = text.encode("utf-8", "surrogatepass")
        text, count = _SURROGATE.subn("\ufffd", text)
        notes = (f"{_places(count, 'lone surrogate')} replaced",)
    return Decoded(
        kind=ContentKind.TEXT,
        parts=(TextPart(text=text, language=language, origin=_ORIGIN),),
        content_hash="sha256:" + sha256(raw).hexdigest(),
        size=len(raw),
        notes=notes,
    )


class TextDecoder:
    """Reads bytes as text: by byte order mark, else by the declared character set, else as UTF-8."""

    kind = ContentKind.TEXT
    media = frozenset({"text/plain"})

    def decode(self, blob: Blob, settings: Settings) -> Decoded:
        """Take the text apart: one part. A byte order mark is not part of the text.

        Raises:
            TooLargeError: more than `max_text_chars` code points.
            UnsupportedError: too little of it is valid in its character set.
        """
        data, notes = blob.data, list[str]()
        # No character set here packs more than one code point into a byte; UTF-32 needs four bytes for one.
        if len(data) > 4 * settings.max_text_chars + 4:
            raise _too_long(len(data) // 4, settings, least=True)
        charset, start = _charset(blob, notes)
        text = data[start:].decode(charset, "replace")
        broken = 0
        if "\ufffd" in text:
            broken = text.count("\ufffd") - _own_replacements(data, start, charset)
        if broken > max(1, _MOST_BROKEN * len(text)):
            raise UnsupportedError(
                f"the bytes are neither a known kind of file nor text in {charset}; send a picture or a text, "
                "and declare the text's character set (text/plain; charset=...)"
            )
        if broken > 0:
            notes.append(f"invalid {charset.upper()} replaced at {_places(broken, 'place')}")
        decoded = decode_text(text, settings, language=blob.language)
        return Decoded(
            kind=ContentKind.TEXT,
            parts=decoded.parts,
            content_hash="sha256:" + sha256(data).hexdigest(),
            size=len(data),
            notes=(*notes, *decoded.notes),
        )


def _charset(blob: Blob, notes: list[str]) -> tuple[str, int]:
    """Give the codec to use and how many bytes of byte order mark to skip."""
    for mark, name in _BOMS:
        if blob.data.startswith(mark):
            return name, len(mark)
    if blob.charset is None:
        return "utf-8", 0
    try:
        name = codecs.lookup(blob.charset[:40]).name
    except (LookupError, ValueError):
        name = ""
    if _CHARSETS.fullmatch(name) is None:
        notes.append("declared character set is not known, read as UTF-8")
        return "utf-8", 0
    return name, 0


def _own_replacements(data: bytes, start: int, charset: str) -> int:
    """Count the U+FFFD that the text itself holds; they are not damage."""
    try:
        needle = "\ufffd".encode(charset)
    except UnicodeEncodeError:
        return 0
    return data.count(needle, start) if charset == "utf-8" else 0


def _places(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _too_long(length: int, settings: Settings, *, least: bool = False) -> TooLargeError:
    return TooLargeError(
        f"the text has {'at least ' if least else ''}{length:,} characters and the limit is "
        f"{settings.max_text_chars:,}; split it, or raise EVENHAND_MAX_TEXT_CHARS"
    )
