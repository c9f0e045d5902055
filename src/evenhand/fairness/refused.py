"""The door that every label and every name of a library or detector passes: no protected attribute, no identity.

Matching is on words, not on letters, so that "trace" and "embrace" pass and "r4ce", "R.A.C.E" and "faceRace" do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evenhand.domain import is_label
from evenhand.errors import RefusedLabelError
from evenhand.fairness.spelling import fold, is_unspaced, spellings, stems
from evenhand.fairness.terms import Entries, Entry, Terms, terms

_FACE = Entry(why="asks more of a face than glasses, sunglasses and smile", group=False)
_LONGEST = 200  # characters of a name
_GLUED = 4  # shortest frame word looked for inside a longer word ("racedetector"); shorter ones are chance
_SHORT_GLUED = ("is", "has")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a name is refused."""

    name: str  # as given
    why: str  # "names a protected attribute of a person (caste)"
    group: bool  # it names a group of people


def refuse_label(name: str, *, where: str = "label") -> None:
    """Refuse a name that asks for a protected attribute of a person, names a group of people or identifies a person.

    Args:
        name: a label, or the name of a library, detector or classifier; at any letter case and with any separators.
        where: what the name is, for the message ("label", "library name").

    Raises:
        RefusedLabelError: the name is refused; the message says why and what to do.
    """
    found = refusal(name)
    if found is not None:
        raise RefusedLabelError(
            f"{where} {name[:100]!r} {found.why}. evenhand never infers what group a person belongs to, "
            f"nor who they are: choose a name for what is said or shown, such as hate.attack "
            f"(docs/explanation/refusals.md)."
        )


def refusal(name: str) -> Refusal | None:
    """Say why `name` is refused, or give None where it is free. Labels of the taxonomy are free."""
    if is_label(name):
        return None
    if len(name) > _LONGEST:
        return Refusal(name=name, why=f"is longer than {_LONGEST} characters, too long to check", group=False)
    root = fold(name.partition(".")[0]).strip()
    entry = _FACE if "." in name and root in ("face", "faces") else _look_up(name, root, terms())
    return None if entry is None else Refusal(name=name, why=entry.why, group=entry.group)


def _look_up(name: str, root: str, table: Terms) -> Entry | None:
    below = name.partition(".")[2] if is_label(root) else ""
    for part in dict.fromkeys((name, below, *name.split("."))):
        free_topic = root in table.topics and part is not name
        for reading in spellings(part):
            found = _refused_reading(reading.split(), table, free_topic=free_topic)
            if found is not None:
                return found
    return None


def _refused_reading(words: list[str], table: Terms, *, free_topic: bool) -> Entry | None:
    for stretch in _without_allowed(words, table):
        found = _anywhere(stretch, table)
        if found is not None:
            return found
        alone = _alone(stretch, table.alone, table)
        if alone is None and not (free_topic and table.persons.isdisjoint(stretch)):
            alone = _alone(stretch, table.topic, table)
        if alone is not None:
            return alone
    return None


def _runs(words: list[str], longest: int) -> Iterator[tuple[int, int, str]]:
    """Give every run of neighbouring words, written as one, up to `longest` characters: (start, end, run)."""
    for start in range(len(words)):
        run = ""
        for end in range(start, len(words)):
            run += words[end]
            if len(run) > longest + 2:
                break
            yield start, end + 1, run


def _without_allowed(words: list[str], table: Terms) -> Iterator[list[str]]:
    """Cut the phrases that mean something else ("race track") out of `words`, and give what stands between them."""
    gone: set[int] = set()
    for start, end, run in _runs(words, table.longest):
        if run in table.allow:
            gone.update(range(start, end))
    stretch: list[str] = []
    for place, word in enumerate(words):
        if place in gone:
            if stretch:
                yield stretch
            stretch = []
        elif is_unspaced(word):
            for phrase in table.allow:
                word = word.replace(phrase, " ")  # noqa: PLW2901
            stretch.extend(word.split())
        else:
            stretch.append(word)
    if stretch:
        yield stretch


def _find(word: str, entries: Entries) -> Entry | None:
    return next((entries[stem] for stem in stems(word) if stem in entries), None)


def _anywhere(words: list[str], table: Terms) -> Entry | None:
    joined = "".join(words)
    for term, entry in table.inside.items():
        if term in joined:
            return entry
    others = table.persons.intersection(words)
    about_text = not table.texts.isdisjoint(words)
    for start, end, run in _runs(words, table.longest):
        whole = end == start + 1 or end - start == len(words)  # frames glued on are looked for here only, to save time
        for core, glued_person in _cores(run, table) if whole else ((run, False),):
            found = _find(core, table.words) or _starting(core, table.starts)
            if found is not None:
                return found
            beside_person = glued_person or bool(others - {run})
            language = _find(core, table.language)
            if language is not None and (beside_person or not about_text):
                return language
            if beside_person and (found := _find(core, table.person)) is not None:
                return found
    return None


def _starting(word: str, entries: Entries) -> Entry | None:
    return next((entries[word[:size]] for size in range(3, len(word) + 1) if word[:size] in entries), None)


def _cores(word: str, table: Terms) -> Iterator[tuple[str, bool]]:
    """Give `word`, and what is left of it when frame words are cut from its ends ("isracedetector": "race").

    The flag says whether a word for a person was cut off.
    """
    yield word, False
    todo, seen = [(word, False)], {word}
    while todo:
        text, person = todo.pop()
        for size in range(2, len(text) - 1):
            for cut, rest in ((text[:size], text[size:]), (text[-size:], text[:-size])):
                glued = cut in _SHORT_GLUED if size < _GLUED else cut in table.frames
                if glued and rest not in seen:
                    seen.add(rest)
                    todo.append((rest, person or cut in table.persons))
                    yield todo[-1]


def _alone(words: list[str], entries: Entries, table: Terms) -> Entry | None:
    """Find a term that nothing but frame words stand beside."""
    rest = [word for word in words if word not in table.frames or _find(word, entries) is not None]
    found = [_find(word, entries) for word in rest]
    if rest and all(entry is not None for entry in found):
        return found[0]
    for text in ("".join(rest), "".join(words)):
        if len(text) <= 2 * table.longest:
            for core, _ in _cores(text, table):
                if (entry := _find(core, entries)) is not None:
                    return entry
    return _alone_unspaced("".join(rest), entries, table)


def _alone_unspaced(text: str, entries: Entries, table: Terms) -> Entry | None:
    if not is_unspaced(text):
        return None
    for frame in table.unspaced_frames:
        if text not in entries:
            text = text.replace(frame, "")
    return entries.get(text)
