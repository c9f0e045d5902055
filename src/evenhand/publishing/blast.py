"""Blast radius: recorded decisions decided again under a draft, beside what is in force. No detector runs.

Both sides are decided from the record, so that what differs is the policy and nothing else: scores are rounded in
records, and marks of people stand above every policy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evenhand.policy import Policy
from evenhand.publishing.course import runs, telling
from evenhand.publishing.mentions import categories, mentions
from evenhand.publishing.stored import decide_again, rests_on, stands_for, unsure
from evenhand.store.policydecisions import Past

SHOWN = 5  # examples of each kind of change
_MOST_EXAMPLES = 300
_PROGRESS = 1_000


@dataclass(slots=True)
class Group:
    """Counts of one slice: a label, a language, a line, a group of people."""

    decisions: int = 0
    changed: int = 0
    stricter: int = 0
    milder: int = 0
    was: Counter[str] = field(default_factory=Counter)  # action -> decisions
    would: Counter[str] = field(default_factory=Counter)

    def add(self, was: str, would: str, severity: int) -> None:
        """Count one decision; `severity`: how much stricter it becomes."""
        self.decisions += 1
        self.was[was] += 1
        self.would[would] += 1
        if severity:
            self.changed += 1
            self.stricter += severity > 0
            self.milder += severity < 0

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "decisions": self.decisions,
            "changed": self.changed,
            "stricter": self.stricter,
            "milder": self.milder,
            "was": dict(self.was),
            "would": dict(self.would),
        }


class Blast:
    """Counts what a draft would change. Memory does not grow with the decisions.

    Args:
        draft: the policy that might come.
        current: what is in force.
        names: business lines that the draft would decide for.
        kept: keys of the context that records keep (EVENHAND_KEEP_CONTEXT_KEYS).
        reads: detector -> kind of part it reads, for those that there are here.
    """

    def __init__(
        self,
        draft: Policy,
        current: Policy,
        *,
        names: Iterable[str],
        kept: Iterable[str],
        reads: Mapping[str, str] | None = None,
    ) -> None:
        self._draft, self._current, self._names = draft, current, frozenset(names)
        asked = list(kept)
        self._asks = {
            name: {side: rests_on(policy.line(name), asked) for side, policy in (("draft", draft), ("now", current))}
            for name in self._names
        }
        self._new = {name: self._newly_run(name, reads or {}) for name in self._names}
        self.total = Group()
        self.by: dict[str, dict[str, Group]] = {"label": {}, "language": {}, "line": {}, "group": {}, "category": {}}
        self.moves: Counter[tuple[str, str]] = Counter()
        self.rules: Counter[tuple[str, str]] = Counter()  # (rule that decides now, rule that would)
        self.examples: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        self.left = Counter[str]()  # why a decision could not be judged
        self.partly = Counter[str]()  # why it could be judged only in part
        self.texts = 0

    def _newly_run(self, name: str, reads: Mapping[str, str]) -> list[str]:
        old, new = self._current.line(name), self._draft.line(name)
        return [detector for detector in reads if runs(new, detector) and not runs(old, detector)]

    def add(self, past: Past) -> None:
        """Count one recorded decision."""
        name = past.line
        if name not in self._names:
            self.left["the draft does not decide for this line"] += 1
            return
        if stands_for(past):
            self.left["a person marked this content"] += 1
            return
        before = decide_again(self._current, past, name)
        after = decide_again(self._draft, past, name)
        asks = self._asks[name]
        if unsure(self._draft.line(name), set(asks["draft"]), past, after) or unsure(
            self._current.line(name), set(asks["now"]), past, before
        ):
            self.partly["rules ask for context that is not kept"] += 1
        for detector in self._new[name]:
            if detector not in past.models:
                self.partly[f"{detector} is newly asked, and did not run then"] += 1
        was, would = before.action.value, after.action.value
        severity = after.action.severity - before.action.severity
        label = telling(before, after, [*before.findings, *after.findings]) or _first_label(past)
        for kind, key in (("label", label), ("language", _language(past)), ("line", name)):
            self._slice(kind, key).add(was, would, severity)
        self.total.add(was, would, severity)
        if past.text is not None:
            self.texts += 1
            named = mentions(past.text)
            for group in named:
                self._slice("group", group).add(was, would, severity)
            for category in {categories()[group] for group in named}:
                self._slice("category", category).add(was, would, severity)
        if severity:
            self.moves[was, would] += 1
            self.rules[before.rule or "", after.rule or ""] += 1
            self._show(past, label, was, would, after.rule, after.reason)

    def _slice(self, kind: str, key: str) -> Group:
        slices = self.by[kind]
        return slices.get(key) or slices.setdefault(key, Group())

    def _show(self, past: Past, label: str, was: str, would: str, rule: str | None, reason: str) -> None:
        shown = self.examples.setdefault((was, would, label), [])
        if len(shown) < SHOWN and sum(map(len, self.examples.values())) < _MOST_EXAMPLES:
            shown.append(
                {
                    "decision_id": past.decision_id,
                    "line": past.line,
                    "kind": past.kind,
                    "label": label,
                    "was": was,
                    "would": would,
                    "rule": rule,
                    "reason": reason,
                }
            )

    def run(self, pages: Iterable[list[Past]], *, progress: Callable[[int], None] = lambda done: None) -> None:
        """Count pages of decisions.

        Args:
            pages: as `PastDecisions.pages` gives them.
            progress: told how many are done, after each page; may raise to stop.
        """
        done = 0
        for page in pages:
            for past in page:
                self.add(past)
            done += len(page)
            progress(done)

    def as_dict(self) -> dict[str, Any]:
        """Give the report."""
        rests = {
            name: {rule: sorted(paths) for rule, paths in {**sides["now"], **sides["draft"]}.items()}
            for name, sides in self._asks.items()
        }
        return {
            **self.total.as_dict(),
            "by": {
                kind: {key: group.as_dict() for key, group in sorted(slices.items(), key=_by_change)}
                for kind, slices in self.by.items()
            },
            "moves": [{"was": a, "would": b, "decisions": n} for (a, b), n in self.moves.most_common()],
            "rules": [{"was": a, "would": b, "decisions": n} for (a, b), n in self.rules.most_common(50)],
            "examples": [one for shown in self.examples.values() for one in shown],
            "not_judged": dict(self.left),
            "judged_in_part": dict(self.partly),
            "texts": self.texts,
            "context_not_kept": {name: rules for name, rules in rests.items() if rules},
        }


def _by_change(pair: tuple[str, Group]) -> tuple[int, int, str]:
    return (-pair[1].changed, -pair[1].decisions, pair[0])


def _first_label(past: Past) -> str:
    return max(past.findings, key=lambda one: float(one["score"]))["label"] if past.findings else ""


def _language(past: Past) -> str:
    return past.languages[0] if past.languages else ""
