"""All libraries of pictures together: the samples near some hashes, whether they lie in documents or in banks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evenhand.domain import Library, ListColour
from evenhand.errors import LibraryError
from evenhand.matching import pdq
from evenhand.matching.bank import HashBank
from evenhand.matching.floods import CLOSE, Floods, QuarantineFile
from evenhand.matching.hashes import HashIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMatch:
    """A sample near a hash."""

    library: Library
    label: str
    turn: int  # row of pdq.TURNS
    bits: int  # that differ
    weight: float = 1.0  # the sample's own score
    tag: str = ""  # what its source says of it
    flooded: bool = False  # the sample is in quarantine, and this is not the same picture saved again


class KnownPictures:
    """The samples of some libraries. Used by one thread at a time."""

    def __init__(self, libraries: Sequence[Library]) -> None:
        """Build the indexes of documents, and open the banks.

        Raises:
            LibraryError: a sample is not 64 hexadecimal digits; a bank is missing or damaged.
        """
        self._samples = [(library, item) for library in libraries for item in library.items]
        hashes = [sample_hash(library, item.value) for library, item in self._samples]
        self._index = HashIndex(np.stack(hashes)) if hashes else None
        self._hashes = hashes
        self._banks = [(library, HashBank(Path(library.bank))) for library in libraries if library.bank is not None]
        self._floods = {
            library.name: Floods(QuarantineFile(Path(library.bank)) if library.bank is not None else None)
            for library in libraries
            if "no-quarantine" not in library.options
        }

    def matches(self, turns: Sequence[NDArray[np.uint64]]) -> list[list[KnownMatch]]:
        """Find the samples near each picture.

        A white sample is the negative of the others: what is nearer to it than to another sample is not that one.

        Args:
            turns: for each picture uint64 [8, 4], see pdq.PictureHash.

        Returns:
            For each picture its matches, nearest first; one for each sample, the nearest way round.
        """
        if not turns:
            return []
        queries = np.concatenate(turns)
        near: list[dict[tuple[str, object], tuple[KnownMatch, bytes]]] = [{} for _ in turns]

        def keep(query: int, key: object, sample: bytes, match: KnownMatch) -> None:
            held = near[query // len(pdq.TURNS)]
            old = held.get((match.library.name, key))
            if old is None or (match.bits, match.turn) < (old[0].bits, old[0].turn):
                held[match.library.name, key] = match, sample

        if self._index is not None:
            for query, row, bits in self._index.within_many(queries):
                library, item = self._samples[row]
                label, turn = item.label or _label(library), query % len(pdq.TURNS)
                found = KnownMatch(library=library, label=label, turn=turn, bits=bits, weight=item.score)
                keep(query, row, self._hashes[row].tobytes(), found)
        for library, bank in self._banks:
            for hit in bank.search(queries):
                turn = hit.query % len(pdq.TURNS)
                found = KnownMatch(library=library, label=_label(library), turn=turn, bits=hit.bits, tag=hit.tag)
                keep(hit.query, hit.hash, hit.hash, found)
        return [self._judged(list(held.values()), turns[number]) for number, held in enumerate(near)]

    def _judged(self, found: list[tuple[KnownMatch, bytes]], turns: NDArray[np.uint64]) -> list[KnownMatch]:
        """Leave out what a nearer white sample denies; mark what a sample in quarantine says."""
        flooded: dict[bool, list[KnownMatch]] = defaultdict(list)
        for match, sample in found:
            floods = self._floods.get(match.library.name)
            wide = floods is not None and floods.matched(sample, turns[match.turn], match.bits) and match.bits > CLOSE
            flooded[wide].append(match)
        white = min((m.bits for m in flooded[False] if m.library.colour is ListColour.WHITE), default=pdq.HASH_BITS)
        kept = [m for m in flooded[False] if m.library.colour is ListColour.WHITE or m.bits <= white]
        # What a flooding sample would allow is not allowed; what it would stop, people look at
        kept += [
            replace(match, label=f"known.{ListColour.REVIEW.value}", flooded=True)
            for match in flooded[True]
            if match.library.colour is not ListColour.WHITE and match.bits <= white
        ]
        return sorted(kept, key=lambda match: (match.bits, match.turn))


def sample_hash(library: Library, value: str) -> NDArray[np.uint64]:
    """Read a sample's hash.

    Raises:
        LibraryError: it is not 64 hexadecimal digits.
    """
    try:
        return pdq.from_hex(value)
    except ValueError as error:
        raise LibraryError(
            f"library {library.name}: {error}; make the library with 'evenhand library from-pictures'"
        ) from error


def _label(library: Library) -> str:
    return library.label or f"known.{library.colour.value}"
