"""Undoing what a version did: its decisions of a stretch of time, decided again by what is in force, or looked at by
people. What people have judged stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from evenhand.domain import Action
from evenhand.errors import InputError
from evenhand.policy import Policy
from evenhand.publishing.stored import decide_again, stands_for
from evenhand.store import Store
from evenhand.store.policydecisions import Chosen, Past
from evenhand.store.policyrecords import Run
from evenhand.store.policyundo import CHUNK, Redecided

MODES = ("redecide", "review")  # decide again; or have people look at what would differ
_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """What is to be undone."""

    policy: str
    version: str  # as its documents say
    since: datetime
    until: datetime
    mode: str = "redecide"
    action: str | None = None  # only decisions that led to this

    def chosen(self) -> Chosen:
        """Give which decisions those are."""
        return Chosen(since=self.since, until=self.until, policy=self.policy, version=self.version, action=self.action)


def read_bad(asked: Any) -> Bad:
    """Read what is to be undone, as a run stores it.

    Raises:
        InputError: it cannot be used.
    """
    since, until = (datetime.fromisoformat(asked[name]) for name in ("since", "until"))
    mode, action = asked.get("mode") or "redecide", asked.get("action")
    if mode not in MODES:
        raise InputError(f"There is no way {mode[:40]!r} to undo decisions; there are {', '.join(MODES)}.")
    if since.tzinfo is None or until.tzinfo is None or since >= until:
        raise InputError("Give two moments with their time zone, the first before the second.")
    if action is not None and action not in {one.value for one in Action}:
        raise InputError(f"There is no action {action[:40]!r}.")
    return Bad(policy=asked["policy"], version=asked["version"], since=since, until=until, mode=mode, action=action)


@dataclass(slots=True)
class Preview:
    """What undoing would change."""

    decisions: int = 0
    judged: int = 0  # stay: a person has judged them, or is about to
    same: int = 0  # would be decided alike
    left: int = 0  # their line is gone
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "decisions": self.decisions,
            "changed": sum(self.moves.values()),
            "judged_by_people": self.judged,
            "same": self.same,
            "not_judged": self.left,
            "moves": [{"was": a, "would": b, "decisions": n} for (a, b), n in self.moves.most_common()],
            "examples": self.examples,
        }


def preview(store: Store, current: Policy, bad: Bad, *, progress: Callable[[int], None] = lambda done: None) -> Preview:
    """Say what undoing would change; changes nothing."""
    seen = Preview()
    for _ in _changes(store, current, bad, seen):
        progress(seen.decisions)
    progress(seen.decisions)
    return seen


def undo(
    store: Store, current: Policy, bad: Bad, run: Run, *, progress: Callable[[int], None] = lambda done: None
) -> dict[str, Any]:
    """Undo, in chunks; doing it again goes on where it stopped.

    Args:
        store: where.
        current: what is in force.
        bad: what is undone.
        run: in whose name.
        progress: told how many decisions were looked at; may raise to stop.
    """
    seen, replaced = Preview(), 0
    for chunk in _changes(store, current, bad, seen):
        replaced += store.policy_undo.replace(run, chunk)
        progress(seen.decisions)
    return {**seen.as_dict(), "replaced": store.policy_undo.count(run.id)[0]}


def revert(
    store: Store, undone: str, run: Run, *, progress: Callable[[int], None] = lambda done: None
) -> dict[str, Any]:
    """Put back what a run undid, in chunks."""
    after: str | None = ""
    while after is not None:
        after = store.policy_undo.revert(undone, run, after)
        replaced, back = store.policy_undo.count(undone)
        progress(back)
    return {"replaced": replaced, "restored": back}


def _changes(store: Store, current: Policy, bad: Bad, seen: Preview) -> Iterator[list[Redecided]]:
    for page in store.past_decisions.pages(bad.chosen()):
        for start in range(0, len(page), CHUNK):
            part = page[start : start + CHUNK]
            judged = store.policy_undo.judged([past.decision_id for past in part])
            chunk = [made for past in part if (made := _change(current, bad, past, judged, seen)) is not None]
            if chunk:
                yield chunk


def _change(current: Policy, bad: Bad, past: Past, judged: set[str], seen: Preview) -> Redecided | None:
    seen.decisions += 1
    if past.decision_id in judged or stands_for(past):
        seen.judged += 1
        return None
    if past.line not in current.lines:
        seen.left += 1
        return None
    then = decide_again(current, past, past.line)
    action = then.action
    if action.value == past.action:
        seen.same += 1
        return None
    if bad.mode == "review":
        action = Action.REVIEW
    if action.value == past.action:
        seen.same += 1
        return None
    seen.moves[past.action, action.value] += 1
    why = f"undone: {bad.policy}@{bad.version} had said {past.action}; {then.reason}"
    if len(seen.examples) < _SHOWN:
        told = {"decision_id": past.decision_id, "line": past.line, "was": past.action, "would": action.value}
        seen.examples.append({**told, "reason": then.reason})
    return Redecided(
        decision_id=past.decision_id,
        action=action,
        rule=then.rule,
        reason=why,
        policy=then.policy,
        policy_version=then.policy_version,
        line=past.line,
    )
