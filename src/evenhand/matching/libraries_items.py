"""Items of a library: one word, phrase, or hash of a picture, sound or video each, from YAML, plain text or CSV."""

from __future__ import annotations

import csv
import importlib.util
import io
import re
from datetime import UTC, datetime, timedelta

from evenhand.domain import LibraryItem, LibraryKind, Match
from evenhand.errors import LibraryError

MAX_ITEMS = 1_000_000
MAX_ITEM_CHARS = 200
COLUMNS = ("value", "match", "label", "score", "languages", "expires", "note")
MAX_NOTE_CHARS = 500
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_MOST_LANGUAGES = 20
_HASH = re.compile(r"[0-9a-f]{64}")
_SYLLABLES = 0x2E80  # from here on scripts are written without letters


def item_of(
    value: str,
    kind: LibraryKind,
    *,
    where: str,
    line: int,
    label: str | None = None,
    score: str | None = None,
    match: str | None = None,
    languages: str | None = None,
    expires: str | None = None,
    note: str | None = None,
) -> LibraryItem:
    """Check one item.

    Args:
        value: the word, phrase or expression, 64 hexadecimal digits, the fingerprint of a sound, the print of a video,
            or the sketch of a text.
        kind: what the library holds.
        where: name of the document or file, for messages.
        line: its line.
        label: overrides the library's label.
        score: a number in (0, 1], as written; None or empty: 1.
        match: how a word is found: exact, fuzzy, phonetic or regex; None or empty: as the library's options say.
        languages: language tags with spaces or commas between, of words and texts; None or empty: any.
        expires: when it ends, as ISO 8601 has it (a day: its end, in UTC); None or empty: never.
        note: for people.

    Raises:
        LibraryError: the item cannot be used.
    """
    value, how = value.strip(), _match(match or "", kind, where, line)
    if kind is LibraryKind.IMAGES:
        value = value.lower()
        if not _HASH.fullmatch(value):
            raise LibraryError(f"{where} line {line}: a picture's hash is 64 hexadecimal digits")
    elif kind is LibraryKind.SOUNDS:
        _check_print(value, where, line)
    elif kind is LibraryKind.VIDEOS:
        _check_video(value, where, line)
    elif kind is LibraryKind.TEXTS:
        _check_sketch(value, where, line)
    elif how is Match.REGEX:
        _check_expression(value, where, line)
    elif not value:
        raise LibraryError(f"{where} line {line}: an empty item; remove the line")
    elif len(value) > MAX_ITEM_CHARS:
        raise LibraryError(f"{where} line {line}: over {MAX_ITEM_CHARS} characters; use a shorter phrase")
    elif value.endswith("*") and sum(char.isalnum() for char in value) < 3 and value.strip("*").isalnum():
        raise LibraryError(f"{where} line {line}: 'word*' needs three letters or more before '*'; fewer match too much")
    elif value == "*":
        raise LibraryError(f"{where} line {line}: '*' alone matches everything; remove it, or write 'word*'")
    elif how in (Match.FUZZY, Match.PHONETIC):
        _check_near(value, how, where, line)
    try:
        number = float(score) if score else 1.0
    except ValueError:
        number = -1.0
    if not 0.0 < number <= 1.0:
        raise LibraryError(f"{where} line {line}: score is a number above 0 and at most 1")
    if note and len(note) > MAX_NOTE_CHARS:
        raise LibraryError(f"{where} line {line}: a note has at most {MAX_NOTE_CHARS} characters")
    return LibraryItem(
        value=value,
        label=label or None,
        score=number,
        match=how,
        languages=_languages(languages or "", kind, where, line),
        expires=_end(expires or "", where, line),
        note=(note or "").strip(),
    )


def _match(match: str, kind: LibraryKind, where: str, line: int) -> Match:
    try:
        how = Match(match)
    except ValueError as error:
        named = ", ".join(one.value for one in Match if one.value)
        raise LibraryError(f"{where} line {line}: '{match[:50]}' is no way to match; there are {named}") from error
    if how is not Match.PLAIN and kind is not LibraryKind.WORDS:
        raise LibraryError(f"{where} line {line}: only words say how they match; leave 'match' out")
    return how


def _check_expression(value: str, where: str, line: int) -> None:
    from evenhand.matching.regexes import check_expression

    try:
        check_expression(value)
    except ValueError as error:
        raise LibraryError(f"{where} line {line}: {error}") from error


def _check_near(value: str, how: Match, where: str, line: int) -> None:
    from evenhand.matching.nearwords import LEAST_LETTERS, MOST_LETTERS, words_of

    words = words_of(value)
    if "*" in value or not words:
        raise LibraryError(f"{where} line {line}: '{how.value}' takes words of letters, without '*'")
    if how is Match.PHONETIC and any(ord(char) >= _SYLLABLES for char in value):
        return  # Chinese: by its pinyin
    if how is Match.FUZZY and (
        all(len(word) < LEAST_LETTERS for word in words) or any(ord(char) >= _SYLLABLES for char in value)
    ):
        raise LibraryError(
            f"{where} line {line}: 'fuzzy' needs a word of {LEAST_LETTERS} letters or more; list its spellings instead"
        )
    if how is Match.PHONETIC and not value.isascii():
        raise LibraryError(f"{where} line {line}: 'phonetic' knows English words and Chinese ones; list its spellings")
    if any(len(word) > MOST_LETTERS for word in words):
        raise LibraryError(f"{where} line {line}: a word has at most {MOST_LETTERS} letters here; match it as written")
    if how is Match.PHONETIC and importlib.util.find_spec("jellyfish") is None:
        raise LibraryError(f"{where} line {line}: 'phonetic' needs jellyfish: pip install 'evenhand[audio]'")


def _languages(languages: str, kind: LibraryKind, where: str, line: int) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(languages.replace(",", " ").split()))
    if found and kind not in (LibraryKind.WORDS, LibraryKind.TEXTS):
        raise LibraryError(f"{where} line {line}: only words and texts have languages")
    for language in found:
        if not _LANGUAGE.fullmatch(language) or len(found) > _MOST_LANGUAGES:
            raise LibraryError(f"{where} line {line}: '{language[:50]}' is no language tag; write 'en' or 'zh-Hant'")
    return found


def _end(expires: str, where: str, line: int) -> datetime | None:
    if not expires.strip():
        return None
    try:
        written = expires.strip()
        moment = datetime.fromisoformat(written)
        if len(written) <= len("2030-01-31"):
            moment += timedelta(days=1)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise LibraryError(f"{where} line {line}: 'expires' is a day or a time: 2030-01-31T12:00:00Z") from error


def _check_sketch(value: str, where: str, line: int) -> None:
    from evenhand.matching.textsketch import from_text

    try:
        from_text(value)
    except ValueError as error:
        raise LibraryError(f"{where} line {line}: {error}") from error


def _check_print(value: str, where: str, line: int) -> None:
    from evenhand.matching.audioprint import from_text

    try:
        from_text(value)
    except ValueError as error:
        raise LibraryError(f"{where} line {line}: {error}") from error


def _check_video(value: str, where: str, line: int) -> None:
    from evenhand.matching.videoprint import from_text

    try:
        from_text(value)
    except ValueError as error:
        raise LibraryError(f"{where} line {line}: {error}") from error


def read_items(text: str, kind: LibraryKind, *, where: str, table: bool) -> list[tuple[LibraryItem, int]]:
    """Read a file of items.

    Args:
        text: one item a line, blank lines and lines beginning with '# ' left out; or CSV.
        kind: what the library holds.
        where: the file's name, for messages.
        table: whether it is CSV, whose first line names the columns: value, and those of COLUMNS that are wanted.

    Returns:
        Each item with its line.

    Raises:
        LibraryError: an item cannot be used, or there are too many.
    """
    items = _read_table(text, kind, where) if table else _read_lines(text, kind, where)
    if len(items) > MAX_ITEMS:
        raise LibraryError(f"{where}: {len(items)} items, at most {MAX_ITEMS} are read; split the library")
    return items


def _read_lines(text: str, kind: LibraryKind, where: str) -> list[tuple[LibraryItem, int]]:
    lines = ((line.strip(), number) for number, line in enumerate(text.split("\n"), start=1))
    return [
        (item_of(line, kind, where=where, line=number), number)
        for line, number in lines
        if line and line != "#" and not line.startswith("# ")
    ]


def _read_table(text: str, kind: LibraryKind, where: str) -> list[tuple[LibraryItem, int]]:
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    items = []
    try:
        names = rows.fieldnames or ()
        if "value" not in names or not set(names) <= set(COLUMNS):
            raise LibraryError(f"{where} line 1: name the columns: value, and if wanted {', '.join(COLUMNS[1:])}")
        for row in rows:
            if None in row or None in row.values():
                raise LibraryError(f"{where} line {rows.line_num}: as many fields as there are columns are needed")
            number = rows.line_num
            items.append((item_of(**row, kind=kind, where=where, line=number), number))
    except csv.Error as error:
        raise LibraryError(f"{where} line {rows.reader.line_num}: not valid CSV: {error}") from error
    return items
