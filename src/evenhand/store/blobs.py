"""Submitted bytes, between the request that brought them and the job that reads them: files named by their SHA-256.

Workers on several machines need one folder that all of them see (NFS, a mounted bucket). A file appears whole or not at
all, and only its owner may read it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from evenhand.errors import NotFoundError, StoreError, TooLargeError
from evenhand.settings import Settings

_NAME = re.compile(r"[0-9a-f]{64}")
_PART_S = 86_400.0  # a file half written for so long belongs to nobody any more
_BLOCK = 1 << 20


class Blobs:
    """A folder of content-named files.

    Args:
        settings: where, and how large one may be.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.blobs or settings.data_dir / "blobs"
        self._max = settings.max_job_bytes

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        """Keep what a stream holds; give its name and its size in bytes.

        Raises:
            TooLargeError: it is over `max_job_bytes`.
            StoreError: the folder cannot be written, or the disk is full; nothing is kept.
        """
        with self.writing() as part:
            while block := stream.read(_BLOCK):
                part.write(block)
            return part.keep()

    @contextmanager
    def writing(self) -> Iterator[Part]:
        """Open a file to be written bit by bit; without `keep`, nothing stays.

        Raises:
            StoreError: the folder cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._folder / f"{secrets.token_hex(16)}.part"
            stream = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        except OSError as error:
            raise self._fault(error) from error
        part = Part(path, stream, self._folder, self._max, self)
        try:
            yield part
        finally:
            with suppress(OSError):
                stream.close()
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Give the path of a kept file.

        Raises:
            NotFoundError: it is not here.
        """
        path = self._folder / name
        if _NAME.fullmatch(name) is None or not path.is_file():
            raise NotFoundError(
                "the submitted file is not in the blob folder; workers on several machines need a shared one "
                "(EVENHAND_BLOBS)"
            )
        return path

    def unnamed(self, message: str) -> str:
        """Give a message without the place of the files on this machine, which is nobody's business elsewhere."""
        place = re.escape(str(self._folder))
        return re.sub(rf"{place}(?P<file>/[0-9a-f]{{32,64}}(?:\.part)?)?", _without_place, message)

    def remove(self, name: str, *, used: Callable[[], bool] = lambda: False) -> None:
        """Delete a file unless somebody uses it; one that is not there is no error.

        Args:
            name: of the file.
            used: asked once the file is out of the way, so that whoever begins to use it meanwhile is seen, or sees
                that it is gone.

        Raises:
            StoreError: it cannot be deleted, or the answer cannot be had; it then stays.
        """
        if _NAME.fullmatch(name) is None:
            return
        path, aside = self._folder / name, self._folder / f"{name}.{secrets.token_hex(4)}.part"
        try:
            os.replace(path, aside)
            keep = True
            try:
                keep = used()
            finally:
                if keep:
                    os.replace(aside, path)
            aside.unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._fault(error) from error

    def names(self) -> list[str]:
        """List the kept files.

        Raises:
            StoreError: the folder cannot be read.
        """
        try:
            if not self._folder.is_dir():
                return []
            return [path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        except OSError as error:
            raise self._fault(error) from error

    def sweep(self, needed: set[str], *, older_s: float = 3_600.0) -> int:
        """Delete what no job needs; give how many files.

        Args:
            needed: names that stay.
            older_s: files younger than this stay, too: their job may just be about to be stored.

        Raises:
            StoreError: the folder cannot be read.
        """
        removed, now = 0, time.time()
        if not self._folder.is_dir():
            return 0
        try:
            for path in self._folder.iterdir():
                age = _PART_S if path.suffix == ".part" else older_s if _NAME.fullmatch(path.name) else None
                if age is None or path.name in needed or now - path.stat().st_mtime < age:
                    continue
                path.unlink(missing_ok=True)
                removed += 1
        except FileNotFoundError:
            return removed  # another sweeps at the same time
        except OSError as error:
            raise self._fault(error) from error
        return removed

    def _fault(self, error: OSError) -> StoreError:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            advice = "the disk is full: free space; nothing of this file was kept"
        else:
            advice = f"the folder cannot be used ({error.strerror or error}): set EVENHAND_BLOBS to one that can"
        return StoreError(f"submitted files are kept in {self._folder}: {advice}")


def _without_place(found: re.Match[str]) -> str:
    return "the file" if found["file"] else "the folder EVENHAND_BLOBS"


class Part:
    """A file that is being written."""

    def __init__(self, path: Path, stream: BinaryIO, folder: Path, most: int, blobs: Blobs) -> None:
        self._path, self._stream, self._folder, self._max, self._blobs = path, stream, folder, most, blobs
        self._hash, self._size = hashlib.sha256(), 0

    def write(self, block: bytes) -> None:
        """Add bytes.

        Raises:
            TooLargeError: it becomes larger than `max_job_bytes`.
            StoreError: the disk is full or gone.
        """
        self._size += len(block)
        if self._size > self._max:
            raise TooLargeError(f"The file is over {self._max} bytes (EVENHAND_MAX_JOB_BYTES).")
        self._hash.update(block)
        try:
            self._stream.write(block)
        except OSError as error:
            raise self._blobs._fault(error) from error

    def keep(self) -> tuple[str, int]:
        """Give the file its name; give that and its size in bytes.

        Raises:
            StoreError: the disk is full or gone.
        """
        name = self._hash.hexdigest()
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            target = self._folder / name
            os.replace(self._path, target)
            os.utime(target)
        except OSError as error:
            raise self._blobs._fault(error) from error
        return name, self._size
