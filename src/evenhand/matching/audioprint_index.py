"""Finds known sounds in a stretch of sound, and where they begin and end in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenhand.matching.audioprint import STEPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

FARTHEST = 0.28  # share of bits that may differ in a match of ten seconds and more
_FARTHEST_SHORT, _LONG = 0.20, 10 * STEPS  # in one of three seconds; between, it rises evenly
_LOCAL = 0.40  # and in each second of it
_LEAST = 3 * STEPS  # steps that a match is long; of a shorter sample, all of it
_SHORTEST = STEPS  # steps of a sample: a second
_VARIED = 0.2  # share of different words in a match; a steady tone has few, and matches any other
_CANDIDATES = 40  # places looked at more closely, those with most equal words first
_COMMON = 200  # a word that samples hold more often tells little, and is not looked up


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintMatch:
    """A stretch in which a sample was heard."""

    sample: int  # number of the sample
    start: float  # seconds from the start of what was searched
    end: float
    at: float  # seconds from the start of the sample that stand at `start`
    differs: float  # share of bits that differ, in [0, FARTHEST]


class PrintIndex:
    """Samples of sound to be found. Used from any number of threads. About 6 bytes a word: 350 KB an hour.

    Args:
        samples: uint32 [steps] each, see `audioprint.fingerprint`; those under a second are never found.
    """

    def __init__(self, samples: Sequence[NDArray[np.uint32]]) -> None:
        self._samples = [np.asarray(sample, np.uint32) for sample in samples]
        words = np.concatenate([*self._samples, np.zeros(0, np.uint32)])
        owner = np.repeat(np.arange(len(self._samples)), [len(sample) for sample in self._samples])
        step = np.concatenate([np.arange(len(sample)) for sample in self._samples] + [np.zeros(0, np.int64)])
        kept = np.flatnonzero(words)
        order = kept[np.argsort(words[kept], kind="stable")]
        self._words, self._owner, self._step = words[order], owner[order], step[order]

    def find(self, query: NDArray[np.uint32]) -> list[PrintMatch]:
        """Find the samples in a stretch of sound.

        Args:
            query: uint32 [steps].

        Returns:
            At most one match a sample and stretch, in order of time.
        """
        if not len(self._words) or not len(query):
            return []
        found: dict[tuple[int, int], PrintMatch] = {}
        for sample, shift in self._candidates(query):
            match = self._compare(query, sample, shift)
            if match is None:
                continue
            key = (sample, round(match.start))
            held = found.get(key)
            if held is None or match.differs < held.differs:
                found[key] = match
        return _apart(sorted(found.values(), key=lambda match: (match.sample, match.differs)))

    def _candidates(self, query: NDArray[np.uint32]) -> list[tuple[int, int]]:
        """Give the pairs of sample and shift (step of the query at which the sample begins) that share most words."""
        steps = np.flatnonzero(query)
        wanted = query[steps][:, None] ^ _flips()[None]
        low = np.searchsorted(self._words, wanted.ravel(), "left")
        counts = np.searchsorted(self._words, wanted.ravel(), "right") - low
        counts[counts > _COMMON] = 0
        if not counts.any():
            return []
        rows = np.repeat(low - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
        at = np.repeat(np.repeat(steps, len(_flips())), counts)
        pairs = np.stack([self._owner[rows], at - self._step[rows]], 1)
        unique, votes = np.unique(pairs, axis=0, return_counts=True)
        best = np.argsort(-votes, kind="stable")[:_CANDIDATES]
        return [(int(unique[i, 0]), int(unique[i, 1])) for i in best]

    def _compare(self, query: NDArray[np.uint32], number: int, shift: int) -> PrintMatch | None:
        sample = self._samples[number]
        begin, end = max(0, shift), min(len(query), shift + len(sample))
        if end - begin < min(_LEAST, max(len(sample), _SHORTEST)) - 2:
            return None
        ours, theirs = query[begin:end], sample[begin - shift : end - shift]
        loud = (ours != 0) & (theirs != 0)
        bits = np.where(loud, np.bitwise_count(ours ^ theirs), 16).astype(np.float64) / 32
        smooth = np.convolve(bits, np.full(STEPS, 1 / STEPS), "same") if len(bits) >= STEPS else bits
        first, last = _longest(smooth <= _LOCAL)
        length = last - first
        short = length < _LEAST
        if length < _SHORTEST or (short and length < 0.9 * len(sample)):
            return None
        differs = float(bits[first:last].mean())
        if differs > _allowed(length):
            return None
        if len(np.unique(theirs[first:last])) < _VARIED * length or len(np.unique(ours[first:last])) < _VARIED * length:
            return None
        return PrintMatch(
            sample=number,
            start=(begin + first) / STEPS,
            end=(begin + last) / STEPS,
            at=(begin + first - shift) / STEPS,
            differs=differs,
        )


def _allowed(length: int) -> float:
    """Give the share of bits that may differ in a match of so many steps: the shorter, the likelier is chance."""
    grown = min(1.0, max(0.0, (length - _LEAST) / (_LONG - _LEAST)))
    return _FARTHEST_SHORT + (FARTHEST - _FARTHEST_SHORT) * grown


def _flips() -> NDArray[np.uint32]:
    """Give what a word is combined with to look it up as it is and with any one bit changed: uint32 [33]."""
    return np.concatenate([np.zeros(1, np.uint32), np.uint32(1) << np.arange(32, dtype=np.uint32)])


def _longest(present: NDArray[np.bool_]) -> tuple[int, int]:
    """Give the longest run: first, and one past the last."""
    edges = np.diff(np.concatenate([[0], present.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(starts):
        return 0, 0
    best = int((ends - starts).argmax())
    return int(starts[best]), int(ends[best])


def _apart(matches: Sequence[PrintMatch]) -> list[PrintMatch]:
    """Keep, of matches of one sample that overlap, the nearest."""
    kept: list[PrintMatch] = []
    for match in matches:
        if not any(k.sample == match.sample and match.start < k.end and k.start < match.end for k in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: (match.start, match.sample))
