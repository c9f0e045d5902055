"""The files of a hash bank: segments that are written once and mapped, and the manifest that names them.

manifest.json   which files count; replaced in one step, so that readers see the old state or the new one
N.hashes        a segment: hashes in order, and their tables; never changed
N.state         until when each hash of it is good (0: removed), and its tag; changed in place, 4 and 2 bytes at a time
N.log           what was added and removed since; see bank_log
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from evenhand.errors import LibraryError
from evenhand.matching.hashes_plan import plan_for
from evenhand.matching.hashes_tables import SortedHashes, arrays_of, open_hashes, order_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEVER = 0xFFFFFFFF  # a time no hash lives to see
FORMAT = 1
_MANIFEST = "manifest.json"
_MAGIC = b"evenhand hashes\n"
_HEAD = 16_384  # bytes before the first array
_PAGE = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a bank consists of."""

    format: int = FORMAT
    segments: tuple[int, ...] = ()  # numbers of their files, oldest first
    log: int = 0  # number of the log
    tags: tuple[str, ...] = ("",)  # what tag numbers stand for


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment, mapped."""

    number: int
    sorted: SortedHashes
    expires: NDArray[np.uint32] = field(repr=False)  # seconds since 1970; 0: removed
    tags: NDArray[np.uint16] = field(repr=False)

    def __len__(self) -> int:
        """Count the rows, those that are no longer good too."""
        return len(self.sorted)


def read_manifest(folder: Path) -> Manifest:
    """Read which files count.

    Raises:
        LibraryError: the folder is no bank, or one of another release.
    """
    try:
        fields = json.loads((folder / _MANIFEST).read_bytes())
        found = Manifest(
            format=int(fields["format"]),
            segments=tuple(int(number) for number in fields["segments"]),
            log=int(fields["log"]),
            tags=tuple(str(tag) for tag in fields["tags"]),
        )
    except FileNotFoundError as error:
        raise LibraryError(f"{folder} is no hash bank; make one with 'evenhand library import'") from error
    except OSError as error:
        raise LibraryError(f"{folder} cannot be read ({error.strerror}); check its permissions") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LibraryError(f"{folder}: {_MANIFEST} is damaged; restore the folder from a copy") from error
    if found.format != FORMAT:
        raise LibraryError(f"{folder} has format {found.format}, this release reads {FORMAT}; import the list again")
    return found


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step."""
    _, before = manifest_mark(folder)

    def write(stream: IO[bytes]) -> None:
        stream.write(json.dumps(asdict(manifest)).encode())
        stream.flush()
        moment = max(time.time_ns(), before + 1_000)  # clocks of files are coarse; readers must see each change
        os.utime(stream.fileno(), ns=(moment, moment))

    write_whole(folder / _MANIFEST, write)


def manifest_mark(folder: Path) -> tuple[int, int]:
    """Give what changes whenever the manifest is replaced; (0, 0): there is none."""
    try:
        stat = (folder / _MANIFEST).stat()
    except OSError:
        return 0, 0
    return stat.st_ino, stat.st_mtime_ns


def write_segment(
    folder: Path, number: int, hashes: NDArray[np.uint64], expires: NDArray[np.uint32], tags: NDArray[np.uint16]
) -> None:
    """Write a segment of hashes that differ from each other, in any order."""
    plan = plan_for(len(hashes))
    order = order_for(hashes, plan)

    def state(stream: IO[bytes]) -> None:
        stream.write(expires[order].tobytes())
        stream.write(tags[order].tobytes())

    write_whole(folder / f"{number}.state", state)
    write_whole(folder / f"{number}.hashes", lambda stream: _write_arrays(stream, arrays_of(hashes[order], plan)))


def map_segment(folder: Path, number: int, *, write: bool = False) -> Segment:
    """Map a segment; its pages are read when they are needed, and shared by all processes.

    Args:
        folder: the bank.
        number: of the segment.
        write: whether its state may be changed.

    Raises:
        FileNotFoundError: it is gone: the manifest has been replaced meanwhile.
        LibraryError: a file is damaged.
    """
    path = folder / f"{number}.hashes"
    try:
        arrays = _map_arrays(path)
        count = len(arrays["hashes"])
        state = np.memmap(folder / f"{number}.state", np.uint8, "r+" if write else "r")
        if len(state) != 6 * count:
            raise ValueError("its state has another length")
        tables = open_hashes(arrays, plan_for(count))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LibraryError(f"{path} is damaged ({error}); restore the folder from a copy") from error
    return Segment(number, tables, state[: 4 * count].view(np.uint32), state[4 * count :].view(np.uint16))


def flush_state(segment: Segment) -> None:
    """Bring what was changed in place to the disk."""
    base = segment.expires.base
    while base is not None and not hasattr(base, "flush"):
        base = getattr(base, "base", None)
    if base is not None:
        base.flush()


def remove_others(folder: Path, manifest: Manifest) -> None:
    """Delete files that an interrupted writer left behind, or that no longer count."""
    kept = {f"{number}.{kind}" for number in manifest.segments for kind in ("hashes", "state")} | {
        f"{manifest.log}.log"
    }
    for path in folder.iterdir():
        if path.name not in kept and (path.suffix in {".hashes", ".state", ".log", ".new"}):
            with suppress(OSError):
                path.unlink()


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under another name, and give it its own once all of it is on the disk."""
    new = path.with_name(path.name + ".new")
    with new.open("wb") as stream:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_arrays(stream: IO[bytes], arrays: Iterable[tuple[str, NDArray[Any]]]) -> None:
    stream.write(bytes(_HEAD))
    places: dict[str, Any] = {}
    for name, array in arrays:
        stream.seek(-stream.tell() % _PAGE, os.SEEK_CUR)
        places[name] = {"at": stream.tell(), "type": array.dtype.str, "shape": list(array.shape)}
        stream.write(np.ascontiguousarray(array).data.cast("B"))
    size = stream.tell()
    head = json.dumps({"size": size, "arrays": places}).encode()
    stream.seek(0)
    stream.write(_MAGIC + len(head).to_bytes(4, "little") + zlib.crc32(head).to_bytes(4, "little") + head)


def _map_arrays(path: Path) -> dict[str, NDArray[Any]]:
    data = np.memmap(path, np.uint8, "r")
    head = data[:_HEAD].tobytes()
    length = int.from_bytes(head[len(_MAGIC) : len(_MAGIC) + 4], "little")
    text = head[len(_MAGIC) + 8 :][:length]
    if not head.startswith(_MAGIC) or zlib.crc32(text) != int.from_bytes(head[len(_MAGIC) + 4 :][:4], "little"):
        raise ValueError("its head is wrong")
    fields = json.loads(text)
    if fields["size"] != len(data):
        raise ValueError("it is cut off")
    found = {}
    for name, place in fields["arrays"].items():
        kind, shape = np.dtype(place["type"]), tuple(place["shape"])
        end = place["at"] + kind.itemsize * int(np.prod(shape))
        # A plain array on the mapping: each look-up into a memmap would cost microseconds
        found[name] = np.asarray(data[place["at"] : end]).view(kind).reshape(shape)
    return found
