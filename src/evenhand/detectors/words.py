"""text.words: finds the words and phrases of the operator's word lists, as written and disguised.

Nothing ships: without a list it finds nothing. A white list gives `known.white`, which a policy may read as an
exception; it never takes away what other lists found.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import structlog

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import Finding, Library, LibraryItem, LibraryKind, ListColour, PartKind, TextPart

if TYPE_CHECKING:
    from evenhand.matching.wordlists import WordHit, WordLists

_KEPT = "text.words"  # under this name the indexes are kept for the next detector
_MOST = 100  # findings of one list in one text; a text of nothing else would give hundreds of thousands


@dataclass(slots=True)
class _Kept:
    """What one detector leaves to the next, which is made when lists have changed."""

    index: WordLists | None = None
    owner: WordsDetector | None = None  # whose index that is
    tidying: bool = False  # a thread joins indexes
    lock: Lock = field(default_factory=Lock)


class WordsDetector:
    """Finds the words of word lists. The index is built on the first text.

    Score: the item's own, times how sure the match is: 1.0 as written, 0.95 with letters disguised or drawn out, 0.9
    with letters set apart, 0.8 with letters hidden, 0.7 by sound; where several apply, the lowest. An item that says
    how it is found: 1.0 by its expression, 0.85 and 0.75 with one and two letters that differ, 0.6 by sound.
    """

    def __init__(self, libraries: Sequence[Library] = (), *, keep: dict[str, Any] | None = None) -> None:
        lists = [library for library in libraries if library.kind is LibraryKind.WORDS]
        self._lists = [library for library in lists if library.items]
        self._index: WordLists | None = None
        self._keep = {} if keep is None else keep
        labels = {_label(library, label) for library in lists for label in {item.label for item in library.items}}
        self.info = DetectorInfo(
            name="text.words",
            version="1",
            reads=PartKind.TEXT,
            labels=tuple(sorted(labels | {f"known.{colour.value}" for colour in ListColour})),
            cost=Cost.CHEAP,
            description="Finds words and phrases of the operator's word lists, as written and disguised.",
            examples=_FOUND + _INNOCENT if example_library() in lists else _INNOCENT,
        )

    def detect(self, parts: Sequence[TextPart]) -> list[Detection]:
        """Look for all words in all texts at once; without word lists nothing is loaded."""
        if not self._lists or not parts:
            return [NOTHING] * len(parts)
        index = self._index or self._indexed()
        found = index.search([part.text for part in parts])
        return [self._answer(part, hits) if hits else NOTHING for part, hits in zip(parts, found, strict=True)]

    def _indexed(self) -> WordLists:
        """Build the indexes of what is new, and have them joined with the others meanwhile."""
        from evenhand.matching.wordlists import WordLists

        kept: _Kept = self._keep.setdefault(_KEPT, _Kept())
        with kept.lock:
            kept.index = self._index = index = WordLists(self._lists, kept.index)
            kept.owner = self
            if not index.tidy and not kept.tidying:
                kept.tidying = True
                threading.Thread(target=_tidy, args=(kept, index), name="evenhand-words").start()
        return index

    def _answer(self, part: TextPart, hits: Sequence[WordHit]) -> Detection:
        findings: list[Finding] = []
        counts: dict[str, int] = {}
        for hit in hits:
            library, item = hit.library, hit.item
            number = counts[library.name] = counts.get(library.name, 0) + 1
            if number > _MOST or not (_reads(library, part.language) and _reads(item, part.language)):
                continue
            findings.append(
                Finding(
                    label=_label(library, item.label),
                    score=item.score * hit.certainty,
                    location=part.locate(hit.start, hit.end),
                    detector=self.info.name,
                    version=self.info.version,
                    reason=f"matches word list '{library.name}'{hit.how}",
                    language=part.language,
                    library=library.name,
                )
            )
        scores: dict[str, float] = {}
        for finding in findings:
            scores[finding.label] = max(finding.score, scores.get(finding.label, 0.0))
        return Detection(findings=tuple(findings), scores=scores)


def make(context: DetectorContext) -> WordsDetector:
    """Build the detector from the word lists among the context's libraries."""
    return WordsDetector(context.libraries, keep=context.keep)


def example_library() -> Library:
    """The word list that the examples are found with; a detector never uses it unless it is given it."""
    items = tuple(LibraryItem(value=value) for value in ("badword", "spoil sport", "坏词"))
    return Library(
        name="example", kind=LibraryKind.WORDS, colour=ListColour.BLACK, label="harassment.profanity", items=items
    )


def _tidy(kept: _Kept, index: WordLists) -> None:
    """Join indexes until there is nothing to join; searches go on meanwhile, and find the same."""
    while True:
        try:
            tidied = index.tidied()
        except Exception as error:  # (nothing is lost but speed; it is tried again with the next change)
            structlog.get_logger().warning("indexes of word lists were not joined", why=repr(error)[:300])
            kept.tidying = False
            return
        with kept.lock:
            # Lists may have changed meanwhile: what was joined serves for them, too.
            newest = kept.index if kept.index is not None else index
            kept.index = tidied if newest is index else newest.with_phrases_of(tidied)
            if kept.owner is not None:
                kept.owner._index = kept.index
            if kept.index.tidy:
                kept.tidying = False
                return
            index = kept.index


def _label(library: Library, said: str | None) -> str:
    known = f"known.{library.colour.value}"
    return known if library.colour is ListColour.WHITE else said or library.label or known


def _reads(said: Library | LibraryItem, language: str | None) -> bool:
    """Whether a list or an item is meant for a language; a text whose language is not known is searched for all."""
    if not said.languages or language is None:
        return True
    return any(f"{language}-".lower().startswith(f"{wanted}-".lower()) for wanted in said.languages)


def _text(title: str, text: str, *labels: str) -> Example:
    return Example(title=title, part=lambda: TextPart(text=text), labels=frozenset(labels))


_FOUND = (
    _text("a word of a list", "what a badword that is", "harassment.profanity"),
    _text("the same word, disguised", "what a b.4.d.w.0.r.d that is", "harassment.profanity"),
    _text("a phrase, drawn out", "you spooooil sport", "harassment.profanity"),
    _text("a Chinese word with signs between", "你是坏*词吗", "harassment.profanity"),
)
_INNOCENT = (_text("a longer word that holds it is another word", "a badwordsmith, and a password"),)
