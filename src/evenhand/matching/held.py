"""Whether a library of pictures holds a hash now: in its document, or in its bank, which others may be changing."""

from __future__ import annotations

from pathlib import Path

from evenhand.domain import Library
from evenhand.matching.bank import HashBank
from evenhand.matching.known import sample_hash


class Held:
    """The hashes of one library, asked one at a time: `digest in held`. Safe to share between threads.

    Args:
        library: of pictures.

    Raises:
        LibraryError: its bank is missing or damaged.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept = frozenset(item.value.lower() for item in library.items)
        self._bank = HashBank(Path(library.bank)) if library.bank is not None else None

    def __contains__(self, digest: str) -> bool:
        """Say whether the library holds exactly this hash, 64 hexadecimal digits; in a bank, and good today."""
        if digest.lower() in self._kept:
            return True
        if self._bank is None:
            return False
        return bool(self._bank.search(sample_hash(self._library, digest)[None], distance=0))

    def close(self) -> None:
        """Close the bank's files."""
        if self._bank is not None:
            self._bank.close()
