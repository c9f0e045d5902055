"""YAMNet's weights out of a TensorFlow checkpoint into ONNX, without TensorFlow.

The checkpoint is a table of names (`variables.index`, a LevelDB table without compression whose values are small
protocol buffers) and one file of numbers. Batch norms are folded into the convolutions; weights are stored as float16.
"""

from __future__ import annotations

import csv
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = dict[str, NDArray[np.float32]]

STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)  # of the 13 separable convolutions
_EPSILON = 1e-4  # of YAMNet's batch norms
_FOOTER, _TRAILER = 48, 4
_FLOAT = 1  # DataType.DT_FLOAT
# What the classes say about who sings or speaks is cut off: evenhand tells nobody's age, gender, origin or religion.
LEFT_OUT = frozenset(
    (
        "Child speech, kid speaking",
        "Male speech, man speaking",
        "Female speech, woman speaking",
        "Children shouting",
        "Male singing",
        "Female singing",
        "Child singing",
        "Children playing",
        "Music of Latin America",
        "Music for children",
        "Music of Africa",
        "Afrobeat",
        "Christian music",
        "Gospel music",
        "Music of Asia",
        "Carnatic music",
        "Music of Bollywood",
        "Middle Eastern music",
        "Traditional music",
        "Mantra",
        "Chant",
    )
)


def read_checkpoint(index: Path, numbers: Path) -> Weights:
    """Read every float tensor: name -> array."""
    table, data = index.read_bytes(), numbers.read_bytes()
    _, place = _varint(table[-_FOOTER:], 0)
    _, place = _varint(table[-_FOOTER:], place)
    offset, place = _varint(table[-_FOOTER:], place)
    size, _ = _varint(table[-_FOOTER:], place)
    out: Weights = {}
    for _, handle in _block(table, offset, size):
        begin, place = _varint(handle, 0)
        length, _ = _varint(handle, place)
        for key, value in _block(table, begin, length):
            if not key:
                continue  # the header
            entry = _message(value)
            if entry.get(1) == _FLOAT:
                shape = _shape(entry.get(2, b""))
                at, count = _number(entry, 4), _number(entry, 5) // 4
                out[key.decode()] = np.frombuffer(data, "<f4", count, at).reshape(shape)
    return out


def read_classes(path: Path) -> list[str]:
    """Read the names of the 521 classes, in order."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [row["display_name"] for row in csv.DictReader(stream)]


def build(weights: Weights, classes: list[str]) -> tuple[onnx.ModelProto, list[str]]:
    """Build the network.

    Returns:
        The model: `patches` float32 [n, 1, 96, 64] (log mel spectrogram) -> `scores` float32 [n, classes] in [0, 1] and
        `embedding` float32 [n, 1024]; and the names of the classes that were kept.
    """
    graph = _Graph(weights)
    out = graph.conv("patches", 0, graph.get(0, "kernel").transpose(3, 2, 0, 1), stride=2, group=1)
    layer = 2
    for stride in STRIDES:
        kernel = graph.get(layer, "depthwise_kernel")
        out = graph.conv(out, layer, kernel.transpose(2, 3, 0, 1), stride=stride, group=kernel.shape[2])
        out = graph.conv(out, layer + 2, graph.get(layer + 2, "kernel").transpose(3, 2, 0, 1), stride=1, group=1)
        layer += 4
    graph.node("GlobalAveragePool", [out], "pooled")
    graph.node("Flatten", ["pooled"], "embedding")
    kept = [number for number, name in enumerate(classes) if name not in LEFT_OUT]
    kernel, bias = graph.get(layer, "kernel")[:, kept], graph.get(layer, "bias")[kept]
    graph.node("Gemm", ["embedding", graph.half("head", kernel), graph.full("head_bias", bias)], "logits")
    graph.node("Sigmoid", ["logits"], "scores")
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "yamnet",
            [helper.make_tensor_value_info("patches", TensorProto.FLOAT, ["n", 1, 96, 64])],
            [
                helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", len(kept)]),
                helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 1024]),
            ],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    onnx.checker.check_model(made)
    return made, [classes[number] for number in kept]


def run_plain(weights: Weights, patches: NDArray[np.float32]) -> NDArray[np.float64]:
    """Work the network out in NumPy, in float64 from the checkpoint itself, to hold the ONNX file against.

    Args:
        weights: of `read_checkpoint`.
        patches: float32 [n, 96, 64].

    Returns:
        float64 [n, 521], probabilities of all classes.
    """
    values = patches[:, :, :, None].astype(np.float64)
    graph = _Graph(weights)
    values = graph.normed(_conv_plain(values, graph.get(0, "kernel"), 2), 0)
    layer = 2
    for stride in STRIDES:
        values = graph.normed(_depthwise_plain(values, graph.get(layer, "depthwise_kernel"), stride), layer)
        values = graph.normed(_conv_plain(values, graph.get(layer + 2, "kernel"), 1), layer + 2)
        layer += 4
    logits = values.mean((1, 2)) @ graph.get(layer, "kernel") + graph.get(layer, "bias")
    out: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return out


class _Graph:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def get(self, layer: int, what: str) -> NDArray[np.float32]:
        found = [key for key in self._weights if f"layer_with_weights-{layer}/{what}/" in key and "_yamnet" in key]
        if len(found) != 1:
            raise SystemExit(f"layer {layer} has {len(found)} tensors {what}; the checkpoint is another one")
        return self._weights[found[0]]

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def full(self, name: str, values: NDArray[np.float32]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def half(self, name: str, values: NDArray[np.float32]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float16), name + "_half"))
        return self.node("Cast", [name + "_half"], name, to=TensorProto.FLOAT)

    def conv(self, given: str, layer: int, kernel: NDArray[np.float32], *, stride: int, group: int) -> str:
        norm = layer + 1
        scale = 1 / np.sqrt(self.get(norm, "moving_variance") + _EPSILON)
        name = f"layer{layer}"
        bias = self.full(name + "_bias", self.get(norm, "beta") - self.get(norm, "moving_mean") * scale)
        scaled = (kernel * scale[:, None, None, None]).astype(np.float32)
        weights = self.full(name + "_kernel", scaled) if group > 1 else self.half(name + "_kernel", scaled)
        shape = {"auto_pad": "SAME_UPPER", "strides": [stride] * 2, "group": group, "kernel_shape": kernel.shape[2:]}
        self.node("Conv", [given, weights, bias], name, **shape)
        return self.node("Relu", [name], name + "_relu")

    def normed(self, values: NDArray[np.float64], layer: int) -> NDArray[np.float64]:
        norm = layer + 1
        scale = 1 / np.sqrt(self.get(norm, "moving_variance").astype(np.float64) + _EPSILON)
        out: NDArray[np.float64] = np.maximum(
            (values - self.get(norm, "moving_mean")) * scale + self.get(norm, "beta"), 0
        )
        return out


def _padded(values: NDArray[np.float64], size: int, stride: int) -> tuple[NDArray[np.float64], list[int]]:
    """Pad [n, height, width, channels] as TensorFlow's SAME does; give the size of the result too."""
    pads, out = [(0, 0)], []
    for side in values.shape[1:3]:
        made = -(-side // stride)
        total = max((made - 1) * stride + size - side, 0)
        pads.append((total // 2, total - total // 2))
        out.append(made)
    return np.pad(values, [*pads, (0, 0)]), out


def _conv_plain(values: NDArray[np.float64], kernel: NDArray[np.float32], stride: int) -> NDArray[np.float64]:
    padded, (high, wide) = _padded(values, kernel.shape[0], stride)
    out = np.zeros((len(values), high, wide, kernel.shape[3]))
    for y, x in np.ndindex(*kernel.shape[:2]):
        seen = padded[:, y : y + (high - 1) * stride + 1 : stride, x : x + (wide - 1) * stride + 1 : stride]
        out += seen @ kernel[y, x].astype(np.float64)
    return out


def _depthwise_plain(values: NDArray[np.float64], kernel: NDArray[np.float32], stride: int) -> NDArray[np.float64]:
    padded, (high, wide) = _padded(values, kernel.shape[0], stride)
    out = np.zeros((len(values), high, wide, kernel.shape[2]))
    for y, x in np.ndindex(*kernel.shape[:2]):
        seen = padded[:, y : y + (high - 1) * stride + 1 : stride, x : x + (wide - 1) * stride + 1 : stride]
        out += seen * kernel[y, x, :, 0].astype(np.float64)
    return out


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Read the keys and values of one block; keys leave out what they share with the one before."""
    raw = table[offset : offset + size]
    if table[offset + size]:
        raise SystemExit("a block of the checkpoint's index is compressed; the checkpoint is another one")
    (restarts,) = struct.unpack("<I", raw[-_TRAILER:])
    end, place, key = len(raw) - _TRAILER - 4 * restarts, 0, b""
    while place < end:
        shared, place = _varint(raw, place)
        fresh, place = _varint(raw, place)
        length, place = _varint(raw, place)
        key = key[:shared] + raw[place : place + fresh]
        place += fresh
        yield key, raw[place : place + length]
        place += length


def _message(raw: bytes) -> dict[int, int | bytes]:
    """Read a flat protocol buffer: field number -> its last value."""
    out: dict[int, int | bytes] = {}
    place = 0
    while place < len(raw):
        tag, place = _varint(raw, place)
        match tag & 7:
            case 0:
                out[tag >> 3], place = _varint(raw, place)
            case 2:
                length, place = _varint(raw, place)
                out[tag >> 3] = raw[place : place + length]
                place += length
            case 5:
                place += 4
            case _:
                raise SystemExit(
                    "an entry of the checkpoint's index has an unknown field; the checkpoint is another one"
                )
    return out


def _number(entry: dict[int, int | bytes], field: int) -> int:
    value = entry.get(field, 0)
    if not isinstance(value, int):
        raise SystemExit("an entry of the checkpoint's index is no number; the checkpoint is another one")
    return value


def _shape(raw: int | bytes) -> list[int]:
    out, place = [], 0
    while isinstance(raw, bytes) and place < len(raw):
        _, place = _varint(raw, place)
        length, place = _varint(raw, place)
        size = raw[place : place + length]
        out.append(_varint(size, 1)[0] if size else 0)
        place += length
    return out
