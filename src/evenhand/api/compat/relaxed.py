"""JSON as Google's servers read it: names without quotes, single quotes, commas before a closing bracket.

Their own quick start sends `{comment: {text: "..."}, requestedAttributes: {TOXICITY:{}} }`, and what worked there must
work here. Strict JSON is read by the fast parser; only what that refuses comes here.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_TOKEN = re.compile(
    r"""\s+
      | (?P<double>"(?:[^"\\]|\\.)*")
      | (?P<single>'(?:[^'\\]|\\.)*')
      | (?P<comma>,)(?=\s*[}\]])
      | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)(?=\s*:)
      | (?P<other>[{}\[\],:] | [^\s{}\[\],:"']+)
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTES = re.compile(r"\\(.)|\"", re.DOTALL)
_MAX_DEPTH = 100


def loads(body: bytes) -> Any:
    """Read JSON, strict or relaxed.

    Raises:
        ValueError: it is neither; the message says where.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as refused:
        try:
            text = body.decode("utf-8")
            return json.loads(_strict(text))
        except (ValueError, RecursionError):
            raise ValueError(str(refused)) from None


def _strict(text: str) -> str:
    out: list[str] = []
    place = depth = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"unreadable at {place}")
        place, kind, found = match.end(), match.lastgroup, match.group()
        depth += (found in "{[") - (found in "}]") if kind == "other" else 0
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deep")
        if kind == "single":
            out.append(f'"{_QUOTES.sub(_requote, found[1:-1])}"')
        elif kind == "name":
            out.append(f'"{found}"')
        elif kind != "comma":
            out.append(found)
    return "".join(out)


def _requote(match: re.Match[str]) -> str:
    if match.group() == '"':
        return '\\"'
    return "'" if match[1] == "'" else match.group()
