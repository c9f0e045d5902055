"""YAML text to plain values and their line numbers, for documents that strangers wrote.

A small safe part of YAML: mappings, lists and scalars. Anchors, aliases and tags are refused, so that a short text can
never stand for a large one; so are duplicate keys, which YAML readers answer each in their own way. Scalars follow the
YAML 1.2 core schema, so that `no` is the language and not `false`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from evenhand.domain import JsonValue
from evenhand.errors import PolicyError

MAX_CHARS = 512 * 1024
MAX_DEPTH = 24
MAX_NODES = 50_000

Path = tuple[str | int, ...]


class At(int):
    """A line, counted from 1, that also knows its column, counted from 1."""

    column: int

    def __new__(cls, line: int, column: int = 1) -> At:
        """Make one."""
        made = super().__new__(cls, line)
        made.column = column
        return made


Lines = Mapping[Path, int]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: Mapping[str, JsonValue] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A document."""

    value: JsonValue
    lines: Lines  # path -> line of its key, or of the item itself in a list; from 1
    written: Mapping[Path, str]  # path -> a number as it was written


def fault(line: int, message: str) -> PolicyError:
    """Make the error for one problem."""
    return PolicyError(f"line {line}: {message}" if line else message, problems=((line, message),))


def read_tree(text: str) -> Tree:
    """Read one YAML document.

    Args:
        text: at most MAX_CHARS characters, MAX_DEPTH levels and MAX_NODES values.

    Raises:
        PolicyError: it is not YAML of the kind described above; with the line of the first problem.
    """
    if len(text) > MAX_CHARS:
        raise fault(0, f"the policy has {len(text)} characters; at most {MAX_CHARS} are read")
    try:
        return _Reader(yaml.parse(text, Loader=_LOADER)).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (
            min(mark.line, text.rstrip().count("\n")) + 1 if mark else 0
        )  # an end that comes too early is on the last
        place = At(line, mark.column + 1 if mark else 1)
        raise fault(place, f"not valid YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        line = text.count("\n", 0, getattr(error, "position", None) or 0) + 1 if hasattr(error, "position") else 0
        raise fault(line, "not valid YAML: it holds characters that YAML does not allow") from None


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return At(mark.line + 1, mark.column + 1) if mark is not None else At(0)


class _Reader:
    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._lines: dict[Path, int] = {}
        self._written: dict[Path, str] = {}
        self._nodes = 0

    def read(self) -> Tree:
        documents: list[JsonValue] = []
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if documents:
                    raise fault(_line(event), "a second document; one file holds one policy")
                first = next(self._events)
                self._lines[()] = _line(first)
                documents.append(self._value(first, ()))
        return Tree(value=documents[0] if documents else None, lines=self._lines, written=self._written)

    def _value(self, event: yaml.Event, path: Path) -> JsonValue:
        line = _line(event)
        self._lines.setdefault(path, line)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise fault(line, f"more than {MAX_NODES} values")
        if len(path) > MAX_DEPTH:
            raise fault(line, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise fault(line, "anchors and aliases (& and *) are not read; write the value again, or use extends")
        if getattr(event, "tag", None) not in (None, "!"):
            raise fault(line, "tags (!) are not read; remove the tag")
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
            if isinstance(value, int | float) and not isinstance(value, bool):
                self._written[path] = event.value
            return value
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        return self._mapping(path)

    def _list(self, path: Path) -> JsonValue:
        items: list[JsonValue] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> JsonValue:
        values: dict[str, JsonValue] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None or event.tag is not None:
                raise fault(line, "a key must be plain text")
            key = event.value
            if key in values:
                raise fault(line, f"the key {key[:60]!r} is given twice")
            values[key] = None
            self._lines[(*path, key)] = line
            values[key] = self._value(next(self._events), (*path, key))
        return values


def _scalar(event: yaml.ScalarEvent) -> JsonValue:
    text: str = event.value
    if event.style:  # quoted, or a block of text
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
