"""The JSON Schema of policy documents, and its verdicts as problems with line numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from evenhand.domain import JsonValue
from evenhand.policy.yamltree import Tree

if TYPE_CHECKING:
    from jsonschema import ValidationError

Problem = tuple[int, str]


def policy_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a policy document, for editors."""
    text = files("evenhand.policy").joinpath("schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def shape_problems(tree: Tree) -> list[Problem]:
    """Check the shape of a document against the schema; give (line, message) pairs in the order of lines."""
    from jsonschema import Draft202012Validator  # a tenth of a second, only for policies of the operator's own

    problems: set[Problem] = set()
    for error in Draft202012Validator(policy_schema()).iter_errors(tree.value):
        for leaf in _leaves(error):
            problems.add(_problem(leaf, tree))
    return sorted(problems)


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """Follow "one of these must fit" down to the branch of the right type, whose problems are those worth telling."""
    if error.validator != "anyOf" or not error.context:
        yield error
        return
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    depth = len(error.absolute_path)
    right_type = [
        branch
        for branch in branches.values()
        if not any(inner.validator in ("type", "enum") and len(inner.absolute_path) == depth for inner in branch)
    ]
    if len(right_type) == 1:
        for inner in right_type[0]:
            yield from _leaves(inner)
    else:
        yield error


def _problem(error: ValidationError, tree: Tree) -> Problem:
    path = tuple(error.absolute_path)
    known: Any = error.schema
    place = ".".join(str(step) for step in path)
    message = _message(error)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        unknown = next((key for key in error.instance if key not in known.get("properties", {})), None)
        if unknown is not None:
            path = (*path, unknown)
    elif "propertyNames" in error.schema_path and isinstance(error.instance, str):
        path = (*path, error.instance)
    return tree.lines.get(path, tree.lines.get(path[:-1], 1)), f"{place}: {message}" if place else message


def _message(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    got = _short(instance)
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            unknown = [key for key in instance if key not in known]
            return f"unknown key {', '.join(repr(key[:60]) for key in unknown)}; known are {', '.join(known)}"
        case "required":
            missing = [key for key in wanted if key not in instance]
            return f"{' and '.join(missing)} is missing"
        case "type":
            names = [wanted] if isinstance(wanted, str) else wanted
            return f"{got} is not {' or '.join(_TYPES.get(name, name) for name in names)}"
        case "enum":
            return f"{got} is not one of {', '.join(map(str, wanted))}"
        case "minimum" | "maximum":
            return f"{got} is outside the range: {'at least' if error.validator == 'minimum' else 'at most'} {wanted}"
        case "pattern":
            return f"{got} is not a name: lower-case letters, digits, '-', '_' and '.', at most 64 characters"
        case "minProperties" | "minItems" | "minLength":
            return "is empty; give something"
        case "maxProperties" | "maxItems" | "maxLength":
            return f"is too long; at most {wanted}"
        case "dependentRequired":
            return "exact needs a label beside it"
        case "const":
            return f"{got} is not {str(wanted).lower()}"
        case _:
            return f"{got} does not fit here"


_TYPES: Mapping[str, str] = {
    "object": "a mapping (key: value)",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def _short(value: JsonValue) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + '..."'
