"""The small part of YAML that library documents use, with line numbers.

One mapping of strings, lists of strings and lists of mappings of strings. Everything else that YAML can say (anchors,
aliases, tags, several documents, deeper nesting) is refused, so that a small file cannot grow large while it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from evenhand.errors import LibraryError

_DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value, as text."""

    value: str
    line: int  # counted from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Keys, in order, with their values."""

    entries: dict[str, Node]
    lines: dict[str, int]  # of the keys
    line: int


Node = Scalar | Sequence | Mapping


def read_yaml(text: str, *, where: str) -> Node:
    """Read one document.

    Args:
        text: the document.
        where: its name, for messages.

    Raises:
        LibraryError: it is not YAML, or is more than this reader takes; the message gives the line.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        events = iter(yaml.parse(text, Loader=loader))
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                node = _node(event, events, 0, where)
                break
        else:
            raise LibraryError(f"{where}: the document is empty; give at least name, kind, list and items")
        if any(isinstance(event, yaml.NodeEvent) for event in events):
            raise LibraryError(f"{where}: more than one document; put each library in a file of its own")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 0
        raise LibraryError(f"{where} line {line}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError, UnicodeError, ValueError) as error:
        raise LibraryError(f"{where}: not valid YAML; save it as UTF-8 text without control characters") from error
    return node


def _node(event: yaml.NodeEvent, events: Iterator[yaml.Event], depth: int, where: str) -> Node:
    line = event.start_mark.line + 1 if event.start_mark is not None else 0
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise LibraryError(f"{where} line {line}: anchors and aliases (& and *) are not read; quote such words")
    if getattr(event, "tag", None) not in (None, "!"):
        raise LibraryError(f"{where} line {line}: tags (!) are not read; quote a word that begins with '!'")
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(value=event.value, line=line)
    if depth >= _DEPTH:
        raise LibraryError(f"{where} line {line}: nested too deeply; a library is a flat list of items")
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        for child in events:
            if isinstance(child, yaml.SequenceEndEvent):
                break
            if isinstance(child, yaml.NodeEvent):
                items.append(_node(child, events, depth + 1, where))
        return Sequence(items=tuple(items), line=line)
    return _mapping(events, depth, where, line)


def _mapping(events: Iterator[yaml.Event], depth: int, where: str, line: int) -> Mapping:
    entries: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for child in events:
        if isinstance(child, yaml.MappingEndEvent) or not isinstance(child, yaml.NodeEvent):
            break
        key = _node(child, events, depth + 1, where)
        if not isinstance(key, Scalar):
            raise LibraryError(f"{where} line {key.line}: a key must be a plain word")
        if key.value in entries:
            raise LibraryError(f"{where} line {key.line}: '{key.value[:50]}' is given twice; keep one")
        value = next(events)
        if isinstance(value, yaml.NodeEvent):
            entries[key.value], lines[key.value] = _node(value, events, depth + 1, where), key.line
    return Mapping(entries=entries, lines=lines, line=line)
