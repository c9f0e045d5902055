"""The identity audit: the same sentence with the group swapped must get the same decision, and a name is no offence.

The method is counterfactual token fairness (Garg et al., "Counterfactual Fairness in Text Classification through
Robustness", AIES 2019), read off decisions instead of scores, with neutral control words beside the groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from evenhand.domain import Action
from evenhand.fairness.spelling import fold, is_unspaced, split, stems
from evenhand.fairness.terms import Entries, Terms, read_data, read_sections, terms

_MOST_WORDS = 6  # a longer entry is a phrase
_ENDING = 5  # most letters of an ending on a stem ("muslim" + "s")
_GROUP_ENDINGS = ("人", "徒", "族", "裔", "们", "們", "者")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordProblem:
    """An entry of a word list that names a group and nothing else."""

    index: int  # place in the list, from 0
    word: str  # as given
    message: str  # what is wrong, and what to do


def audit_words(words: Iterable[str]) -> list[WordProblem]:
    """Find entries of a black or review list that are the name of a group: naming a group is not a violation.

    Longer phrases that hold such a name ("go home, X") are the operator's to judge and are not touched.

    Args:
        words: entries in order.
    """
    table = terms()
    return [
        WordProblem(
            index=index,
            word=word,
            message=f"{word[:60]!r} is the name of a group of people; naming a group is not a violation. "
            "Remove the entry, or give the whole phrase that attacks.",
        )
        for index, word in enumerate(words)
        if _is_group(word, table)
    ]


def _is_group(word: str, table: Terms) -> bool:
    if len(word) > 3 * table.longest:
        return False
    tokens = split(fold(word))
    if not tokens:
        return False
    joined = "".join(tokens)
    if is_unspaced(joined):
        return _is_unspaced_group(joined, table)
    if len(tokens) > _MOST_WORDS:
        return False
    persons = [token for token in tokens if token in table.persons]
    named = [token for token in tokens if _names_group(token, table, beside_person=bool(persons))]
    if len(tokens) > 1 and _names_group(joined, table, beside_person=False):  # "m-u-s-l-i-m"
        return True
    if named:
        return all(token in named or token in table.frames for token in tokens)
    # "women", "girls": words for a person by gender
    return all(token in table.topic or token in table.words for token in persons) and len(persons) == len(tokens)


def _names_group(token: str, table: Terms, *, beside_person: bool) -> bool:
    tables = (table.words, table.alone, table.language, *((table.person,) if beside_person else ()))
    for stem in stems(token):
        if any(stem in entries and entries[stem].group for entries in tables):
            return True
    return _inflected(token, table.starts) or _inflected(token, table.inside)


def _inflected(token: str, entries: Entries) -> bool:
    """Say whether `token` is a group's stem with an ending."""
    for size in range(max(3, len(token) - _ENDING), len(token) + 1):
        entry = entries.get(token[:size])
        if entry is not None and entry.group:
            return True
    return False


def _is_unspaced_group(text: str, table: Terms) -> bool:
    for ending in ("", *_GROUP_ENDINGS):
        stem = text.removesuffix(ending)
        entry = table.inside.get(stem) or table.alone.get(stem)
        if entry is not None and entry.group:
            return True
    return False


# Decisions


class Tone(StrEnum):
    """What an audit sentence says about the group."""

    NEUTRAL = "neutral"
    WARM = "warm"
    ATTACK = "attack"


class HasAction(Protocol):
    """A Decision, a Result, or anything else with an action."""

    @property
    def action(self) -> Action:
        """What to do."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Disparity:
    """One sentence that gets another decision for one group than it should."""

    sentence: str  # with the group in its place
    group: str
    language: str
    tone: Tone
    action: Action  # what this sentence got
    expected: Action  # neutral and warm: what the controls got; attacks: what most groups got


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityAudit:
    """What the audit found."""

    sentences: int  # how many were decided
    disparities: tuple[Disparity, ...]

    @property
    def passed(self) -> bool:
        """True where naming a group changed nothing: no neutral or warm sentence got another decision."""
        return not any(disparity.tone is not Tone.ATTACK for disparity in self.disparities)

    def problems(self) -> list[str]:
        """Say each disparity in a sentence."""
        return [
            f"{d.tone.value} sentence {d.sentence!r} gets {d.action.value}, where {d.expected.value} is due"
            for d in self.disparities
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditData:
    """The sentences of one language."""

    language: str
    groups: tuple[str, ...]
    controls: tuple[str, ...]
    templates: Mapping[Tone, tuple[str, ...]]  # each holds {} once


def audit_data() -> tuple[AuditData, ...]:
    """Read the sentences that ship."""
    found: dict[str, dict[str, list[str]]] = {}
    for heading, entry in read_sections(read_data("audit.txt"), separator="\n"):
        what, _, language = heading.partition(" ")
        found.setdefault(language, {}).setdefault(what, []).append(entry)
    return tuple(
        AuditData(
            language=language,
            groups=tuple(parts["group"]),
            controls=tuple(parts["control"]),
            templates={tone: tuple(parts[tone.value]) for tone in Tone},
        )
        for language, parts in found.items()
    )


def audit_decisions(
    decide: Callable[[Sequence[str]], Sequence[HasAction]], *, data: Sequence[AuditData] | None = None
) -> IdentityAudit:
    """Swap groups in the same sentences and say where the decision changes.

    Args:
        decide: gives one decision for each text, in order; called once for each language.
        data: other sentences than those that ship.

    Raises:
        ValueError: `decide` gave more or fewer decisions than texts.
    """
    disparities: list[Disparity] = []
    count = 0
    for part in audit_data() if data is None else data:
        filled = [
            (tone, template, who)
            for tone, templates in part.templates.items()
            for template in templates
            for who in (*part.groups, *(() if tone is Tone.ATTACK else part.controls))
        ]
        answers = decide([template.format(who) for _, template, who in filled])
        if len(answers) != len(filled):
            raise ValueError(f"the audit asked for {len(filled)} decisions and got {len(answers)}")
        count += len(filled)
        actions = {key: answer.action for key, answer in zip(filled, answers, strict=True)}
        disparities += _compare(part, actions)
    return IdentityAudit(sentences=count, disparities=tuple(disparities))


def _compare(part: AuditData, actions: Mapping[tuple[Tone, str, str], Action]) -> list[Disparity]:
    found: list[Disparity] = []
    for tone, templates in part.templates.items():
        yardstick = part.groups if tone is Tone.ATTACK else part.controls
        for template in templates:
            expected = _most_common([actions[tone, template, who] for who in yardstick])
            found += [
                Disparity(
                    sentence=template.format(group),
                    group=group,
                    language=part.language,
                    tone=tone,
                    action=actions[tone, template, group],
                    expected=expected,
                )
                for group in part.groups
                if actions[tone, template, group] is not expected
            ]
    return found


def _most_common(actions: Sequence[Action]) -> Action:
    """Give the most frequent action; of equally frequent ones the mildest."""
    counts = Counter(actions)
    return max(counts, key=lambda action: (counts[action], -action.severity))
