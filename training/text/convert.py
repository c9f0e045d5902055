"""Convert the encoder's original arrays to one ONNX file that reads many texts laid end to end.

The embedding table's 6-bit levels are packed without loss (most rows use at most 16 neighbouring levels, so four bits a
value do); the dense weights are stored as fp16, which is the only loss, and the build measures it. All arithmetic stays
float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.text.reference import CHUNKS, EPS, ORDERS, Weights

GAP = 2  # rows between texts: the widest n-gram reaches two tokens to either side
U8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The embedding table in small, without loss: level = low + nibble + 16 * bit + 32 * bit.

    Few rows need the fifth bit and very few the sixth, so those stand apart and every row points into them.
    """

    nibbles: U8  # [n, 256]: low nibbles are dimensions 0..255, high nibbles 256..511
    fifth: U8  # [m, 64], bit j of byte i is dimension 64 * j + i; row 0 is all zeros
    sixth: U8  # [k, 64], the same for the first k rows of `fifth`, k <= m
    extra: NDArray[np.uint16]  # [n]: which row of `fifth` belongs to each piece
    low: U8  # [n], the least level of the row


def quantise(levels: U8) -> Table:
    """Split levels 0..63, uint8[n, 512], into planes of bits."""
    low = levels.min(1)
    spread = levels.max(1) - low
    wide = np.flatnonzero(spread > 15)
    wide = wide[np.argsort(spread[wide] <= 31, kind="stable")]  # rows that need the sixth bit come first
    value = levels - low[:, None]
    extra = np.zeros(len(levels), np.uint16)
    extra[wide] = np.arange(1, len(wide) + 1)
    nibble = value & 15
    return Table(
        nibbles=nibble[:, :256] | (nibble[:, 256:] << 4),
        fifth=_plane((value[wide] >> 4) & 1),
        sixth=_plane(value[wide[: int((spread > 31).sum())]] >> 5),
        extra=extra,
        low=low,
    )


def _plane(bit: U8) -> U8:
    out = np.zeros((1 + len(bit), 64), np.uint8)
    for j in range(8):
        out[1:] |= bit[:, 64 * j : 64 * j + 64] << j
    return out


class _Graph:
    """Collects nodes and initialisers; every method gives the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, name: str | None = None, **attributes: object) -> str:
        out = name or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def const(self, name: str, value: NDArray[np.generic]) -> str:
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def half(self, name: str, value: NDArray[np.float32]) -> str:
        """A weight stored as fp16 and used as float32: ONNX Runtime folds the cast once, at load."""
        return self.op("Cast", self.const(name, value.astype(np.float16)), to=TensorProto.FLOAT)

    def window(self, x: str, order: int, left: int) -> str:
        padded = self.op("Pad", x, self.int("two_rows", (GAP, 0, GAP, 0)))
        parts = []
        for shift in range(-left, order - left):
            end = shift - GAP if shift < GAP else np.iinfo(np.int64).max
            parts.append(
                self.op("Slice", padded, self.int(f"from{shift}", (GAP + shift,)), self.int(f"to{shift}", (int(end),)))
            )
        return self.op("Concat", *parts, axis=1)

    def int(self, name: str, values: tuple[int, ...]) -> str:
        if all(t.name != name for t in self.initialisers):
            self.const(name, np.array(values, np.int64))
        return name


def build(weights: Weights, path: Path) -> None:
    """Write the ONNX file for the original arrays to `path`."""
    g, a = _Graph(), weights.array
    tokens = _embed(g, quantise(weights.levels), a)

    inside = g.op("GreaterOrEqual", "segments", g.const("zero", np.array(0, np.int64)))
    mask = g.op("Unsqueeze", g.op("Cast", inside, to=TensorProto.FLOAT), g.int("one", (1,)))
    x = g.op(
        "Add", g.op("MatMul", tokens, g.half("proj_w", weights.projection)), g.const("proj_b", weights.projection_bias)
    )
    x = g.op(
        "LayerNormalization",
        x,
        g.const("proj_gamma", weights.projection_gamma),
        g.const("proj_beta", weights.projection_beta),
        axis=-1,
        epsilon=EPS,
    )
    x = g.op("Mul", x, mask)  # gaps must read as zeros in the n-gram windows
    branches = [tokens]
    for i, (order, left) in enumerate(ORDERS):
        first = g.op("Slice", x, g.int(f"c{i}", (i * 256,)), g.int(f"c{i + 1}", ((i + 1) * 256,)), g.int("one", (1,)))
        hidden = g.op("MatMul", g.window(first, order, left), g.half(f"w1_{order}", a[f"w1_{order}"]))
        hidden = g.op("Relu", g.op("Add", hidden, g.const(f"b1_{order}", a[f"b1_{order}"])))
        second = g.op("Mul", g.op("Add", hidden, first), mask)
        hidden = g.op("MatMul", g.window(second, order, left), g.half(f"w2_{order}", a[f"w2_{order}"]))
        hidden = g.op("Relu", g.op("Add", hidden, g.const(f"b2_{order}", a[f"b2_{order}"])))
        branches.append(g.op("Add", hidden, second))
    features = g.op("Concat", *branches, axis=1)
    features = g.op(
        "LayerNormalization", features, g.const("ln_g", a["ln_g"]), g.const("ln_b", a["ln_b"]), axis=-1, epsilon=EPS
    )

    # [texts, tokens] of zeros and ones: the sum over a text's own tokens is then one small matrix product
    last = g.op("ReduceMax", "segments", keepdims=0)
    texts = g.op("Range", "zero", g.op("Add", last, g.const("unit", np.array(1, np.int64))), "unit")
    owner = g.op(
        "Equal", g.op("Unsqueeze", texts, g.int("one", (1,))), g.op("Unsqueeze", "segments", g.int("nil", (0,)))
    )
    owner = g.op("Cast", owner, to=TensorProto.FLOAT)
    length = g.op("ReduceSum", owner, g.int("one", (1,)), keepdims=1)
    total = g.op("MatMul", owner, features)
    g.op("Div", total, length, name="pooled")
    # the sum commutes with the linear projection, so the projection runs once a text and not once a token
    y = g.op("MatMul", total, g.half("cnn_w", a["cnn_W"]))
    y = g.op("Add", y, g.op("Mul", length, g.const("cnn_b", a["cnn_b"].reshape(1, -1))))
    y = g.op("Div", y, g.op("Sqrt", length))
    y0 = g.op("Relu", g.op("MatMul", y, g.half("d0", a["d0"])))
    y1 = g.op("MatMul", y, g.half("p1", a["p1"]))
    y1 = g.op("Relu", g.op("Add", y1, g.op("MatMul", y0, g.half("d1", a["d1"]))))
    y2 = g.op("Relu", g.op("MatMul", y1, g.half("d2", a["d2"])))
    z = g.op("Add", g.op("MatMul", y1, g.half("p3", a["p3"])), g.op("MatMul", y2, g.half("d3", a["d3"])))
    g.op("LpNormalization", g.op("Tanh", z), name="embedding", axis=-1, p=2)

    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        g.nodes,
        "encoder",
        [info("ids", TensorProto.INT64, ["tokens"]), info("segments", TensorProto.INT64, ["tokens"])],
        [info("embedding", TensorProto.FLOAT, ["texts", 512]), info("pooled", TensorProto.FLOAT, ["texts", 1280])],
        g.initialisers,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8, producer_name="evenhand"
    )
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _embed(g: _Graph, table: Table, a: dict[str, NDArray[np.float32]]) -> str:
    """Nodes from `ids` to float32[tokens, 512]."""
    column = g.int("one", (1,))
    rows = g.op("Gather", g.const("nibbles", table.nibbles), "ids")
    low = g.op("BitwiseAnd", rows, g.const("fifteen", np.array(15, np.uint8)))
    high = g.op("BitShift", rows, g.const("four", np.array(4, np.uint8)), direction="RIGHT")
    level = g.op("Cast", g.op("Concat", low, high, axis=1), to=TensorProto.FLOAT)
    extra = g.op("Cast", g.op("Gather", g.const("extra", table.extra), "ids"), to=TensorProto.INT64)
    level = g.op("Add", level, _bits(g, "fifth", table.fifth, extra, 16.0))
    known = g.op("Less", extra, g.const("sixths", np.array(len(table.sixth), np.int64)))
    sixth = g.op("Mul", extra, g.op("Cast", known, to=TensorProto.INT64))
    level = g.op("Add", level, _bits(g, "sixth", table.sixth, sixth, 32.0))
    base = g.op("Cast", g.op("Gather", g.const("low", table.low), "ids"), to=TensorProto.FLOAT)
    level = g.op("Add", level, g.op("Unsqueeze", base, column))
    chunk = g.op("Mod", "ids", g.const("chunks", np.array(CHUNKS, np.int64)))
    scale = g.op("Unsqueeze", g.op("Gather", g.const("scale", a["scale"]), chunk), column)
    offset = g.op("Unsqueeze", g.op("Gather", g.const("offset", a["lo"]), chunk), column)
    return g.op("Add", g.op("Mul", level, scale), offset)


def _bits(g: _Graph, name: str, plane: U8, at: str, worth: float) -> str:
    """Unpack rows `at` of a plane of bits to float32[tokens, 512], each set bit counting `worth`."""
    packed = g.op("Gather", g.const(name, plane), at)
    masks = [g.op("BitwiseAnd", packed, g.const(f"{name}{j}", np.array(1 << j, np.uint8))) for j in range(8)]
    # a set bit reads as 2**j: one constant row turns all eight planes into `worth`
    each = np.repeat(np.array([worth / (1 << j) for j in range(8)], np.float32), 64)
    whole = g.op("Cast", g.op("Concat", *masks, axis=1), to=TensorProto.FLOAT)
    return g.op("Mul", whole, g.const(f"{name}_worth", each))
