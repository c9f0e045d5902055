"""Small edits of ONNX graphs shared by every picture model: one input contract, half-size weights.

Every shipped picture model takes ``pixels``: uint8 [n, height, width, 3], RGB. Colour order, layout and
normalisation live inside the graph, so no caller can get them wrong and four times fewer bytes are copied in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

Floats = NDArray[np.float32]
OPSET = 17
_HALVE_FROM = 16_384  # elements; smaller tensors (first layers, biases) weigh little and stay exact


def f32(value: ArrayLike) -> Floats:
    """As a float32 array."""
    return np.asarray(value, np.float32)


@dataclass(slots=True)
class Graph:
    """A graph under construction: nodes, constants, and a counter for names."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def constant(self, value: NDArray[np.generic], *, name: str = "") -> str:
        """Store an array and return its name."""
        name = name or f"evenhand.c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, op: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Append one node and return the name of its single output."""
        out = out or f"evenhand.t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], **attributes))
        return out

    def pixels(self, *, mean: Sequence[float] | None = None, scale: Sequence[float] | float = 1.0) -> str:
        """``(pixels - mean) * scale`` as float32 [n, 3, h, w]; mean and scale in RGB order, units of 0..255."""
        planes = self.add(
            "Transpose", self.add("Cast", "pixels", to=TensorProto.FLOAT), perm=[0, 3, 1, 2], out="planes"
        )
        if mean is not None:
            planes = self.add("Sub", planes, self.constant(f32(mean).reshape(1, 3, 1, 1)))
        if np.any(f32(scale) != 1):
            planes = self.add("Mul", planes, self.constant(f32(scale).reshape(1, -1, 1, 1)))
        return planes

    def finish(
        self,
        name: str,
        *,
        size: int | tuple[str, str],
        outputs: Mapping[str, Sequence[int | str]],
        opset: int = OPSET,
        halve: bool = True,
    ) -> ModelProto:
        """The checked model; ``outputs`` maps name to shape (first entry is the batch).

        ``size`` is the side of the square it takes, or the names of height and width where they are free.
        """
        sides = size if isinstance(size, tuple) else (size, size)
        inputs = [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", *sides, 3])]
        out = [helper.make_tensor_value_info(k, TensorProto.FLOAT, list(v)) for k, v in outputs.items()]
        nodes, constants = halved(self.nodes, self.constants) if halve else (self.nodes, self.constants)
        graph = helper.make_graph(nodes, name, inputs, out, constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="evenhand")
        model.ir_version = 8
        onnx.checker.check_model(model, full_check=True)
        return model


def opened(model: ModelProto) -> Graph:
    """An existing model's nodes and constants, ready for edits; names are kept."""
    return Graph(nodes=list(model.graph.node), constants=list(model.graph.initializer))


def array_of(graph: Graph, name: str) -> Floats:
    """A constant's values; KeyError when the graph holds none of that name."""
    for tensor in graph.constants:
        if tensor.name == name:
            return f32(numpy_helper.to_array(tensor))
    raise KeyError(name)


def halved(nodes: list[NodeProto], constants: list[TensorProto]) -> tuple[list[NodeProto], list[TensorProto]]:
    """Store big float32 constants as float16 and cast them back; the runtime folds the casts when it loads."""
    casts: list[NodeProto] = []
    stored: list[TensorProto] = []
    for tensor in constants:
        value = numpy_helper.to_array(tensor)
        depthwise = value.ndim == 4 and value.shape[1] == 1  # few bytes, and the most sensitive to rounding
        if value.dtype != np.float32 or value.size < _HALVE_FROM or depthwise:
            stored.append(tensor)
            continue
        half = f"{tensor.name}.half"
        stored.append(numpy_helper.from_array(value.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
    return casts + nodes, stored
