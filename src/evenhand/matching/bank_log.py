"""The log of a hash bank: what was added, changed and removed since the last segment was written.

Frames of one call each: a head (how many records, their CRC-32), then the records. A frame counts once all of it is
there and its sum is right; what a crash has cut off is dropped by the next writer, and never read.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ADD = 1  # put into, or changed in, the part that is kept in memory
PUT = 2  # changed in place in a segment; done again when the writer comes back
RECORD = np.dtype([("what", "<u2"), ("tag", "<u2"), ("expires", "<u4"), ("hash", "<u8", (4,))])
_FRAME = np.dtype([("magic", "<u4"), ("count", "<u4"), ("crc", "<u4"), ("none", "<u4")])
_MAGIC = 0x4C474148
_LARGEST = 1 << 20  # records of one frame; a larger count is no frame


class LogReader:
    """Follows a log that another process may be writing."""

    def __init__(self, path: Path) -> None:
        """Open the log.

        Raises:
            FileNotFoundError: it is gone: the manifest has been replaced meanwhile.
        """
        self._stream: IO[bytes] = path.open("rb", buffering=0)
        self.place = 0  # end of the last whole frame, in bytes

    def read(self) -> list[NDArray[Any]]:
        """Give the records of each frame that has come since, oldest first."""
        if os.fstat(self._stream.fileno()).st_size <= self.place:
            return []
        self._stream.seek(self.place)
        data, at, frames = self._stream.read(), 0, []
        while len(data) - at >= _FRAME.itemsize:
            head = np.frombuffer(data, _FRAME, 1, at)[0]
            begin, count = at + _FRAME.itemsize, int(head["count"])
            end = begin + count * RECORD.itemsize
            if head["magic"] != _MAGIC or count > _LARGEST or end > len(data):
                break
            if zlib.crc32(data[begin:end]) != head["crc"]:
                break
            frames.append(np.frombuffer(data, RECORD, count, begin))
            at = end
        self.place += at
        return frames

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class LogWriter:
    """Appends to a log."""

    def __init__(self, path: Path, *, end: int) -> None:
        """Open the log, and drop what a crash left behind its last whole frame."""
        self._stream: IO[bytes] = path.open("r+b", buffering=0)
        self._stream.truncate(end)
        self._stream.seek(end)

    def append(self, records: NDArray[Any]) -> None:
        """Write records, and come back when they are on the disk."""
        end = self._stream.tell()
        try:
            for begin in range(0, len(records), _LARGEST):
                body = records[begin : begin + _LARGEST].tobytes()
                head = np.array([(_MAGIC, len(body) // RECORD.itemsize, zlib.crc32(body), 0)], _FRAME)
                data = memoryview(head.tobytes() + body)
                while data:
                    data = data[self._stream.write(data) :]
            os.fsync(self._stream.fileno())
        except OSError:  # a full disk: what would follow half a frame could never be read
            self._stream.truncate(end)
            self._stream.seek(end)
            raise

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
