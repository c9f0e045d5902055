"""Versions, runs and reports as JSON, the same from HTTP, the command line and the console."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from evenhand.policy import Checked, Policy
from evenhand.store import Store
from evenhand.store.policyrecords import BusinessLine, Comment, Live, Run, Version


def moment(value: datetime | None) -> str | None:
    """Write a moment as all surfaces do."""
    return None if value is None else value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def version_document(version: Version, live: Sequence[Live] = ()) -> dict[str, Any]:
    """Give a version, with what it does now."""
    row = next((one for one in live if one.policy == version.policy), None)
    roles = ("live", "candidate", "shadow", "previous")
    role = None if row is None else next((name for name in roles if getattr(row, name) == version.id), None)
    return {**_plain(version), "role": role, "document": version.document or None}


def live_document(live: Live) -> dict[str, Any]:
    """Give what decides for a policy."""
    return _plain(live)


def run_document(run: Run) -> dict[str, Any]:
    """Give a run."""
    return _plain(run)


def quoting(store: Store, run: Mapping[str, Any]) -> dict[str, Any]:
    """Put into a run's document the beginnings of the texts of its examples that are still kept.

    They do not stand in the run itself: what is deleted, or has expired, is gone from it as well.
    """
    result = run["result"]
    if run["kind"] != "blast" or not result:
        return dict(run)
    examples = result["examples"]
    texts = store.past_decisions.quoted([one["decision_id"] for one in examples])
    told = [{**one, "text": texts.get(one["decision_id"])} for one in examples]
    return {**run, "result": {**result, "examples": told}}


def comment_document(comment: Comment) -> dict[str, Any]:
    """Give a comment."""
    return _plain(comment)


def checked_document(checked: Checked, document: str, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Give what a document amounts to."""
    value = checked.value if isinstance(checked.value, dict) else {}
    lines = value.get("lines")
    name, version = value.get("name"), value.get("version")
    return {
        "valid": checked.policy is not None,
        "name": name if isinstance(name, str) else None,
        "version": checked.policy.version if checked.policy else None if version is None else str(version),
        "lines": list(lines) if isinstance(lines, dict) else [],
        "problems": [problem.as_dict() for problem in checked.problems],
        "warnings": list(warnings),
        "value": checked.value,
        "document": document,
    }


def lines_document(policy: Policy, bound: Sequence[BusinessLine]) -> list[dict[str, Any]]:
    """Give all business lines: those of the policy in force, and what each has of its own."""
    mine = {line.name: line for line in bound}
    return [
        {
            "name": line.name,
            "policy": line.clean.policy,
            "version": line.clean.policy_version,
            "bound": line.name in mine,
            "description": mine[line.name].description if line.name in mine else "",
            "tenant": mine[line.name].tenant if line.name in mine else None,
            "rules": len(line.rules),
            "incomplete": line.incomplete.value,
            "skip": sorted(line.skip),
            "detectors": None if line.only is None else sorted(line.only),
            "libraries": None if line.libraries is None else sorted(line.libraries),
        }
        for line in policy.lines.values()
    ]


def shadow_document(store: Store, version_id: str, *, examples: int = 50) -> dict[str, Any]:
    """Give what a version in shadow mode would have done."""
    total = changed = 0
    moves: Counter[tuple[str, str]] = Counter()
    by: dict[str, dict[str, dict[str, int]]] = {"line": {}, "label": {}, "language": {}}
    for one in store.policy_counts.shadow(version_id):
        total += one.count
        differs = one.was != one.would
        changed += one.count if differs else 0
        if differs:
            moves[one.was, one.would] += one.count
        for kind, cells in by.items():
            key = getattr(one, kind)
            if kind != "line" and not differs:
                continue  # labels and languages are counted of what differs only
            cell = cells.setdefault(key, {"decisions": 0, "changed": 0})
            cell["decisions"] += one.count
            cell["changed"] += one.count if differs else 0
    return {
        "version_id": version_id,
        "decisions": total,
        "changed": changed,
        "moves": [{"was": a, "would": b, "decisions": n} for (a, b), n in moves.most_common()],
        "by": by,
        "left_out": store.policy_counts.left_out(version_id),
        "examples": [_plain(one) for one in store.policy_counts.shadowed(version_id, limit=examples)],
    }


def _plain(value: Any) -> dict[str, Any]:
    found: Mapping[str, Any] = asdict(value)
    return {name: moment(one) if isinstance(one, datetime) else one for name, one in found.items()}
