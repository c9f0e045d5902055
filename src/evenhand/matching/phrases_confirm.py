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

_PLAIN = Disguise.NONE


class Confirmer:
    """Confirms candidates in one batch."""

    def __init__(self, folded: Folded, readings: Readings, forms: Forms, tables: CharacterTables) -> None:
        self._folded = folded
        self._readings = readings
        self._forms = forms
        self._open = frozenset(forms.groups[Search.PREFIX])
        self._verifier = Verifier(folded, tables)
        self._seen: set[tuple[int, int, int]] = set()

    def in_words(self, form: int, start: int, end: int) -> Iterator[Match]:
        """Confirm a candidate at buffer[start:end] of the readings."""
        pattern, readings, folded = self._forms.texts[form], self._readings, self._folded
        ends = (start, end - 1) if readings.elements is None else readings.elements[[start, end - 1]].tolist()
        first, last = folded.source_of(ends[0]), folded.source_of(ends[1])
        if folded.joined[first : last + 1].lower() == pattern:
            # Most hits are plain; the other readings only find them once more
            if readings.is_plain(start):
                yield form, first, last + 1, _PLAIN
            if not readings.how_of(start) & Disguise.STRETCHED:
                return
        if (form, first, last) not in self._seen and folded.text_of(first) == folded.text_of(last):
            self._seen.add((form, first, last))
            disguise = self._compare(form, start, end)
            if disguise is not None:
                end_of_run = self._end_of_run(last) if readings.how_of(start) & Disguise.STRETCHED else last
                if end_of_run > last:
                    disguise |= Disguise.STRETCHED
                yield form, first, self._end_of_marks(end_of_run) + 1, disguise

    def _compare(self, form: int, start: int, end: int) -> Disguise | None:
        readings, folded = self._readings, self._folded
        how = readings.how_of(start)
        letters = self._verifier.letters(self._forms.texts[form])
        places = [place for place in range(start, end) if readings.buffer[place] != SPACE_BYTE]
        if form in self._open:
            places = places[: len(letters)]
        elements = places if readings.elements is None else readings.elements[places].tolist()
        hidden = frozenset(i for i, place in enumerate(places) if readings.buffer[place] == MASK_BYTE)
        if readings.how_of(end - 1) != how or (hidden and not rules.may_hide(hidden, folded, elements)):
            return None
        if how is _PLAIN and any(b - a > rules.GAP for a, b in pairwise(elements)):
            return None
        checked = self._verifier.check(letters, elements, hidden)
        return None if checked is None else checked | rules.seen(how, folded, elements, hidden)

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
        folded = self._folded
        elements = rules.letters_between(folded, start, last)
        gaps = rules.gaps(folded, elements)
        if gaps is not None and rules.whole_at_edges(folded, start, last):
            checked = self._verifier.check(self._verifier.letters(self._forms.texts[form]), elements)
            first, final = folded.source_of(start), folded.source_of(last)
            if checked is not None and folded.text_of(first) == folded.text_of(final):
                yield form, first, self._end_of_marks(final) + 1, checked | gaps

    def by_sound(self, form: int, start: int, last: int) -> Iterator[Match]:
        """Confirm a candidate whose syllables were compared already."""
        folded = self._folded
        first, final = folded.source_of(start), folded.source_of(last)
        gaps = rules.gaps(folded, rules.letters_between(folded, start, last), words=True)
        if gaps is not None and folded.text_of(first) == folded.text_of(final):
            yield form, first, final + 1, gaps

    def literal(self, form: int, start: int, last: int) -> Iterator[Match]:
        """Confirm a candidate that was found as written: at a letter it must begin or end a word."""
        text = self._folded.joined
        inner = text[start].isalnum() and text[start - 1].isalnum()
        if not inner and not (text[last].isalnum() and text[last + 1].isalnum()):
            yield form, start, last + 1, _PLAIN
