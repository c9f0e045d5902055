"""The text of the policy rule that fired, as it stands in the document that decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import yaml

from evenhand.errors import NotFoundError
from evenhand.policy import default_policy_text
from evenhand.policy.model import INCOMPLETE, threshold_rule
from evenhand.store import Store

_LONGEST = 20_000  # characters of a rule


def rule_document(store: Store, decision: dict[str, Any]) -> dict[str, Any]:
    """Give what the decision rests on: policy, version, line, the rule's own text, and each label's score.

    Args:
        store: holds the policy documents that have decided.
        decision: the result document.

    Raises:
        StoreError: the database cannot be asked.
    """
    name, _, rest = str(decision["policy"]).partition("@")
    version, _, line = rest.rpartition("/")
    rule = decision.get("rule")
    text = None
    if rule:
        for document in _documents(store, name, version):
            text = rule_text(document, str(rule), line or None)
            if text is not None:
                break
    best: dict[str, dict[str, Any]] = {}
    for one in decision.get("findings") or []:
        if one["label"] not in best or one["score"] > best[one["label"]]["score"]:
            best[one["label"]] = one
    scores = [
        {
            "label": label,
            "score": score,
            "detector": best[label]["detector"] if label in best else None,
            "version": best[label]["version"] if label in best else None,
            "why": best[label]["reason"] if label in best else None,
        }
        for label, score in sorted(decision["labels"].items(), key=lambda pair: -pair[1])
    ]
    return {
        "policy": name,
        "version": version,
        "line": line,
        "rule": rule,
        "text": text,
        "reason": decision["reason"],
        "incomplete": decision.get("incomplete") or {},
        "scores": scores,
    }


def rule_text(document: str, rule: str, line: str | None = None) -> str | None:
    """Give the lines of a policy document in which a rule stands.

    Args:
        document: YAML.
        rule: its name. One that a threshold stands for has the threshold's entry; `incomplete`, what the line or the
            document says of missing answers.
        line: whose rule: its own comes first, then those of the lines that it extends; None: any line's.

    Returns:
        None: there is none of that name, or no YAML.
    """
    named, bases = _named(document)
    seen: set[str | None] = set()
    while line is not None and line not in seen:
        if (line, rule) in named:
            return named[line, rule]
        seen.add(line)
        line = bases.get(line)
    return named.get((None, rule))


_Named = tuple[Mapping[tuple[str | None, str], str], Mapping[str, str]]


@lru_cache(maxsize=16)  # reading a policy takes longer than all else on the page of an item; versions never change
def _named(document: str) -> _Named:
    """Give (line or None, rule) -> text, and which line extends which."""
    try:
        root = yaml.compose(document, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return {}, {}
    found: dict[tuple[str | None, str], str] = {}
    bases: dict[str, str] = {}
    lines = _entries(_entries(root).get("lines"))
    for line, entry in lines.items():
        entries = _entries(entry)
        if isinstance(base := entries.get("extends"), yaml.ScalarNode):
            bases[line] = base.value
        for rule, text in _of_line(document, entry, entries):
            found.setdefault((line, rule), text)
            found.setdefault((None, rule), text)
    for rule, text in _rules(document, root):
        found.setdefault((None, rule), text)
    for key, value in _pairs(root):
        if key.value == INCOMPLETE:
            found[None, INCOMPLETE] = _text(document, key, value)
    return found, bases


def _of_line(document: str, entry: Any, entries: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _rules(document, entry)
    for label, steps in _pairs(entries.get("thresholds")):
        for action, _ in _pairs(steps):
            yield threshold_rule(label.value, action.value), f"thresholds:\n  {_text(document, label, steps, '  ')}"
    for key, value in _pairs(entry):
        if key.value == INCOMPLETE:
            yield INCOMPLETE, _text(document, key, value)


def _rules(document: str, root: Any) -> Iterator[tuple[str, str]]:
    for node in _mappings(root):
        for key, value in node.value:
            if key.value == "name" and isinstance(value, yaml.ScalarNode) and node is not root:
                yield value.value, _text(document, node, node)


def _text(document: str, first: Any, last: Any, indent: str = "") -> str:
    """Give the lines from one node to another, moved to the left margin, or below it by `indent`."""
    text = document[first.start_mark.index : last.end_mark.index].rstrip()
    margin = " " * first.start_mark.column
    lines = [line.removeprefix(margin) for line in text.splitlines()]
    return f"\n{indent}".join(lines)[:_LONGEST]


def _pairs(node: Any) -> list[tuple[yaml.ScalarNode, Any]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return [(key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]


def _entries(node: Any) -> dict[str, Any]:
    return {key.value: value for key, value in _pairs(node)}


def _documents(store: Store, name: str, version: str) -> Iterator[str]:
    with suppress(NotFoundError):
        yield store.policies.get(name, version).document or ""
    yield default_policy_text()  # its rules may come from the policy that ships


def _mappings(root: Any) -> Iterator[yaml.MappingNode]:
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop(0)
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            waiting += [value for _, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
