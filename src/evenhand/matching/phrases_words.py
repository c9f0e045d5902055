"""Whole words and beginnings of words: found by hash, one look-up for each word of the text.

Cost does not grow with the number of patterns, and no pattern can start in the middle of a word.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenhand.matching.normalise import Indexes, fold_texts, tokens_of
from evenhand.matching.normalise_readings import MASK_BYTE, Disguise, Readings
from evenhand.matching.normalise_tables import Bytes, CharacterTables
from evenhand.matching.phrases_forms import Forms, Search
from evenhand.matching.phrases_hash import Hashes, HashSet, chain, hash_words, make_set

Candidate = tuple[int, int, int]  # form, first element and end (exclusive) in the readings' buffer

_MASKED_SHORTEST, _MASKED_LONGEST = 3, 24  # letters of a word that is looked for with letters hidden


class WordSearch:
    """Index of the forms that are whole words, phrases of whole words, or beginnings of words. Immutable."""

    def __init__(self, forms: Forms, tables: CharacterTables) -> None:
        whole, prefixes = forms.groups[Search.WHOLE], forms.groups[Search.PREFIX]
        buffer, starts, ends, owner = _words_of([forms.texts[i] for i in whole], tables)
        numbers = np.array(whole, np.int64)
        hashes = hash_words(buffer, starts, ends)
        counts = np.bincount(owner, minlength=len(whole))
        first = np.searchsorted(owner, np.arange(len(whole)))
        single = np.flatnonzero(counts == 1)
        self._single = make_set(hashes[first[single]], numbers[single])
        self._masked = _masked_set(buffer, starts[first[single]], ends[first[single]], numbers[single])
        several = np.flatnonzero(counts > 1)
        self._heads = make_set(hashes[first[several]], np.zeros(len(several), np.int64))
        self._phrases: dict[int, HashSet] = {}  # number of words -> phrases of so many
        for length in np.unique(counts[several]).tolist():
            which = np.flatnonzero(counts == length)
            total = hashes[first[which]]
            for step in range(1, length):
                total = chain(total, hashes[first[which] + step])
            self._phrases[length] = make_set(total, numbers[which])
        buffer, starts, ends, owner = _words_of([forms.texts[i] for i in prefixes], tables)
        hashes, lengths = hash_words(buffer, starts, ends), ends - starts
        self._prefixes = {
            int(length): make_set(hashes[lengths == length], np.array(prefixes, np.int64)[owner[lengths == length]])
            for length in np.unique(lengths)
        }

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        sets = [self._single, self._masked, self._heads, *self._phrases.values(), *self._prefixes.values()]
        return sum(one.nbytes for one in sets)

    def candidates(self, readings: Readings) -> Iterator[Candidate]:
        """Give candidates in all readings."""
        buffer = readings.buffer
        starts, ends = tokens_of(buffer)
        if len(starts) == 0:
            return
        hashes = hash_words(buffer, starts, ends)
        yield from _give(self._single.find(hashes), starts, ends)
        if self._phrases:
            yield from self._in_phrases(hashes, starts, ends)
        for length, found in self._prefixes.items():
            enough = np.flatnonzero(ends - starts >= length)
            begun = hash_words(buffer, starts[enough], starts[enough] + length)
            yield from _give(found.find(begun), starts[enough], ends[enough])
        for number, how in enumerate(readings.how):
            if how & Disguise.MASKED:
                stop = readings.starts[number + 1] if number + 1 < len(readings.starts) else len(buffer)
                within = slice(*np.searchsorted(starts, (readings.starts[number], stop)))
                yield from _give(self._masked.find(hashes[within]), starts[within], ends[within])

    def _in_phrases(self, hashes: Hashes, starts: Indexes, ends: Indexes) -> Iterator[Candidate]:
        places = np.unique(self._heads.find(hashes)[0])
        total, step = hashes[places], 1
        for length in sorted(self._phrases):
            inside = places + length <= len(hashes)
            places, total = places[inside], total[inside]
            while step < length:
                total = chain(total, hashes[places + step])
                step += 1
            where, forms = self._phrases[length].find(total)
            yield from _give((where, forms), starts[places], ends[np.minimum(places + length - 1, len(ends) - 1)])


def _give(found: tuple[Indexes, Indexes], starts: Indexes, ends: Indexes) -> Iterator[Candidate]:
    places, forms = found
    return zip(forms.tolist(), starts[places].tolist(), ends[places].tolist(), strict=True)


def _words_of(texts: list[str], tables: CharacterTables) -> tuple[Bytes, Indexes, Indexes, Indexes]:
    """Fold texts together; give the buffer, starts and ends of words, and which text each word belongs to."""
    folded = fold_texts(texts, tables)
    starts, ends = tokens_of(folded.buffer)
    sources = starts if folded.source is None else folded.source[starts]
    return folded.buffer, starts, ends, np.searchsorted(folded.offsets, sources, side="right") - 1


def _masked_set(buffer: Bytes, starts: Indexes, ends: Indexes, numbers: Indexes) -> HashSet:
    """Hashes of every word with each one, and each two neighbouring, of its inner letters hidden."""
    lengths = ends - starts
    hashes, owners = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for length in range(_MASKED_SHORTEST, min(int(lengths.max(initial=0)), _MASKED_LONGEST) + 1):
        which = np.flatnonzero(lengths == length)
        if len(which) == 0:
            continue
        words = buffer[starts[which][:, None] + np.arange(length)]
        begin = np.arange(len(which)) * length
        for hidden in (1, 2) if length > _MASKED_SHORTEST else (1,):
            for place in range(1, length - hidden):
                masked = words.copy()
                masked[:, place : place + hidden] = MASK_BYTE
                hashes.append(hash_words(masked.reshape(-1), begin, begin + length))
                owners.append(numbers[which])
    return make_set(np.concatenate(hashes), np.concatenate(owners))
