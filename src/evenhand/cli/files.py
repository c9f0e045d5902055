"""Report files that a command writes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from evenhand.errors import UserError


def check_writable(files: Iterable[Path], *, data: Path | None = None) -> None:
    """Find out before the work, not after it, that a report cannot be written.

    Args:
        files: those that will be written.
        data: what is read, and must not be overwritten.

    Raises:
        UserError: a file cannot be written, or is the data.
    """
    for file in files:
        if data is not None and file.resolve() == data.resolve():
            raise UserError(f"The report would overwrite the data in {file}; give it another name.")
        try:
            there = file.exists()
            file.open("a").close()
            if not there:  # nothing is left behind where the work fails
                file.unlink()
        except OSError as error:
            raise UserError(f"{file} cannot be written: {error.strerror or error}.") from error


def write(file: Path, text: str) -> None:
    """Write a report.

    Raises:
        UserError: the file cannot be written.
    """
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror or error}.") from error


def write_json(where: str, document: Mapping[str, object]) -> bool:
    """Write a report as JSON to a file, or to standard output for "-"; give whether the terminal is still free.

    Raises:
        UserError: the file cannot be written.
    """
    import orjson

    data = orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
    if where == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return False
    write(Path(where), data.decode())
    return True
