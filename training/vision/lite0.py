"""EfficientNet-lite0 (Tan and Le 2019; lite variant without squeeze-excite) rebuilt as ONNX from its state dict."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from training.vision.graph import Graph, f32
from training.vision.torch_file import read_state_dict

SIZE = 224
# repeats and first stride of each stage; widths and kernels are read from the weights
_STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))
_FINE = 4  # stage whose output is given as the fine map: the last at a sixteenth of the side
_BATCH_NORM_EPSILON = 1e-3


class _Builder:
    def __init__(self, weights: dict[str, NDArray[np.generic]]) -> None:
        self.weights = weights
        self.graph = Graph()
        self.low = self.graph.constant(f32(0), name="zero")
        self.high = self.graph.constant(f32(6), name="six")
        self.cur = self.graph.pixels(mean=(127.0,) * 3, scale=1 / 128)
        self.side = SIZE

    def conv(self, weight: str, norm: str, *, stride: int = 1, group: int = 1, relu6: bool = True) -> None:
        """One convolution with its batch norm folded in, padded as TensorFlow's SAME does."""
        gain, shift, mean, var = (
            f32(self.weights[f"{norm}.{part}"]) for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(var + _BATCH_NORM_EPSILON)
        kernel = f32(self.weights[weight]) * scale[:, None, None, None]
        side = math.ceil(self.side / stride)
        pad = max((side - 1) * stride + kernel.shape[2] - self.side, 0)
        self.cur = self.graph.add(
            "Conv",
            self.cur,
            self.graph.constant(kernel.astype(np.float32)),
            self.graph.constant((shift - mean * scale).astype(np.float32)),
            strides=[stride] * 2,
            pads=[pad // 2] * 2 + [pad - pad // 2] * 2,
            group=group,
        )
        self.side = side
        if relu6:
            self.cur = self.graph.add("Clip", self.cur, self.low, self.high)

    def block(self, prefix: str, *, stride: int, residual: bool) -> None:
        """One inverted residual: widen, depthwise, project."""
        entry = self.cur
        if f"{prefix}_expand_conv.weight" in self.weights:
            self.conv(f"{prefix}_expand_conv.weight", f"{prefix}_bn0")
        depthwise = f"{prefix}_depthwise_conv.weight"
        self.conv(depthwise, f"{prefix}_bn1", stride=stride, group=self.weights[depthwise].shape[0])
        self.conv(f"{prefix}_project_conv.weight", f"{prefix}_bn2", relu6=False)
        if residual:
            self.cur = self.graph.add("Add", self.cur, entry)


def lite0(source: Path, *, halve: bool = True) -> ModelProto:
    """``embedding`` [n, 1280] (pooled features, >= 0), ``logits`` [n, 1000] (ImageNet-1k classes) and two maps.

    ``fine`` [n, 112, h/16, w/16] and ``coarse`` [n, 1280, h/32, w/32] are what heads that point at places read; the
    mean of ``coarse`` is the embedding. Height and width may be any multiple of 32: all of them take the same paddings.
    """
    builder = _Builder(read_state_dict(source))
    builder.conv("_conv_stem.weight", "_bn0", stride=2)
    index = 0
    for stage, (repeats, stride) in enumerate(_STAGES):
        for repeat in range(repeats):
            builder.block(f"_blocks.{index}.", stride=stride if repeat == 0 else 1, residual=repeat > 0)
            index += 1
        if stage == _FINE:
            builder.graph.add("Identity", builder.cur, out="fine")
    builder.conv("_conv_head.weight", "_bn1")
    graph = builder.graph
    graph.add("Identity", builder.cur, out="coarse")
    pooled = graph.add("GlobalAveragePool", builder.cur)
    graph.add("Flatten", pooled, out="embedding")
    weight = graph.constant(f32(builder.weights["_fc.weight"]))
    bias = graph.constant(f32(builder.weights["_fc.bias"]))
    graph.add("Gemm", "embedding", weight, bias, transB=1, out="logits")
    outputs = {
        "embedding": ("n", 1280),
        "logits": ("n", 1000),
        "fine": ("n", 112, "height/16", "width/16"),
        "coarse": ("n", 1280, "height/32", "width/32"),
    }
    return graph.finish("lite0", size=("height", "width"), outputs=outputs, halve=halve)
