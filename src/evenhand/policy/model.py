"""A policy as frozen values: business lines of rules, each a condition and an action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evenhand.domain import Action, Decision, JsonValue
from evenhand.errors import PolicyError

INCOMPLETE = "incomplete"  # the name that stands for a rule when a missing detector decided


def threshold_rule(label: str, action: str) -> str:
    """Give the name of the rule that a threshold stands for."""
    return f"{label}-{action}"[:64]


class Comparison(StrEnum):
    """How a value of the context is compared."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextTest:
    """One comparison with one value of the caller's context."""

    path: tuple[str, ...]  # ("author", "age_days")
    comparison: Comparison
    value: JsonValue  # what it is compared with; a list for IN and NOT_IN; True or False for EXISTS


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTest:
    """What the incident of a recording must be that a finding belongs to."""

    min_score: float = 0.0  # of all its evidence together
    min_seconds: float = 0.0  # from its start to its end
    min_count: int = 1  # moments at which something was found
    min_modalities: int = 1  # ways in which it shows
    modalities: frozenset[str] = frozenset()  # all of these: seen, read, heard, said, captioned


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must hold, all of it at once. What is empty or None asks for nothing."""

    labels: tuple[str, ...] = ()  # a finding under one of these
    exact: bool = False  # the label itself, not those below it
    min_score: float | None = None  # inclusive
    max_score: float | None = None  # inclusive
    languages: tuple[str, ...] = ()  # of the finding, else of the content; "zh" takes "zh-hant" too; lower case
    sources: frozenset[str] = frozenset()  # what the finding was read from: text, image, ocr, code, frame
    libraries: frozenset[str] = frozenset()  # the library that matched
    detectors: frozenset[str] = frozenset()
    facts: tuple[ContextTest, ...] = ()  # of the finding; a missing one passes only `exists: false`
    incident: IncidentTest | None = None  # the finding belongs to such an incident; only recordings have any
    count: int = 1  # at least so many findings that each meet everything above
    kinds: frozenset[str] = frozenset()  # content kind
    context: tuple[ContextTest, ...] = ()
    all: tuple[Condition, ...] = ()  # each holds
    any: tuple[Condition, ...] = ()  # at least one holds
    none: tuple[Condition, ...] = ()  # not one holds
    about_finding: bool = field(init=False)  # something above asks for a finding
    below: tuple[str, ...] = field(init=False)  # how labels under those of `labels` begin; empty if exact

    def __post_init__(self) -> None:
        """Derive what every decision would otherwise work out again."""
        scored = self.min_score is not None or self.max_score is not None
        about = (
            scored
            or self.labels
            or self.languages
            or self.sources
            or self.libraries
            or self.detectors
            or self.facts
            or self.incident
        )
        object.__setattr__(self, "about_finding", bool(about))
        object.__setattr__(self, "below", () if self.exact else tuple(label + "." for label in self.labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: when the condition holds and no exception does, the action follows."""

    name: str
    when: Condition
    action: Action
    unless: tuple[Condition, ...] = ()  # the rule is off while one of these holds
    excused: Condition | None = None  # findings in places that such findings cover are set aside
    reason: str | None = None  # the operator's words, added to the explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One business line, with its inherited rules in place."""

    name: str
    rules: tuple[Rule, ...]  # document order: its own first, then inherited ones
    incomplete: Action  # what a missing answer of a detector leads to
    skip: frozenset[str]  # names of detectors that do not run for this line
    only: frozenset[str] | None = None  # names of the only detectors that run; None: all but those skipped
    libraries: frozenset[str] | None = None  # names of the only libraries that count; None: all
    excused: Condition | None  # default for the rules' own
    ranked: tuple[Rule, ...]  # strictest first, ties by document order; the first that fires decides
    by_label: Mapping[str, tuple[int, ...]]  # label -> places in `ranked` of the rules that it may fire
    unlabelled: tuple[int, ...]  # places in `ranked` of the rules that may fire whatever the labels
    clean: Decision  # the answer where nothing was found and nothing is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A versioned policy."""

    name: str
    version: str
    description: str
    lines: Mapping[str, Line]  # in document order; always has "default"

    def line(self, name: str) -> Line:
        """Give a business line.

        Raises:
            PolicyError: the policy has no line of that name; the message lists those it has.
        """
        found = self.lines.get(name)
        if found is None:
            raise PolicyError(
                f"policy {self.name!r} has no line {name[:100]!r}; use one of its lines: {', '.join(self.lines)}"
            )
        return found
