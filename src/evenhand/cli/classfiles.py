"""Reads the examples of a custom class: a folder of pictures, or a file of texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evenhand.detectors.classes_lesson import Sample
    from evenhand.domain import Medium

_MOST_BYTES = 50_000_000


def examples_in(path: Path) -> tuple[Medium, list[Sample]]:
    """Give what a path holds.

    Args:
        path: a folder of pictures; or a file of texts: one a line, or of `.jsonl` the field `text`, or of `.csv` the
            column `text`, or the first one.

    Raises:
        InputError: it is neither, or cannot be read.
    """
    from evenhand.detectors.classes_lesson import Sample
    from evenhand.detectors.classes_texts import read_texts
    from evenhand.detectors.classes_train import pictures_in
    from evenhand.domain import Medium
    from evenhand.errors import InputError

    if path.is_dir():
        return Medium.IMAGE, [Sample(content=file, name=file.name) for file in pictures_in(path)]
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path} is over {_MOST_BYTES} bytes: give at most 2,000 texts")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} is no folder of pictures and no file of texts ({error.strerror})") from error
    return Medium.TEXT, read_texts(data, path.name)
