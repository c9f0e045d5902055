"""Changes to single values of a document, made in its text: comments and the author's own layout stay.

What cannot be changed in place is written anew as a whole. Either way the text that comes out holds exactly the values
that were asked for: it is read again and compared.
"""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from evenhand.domain import JsonValue
from evenhand.errors import InputError, PolicyError
from evenhand.policy.yamltree import Path, read_tree

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WIDTH = 110
_FLOW = frozenset({"when", "unless", "except", "skip", "detectors", "libraries", "remove"})
MOST = 500  # changes in one call


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change."""

    path: Path  # of the value
    what: Literal["set", "remove", "insert"]  # insert: into a list, before the item that is there
    value: JsonValue = None


def edit(text: str, changes: Sequence[Change]) -> str:
    """Change values of a document.

    Args:
        text: YAML as `read_tree` reads it.
        changes: made one after another.

    Raises:
        PolicyError: the text is no YAML of the kind that policies are.
        InputError: a change names a place that there is not, or there are more than 500.
    """
    if len(changes) > MOST:
        raise InputError(f"{len(changes)} changes: at most {MOST} at a time.")
    for change in changes:
        text = _edit(text, change)
    return text


def write_document(value: JsonValue) -> str:
    """Write a document: rules as blocks, conditions in one line each."""
    node = _node(value)
    _lay_out(node)
    written: str = yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=_WIDTH)
    return written


def _node(value: JsonValue) -> yaml.Node:
    node: yaml.Node = yaml.SafeDumper(io.StringIO(), sort_keys=False).represent_data(value)
    return node


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _lay_out(node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        node.flow_style = False
        for key, value in node.value:
            if key.value in _FLOW or (key.value == "thresholds" and not value.value):
                _flow(value)
            elif key.value == "thresholds":
                value.flow_style = False
                for _, steps in value.value:
                    _flow(steps)
            else:
                _lay_out(value)
    elif isinstance(node, yaml.SequenceNode):
        node.flow_style = not node.value
        for item in node.value:
            _lay_out(item)


def _flow(node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode | yaml.SequenceNode):
        node.flow_style = True
        for one in node.value:
            for inner in one if isinstance(one, tuple) else (one,):
                _flow(inner)


def _edit(text: str, change: Change) -> str:
    before = read_tree(text)
    wanted = _changed(copy.deepcopy(before.value), change)
    try:
        made = _in_place(text, change)
        if made is not None and _same(read_tree(made).value, wanted):
            return made
    except (PolicyError, yaml.YAMLError, InputError, IndexError):
        pass  # written anew below
    return write_document(_plain(wanted, before.written))


def _same(one: JsonValue, other: JsonValue) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _plain(value: Any, written: Any) -> Any:
    """Keep the version as it was written: `1.10` is not the number 1.1."""
    if isinstance(value, dict) and isinstance(value.get("version"), float) and ("version",) in written:
        return {**value, "version": written["version",]}
    return value


def _changed(value: Any, change: Change) -> Any:
    """Give the values as they are to be."""
    if not change.path:
        return change.value
    holder, last = value, change.path[-1]
    for step in change.path[:-1]:
        if isinstance(holder, dict) and isinstance(step, str):
            if holder.get(step) is None and change.what != "remove":
                holder[step] = {} if isinstance(_after(change.path, step), str) else []
            holder = holder.get(step)
        elif isinstance(holder, list) and isinstance(step, int) and 0 <= step < len(holder):
            holder = holder[step]
        else:
            raise _nowhere(change.path)
    if isinstance(holder, dict) and isinstance(last, str):
        if change.what == "remove":
            holder.pop(last, None)
        else:
            holder[last] = change.value
    elif isinstance(holder, list) and isinstance(last, int) and 0 <= last <= len(holder):
        if change.what == "insert" or last == len(holder):
            holder.insert(last, change.value)
        elif change.what == "set":
            holder[last] = change.value
        else:
            del holder[last]
    else:
        raise _nowhere(change.path)
    return value


def _after(path: Path, step: str | int) -> str | int:
    return path[path.index(step) + 1]


def _nowhere(path: Path) -> InputError:
    return InputError(f"There is no place {'.'.join(map(str, path))[:200]!r} in this document.")


# In place


def _in_place(text: str, change: Change) -> str | None:
    """Change the text itself; None where that cannot be done simply."""
    root = _composed(text)
    found = _find(root, change.path)
    if change.what == "set" and found is not None:
        key, node = found
        if isinstance(change.value, dict | list) and _is_block(node):
            return _put(_cut(text, key, node), change)
        return text[: node.start_mark.index] + _flat(change.value) + text[_end(text, node) :]
    if change.what == "remove":
        return None if found is None else _without(text, root, change.path, *found)
    return _put(text, change)


def _composed(text: str) -> yaml.Node:
    root = yaml.compose(text, Loader=_LOADER)
    if root is None:
        raise InputError("The document is empty.")
    return root


def _find(root: yaml.Node, path: Path) -> tuple[yaml.Node, yaml.Node] | None:
    """Give the node at a path, and the node that begins its entry: its key, or the item itself."""
    key, node = root, root
    for step in path:
        if isinstance(node, yaml.MappingNode) and isinstance(step, str):
            pair = next(((k, v) for k, v in node.value if k.value == step), None)
            if pair is None:
                return None
            key, node = pair
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            key = node = node.value[step]
        else:
            return None
    return key, node


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode | yaml.SequenceNode) and not node.flow_style


def _end(text: str, node: yaml.Node) -> int:
    """Give where a node ends. The parser ends blocks at whatever comes next, comments included."""
    if _is_block(node):
        last: Any = node
        while _is_block(last) and last.value:
            last = last.value[-1]
            last = last[1] if isinstance(last, tuple) else last
        return int(last.end_mark.index)
    end = int(node.end_mark.index)
    return len(text[:end].rstrip()) if getattr(node, "style", None) in ("|", ">") else end


def _without(text: str, root: yaml.Node, path: Path, key: yaml.Node, node: yaml.Node) -> str | None:
    cut, holder = _cut(text, key, node), _find(root, path[:-1])
    if cut is None or holder is None or len(holder[1].value) > 1 or holder[0] is holder[1]:
        return cut
    colon = cut.find(":", holder[0].end_mark.index) + 1  # what held it is empty now, and would read as null
    return cut[:colon] + (" {}" if isinstance(holder[1], yaml.MappingNode) else " []") + cut[colon:]


def _cut(text: str, key: yaml.Node, node: yaml.Node) -> str | None:
    """Take an entry of a block out, with its lines."""
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    lead = text[start : key.start_mark.index]
    if lead.strip() not in ("", "-") or (lead.strip() == "-" and key is not node):
        return None
    end = text.find("\n", _end(text, node))
    return text[:start] + ("" if end < 0 else text[end + 1 :])


def _put(text: str | None, change: Change) -> str | None:
    """Add an entry to a block."""
    if text is None:
        return None
    root = _composed(text)
    holder = _find(root, change.path[:-1])
    if holder is None or not _is_block(holder[1]) or not holder[1].value:
        return None
    node, last = holder[1], change.path[-1]
    items = list(node.value)
    indent = " " * node.start_mark.column
    if isinstance(node, yaml.MappingNode):
        body = _block({str(last): change.value}, indent)
        place = len(items)
    else:
        body = _block([change.value], indent)
        place = min(int(last), len(items))
    if place < len(items):
        at = text.rfind("\n", 0, items[place].start_mark.index) + 1
        return text[:at] + body + text[at:]
    end = text.find("\n", _end(text, node))
    return text.rstrip("\n") + "\n" + body if end < 0 else text[: end + 1] + body + text[end + 1 :]


def _block(value: JsonValue, indent: str) -> str:
    written = write_document(value)
    lines = written.splitlines()
    if isinstance(value, list):  # the dumper indents a list at the top, too
        strip = len(lines[0]) - len(lines[0].lstrip())
        lines = [line[strip:] for line in lines]
    return "".join(f"{indent}{line}\n" if line else "\n" for line in lines)


def _flat(value: JsonValue) -> str:
    node = _node(value)
    _flow(node)
    written: str = yaml.serialize(node, Dumper=yaml.SafeDumper, allow_unicode=True, width=1_000_000)
    return written.removesuffix("\n").removesuffix("\n...").strip()
