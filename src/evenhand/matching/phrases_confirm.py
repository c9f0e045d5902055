"""From candidates to matches: where a candidate lies in the text, and whether it really is the pattern."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from evenhand.matching import phrases_rules as rules
from evenhand.matching.normalise import Folded
from evenhand.matching.normalise_readings import MASK_BYTE, Disguise, Readings
from evenhand.matching.normalise_tables import SPACE_BYTE, CharacterTables
from evenhand.matching.phrases_forms import Forms, Search
from evenhand.matching.phrases_verify import Verifier, is_mark

Match = tuple[int, int, int, Disguise]  # form, start and end in Folded.joined, disguise

MOST = 100  # matches of one form in one text; a text of nothing else would give hundreds of thousands

_PLAIN = Disguise.NONE


class Confirmer:
    """Confirms candidates in one batch."""

    def __init__(self, folded: Folded, readings: Readings, forms: Forms, tables: CharacterTables) -> None:
        self._folded = folded
        self._readings = readings
        self._buffer = readings.buffer.tobytes()
        self._kinds = folded.kind.tobytes() if folded.has_any else b""
        self._forms = forms
        self._open = frozenset(forms.groups[Search.PREFIX])
        self._verifier = Verifier(folded, tables)
        self._seen: set[tuple[int, int, int, Disguise]] = set()
        self._counts: dict[tuple[int, int], int] = {}

    def in_words(self, form: int, start: int, end: int) -> Iterator[Match]:
        """Confirm a candidate at buffer[start:end] of the readings."""
        readings, folded = self._readings, self._folded
        elements = readings.elements
        first = folded.source_of(start if elements is None else int(elements[start]))
        last = folded.source_of(end - 1 if elements is None else int(elements[end - 1]))
        text = folded.text_of(first)
        if self._is_enough(form, text):
            return
        how = readings.how_of(start)
        if folded.joined[first : last + 1].lower() == self._forms.texts[form]:
            # Most hits are plain; the other readings only find them once more
            if how is _PLAIN:
                yield self._count(form, text, (form, first, last + 1, _PLAIN))
            if not how & Disguise.STRETCHED:
                return
        key = (form, first, last, how)
        if key in self._seen or text != folded.text_of(last):
            return
        self._seen.add(key)
        disguise = self._compare(form, start, end)
        if disguise is not None:
            end_of_run = self._end_of_run(last) if how & Disguise.STRETCHED else last
            if end_of_run > last:
                disguise |= Disguise.STRETCHED
            yield self._count(form, text, (form, first, self._end_of_marks(end_of_run) + 1, disguise))

    def _is_enough(self, form: int, text: int) -> bool:
        return self._counts.get((form, text), 0) >= MOST

    def _count(self, form: int, text: int, match: Match) -> Match:
        self._counts[form, text] = self._counts.get((form, text), 0) + 1
        return match

    def _compare(self, form: int, start: int, end: int) -> Disguise | None:
        buffer, readings, folded = self._buffer, self._readings, self._folded
        how = readings.how_of(start)
        letters = self._verifier.letters(self._forms.texts[form])
        places = [place for place in range(start, end) if buffer[place] != SPACE_BYTE]
        if form in self._open:
            places = places[: len(letters)]
        elements = places if readings.elements is None else readings.elements[places].tolist()
        hidden = frozenset(i for i, place in enumerate(places) if buffer[place] == MASK_BYTE)
        if readings.how_of(end - 1) != how or (hidden and not rules.may_hide(hidden, folded, elements)):
            return None
        if how is _PLAIN and any(b - a > rules.GAP for a, b in pairwise(elements)):
            return None
        checked = self._verifier.check(letters, elements, hidden)
        # The plain reading comes first in the buffer, so an element of the batch is a place in it
        return None if checked is None else checked | rules.seen(how, buffer, elements, hidden)

    def _end_of_run(self, last: int) -> int:
        """Last of the equal letters that a drawn-out word ends in."""
        joined = self._folded.joined
        while joined[last + 1].casefold() == joined[last].casefold():
            last += 1
        return last

    def _end_of_marks(self, last: int) -> int:
        """Last of the marks that decorate a letter."""
        while is_mark(self._folded.joined[last + 1]):
            last += 1
        return last

    def anywhere(self, form: int, start: int, last: int) -> Iterator[Match]:
        """Confirm a candidate between two elements of the batch, in a script written without spaces."""
        folded, kinds = self._folded, self._kinds
        first, final = folded.source_of(start), folded.source_of(last)
        text = folded.text_of(first)
        far = last - start > rules.GAP * len(self._forms.texts[form])
        if far or self._is_enough(form, text) or text != folded.text_of(final):
            return
        elements = rules.letters_between(kinds, start, last)
        gaps = rules.gaps(folded, kinds, elements)
        if gaps is not None and rules.whole_at_edges(kinds, start, last):
            checked = self._verifier.check(self._verifier.letters(self._forms.texts[form]), elements)
            if checked is not None:
                yield self._count(form, text, (form, first, self._end_of_marks(final) + 1, checked | gaps))

    def by_sound(self, form: int, start: int, last: int) -> Iterator[Match]:
        """Confirm a candidate whose syllables were compared already."""
        folded = self._folded
        first, final = folded.source_of(start), folded.source_of(last)
        text = folded.text_of(first)
        far = last - start > rules.GAP * 2 * len(self._forms.texts[form])
        if far or self._is_enough(form, text) or text != folded.text_of(final):
            return
        gaps = rules.gaps(folded, self._kinds, rules.letters_between(self._kinds, start, last), words=True)
        if gaps is not None:
            yield self._count(form, text, (form, first, final + 1, gaps))

    def literal(self, form: int, start: int, last: int) -> Iterator[Match]:
        """Confirm a candidate that was found as written: at a letter it must begin or end a word."""
        text = self._folded.joined
        inner = text[start].isalnum() and text[start - 1].isalnum()
        if not inner and not (text[last].isalnum() and text[last + 1].isalnum()):
            number = self._folded.text_of(start)
            if not self._is_enough(form, number):
                yield self._count(form, number, (form, start, last + 1, _PLAIN))
