"""Two documents side by side: their lines, and their rules by name."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from evenhand.domain import JsonValue
from evenhand.errors import PolicyError
from evenhand.policy.yamltree import read_tree

_AROUND = 3  # unchanged lines shown around a change


def compare(old: str, new: str) -> dict[str, Any]:
    """Compare two documents.

    Returns:
        `text`: rows `{op, old, new, text}`: op "same", "out", "in" or "gap", with line numbers from 1 or None;
        `changes`: what changed in meaning, each `{line, what, name, old, new}`.
    """
    return {"text": _rows(old.splitlines(), new.splitlines()), "changes": _changes(_values(old), _values(new))}


def _rows(old: list[str], new: list[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(_AROUND)):
        if number:
            rows.append({"op": "gap", "old": None, "new": None, "text": ""})
        for op, i1, i2, j1, j2 in group:
            if op == "equal":
                rows += [
                    {"op": "same", "old": i1 + k + 1, "new": j1 + k + 1, "text": old[i1 + k]} for k in range(i2 - i1)
                ]
                continue
            rows += [{"op": "out", "old": i + 1, "new": None, "text": old[i]} for i in range(i1, i2)]
            rows += [{"op": "in", "old": None, "new": j + 1, "text": new[j]} for j in range(j1, j2)]
    return rows


def _values(text: str) -> Mapping[str, Any]:
    try:
        tree = read_tree(text)
    except PolicyError:
        return {}
    value = tree.value if isinstance(tree.value, dict) else {}
    return {**value, "version": tree.written.get(("version",), value.get("version"))}


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, JsonValue]]:
    out: list[dict[str, JsonValue]] = []

    def note(line: str | None, what: str, name: str, before: JsonValue, after: JsonValue) -> None:
        if before != after:
            out.append({"line": line, "what": what, "name": name, "old": before, "new": after})

    for key in ("name", "version", "description", "incomplete", "incomplete_pass_acknowledged"):
        note(None, "policy", key, old.get(key), new.get(key))
    before, after = _mapping(old.get("lines")), _mapping(new.get("lines"))
    for line in [*before, *(name for name in after if name not in before)]:
        a, b = before.get(line), after.get(line)
        if a is None or b is None:
            note(line, "line", line, a, b)
            continue
        a, b = _mapping(a), _mapping(b)
        for key in dict.fromkeys([*a, *b]):
            if key == "rules":
                rules_a, rules_b = _rules(a.get(key)), _rules(b.get(key))
                for name in dict.fromkeys([*rules_a, *rules_b]):
                    note(line, "rule", name, rules_a.get(name), rules_b.get(name))
                shared_a = [name for name in rules_a if name in rules_b]
                shared_b = [name for name in rules_b if name in rules_a]
                note(line, "order", "rules", list(shared_a), list(shared_b))
            elif key == "thresholds":
                steps_a, steps_b = _mapping(a.get(key)), _mapping(b.get(key))
                for label in dict.fromkeys([*steps_a, *steps_b]):
                    note(line, "threshold", label, steps_a.get(label), steps_b.get(label))
            else:
                note(line, "setting", key, a.get(key), b.get(key))
    return out


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _rules(value: Any) -> dict[str, Any]:
    rules = value if isinstance(value, list) else []
    return {str(rule.get("name")): rule for rule in rules if isinstance(rule, dict)}
