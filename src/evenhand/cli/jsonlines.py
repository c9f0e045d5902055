"""Reads JSON lines into contents, as they come: a writer that waits for an answer gets it before its next line."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from evenhand.contents import PAUSE, Pause, item_error, read_file
from evenhand.domain import Content, ItemError, content_from_row, row_id
from evenhand.errors import InputError, TooLargeError

_MAX_LINE = 64 * 2**20  # bytes of one JSON line; a longer one is an error, not a reason to run out of memory
_CHUNK = 64 * 2**10  # bytes read at a time


def json_lines(source: str, *, language: str | None, max_bytes: int) -> Iterator[Content | ItemError | Pause]:
    """Give the contents of JSON lines, errors in the place of bad lines, and PAUSE where input waits.

    Args:
        source: a path, or "-" for standard input.
        language: hint for every content that brings none.
        max_bytes: largest file that a line may name.

    Raises:
        InputError: the source cannot be opened.
    """
    if source == "-":
        yield from _parse(sys.stdin.buffer, language, max_bytes)
        return
    try:
        stream = Path(source).open("rb")  # noqa: SIM115  (closed by the with below, once it is known to open)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}.") from error
    with stream:
        yield from _parse(stream, language, max_bytes)


def _parse(stream: BinaryIO, language: str | None, max_bytes: int) -> Iterator[Content | ItemError | Pause]:
    number = 0
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)  # gives what is there, and waits for no more
    for raw in _lines(read, _readiness(stream)):
        if isinstance(raw, Pause):
            yield raw
            continue
        number += 1
        if raw is None:
            yield _bad(number, None, TooLargeError(f"Longer than {_MAX_LINE} bytes."))
        elif raw.strip():
            yield _parse_line(number, raw, language, max_bytes)


def _lines(read: Callable[[int], bytes], ready: Callable[[], bool]) -> Iterator[bytes | Pause | None]:
    """Cut a stream into lines; None stands for one that is too long, PAUSE comes before a read that would wait."""
    begun, size = list[bytes](), 0
    while True:
        if not ready():
            yield PAUSE
        chunk = read(_CHUNK)
        if not chunk:
            break
        *whole, tail = chunk.split(b"\n")
        for piece in whole:
            if size + len(piece) > _MAX_LINE:
                yield None
            else:
                yield b"".join((*begun, piece)) if begun else piece
            begun.clear()
            size = 0
        size += len(tail)
        if size <= _MAX_LINE:
            begun.append(tail)
        else:
            begun.clear()
    if size:
        yield b"".join(begun) if size <= _MAX_LINE else None


def _readiness(stream: BinaryIO) -> Callable[[], bool]:
    """Give a function that says whether the next read will return at once. What is no file never waits."""
    try:
        number = stream.fileno()
    except (OSError, AttributeError):
        return lambda: True
    poll = select.poll()  # not select(): file numbers may be large
    poll.register(number, select.POLLIN)
    return lambda: bool(poll.poll(0))


def _parse_line(number: int, raw: bytes, language: str | None, max_bytes: int) -> Content | ItemError:
    import orjson

    row: object = None
    try:
        row = orjson.loads(raw)
        return content_from_row(row, read_path=lambda path: read_file(Path(path), max_bytes), language=language)
    except orjson.JSONDecodeError as error:
        return _bad(number, None, InputError(f"Not JSON ({error})."))
    except InputError as error:
        return _bad(number, row_id(row), error)


def _bad(number: int, name: str | None, error: InputError) -> ItemError:
    return item_error(type(error)(f"Line {number}: {error.message}"), id=name)
