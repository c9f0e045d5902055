"""Read the few TensorFlow Lite operators of the face models into ONNX nodes (planes first, dynamic batch).

TFLite keeps pictures channels-last and batch 1; here every 4-d value is [n, c, h, w] and goes back to channels-last
only where a Reshape depends on the order. Schema: the TensorFlow Lite flatbuffer, read with the ``tflite`` package.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from training.vision.graph import Graph

Array = NDArray[Any]
_DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
_ACTIVATIONS = {
    tflite.ActivationFunctionType.NONE: None,
    tflite.ActivationFunctionType.RELU: "Relu",
}


class UnsupportedModelError(Exception):
    """The file holds an operator or an option this reader does not know."""


class TfliteReader:
    """Append one file's operators to ``graph``; ``planes`` is the name of the normalised [n, 3, h, w] input."""

    def __init__(self, path: Path, *, graph: Graph, planes: str) -> None:
        self.model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
        self.net = self.model.Subgraphs(0)
        self.graph = graph
        self.values: dict[int, str] = {self.net.Inputs(0): planes}
        self.folded: dict[int, Array] = {}  # float16 constants that the file dequantises before use

    def read(self) -> list[str]:
        """Names of the file's outputs, in its order."""
        code = tflite.BuiltinOperator
        rules: dict[int, Callable[[Any], str]] = {
            code.CONV_2D: self._conv,
            code.DEPTHWISE_CONV_2D: self._depthwise,
            code.MAX_POOL_2D: self._pool,
            code.PAD: self._pad,
            code.ADD: lambda op: self.graph.add("Add", self._value(op, 0), self._value(op, 1)),
            code.RELU: lambda op: self.graph.add("Relu", self._value(op, 0)),
            code.PRELU: self._prelu,
            code.RESHAPE: self._reshape,
            code.CONCATENATION: self._concat,
        }
        for index in range(self.net.OperatorsLength()):
            op = self.net.Operators(index)
            entry = self.model.OperatorCodes(op.OpcodeIndex())
            kind = max(entry.BuiltinCode(), entry.DeprecatedBuiltinCode())
            if kind == code.DEQUANTIZE:
                self.folded[op.Outputs(0)] = self._data(op.Inputs(0)).astype(np.float32)
            elif kind in rules:
                self.values[op.Outputs(0)] = rules[kind](op)
            else:
                raise UnsupportedModelError(f"operator {kind} is not supported")
        return [self.values[self.net.Outputs(i)] for i in range(self.net.OutputsLength())]

    def _shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(int(side) for side in self.net.Tensors(tensor).ShapeAsNumpy())

    def _data(self, tensor: int) -> Array:
        if tensor in self.folded:
            return self.folded[tensor]
        entry = self.net.Tensors(tensor)
        raw = self.model.Buffers(entry.Buffer()).DataAsNumpy()
        return np.frombuffer(raw.tobytes(), _DTYPES[entry.Type()]).reshape(self._shape(tensor))

    def _value(self, op: Any, position: int) -> str:
        return self.values[op.Inputs(position)]

    def _options(self, op: Any, kind: Any) -> Any:
        options = kind()
        table = op.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def _pads(self, op: Any, options: Any, kernel: tuple[int, int]) -> list[int]:
        """Explicit [top, left, bottom, right] of TensorFlow's SAME or VALID."""
        if options.Padding() == tflite.Padding.VALID:
            return [0, 0, 0, 0]
        strides = (options.StrideH(), options.StrideW())
        sizes = zip(self._shape(op.Inputs(0))[1:3], kernel, strides, strict=True)
        total = [max((-(-side // step) - 1) * step + k - side, 0) for side, k, step in sizes]
        before = [pad // 2 for pad in total]
        return before + [pad - half for pad, half in zip(total, before, strict=True)]

    def _convolve(self, op: Any, options: Any, kernel: Array, group: int) -> str:
        if options.DilationHFactor() != 1 or options.DilationWFactor() != 1:
            raise UnsupportedModelError("dilated convolutions are not supported")
        bias = self._data(op.Inputs(2)).astype(np.float32)
        sides = (int(kernel.shape[2]), int(kernel.shape[3]))
        out = self.graph.add(
            "Conv",
            self._value(op, 0),
            self.graph.constant(kernel.astype(np.float32)),
            self.graph.constant(bias),
            strides=[options.StrideH(), options.StrideW()],
            pads=self._pads(op, options, sides),
            group=group,
        )
        activation = _ACTIVATIONS[options.FusedActivationFunction()]
        return self.graph.add(activation, out) if activation else out

    def _conv(self, op: Any) -> str:
        kernel = self._data(op.Inputs(1)).transpose(0, 3, 1, 2)  # O h w I -> O I h w
        return self._convolve(op, self._options(op, tflite.Conv2DOptions), kernel, 1)

    def _depthwise(self, op: Any) -> str:
        kernel = self._data(op.Inputs(1)).transpose(3, 0, 1, 2)  # 1 h w C -> C 1 h w
        channels = self._shape(op.Inputs(0))[3]
        return self._convolve(op, self._options(op, tflite.DepthwiseConv2DOptions), kernel, channels)

    def _pool(self, op: Any) -> str:
        options = self._options(op, tflite.Pool2DOptions)
        kernel = (options.FilterHeight(), options.FilterWidth())
        return self.graph.add(
            "MaxPool",
            self._value(op, 0),
            kernel_shape=list(kernel),
            strides=[options.StrideH(), options.StrideW()],
            pads=self._pads(op, options, kernel),
        )

    def _pad(self, op: Any) -> str:
        pads = self._data(op.Inputs(1))[[0, 3, 1, 2]]  # rows: n h w c -> n c h w
        return self.graph.add("Pad", self._value(op, 0), self.graph.constant(pads.T.reshape(-1).astype(np.int64)))

    def _prelu(self, op: Any) -> str:
        slope = self._data(op.Inputs(1)).astype(np.float32).transpose(2, 0, 1)
        return self.graph.add("PRelu", self._value(op, 0), self.graph.constant(slope))

    def _reshape(self, op: Any) -> str:
        shape = (-1, *self._shape(op.Outputs(0))[1:])
        last = self.graph.add("Transpose", self._value(op, 0), perm=[0, 2, 3, 1])
        return self.graph.add("Reshape", last, self.graph.constant(np.array(shape, np.int64)))

    def _concat(self, op: Any) -> str:
        axis = self._options(op, tflite.ConcatenationOptions).Axis()
        return self.graph.add("Concat", *[self.values[int(i)] for i in op.InputsAsNumpy()], axis=axis)
