"""What no library may hold: a protected attribute, a person's identity, or the mere name of a group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour, Match
from evenhand.errors import LibraryError
from evenhand.fairness import audit_words, refuse_label
from evenhand.fairness.terms import terms

_SHOWN = 3  # problems told at once


def refuse_library(library: Library) -> None:
    """Refuse a library whose name or labels ask for a protected attribute, or that would stop a group's mere name.

    Raises:
        RefusedLabelError: with what was refused and why.
        LibraryError: words to stop or review that are only the name of a group, or find one.
    """
    refuse_label(library.name, where="library name")
    for label in {library.label, *(item.label for item in library.items)} - {None}:
        refuse_label(str(label))
    if library.kind is LibraryKind.WORDS and library.colour is not ListColour.WHITE:
        refuse_words(library.items, where=library.name)


def refuse_words(items: Sequence[LibraryItem], *, where: str) -> None:
    """Refuse words to stop or review that are only the name of a group, or that would find one alone.

    Raises:
        LibraryError: with the first of them.
    """
    problems = [problem.message for problem in audit_words([item.value for item in items])]
    problems += [found for item in items if (found := _finds_group(item)) is not None]
    if problems:
        raise LibraryError(f"Library {where}: {'; '.join(problems[:_SHOWN])} ({len(problems)} such items).")


def _finds_group(item: LibraryItem) -> str | None:
    """Say which group's bare name an expression, or a word that may differ, would find."""
    if item.match is Match.REGEX:
        from evenhand.matching.regexes import Expressions

        expression = Expressions([item.value])
        # Those of letters and spaces: the names themselves, as people write them
        found = next((name for name in _groups() if expression.find(name)), None)
    elif item.match is Match.FUZZY:
        found = _near(item.value.strip().casefold())
    elif item.match is Match.PHONETIC and item.value.isascii():
        found = _sounding(item.value.strip().casefold())
    else:
        return None
    if found is None:
        return None
    return (
        f"{item.value[:60]!r} would find {found!r} alone, which names a group of people; naming a group is not a "
        "violation. Match it as written, or give the whole phrase that attacks."
    )


@cache
def _groups() -> tuple[str, ...]:
    """Give names of groups, alone and in the plural, as people write them."""
    table = terms()
    entries = (table.words, table.starts, table.inside, table.alone, table.language)
    names = {name for one in entries for name, entry in one.items() if entry.group}
    names |= {word for word in table.persons if word in table.topic or word in table.words}
    return tuple(sorted(names | {name + "s" for name in names if name.isascii() and name.isalpha()}))


def _near(word: str) -> str | None:
    """Give a group's name that a word finds which may differ by some letters; None: none."""
    from evenhand.matching.nearwords import allowed, distance, shortened

    most = allowed(word)
    for short in shortened(word, most):
        for name in _shortened_groups().get(short, ()):
            if distance(name, word, most) is not None:
                return name
    return None


def _sounding(word: str) -> str | None:
    """Give a group's name that sounds like a word; None: none."""
    return next((_plain()[number] for number in _sounds()(word)), None)


@cache
def _plain() -> tuple[str, ...]:
    return tuple(name for name in _groups() if name.isalpha())


@cache
def _sounds() -> Callable[[str], Mapping[int, int]]:
    from evenhand.matching.nearwords import sounding

    return sounding(_plain())


@cache
def _shortened_groups() -> dict[str, tuple[str, ...]]:
    from evenhand.matching.nearwords import shortened

    found: dict[str, list[str]] = {}
    for name in _plain():
        for short in shortened(name, 2):
            found.setdefault(short, []).append(name)
    return {short: tuple(names) for short, names in found.items()}
