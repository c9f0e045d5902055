"""What was heard, as texts: the words of a part in one text a language, each tied to its seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

from evenhand.domain import AudioPart, Location, Mark, Source, TextPart
from evenhand.inference.speech import Heard

_HAN = range(0x3400, 0x20000)  # where the characters are that have a simplified form
_CHINESE = ("zh", "yue")
_UNSPACED = (*_CHINESE, "ja", "th", "lo", "km", "my", "bo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What was heard in one stretch of a part."""

    start: float  # seconds from the start of the part
    end: float
    heard: Heard


def texts(part: AudioPart, stretches: Sequence[Stretch]) -> tuple[TextPart, ...]:
    """Give the words of a part as texts, one for each run of one language.

    Args:
        part: where they were heard.
        stretches: in order of time, each with words.
    """
    runs = groupby(stretches, key=lambda stretch: stretch.heard.language)
    return tuple(_text(part, language, list(run)) for language, run in runs)


def simplified(heard: Heard) -> Heard:
    """Give Chinese words in simplified characters: the model writes either, and the same sound should read the same."""
    if heard.language not in _CHINESE:
        return heard
    table = _simplified_forms()
    return replace(heard, words=tuple(replace(word, text=word.text.translate(table)) for word in heard.words))


def _text(part: AudioPart, language: str, run: Sequence[Stretch]) -> TextPart:
    base = part.origin.time[0] if part.origin.time else 0.0
    pieces: list[str] = []
    marks: list[Mark] = []
    length = 0
    for stretch in run:
        for number, word in enumerate(stretch.heard.words):
            written = word.text.strip()
            spaced = word.text[:1].isspace() or (number == 0 and language not in _UNSPACED)
            if pieces and spaced:
                pieces.append(" ")
                length += 1
            pieces.append(written)
            time = (base + stretch.start + word.start, base + stretch.start + word.end)
            marks.append(Mark(start=length, end=length + len(written), time=time))
            length += len(written)
    first, last = marks[0].time, marks[-1].time
    whole = (first[0], last[1]) if first is not None and last is not None else None
    return TextPart(
        text="".join(pieces),
        language="zh-Hans" if language in _CHINESE else language,
        origin=Location(source=Source.SPEECH, time=whole, frame=part.origin.frame),
        marks=tuple(marks),
    )


@cache
def _simplified_forms() -> dict[int, int]:
    from evenhand.matching.normalise_tables import load_tables

    fold = load_tables().fold[_HAN.start : _HAN.stop]
    return {code: int(to) for code, to in zip(_HAN, fold.tolist(), strict=True) if to != code and to in _HAN}
