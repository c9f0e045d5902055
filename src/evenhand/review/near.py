"""Near-same content: which of some fingerprints a text or a picture is nearly the same as."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from evenhand.domain import Fingerprint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evenhand.matching.textsketch_index import SketchIndex

K = TypeVar("K", bound=Hashable)

# Stricter than for libraries, whose findings a policy weighs: a mark answers by itself.
LEAST_TEXT = 0.7  # share of equal numbers of two sketches
MOST_BITS = 16  # that differ of two pictures' hashes; 31 for libraries


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What a content is looked up by."""

    kind: str  # "text" or "image"
    forms: NDArray[Any]  # of a text uint32 [1, 128]; of a picture uint64 [8, 4], each way round

    @property
    def fingerprint(self) -> Fingerprint:
        """The one that is stored."""
        first = self.forms[0]
        return Fingerprint(kind=self.kind, data=first.astype("<u4" if self.kind == "text" else ">u8").tobytes())


class Near(Generic[K]):
    """Some fingerprints by keys, to be looked up. Used from any number of threads.

    Args:
        prints: key -> fingerprint.
    """

    def __init__(self, prints: Mapping[K, Fingerprint]) -> None:
        from evenhand.matching.textsketch_index import SketchIndex

        texts = [(key, one) for key, one in prints.items() if one.kind == "text"]
        images = [(key, one) for key, one in prints.items() if one.kind == "image"]
        self._texts, self._images = [key for key, _ in texts], [key for key, _ in images]
        self._sketches: SketchIndex | None = SketchIndex([form(one)[0] for _, one in texts]) if texts else None
        self._hashes = np.stack([form(one)[0] for _, one in images]) if images else np.zeros((0, 4), np.uint64)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of which there are any."""
        return frozenset(kind for kind, keys in (("text", self._texts), ("image", self._images)) if keys)

    def find(self, query: Query) -> list[tuple[K, int]]:
        """Give the keys of what a content is nearly the same as, and how alike in per cent; the most alike first."""
        if query.kind == "text":
            if self._sketches is None:
                return []
            found = self._sketches.find(query.forms[0], least=LEAST_TEXT)
            return [(self._texts[number], round(100 * share)) for number, share in found]
        if not len(self._hashes):
            return []
        bits = np.bitwise_count(self._hashes[:, None, :] ^ query.forms[None]).sum(-1).min(1)
        order = np.argsort(bits, kind="stable")
        return [(self._images[i], alike_of_bits(int(bits[i]))) for i in order if bits[i] <= MOST_BITS]


def form(fingerprint: Fingerprint) -> NDArray[Any]:
    """Give a fingerprint as numbers: uint32 [1, 128] of a text, uint64 [1, 4] of a picture."""
    if fingerprint.kind == "text":
        return np.frombuffer(fingerprint.data, "<u4").astype(np.uint32)[None]
    return np.frombuffer(fingerprint.data, ">u8").astype(np.uint64)[None]


def turned(fingerprint: Fingerprint) -> Query:
    """Give what finds the same things as a fingerprint; a picture only as it stands."""
    return Query(kind=fingerprint.kind, forms=form(fingerprint))


def alike_of_bits(bits: int) -> int:
    """Give how alike two pictures are, in per cent: 100 for the same hash, 50 where chance puts it."""
    return round(100 * (1 - bits / 256))


def near_of(query: Query, prints: Sequence[Fingerprint], *, bits: int = MOST_BITS) -> list[tuple[int, int]]:
    """Compare a content with fingerprints of its kind, all of them: number and how alike, in order of number.

    Args:
        query: what is looked up.
        prints: of its kind.
        bits: that may differ of two pictures' hashes.
    """
    if not prints:
        return []
    others = np.concatenate([form(one) for one in prints])
    if query.kind == "text":
        shares = (others == query.forms[0]).mean(1)
        return [(int(i), round(100 * float(shares[i]))) for i in np.flatnonzero(shares >= LEAST_TEXT)]
    differ = np.bitwise_count(others[:, None, :] ^ query.forms[None]).sum(-1).min(1)
    return [(int(i), alike_of_bits(int(differ[i]))) for i in np.flatnonzero(differ <= bits)]
