"""Numbers too small for the processor's fast paths, taken out of a model's weights.

A float32 under about 1e-38 is denormal, and most processors multiply such numbers a hundred times more slowly than
others. Training leaves them behind in weights that have died; set to zero they change no answer. ONNX Runtime can tell
the processor to take them for zero, but only for threads of its own, and only in the first session of a process.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenhand.errors import ModelError

_NOTHING = 1e-30  # under this a weight is nothing; its products with small activations would be denormal too
_GRAPH, _INITIALIZER, _KIND, _FLOATS, _RAW = 7, 5, 2, 4, 9  # numbers of fields in onnx.proto
_FLOAT32 = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types of protocol buffers


def flushed(model: bytes) -> bytes:
    """Give an ONNX model whose float32 weights hold no number next to nothing.

    Args:
        model: the file's bytes; weights in files beside it are left alone.

    Raises:
        ModelError: these bytes are no ONNX model.
    """
    out = bytearray(model)
    for number, start, end in _fields(out, 0, len(out)):
        if number != _GRAPH:
            continue
        for inner, first, last in _fields(out, start, end):
            if inner == _INITIALIZER:
                _flush(out, first, last)
    return bytes(out)


def _flush(out: bytearray, start: int, end: int) -> None:
    fields = list(_fields(out, start, end))
    kind = next((first for number, first, _ in fields if number == _KIND), None)
    if kind is None or out[kind] != _FLOAT32:
        return
    for number, first, last in fields:
        if number in (_RAW, _FLOATS) and (last - first) % 4 == 0:
            values = np.frombuffer(memoryview(out)[first:last], "<f4")
            values[np.abs(values) < _NOTHING] = 0.0


def _fields(data: bytearray, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Walk the fields of a message; give each one's number and where its value begins and ends."""
    at = start
    while at < end:
        key, at = _varint(data, at, end)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            begin = at
            _, at = _varint(data, at, end)
        elif wire == _BYTES:
            size, begin = _varint(data, at, end)
            at = begin + size
        elif wire in (_FIXED64, _FIXED32):
            begin, at = at, at + (8 if wire == _FIXED64 else 4)
        else:
            raise ModelError("These weights are no ONNX model; reinstall the package that they come in.")
        if at > end:
            raise ModelError("These weights are cut short; reinstall the package that they come in.")
        yield number, begin, at


def _varint(data: bytearray, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ModelError("These weights are cut short; reinstall the package that they come in.")
