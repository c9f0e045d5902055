"""Contents that are alike by their vectors: packed small, and compared exactly with up to 20,000 others.

A text's vector has two parts, each of length 1: what its words and sentences say, and what the harm reader makes of
them. Both must be near: a rewrite of an insult that leaves the insult out is near in the first alone. A picture's has
one part; whether it is a copy, landmarks say.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

K = TypeVar("K", bound=Hashable)

PARTS = {"text": (768, 384), "image": (256,)}
_BLOCK = 4_096  # rows compared at a time


@dataclass(frozen=True, slots=True)
class Least:
    """From which cosines on two contents count as alike, -1 to 1: of the first part, and of each after it."""

    first: float
    others: float = -1.0


def pack(kind: str, vector: Floats) -> bytes:
    """Write a vector small: for each part a little-endian float32 scale, then int8.

    Args:
        kind: "text" or "image".
        vector: float32, as long as the parts of its kind together; each part is brought to length 1.
    """
    out = []
    for part in np.split(np.asarray(vector, np.float32), np.cumsum(PARTS[kind])[:-1]):
        unit = part / max(float(np.linalg.norm(part)), 1e-9)
        scale = max(float(np.abs(unit).max()), 1e-12) / 127
        out.append(np.array([scale], "<f4").tobytes() + np.round(unit / scale).astype(np.int8).tobytes())
    return b"".join(out)


def unpack(kind: str, data: bytes) -> Floats:
    """Read what `pack` wrote, each part of about length 1."""
    rows, scales = _raw(kind, [data])
    return np.concatenate([row[0].astype(np.float32) * scale[0] for row, scale in zip(rows, scales, strict=True)])


class Vectors(Generic[K]):
    """Vectors of one kind by keys, 3.5 kB of memory for each text. Asked from any number of threads.

    Args:
        kind: "text" or "image".
        rows: key and packed vector; those of another size are left out.
    """

    def __init__(self, kind: str, rows: Sequence[tuple[K, bytes]]) -> None:
        size = sum(4 + part for part in PARTS[kind])
        good = [(key, data) for key, data in rows if len(data) == size]
        self._kind, self._keys = kind, [key for key, _ in good]
        self._rows, self._scales = _raw(kind, [data for _, data in good])
        self._first = self._rows[0].astype(np.float32) * self._scales[0][:, None]

    def __len__(self) -> int:
        """Count them."""
        return len(self._keys)

    def find(self, queries: Floats, *, least: Least, most: int) -> list[list[tuple[K, float]]]:
        """Compare every vector with every query; nothing is missed.

        Args:
            queries: float32 [n, parts together], each part of length 1.
            least: from where on they count.
            most: given for each query at most.

        Returns:
            For each query the key and the cosine of the first part, the nearest first.
        """
        asked = np.split(np.asarray(queries, np.float32), np.cumsum(PARTS[self._kind])[:-1], axis=1)
        wanted = np.ascontiguousarray(asked[0].T)
        found: list[list[tuple[int, float]]] = [[] for _ in queries]
        for begin in range(0, len(self._keys), _BLOCK):
            cosines = self._first[begin : begin + _BLOCK] @ wanted
            for row, query in np.argwhere(cosines >= least.first):
                if self._others(begin + int(row), asked, int(query)) >= least.others:
                    found[int(query)].append((begin + int(row), float(cosines[row, query])))
        out = []
        for hits in found:
            hits.sort(key=lambda hit: (-hit[1], hit[0]))
            out.append([(self._keys[row], min(1.0, cosine)) for row, cosine in hits[:most]])
        return out

    def _others(self, row: int, asked: Sequence[Floats], query: int) -> float:
        """Give the lowest cosine of the parts after the first; 1 where there are none."""
        cosines = [
            float(rows[row].astype(np.float32) @ part[query]) * float(scales[row])
            for rows, scales, part in zip(self._rows[1:], self._scales[1:], asked[1:], strict=True)
        ]
        return min(cosines, default=1.0)


def _raw(kind: str, data: Sequence[bytes]) -> tuple[list[NDArray[np.int8]], list[Floats]]:
    size = sum(4 + part for part in PARTS[kind])
    body = np.frombuffer(b"".join(data), np.uint8).reshape(len(data), size)
    rows, scales, at = [], [], 0
    for part in PARTS[kind]:
        scales.append(np.ascontiguousarray(body[:, at : at + 4]).view("<f4").reshape(-1).astype(np.float32))
        rows.append(np.ascontiguousarray(body[:, at + 4 : at + 4 + part]).view(np.int8))
        at += 4 + part
    return rows, scales
