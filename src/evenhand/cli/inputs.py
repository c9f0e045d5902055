"""Turns command-line arguments and JSON lines into contents, lazily and in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from evenhand.cli.jsonlines import json_lines
from evenhand.contents import Pause, file_content, item_error, read_limited
from evenhand.domain import Content, ItemError
from evenhand.errors import InputError


def gather(
    targets: Sequence[str], texts: Sequence[str], jsonl: str | None, *, language: str | None, max_bytes: int
) -> Iterator[Content | ItemError | Pause]:
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
            yield Content(id=_printable(target), url=target, language=language)
        else:
            yield from _target(Path(target), language, max_bytes)
    if jsonl is not None:
        yield from json_lines(jsonl, language=language, max_bytes=max_bytes)


def count(targets: Sequence[str], texts: Sequence[str]) -> int:
    """Say how many contents the arguments stand for, to draw a progress bar."""
    paths = (target for target in targets if target != "-" and "://" not in target)
    others = sum(1 for target in targets if target == "-" or "://" in target)
    return len(texts) + others + sum(max(1, sum(1 for _ in _files(Path(path)))) for path in paths)


def _files(path: Path) -> Iterator[Path]:
    """Give a file itself, or all files below a folder, sorted, without hidden ones.

    Links to folders are not followed, they may lead round in a circle. Links that lead nowhere and folders that
    cannot be read are given too: whoever reads them gets the error, and nothing is passed over in silence.
    """
    if not path.is_dir():
        yield path
        return
    try:
        entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    except OSError:
        yield path
        return
    for entry in entries:
        if not entry.is_dir():
            yield entry
        elif not entry.is_symlink():
            yield from _files(entry)


def _target(target: Path, language: str | None, max_bytes: int) -> Iterator[Content | ItemError]:
    """Read what the command line names: a pipe is read there, `<(command)` is one, but not inside a folder."""
    empty = True
    for path in _files(target):
        empty = False
        yield _file(path, language, max_bytes, pipes=path is target)
    if empty:
        error = InputError(f"{_printable(target)} holds no files to check; hidden ones are not read.")
        yield item_error(error, id=_printable(target))


def _stdin(language: str | None, max_bytes: int) -> Content | ItemError:
    try:
        return Content(id="-", data=read_limited(sys.stdin.buffer, "standard input", max_bytes), language=language)
    except InputError as error:
        return item_error(error, id="-")


def _file(path: Path, language: str | None, max_bytes: int, *, pipes: bool) -> Content | ItemError:
    try:
        return file_content(path, max_bytes, pipes=pipes, id=_printable(path), language=language)
    except InputError as error:
        return item_error(error, id=_printable(path))


def _printable(path: Path | str) -> str:
    """Give a path or URL as well-formed Unicode: arguments are bytes, and JSON cannot hold just any bytes."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
