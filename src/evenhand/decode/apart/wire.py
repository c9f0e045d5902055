"""How the two sides talk: a length, JSON, and raw bytes behind it. Nothing that is read can be more than data."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any

from evenhand.decode.media.toned import LONG_SIDE
from evenhand.domain import Location, Source

SLOTS = 8  # frames that lie in shared memory at a time
SLOT_BYTES = LONG_SIDE * LONG_SIDE * 3
SHARED_BYTES = SLOTS * SLOT_BYTES
_HEAD = struct.Struct("!II")
_MOST_JSON, _MOST_RAW = 1 << 26, 1 << 30
_BLOCK = 1 << 20


class BrokenError(Exception):
    """The other side is gone, is silent for too long, or says what is no message."""


def send(end: socket.socket, value: Mapping[str, Any], raw: Sequence[bytes | memoryview] = ()) -> None:
    """Send a message; blocks until it is taken."""
    body = json.dumps({**value, "raw": [len(one) for one in raw]}).encode()
    end.sendall(_HEAD.pack(len(body), sum(len(one) for one in raw)) + body)
    for one in raw:
        end.sendall(one)


def receive(end: socket.socket, *, deadline: float | None = None) -> tuple[dict[str, Any], list[bytes]]:
    """Wait for a message.

    Args:
        end: of the connection.
        deadline: on the monotonic clock; None: for as long as it takes.

    Raises:
        BrokenError: see there.
    """
    size, more = _HEAD.unpack(_read(end, _HEAD.size, deadline))
    if size > _MOST_JSON or more > _MOST_RAW:
        raise BrokenError("a message is too long")
    body, rest = _read(end, size, deadline), _read(end, more, deadline)
    try:
        value = json.loads(body)
        sizes = value.pop("raw")
        if not isinstance(value, dict) or sum(sizes) != more or min(sizes, default=0) < 0:
            raise BrokenError("a message does not fit its lengths")
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise BrokenError("a message cannot be read") from error
    raw, at = list[bytes](), 0
    for length in sizes:
        raw.append(bytes(rest[at : at + length]))
        at += length
    return value, raw


def _read(end: socket.socket, size: int, deadline: float | None) -> bytearray:
    out = bytearray()
    while len(out) < size:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise BrokenError("it took too long")
        end.settimeout(left)
        try:
            block = end.recv(min(_BLOCK, size - len(out)))
        except TimeoutError as error:
            raise BrokenError("it took too long") from error
        except OSError as error:
            raise BrokenError("the connection broke") from error
        if not block:
            raise BrokenError("the connection ended")
        out += block
    return out


def place_as(place: Location) -> dict[str, Any]:
    """Give a place as JSON, exactly."""
    names = ("span", "box", "time", "frame", "text")
    return {"source": place.source.value, **{name: getattr(place, name) for name in names}}


def place_of(value: Mapping[str, Any]) -> Location:
    """Read what `place_as` gave; raises ValueError or TypeError where it is none."""

    def numbers(name: str, count: int) -> tuple[float, ...] | None:
        given = value[name]
        if given is None:
            return None
        if len(given) != count:
            raise ValueError("a place with too many numbers")
        return tuple(float(one) for one in given)

    time_range, box, frame, text = numbers("time", 2), numbers("box", 4), value["frame"], value["text"]
    return Location(
        source=Source(value["source"]),
        time=None if time_range is None else (time_range[0], time_range[1]),
        box=None if box is None else (box[0], box[1], box[2], box[3]),
        frame=None if frame is None else int(frame),
        text=None if text is None else str(text),
    )
