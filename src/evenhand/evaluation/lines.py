"""Lines of a file or of standard input, plain or gzip, with limits, and the SHA-256 of what was read."""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, cast

from evenhand.errors import InputError, TooLargeError

_MAX_LINE = 64 * 2**20  # bytes of one line; a longer one is an error, not a reason to run out of memory
_GZIP = b"\x1f\x8b"
_CHUNK = 2**20


class _Hashing(io.RawIOBase):
    """Passes bytes on and hashes them on their way: what is reported is what was read, also where a file changes."""

    def __init__(self, stream: BinaryIO, digest: hashlib._Hash) -> None:
        self._stream, self._digest = stream, digest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what io calls it with
        data = self._stream.read(len(buffer))
        self._digest.update(data)
        buffer[: len(data)] = data
        return len(data)


class Lines:
    """The lines of a source, read once.

    Args:
        source: a path, or "-" for standard input; gzip is known by its first bytes.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha256: str | None = None  # of the bytes as stored, once all of them were read

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Give (number from 1, line) for each line that is not blank.

        Raises:
            InputError: the source cannot be read or is damaged.
            TooLargeError: a line is too long.
        """
        try:
            with nullcontext(sys.stdin.buffer) if self.source == "-" else Path(self.source).open("rb") as stream:
                digest = hashlib.sha256()
                raw = io.BufferedReader(_Hashing(cast(BinaryIO, stream), digest), _CHUNK)
                packed = raw.peek(2)[:2] == _GZIP
                yield from _lines(gzip.GzipFile(fileobj=raw) if packed else raw)
                while raw.read(_CHUNK):
                    pass
                self.sha256 = digest.hexdigest()
        except (OSError, EOFError, zlib.error) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError(f"{self.source} cannot be read: {why}.") from error


def _lines(stream: io.BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(_MAX_LINE + 1):
        number += 1
        if len(line) > _MAX_LINE:
            raise TooLargeError(f"Line {number} is longer than {_MAX_LINE} bytes; one line holds one object.")
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield number, line
