"""A bank of picture likenesses: vectors that are compared exactly, and landmarks that confirm what they propose.

A folder beside its library document, made of files that are mapped, not read:

    meta.json        how many rows count, and which model's vectors they are; replaced in one step, after the rows
    keys             32 bytes a row: the picture's PDQ hash, as in the library document
    vectors          260 bytes a row: float32 scale, int8 [256]
    landmarks        9,220 bytes a row; read only for the few rows that a query comes near
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evenhand.errors import LibraryError
from evenhand.matching.landmarks import ROW_BYTES, Landmarks, pack, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FORMAT = 1
DIMENSIONS = 256
MOST_ROWS = 4_000_000
_VECTOR_BYTES = 4 + DIMENSIONS
_SIZES = {"keys": 32, "vectors": _VECTOR_BYTES, "landmarks": ROW_BYTES}
_BLOCK = 8_192  # rows turned to float32 at a time: 8 MB, which the cache still holds


class LikenessBank:
    """An opened bank. Asked from any number of threads; rows added later are not seen.

    Args:
        folder: where it lies.
        space: version of the model whose vectors are asked with.

    Raises:
        LibraryError: the folder is no bank, is damaged, or was made with another model.
    """

    def __init__(self, folder: Path, *, space: str) -> None:
        self.rows = _read_meta(folder, space)
        self._folder = folder
        maps = {name: _map(folder / name, self.rows, size) for name, size in _SIZES.items()} if self.rows else {}
        empty = np.zeros((0, 1), np.uint8)
        self._keys, self._vectors = maps.get("keys", empty), maps.get("vectors", empty)
        self._landmarks = maps.get("landmarks", empty)

    def hashes(self) -> list[str]:
        """Give the PDQ hash of each row, 64 hexadecimal digits."""
        return [bytes(row).hex() for row in self._keys]

    def landmarks(self, row: int) -> Landmarks:
        """Give the landmarks of one row."""
        return unpack(np.array(self._landmarks[row]))

    def nearest(self, queries: Floats, *, least: float, most: int) -> list[list[tuple[int, float]]]:
        """Compare every row with every query; nothing is missed.

        Args:
            queries: float32 [n, 256], each of length 1.
            least: cosine from which a row counts, -1 to 1.
            most: rows given for each query at most.

        Returns:
            For each query (row, cosine), nearest first.
        """
        best: list[tuple[NDArray[np.intp], Floats]] = []
        wanted = np.ascontiguousarray(queries.T, np.float32)
        found: list[list[tuple[NDArray[np.intp], Floats]]] = [[] for _ in queries]
        for begin in range(0, self.rows, _BLOCK):
            block = np.asarray(self._vectors[begin : begin + _BLOCK])
            scale = np.ascontiguousarray(block[:, :4]).view("<f4")
            cosines = (block[:, 4:].view(np.int8).astype(np.float32) @ wanted) * scale
            for query, hits in enumerate(found):
                near = np.flatnonzero(cosines[:, query] >= least)
                if len(near):
                    hits.append((near + begin, cosines[near, query]))
        for hits in found:
            rows = np.concatenate([h[0] for h in hits]) if hits else np.zeros(0, np.intp)
            scores = np.concatenate([h[1] for h in hits]) if hits else np.zeros(0, np.float32)
            order = np.lexsort((rows, -scores))[:most]
            best.append((rows[order], scores[order]))
        return [list(zip(map(int, rows), map(float, scores), strict=True)) for rows, scores in best]


def append(
    folder: Path, keys: Sequence[str], vectors: Floats, landmarks: Sequence[Landmarks], *, space: str
) -> tuple[int, int]:
    """Add rows to a bank, which is made if it is not there. Pictures that it holds already are left as they are.

    One process may add at a time; readers see the old rows until all new ones are written.

    Args:
        folder: where it lies.
        keys: PDQ hashes, 64 hexadecimal digits each.
        vectors: float32 [n, 256], each of length 1.
        landmarks: of each picture.
        space: version of the model that made the vectors.

    Returns:
        Rows added, and rows in all.

    Raises:
        LibraryError: the folder cannot be written, is damaged, holds another model's vectors, or is full.
    """
    try:
        folder.mkdir(exist_ok=True)
        fresh = not (folder / "meta.json").exists()
        held = set() if fresh else set(LikenessBank(folder, space=space).hashes())
        rows = 0 if fresh else _read_meta(folder, space)
        new = [i for i, key in enumerate(keys) if key not in held and key not in keys[:i]]
        if rows + len(new) > MOST_ROWS:
            raise LibraryError(f"{folder} would hold over {MOST_ROWS} pictures; make a second library")
        data = {
            "keys": b"".join(bytes.fromhex(keys[i]) for i in new),
            "vectors": b"".join(_quantised(vectors[i]) for i in new),
            "landmarks": b"".join(pack(landmarks[i]) for i in new),
        }
        for name, size in _SIZES.items():
            with (folder / name).open("ab") as stream:
                stream.truncate(rows * size)  # what an interrupted call left behind
                stream.write(data[name])
                stream.flush()
                os.fsync(stream.fileno())
        meta = {"format": FORMAT, "space": space, "rows": rows + len(new)}
        held_back = folder / "meta.json.new"
        held_back.write_text(json.dumps(meta), "utf-8")
        held_back.replace(folder / "meta.json")
    except OSError as error:
        raise LibraryError(f"{folder} cannot be written ({error.strerror}); check its permissions") from error
    return len(new), rows + len(new)


def _quantised(vector: Floats) -> bytes:
    scale = max(float(np.abs(vector).max()), 1e-12) / 127
    return np.array([scale], "<f4").tobytes() + np.round(vector / scale).astype(np.int8).tobytes()


def _read_meta(folder: Path, space: str) -> int:
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        found, made, rows = int(meta["format"]), str(meta["space"]), int(meta["rows"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LibraryError(f"{folder} is no bank of likenesses; make it with 'evenhand library likeness'") from error
    if found != FORMAT or made != space:
        raise LibraryError(f"{folder} was made with {made}, this release has {space}; delete it and make it again")
    if not 0 <= rows <= MOST_ROWS:
        raise LibraryError(f"{folder}: meta.json is damaged; delete the folder and make it again")
    return rows


def _map(path: Path, rows: int, size: int) -> NDArray[np.uint8]:
    try:
        if path.stat().st_size < rows * size:
            raise LibraryError(f"{path} is cut short; delete its folder and make it again")
        mapped: NDArray[np.uint8] = np.memmap(path, np.uint8, "r", shape=(rows, size))
    except OSError as error:
        raise LibraryError(f"{path} cannot be read ({error.strerror}); check its permissions") from error
    return mapped
