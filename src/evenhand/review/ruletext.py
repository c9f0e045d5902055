"""The text of the policy rule that fired, as it stands in the document that decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import yaml

from evenhand.errors import NotFoundError
from evenhand.policy import default_policy_text
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
            text = rule_text(document, str(rule))
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


def rule_text(document: str, rule: str) -> str | None:
    """Give the lines of a policy document in which a rule stands; None: there is none of that name, or no YAML."""
    return _named(document).get(rule)


@lru_cache(maxsize=16)  # reading a policy takes longer than all else on the page of an item; versions never change
def _named(document: str) -> Mapping[str, str]:
    try:
        root = yaml.compose(document, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return {}
    found: dict[str, str] = {}
    for node in _mappings(root):
        for key, value in node.value:
            if key.value == "name" and isinstance(value, yaml.ScalarNode):
                text = document[node.start_mark.index : node.end_mark.index].rstrip()
                indent = " " * node.start_mark.column
                lines = [line.removeprefix(indent) for line in text.splitlines()]
                if node is not root:
                    found.setdefault(value.value, "\n".join(lines)[:_LONGEST])
    return found


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
