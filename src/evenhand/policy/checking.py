"""A document looked at while it is written: all its problems with their places, and what it holds so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evenhand.domain import JsonValue
from evenhand.errors import PolicyError
from evenhand.policy.build import CheckLabel
from evenhand.policy.document import load_policy
from evenhand.policy.model import Policy
from evenhand.policy.yamltree import read_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One problem of a document."""

    line: int  # from 1; 0: of the whole document
    column: int  # from 1
    message: str

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form."""
        return {"line": self.line, "column": self.column, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a document amounts to."""

    policy: Policy | None  # None: there are problems
    value: JsonValue  # the document as plain values; None: it is no YAML
    problems: tuple[Trouble, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)  # "lines.default.rules.0" -> line


def check_document(text: str, *, check_label: CheckLabel | None = None) -> Checked:
    """Check a document without raising.

    Args:
        text: YAML, whatever its state.
        check_label: as for `load_policy`.
    """
    value: JsonValue = None
    places: dict[str, int] = {}
    try:
        tree = read_tree(text)
        value, places = tree.value, {".".join(map(str, path)): int(at) for path, at in tree.lines.items()}
        policy = load_policy(text, check_label=check_label)
    except PolicyError as error:
        found = error.problems or ((0, error.message),)
        troubles = tuple(_trouble(line, message) for line, message in found)
        return Checked(policy=None, value=value, problems=troubles, places=places)
    return Checked(policy=policy, value=value, places=places)


def _trouble(line: Any, message: str) -> Trouble:
    return Trouble(line=int(line), column=int(getattr(line, "column", 1)), message=message)
