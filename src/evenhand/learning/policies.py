"""Thresholds of the policies in force: where they stand, and drafts in which one is moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from evenhand.domain import Action, is_under
from evenhand.errors import ConflictError, InputError
from evenhand.fairness import refuse_label
from evenhand.policy import Change, Condition, Line, Policy, default_policy_text, edit, load_policy
from evenhand.policy.yamltree import read_tree
from evenhand.publishing.desk import draft
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.policyrecords import SHIPPED

_ACTS = (Action.REVIEW, Action.BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From which score a business line acts on a label, by rules that ask for nothing else."""

    policy: str
    line: str
    label: str
    actions: Mapping[str, float]  # "review" and "block" -> least score

    @property
    def mildest(self) -> tuple[str, float]:
        """The action that begins first, and from which score."""
        return min(self.actions.items(), key=lambda one: (one[1], one[0] != "review"))


def documents(store: Store, settings: Settings) -> dict[str, str]:
    """Give the documents of the policies in force, by name.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    if settings.policy is not None:
        text = settings.policy.read_text("utf-8")
        return {load_policy(text, check_label=refuse_label).name: text}
    found = {
        row.policy: store.policy_versions.get(row.live).document
        for row in store.policies_live.all()
        if row.live is not None and row.live != SHIPPED
    }
    shipped = default_policy_text()
    found.setdefault(load_policy(shipped).name, shipped)
    return found


def thresholds(text: str, labels: list[str]) -> Iterator[Threshold]:
    """Give where labels' thresholds stand in each line of a document that acts on them by their score alone."""
    policy: Policy = load_policy(text, check_label=refuse_label)
    for line in policy.lines.values():
        for label in labels:
            actions = _actions(line, label)
            if actions:
                yield Threshold(policy=policy.name, line=line.name, label=label, actions=actions)


def _actions(line: Line, label: str) -> dict[str, float]:
    actions: dict[str, float] = {}
    for rule in line.rules:
        if rule.action not in _ACTS or rule.unless or not _plain(rule.when):
            continue
        if any(label == one if rule.when.exact else is_under(label, one) for one in rule.when.labels):
            least = rule.when.min_score or 0.0
            actions[rule.action.value] = min(least, actions.get(rule.action.value, 1.0))
    return actions


def _plain(when: Condition) -> bool:
    others = (when.languages, when.sources, when.libraries, when.detectors, when.facts, when.kinds, when.context)
    nested = (when.all, when.any, when.none, when.incident)
    return bool(when.labels) and not any(others) and not any(nested) and when.count == 1 and when.max_score is None


def moved(store: Store, settings: Settings, change: Mapping[str, Any], *, actor: str) -> str:
    """Make a draft of a policy with a threshold moved; gives the id of its version. It goes the way of all drafts.

    Raises:
        ConflictError: the policy or the threshold is not what the proposal was made for.
        InputError: a file decides, which is changed by hand.
    """
    if settings.policy is not None:
        raise InputError(
            f"EVENHAND_POLICY names a file, which decides: set {change['label']} of line {change['line']} to "
            f"{change['to']} there."
        )
    text = documents(store, settings).get(change["policy"])
    found = [] if text is None else list(thresholds(text, [change["label"]]))
    here = next((one for one in found if one.line == change["line"]), None)
    if text is None or here is None or here.mildest[1] != change["from"]:
        raise ConflictError("the policy has changed since this was proposed; reject it, and look for proposals again")
    action, _ = here.mildest
    wanted = {name: max(score, change["to"]) for name, score in here.actions.items()} | {action: change["to"]}
    tree: Any = read_tree(text).value
    line = (tree.get("lines") or {}).get(change["line"]) if isinstance(tree, dict) else None
    old = dict((line or {}).get("thresholds") or {}) if isinstance(line, dict) else {}
    version = f"{str(tree['version'])[:40]}-{datetime.now(UTC):%Y%m%d%H%M%S}" if isinstance(tree, dict) else ""
    changes = [
        Change(path=("version",), what="set", value=version),
        Change(path=("lines", change["line"], "thresholds"), what="set", value={**old, change["label"]: wanted}),
    ]
    made = draft(store, edit(text, changes), actor=actor, note=f"{change['label']} from {change['to']}, by marks")
    return str(made.id)
