"""A document of the right shape to a Policy: names, references, labels and ranges are checked here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from evenhand.domain import FACTS, TAXONOMY, Action, FactInfo, JsonValue
from evenhand.errors import RefusedLabelError
from evenhand.policy.lines import make_line, silenced
from evenhand.policy.model import (
    INCOMPLETE,
    Comparison,
    Condition,
    ContextTest,
    IncidentTest,
    Line,
    Policy,
    Rule,
    threshold_rule,
)
from evenhand.policy.yamltree import Path, Tree

SHIPPED = "evenhand"  # `extends: evenhand` is the default line of the policy that ships
MAX_NESTING = 4  # levels of all, any and none

CheckLabel = Callable[[str], None]
Document = Mapping[str, Any]


def build(tree: Tree, *, check_label: CheckLabel | None, shipped: Callable[[], Policy]) -> tuple[Policy, list[Any]]:
    """Make the policy of a document that fits the schema; also give its problems, as (line, message) pairs.

    Args:
        tree: the document.
        check_label: raises RefusedLabelError for labels and library names that are refused.
        shipped: gives the policy that ships, for lines that extend it.
    """
    builder = _Builder(tree, check_label, shipped)
    return builder.policy(), builder.problems


class _Builder:
    def __init__(self, tree: Tree, check_label: CheckLabel | None, shipped: Callable[[], Policy]) -> None:
        self.problems: list[tuple[int, str]] = []
        self._tree, self._check_label, self._shipped = tree, check_label, shipped
        self._document: Document = tree.value if isinstance(tree.value, dict) else {}
        self._made: dict[str, Line] = {}

    def _problem(self, path: Path, message: str) -> None:
        self.problems.append((self._tree.lines.get(path, 1), message))

    def policy(self) -> Policy:
        document = self._document
        self._check_incomplete(document.get("incomplete"), ("incomplete",))
        for name in document["lines"]:
            self._line(name, ())
        return Policy(
            name=document["name"],
            version=str(document["version"]),
            description=document.get("description") or "",
            lines=MappingProxyType({name: self._made[name] for name in document["lines"]}),
        )

    def _check_incomplete(self, action: str | None, path: Path) -> None:
        if action == Action.PASS and not self._document.get("incomplete_pass_acknowledged"):
            self._problem(
                path,
                "incomplete: pass lets content pass that a detector did not look at; "
                "if that is wanted, add incomplete_pass_acknowledged: true",
            )

    # Lines

    def _line(self, name: str, below: tuple[str, ...]) -> Line:
        if name in self._made:
            return self._made[name]
        path: Path = ("lines", name)
        entry: Document = self._document["lines"][name]
        if name == SHIPPED:
            self._problem(path, f"{SHIPPED!r} stands for the policy that ships; give the line another name")
        base = self._base(entry, (*path, "extends"), (*below, name))
        self._check_incomplete(entry.get("incomplete"), (*path, "incomplete"))
        excused = self._excused(entry, path, base.excused if base else None)
        own = self._rules(entry.get("rules") or [], (*path, "rules"), excused)
        removed = entry.get("remove") or []
        inherited = {rule.name: rule for rule in base.rules} if base else {}
        for place, gone in enumerate(removed):
            if gone not in inherited:
                self._problem((*path, "remove", place), f"there is no inherited rule {gone!r} to remove")
        steps = self._thresholds(entry, path, excused)
        for step in steps:
            if step.name in own:
                self._problem((*path, "thresholds"), f"a rule of this line is called {step.name!r}; call it otherwise")
        rules = [rule for rule in own.values() if rule.name not in inherited]
        rules += [step for step in steps if step.name not in own]
        told = {label for step in steps for label in step.when.labels}
        kept = [own.get(rule.name, rule) for rule in inherited.values() if rule.name not in removed]
        kept = [rule for rule in kept if all(rule.name != step.name for step in steps)]
        rules += [left for rule in kept if (left := rule if rule.name in own else silenced(rule, told)) is not None]
        incomplete = entry.get("incomplete")
        if incomplete is None and base is not None and entry["extends"] != SHIPPED:
            incomplete = base.incomplete
        if incomplete is None:
            incomplete = self._document.get("incomplete", Action.REVIEW)
        self._made[name] = make_line(
            name=name,
            rules=tuple(rules),
            incomplete=Action(incomplete),
            skip=frozenset(entry.get("skip") or ()) | (base.skip if base else frozenset()),
            only=self._named(entry, path, "detectors", base.only if base else None),
            libraries=self._named(entry, path, "libraries", base.libraries if base else None),
            excused=excused,
            policy=(self._document["name"], str(self._document["version"])),
        )
        return self._made[name]

    def _base(self, entry: Document, path: Path, below: tuple[str, ...]) -> Line | None:
        name = entry.get("extends")
        if name is None:
            return None
        if name == SHIPPED:
            return self._shipped().line("default")
        if name not in self._document["lines"]:
            known = ", ".join((*self._document["lines"], SHIPPED))
            self._problem(path, f"extends an unknown line {name!r}; known are {known}")
            return None
        if name in below:
            self._problem(path, f"lines extend each other in a circle: {' -> '.join((*below, name))}")
            return None
        return self._line(name, below)

    def _named(self, entry: Document, path: Path, key: str, inherited: frozenset[str] | None) -> frozenset[str] | None:
        if entry.get(key) is None:
            return inherited
        if key == "libraries":
            for place, name in enumerate(entry[key]):
                self._check_name(name, (*path, key, place), (*path, key), taxonomy=False)
        return frozenset(entry[key])

    def _thresholds(self, entry: Document, path: Path, excused: Condition | None) -> list[Rule]:
        """Make the rules that a line's thresholds stand for, named after their label and action."""
        rules: list[Rule] = []
        for label, steps in (entry.get("thresholds") or {}).items():
            here: Path = (*path, "thresholds", label)
            self._check_name(label, here, here, taxonomy=True)
            asked = [(Action(name), float(score)) for name, score in steps.items()]
            asked.sort(key=lambda step: -step[0].severity)
            if any(low[1] > high[1] for high, low in pairwise(asked)):
                self._problem(here, f"thresholds of {label}: what is stricter needs a score at least as high")
            rules += [
                Rule(
                    name=threshold_rule(label, action.value),
                    when=Condition(labels=(label,), min_score=score),
                    action=action,
                    excused=excused,
                )
                for action, score in asked
            ]
        return rules

    # Rules

    def _rules(self, entries: list[Document], path: Path, excused: Condition | None) -> dict[str, Rule]:
        rules: dict[str, Rule] = {}
        for place, entry in enumerate(entries):
            here: Path = (*path, place)
            name = entry["name"]
            if name in rules:
                self._problem((*here, "name"), f"two rules of this line are called {name!r}")
            if name == INCOMPLETE:
                self._problem((*here, "name"), f"{INCOMPLETE!r} stands for missing answers; give the rule another name")
            unless = entry.get("unless") or []
            many = [unless] if isinstance(unless, dict) else unless
            single = isinstance(unless, dict)
            rules[name] = Rule(
                name=name,
                when=self._condition(entry["when"], (*here, "when"), 0),
                action=Action(entry["action"]),
                unless=tuple(
                    self._condition(one, (*here, "unless") if single else (*here, "unless", index), 0)
                    for index, one in enumerate(many)
                ),
                excused=self._excused(entry, here, excused),
                reason=entry.get("reason"),
            )
        return rules

    def _excused(self, entry: Document, path: Path, inherited: Condition | None) -> Condition | None:
        if "except" not in entry:
            return inherited
        if entry["except"] is None:
            return None
        condition = self._condition(entry["except"], (*path, "except"), 0)
        if not condition.about_finding or condition.all or condition.any or condition.none or condition.context:
            self._problem(
                (*path, "except"),
                "except takes only label, score, language, source, library, detector and facts: it sets findings aside",
            )
        return condition

    # Conditions

    def _condition(self, entry: Document, path: Path, depth: int) -> Condition:
        if depth > MAX_NESTING:
            self._problem(path, f"all, any and none are nested deeper than {MAX_NESTING} levels")
            return Condition()
        labels, libraries = _many(entry, "label"), _many(entry, "library")
        for place, label in enumerate(labels):
            self._check_name(label, (*path, "label", place), (*path, "label"), taxonomy=True)
        for place, library in enumerate(libraries):
            self._check_name(library, (*path, "library", place), (*path, "library"), taxonomy=False)
        score = entry.get("score")
        low, high = (score.get("min"), score.get("max")) if isinstance(score, dict) else (score, None)
        if low is not None and high is not None and low > high:
            self._problem((*path, "score"), f"score: min {low} is above max {high}")
        about = any(key in entry for key in ("label", "score", "language", "source", "library", "detector", "facts"))
        about = about or "incident" in entry
        if "count" in entry and not about:
            self._problem(
                (*path, "count"), "count needs a label, score, source, library, detector, facts or incident to count"
            )
        parts = {
            key: tuple(
                self._condition(one, (*path, key, place), depth + 1) for place, one in enumerate(entry.get(key) or ())
            )
            for key in ("all", "any", "none")
        }
        return Condition(
            labels=labels,
            exact=bool(entry.get("exact")),
            min_score=None if low is None else float(low),
            max_score=None if high is None else float(high),
            languages=tuple(language.lower() for language in _many(entry, "language")),
            sources=frozenset(_many(entry, "source")),
            libraries=frozenset(libraries),
            detectors=frozenset(_many(entry, "detector")),
            facts=self._facts(entry, path),
            incident=_incident(entry),
            count=entry.get("count", 1),
            kinds=frozenset(_many(entry, "kind")),
            context=self._context(entry, path),
            **parts,
        )

    def _context(self, entry: Document, path: Path) -> tuple[ContextTest, ...]:
        tests: list[ContextTest] = []
        for key, value in (entry.get("context") or {}).items():
            here: Path = (*path, "context", key)
            self._check_name(key, here, here, taxonomy=False)
            made = _tests(key, value)
            if key.split(".")[0] == "author":
                # What group an author belongs to may not come in as a value either ("author.community: ...").
                for word in dict.fromkeys(word for test in made for word in _words(test.value)):
                    self._check_name(word, here, here, taxonomy=False)
            tests += made
        for key, value in (entry.get("author") or {}).items():
            tests += _tests(f"author.{key}", value)
        return tuple(tests)

    def _facts(self, entry: Document, path: Path) -> tuple[ContextTest, ...]:
        tests: list[ContextTest] = []
        for key, value in (entry.get("facts") or {}).items():
            known, made = FACTS.get(key), _tests(key, value)
            if known is None:
                self._problem((*path, "facts", key), f"unknown fact {key[:100]!r}; known are {', '.join(FACTS)}")
            elif wrong := _unfit(known, made):
                self._problem((*path, "facts", key), f"{key} is {wrong}")
            tests += made
        return tuple(tests)

    def _check_name(self, name: str, item: Path, whole: Path, *, taxonomy: bool) -> None:
        path = item if item in self._tree.lines else whole
        if taxonomy and name.partition(".")[0] not in TAXONOMY:
            roots = ", ".join(label for label in TAXONOMY if "." not in label)
            self._problem(path, f"unknown label {name[:100]!r}: labels begin with one of {roots}")
        elif taxonomy and (name != name.lower() or not all(name.split(".")) or any(ch.isspace() for ch in name)):
            self._problem(path, f"label {name[:100]!r} is not lower-case words with dots between them")
        if self._check_label is not None:
            try:
                self._check_label(name)
            except RefusedLabelError as refused:
                self._problem(path, str(refused))


def _incident(entry: Document) -> IncidentTest | None:
    asked = entry.get("incident")
    if asked is None:
        return None
    ways = asked.get("modalities", 1)
    return IncidentTest(
        min_score=float(asked.get("score", 0.0)),
        min_seconds=float(asked.get("seconds", 0.0)),
        min_count=asked.get("count", 1),
        min_modalities=ways if isinstance(ways, int) else 1,
        modalities=frozenset() if isinstance(ways, int) else frozenset([ways] if isinstance(ways, str) else ways),
    )


def _many(entry: Document, key: str) -> tuple[str, ...]:
    value = entry.get(key)
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list) else (value,)


def _unfit(known: FactInfo, tests: list[ContextTest]) -> str | None:
    """Say what a fact is, if it is compared with something that it can never be: such a rule would sleep for ever."""
    values = [test.value for test in tests if test.comparison is not Comparison.EXISTS]
    for value in [one for many in values for one in (many if isinstance(many, list) else [many])]:
        if known.choices and value not in known.choices:
            return f"one of {', '.join(known.choices)}"
        if not known.choices and (isinstance(value, bool) or not isinstance(value, int | float)):
            return "a number"
    return None


def _words(value: JsonValue) -> list[str]:
    many = value if isinstance(value, list) else [value]
    return [word for word in many if isinstance(word, str) and word]


def _tests(key: str, value: JsonValue) -> list[ContextTest]:
    path = tuple(key.split("."))
    if isinstance(value, dict):
        return [ContextTest(path=path, comparison=Comparison(op), value=to) for op, to in value.items()]
    return [ContextTest(path=path, comparison=Comparison.IN if isinstance(value, list) else Comparison.EQ, value=value)]
