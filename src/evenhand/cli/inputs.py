"""Turns command-line arguments and JSON lines into contents, lazily and in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from evenhand.app import item_error
from evenhand.domain import Content, ItemError, content_from_row, row_id
from evenhand.errors import InputError, TooLargeError

_MAX_LINE = 64 * 2**20  # bytes of one JSON line; a longer one is an error, not a reason to run out of memory


def gather(
    targets: Sequence[str], texts: Sequence[str], jsonl: str | None, *, language: str | None, max_bytes: int
) -> Iterator[Content | ItemError]:
    """Give all contents: texts first, then files, folders and URLs as given, then JSON lines.

    Args:
        targets: paths, "-" or http(s) URLs.
        texts: texts themselves.
        jsonl: a path of JSON lines, or "-".
        language: hint for every content that brings none.
        max_bytes: largest file that is read.
    """
    for index, text in enumerate(texts, 1):
        yield Content(id=f"text-{index}", text=text, language=language)
    for target in targets:
        if target == "-":
            yield _stdin(language, max_bytes)
        elif target.startswith(("http://", "https://")):
            yield Content(id=target, url=target, language=language)
        else:
            for path in _files(Path(target)):
                yield _file(path, language, max_bytes)
    if jsonl is not None:
        yield from _json_lines(jsonl, language, max_bytes)


def count(targets: Sequence[str], texts: Sequence[str]) -> int:
    """Say how many contents the arguments stand for, to draw a progress bar."""
    paths = (target for target in targets if target != "-" and "://" not in target)
    others = sum(1 for target in targets if target == "-" or "://" in target)
    return len(texts) + others + sum(sum(1 for _ in _files(Path(path))) for path in paths)


def _files(path: Path) -> Iterator[Path]:
    """Give a file itself, or all files below a folder, sorted, without hidden ones."""
    if not path.is_dir():
        yield path
        return
    for entry in sorted(path.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _files(entry)
        elif entry.is_file():
            yield entry


def _stdin(language: str | None, max_bytes: int) -> Content | ItemError:
    try:
        return Content(id="-", data=_read(sys.stdin.buffer, "standard input", max_bytes), language=language)
    except InputError as error:
        return item_error(error, id="-")


def _file(path: Path, language: str | None, max_bytes: int) -> Content | ItemError:
    try:
        return Content(id=_printable(path), data=_read_file(path, max_bytes), language=language)
    except InputError as error:
        return item_error(error, id=_printable(path))


def _read_file(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return _read(stream, str(path), max_bytes)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error


def _read(stream: BinaryIO, name: str, max_bytes: int) -> bytes:
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise TooLargeError(f"{name} is larger than {max_bytes} bytes (EVENHAND_MAX_FILE_BYTES).")
    return data


def _json_lines(source: str, language: str | None, max_bytes: int) -> Iterator[Content | ItemError]:
    if source == "-":
        yield from _parse_lines(sys.stdin.buffer, language, max_bytes)
        return
    try:
        stream = Path(source).open("rb")  # noqa: SIM115  (closed by the with below, once it is known to open)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}.") from error
    with stream:
        yield from _parse_lines(stream, language, max_bytes)


def _parse_lines(stream: BinaryIO, language: str | None, max_bytes: int) -> Iterator[Content | ItemError]:
    number = 0
    while raw := stream.readline(_MAX_LINE + 1):
        number += 1
        if len(raw) > _MAX_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(_MAX_LINE)
            yield _bad(number, None, TooLargeError(f"Longer than {_MAX_LINE} bytes."))
        elif raw.strip():
            yield _parse_line(number, raw, language, max_bytes)


def _parse_line(number: int, raw: bytes, language: str | None, max_bytes: int) -> Content | ItemError:
    import orjson

    row: object = None
    try:
        row = orjson.loads(raw)
        return content_from_row(row, read_path=lambda path: _read_file(Path(path), max_bytes), language=language)
    except orjson.JSONDecodeError as error:
        return _bad(number, None, InputError(f"Not JSON ({error})."))
    except InputError as error:
        return _bad(number, row_id(row), error)


def _bad(number: int, name: str | None, error: InputError) -> ItemError:
    return item_error(type(error)(f"Line {number}: {error.message}"), id=name)


def _printable(path: Path) -> str:
    """Give the path as well-formed Unicode: file names are bytes, and JSON cannot hold just any bytes."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
