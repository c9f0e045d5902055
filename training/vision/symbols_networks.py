"""Two small networks for symbols, trained from nothing and written as ONNX.

The finder looks over a whole picture and says where something like a symbol may be (after Zhou et al. 2019, "Objects
as points"): a map of likelihoods at an eighth of the size, with sizes. The reader looks at one square around such a
place and says what it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from onnx import ModelProto, TensorProto, helper
from torch import nn

from training.vision.graph import OPSET, Graph, f32
from training.vision.symbols_data import CLASSES

READER_SIDE = 56  # px
FINDER_SIDE = 96  # px of a training picture; the finder takes any size that 8 divides
STRIDE = 8  # px of a picture to a cell of the finder's map
# (channels out, kernel, stride, dilation) of each convolution, with batch norm and ReLU behind it
_FINDER = ((12, 3, 2, 1), (24, 3, 2, 1), (32, 3, 2, 1), (32, 3, 1, 1), (32, 3, 1, 2), (32, 3, 1, 3), (32, 3, 1, 1))
_READER = ((24, 5, 2, 1), (40, 3, 2, 1), (40, 3, 1, 1), (40, 3, 1, 1), (80, 3, 2, 1), (80, 3, 1, 1), (96, 3, 1, 1))


def _stack(layers: tuple[tuple[int, int, int, int], ...]) -> nn.Sequential:
    out: list[nn.Module] = []
    wide = 3
    for channels, kernel, stride, dilation in layers:
        pad = dilation * (kernel // 2)
        out += [nn.Conv2d(wide, channels, kernel, stride, pad, dilation, bias=False), nn.BatchNorm2d(channels)]
        out.append(nn.ReLU(inplace=True))
        wide = channels
    return nn.Sequential(*out)


class Finder(nn.Module):
    """Gives [n, 5, h/8, w/8]: a logit, two offsets in cells, and log2 of width and height over 32 px."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = _stack(_FINDER), nn.Conv2d(_FINDER[-1][0], 5, 1)
        with torch.no_grad():
            self.head.bias[0] = -4.0  # few cells hold anything

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Read float planes [n, 3, h, w], 0 to 255."""
        out: torch.Tensor = self.head(self.body((planes - 128) / 64))
        return out


class Reader(nn.Module):
    """Gives logits [n, classes]."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = _stack(_READER), nn.Linear(2 * _READER[-1][0], len(CLASSES))

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Read float planes [n, 3, 56, 56], 0 to 255."""
        cells = self.body((planes - 128) / 64)
        both = torch.cat([cells.mean((2, 3)), cells.amax((2, 3))], 1)
        out: torch.Tensor = self.head(nn.functional.dropout(both, 0.1, self.training))
        return out


def exported(model: Finder | Reader, *, name: str) -> ModelProto:
    """Write a network as ONNX: uint8 RGB in, batch norms folded into the convolutions."""
    graph = Graph()
    last = graph.pixels(mean=[128.0] * 3, scale=1 / 64)
    body = list(model.body)
    for conv, norm in zip(body[0::3], body[1::3], strict=True):
        last = graph.add("Relu", _conv(graph, last, conv, norm))
    if isinstance(model, Finder):
        height, width = "height", "width"
        _conv(graph, last, model.head, None, out="maps")
        outputs: dict[str, list[Any]] = {"maps": ["n", 5, "height/8", "width/8"]}
    else:
        height = width = READER_SIDE  # type: ignore[assignment]
        mean = graph.add("GlobalAveragePool", last)
        top = graph.add("GlobalMaxPool", last)
        flat = graph.add("Flatten", graph.add("Concat", mean, top, axis=1))
        weight, bias = (graph.constant(f32(v.detach().numpy())) for v in (model.head.weight, model.head.bias))
        graph.add("Gemm", flat, weight, bias, transB=1, out="logits")
        outputs = {"logits": ["n", len(CLASSES)]}
    value = helper.make_tensor_value_info
    made = helper.make_graph(
        graph.nodes,
        name,
        [value("pixels", TensorProto.UINT8, ["n", height, width, 3])],
        [value(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
        graph.constants,
    )
    proto = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="evenhand")
    proto.ir_version = 8
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _conv(graph: Graph, last: str, conv: Any, norm: Any, out: str = "") -> str:
    weight = conv.weight.detach().numpy()
    bias = np.zeros(len(weight)) if conv.bias is None else conv.bias.detach().numpy()
    if norm is not None:
        gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().numpy()
        weight = weight * gain[:, None, None, None]
        bias = norm.bias.detach().numpy() + (bias - norm.running_mean.numpy()) * gain
    names = graph.constant(f32(weight)), graph.constant(f32(bias))
    pad, step, wide = int(conv.padding[0]), int(conv.stride[0]), int(conv.dilation[0])
    return graph.add("Conv", last, *names, pads=[pad] * 4, strides=[step] * 2, dilations=[wide] * 2, out=out)
