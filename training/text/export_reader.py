"""Write the fine-tuned network as ONNX: four-bit embeddings as they came, eight-bit dense weights, one text a run.

One text a run keeps a score free of its neighbours: activations are quantised by the range of the whole run
(DynamicQuantizeMatMul), and a text of twenty words already fills the vector units, so batches would gain little.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.text.network import EARLY, EPS, Layer, Network
from training.text.rows import LABELS
from training.text.small_e5 import BLOCK, PackedFile

CONTRIB = "com.microsoft"
F32 = NDArray[np.float32]


class _Graph:
    """Collects nodes and initialisers; every method gives the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initialisers: list[onnx.TensorProto] = []
        self._known: set[str] = set()

    def op(self, kind: str, *inputs: str, name: str = "", domain: str = "", **attributes: object) -> str:
        out = name or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], domain=domain, **attributes))
        return out

    def const(self, name: str, value: NDArray[np.generic]) -> str:
        if name not in self._known:
            self._known.add(name)
            self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def ints(self, *values: int) -> str:
        return self.const("i" + "_".join(map(str, values)), np.array(values, np.int64))

    def half(self, name: str, value: F32) -> str:
        """A weight stored as float16 and used as float32."""
        return self.op("Cast", self.const(name, value.astype(np.float16)), to=TensorProto.FLOAT)

    def dense(self, x: str, name: str, layer: torch.nn.Linear) -> str:
        """Give x @ weight, the weight kept as int8, one scale a column, and the inputs evened out before."""
        weight = _t(layer.weight).T
        even = getattr(layer, "even", None)
        if even is not None:
            weight = weight * even[:, None]
            x = self.op("Mul", x, self.const(f"{name}_e", (1 / even).astype(np.float32)))
        scale = np.maximum(np.abs(weight).max(0), 1e-8) / 127
        levels = np.clip(np.round(weight / scale), -127, 127).astype(np.int8)
        return self.op(
            "DynamicQuantizeMatMul",
            x,
            self.const(f"{name}_q", levels),
            self.const(f"{name}_s", scale.astype(np.float32)),
            self.const(f"{name}_z", np.zeros(levels.shape[1], np.int8)),
            domain=CONTRIB,
        )


def export_lower(net: Network, file: PackedFile, path: Path) -> None:
    """Write `ids` int64[tokens] -> `early` float32[labels], `hidden` float32[1, tokens, hidden]."""
    g = _Graph()
    x = _embed(g, net, file)
    for number, layer in enumerate(net.layers[:EARLY]):
        x = _layer(g, x, layer, f"l{number}")
    g.op("Identity", x, name="hidden")
    mean = g.op("ReduceMean", x, g.ints(1), keepdims=0)
    most = g.op("ReduceMax", x, g.ints(1), keepdims=0)
    first, second = net.early[0], net.early[2]
    y = g.op("Relu", _linear(g, g.op("Concat", mean, most, axis=1), first, "early0"))
    g.op("Squeeze", _linear(g, y, second, "early1"), g.ints(0), name="early")
    _write(
        g,
        "lower",
        [_info("ids", ["tokens"], TensorProto.INT64)],
        [_info("early", [len(LABELS)]), _info("hidden", [1, "tokens", file.shape.hidden])],
        path,
    )


def export_upper(net: Network, file: PackedFile, path: Path) -> None:
    """Write `hidden` -> `logits` float32[labels], `evidence` float32[tokens, labels], `spans` float32[tokens]."""
    g = _Graph()
    x = "hidden"
    for number, layer in enumerate(net.layers[EARLY:], EARLY):
        x = _layer(g, x, layer, f"l{number}")
    flat = g.op("Squeeze", x, g.ints(0))
    attention = g.op("Softmax", _linear(g, flat, net.look, "look"), axis=0)
    evidence = g.op("Mul", attention, _linear(g, flat, net.value, "value"), name="evidence")
    mean = _linear(g, g.op("ReduceMean", flat, g.ints(0), keepdims=1), net.mean, "mean")
    g.op("Add", g.op("ReduceSum", evidence, g.ints(0), keepdims=0), g.op("Squeeze", mean, g.ints(0)), name="logits")
    g.op("Squeeze", _linear(g, flat, net.span, "span"), g.ints(1), name="spans")
    _write(
        g,
        "upper",
        [_info("hidden", [1, "tokens", file.shape.hidden])],
        [_info("logits", [len(LABELS)]), _info("evidence", ["tokens", len(LABELS)]), _info("spans", ["tokens"])],
        path,
    )


def _write(
    g: _Graph, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto], path: Path
) -> None:
    model = helper.make_model(
        helper.make_graph(g.nodes, name, inputs, outputs, g.initialisers),
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(CONTRIB, 1)],
        ir_version=8,
        producer_name="evenhand",
    )
    path.write_bytes(model.SerializeToString(deterministic=True))


def _info(name: str, shape: list[int | str], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _linear(g: _Graph, x: str, layer: torch.nn.Module, name: str) -> str:
    assert isinstance(layer, torch.nn.Linear)
    return g.op("Add", g.op("MatMul", x, g.half(f"{name}_w", _t(layer.weight).T)), g.const(f"{name}_b", _t(layer.bias)))


@torch.no_grad()
def even_out(net: Network, texts: Sequence[NDArray[np.int32]], *, share: float = 0.7) -> None:
    """Choose for every dense layer by how much each input is divided before quantisation, and its weights multiplied.

    A few inputs are tens of times larger than the rest and would leave the rest few levels; moving part of their size
    into the weights evens that out (Xiao et al. 2023, "SmoothQuant", with alpha = `share`).
    """
    most: dict[torch.nn.Linear, torch.Tensor] = {}

    def look(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(layer, torch.nn.Linear)
        own = inputs[0].abs().amax((0, 1))
        most[layer] = torch.maximum(most[layer], own) if layer in most else own

    dense = [m for layer in net.layers for m in layer.modules() if isinstance(m, torch.nn.Linear)]
    hooks = [m.register_forward_pre_hook(look) for m in dense]
    for ids in texts:
        net(torch.from_numpy(ids.astype(np.int64))[None], torch.ones(1, len(ids), dtype=torch.bool))
    for hook in hooks:
        hook.remove()
    for m in dense:
        reach = most[m].clamp(min=1e-3) ** share / m.weight.abs().amax(0).clamp(min=1e-4) ** (1 - share)
        m.even = reach.numpy()  # type: ignore[assignment]


def _t(value: torch.Tensor) -> F32:
    return value.detach().float().numpy()  # type: ignore[no-any-return]


def _embed(g: _Graph, net: Network, file: PackedFile) -> str:
    """Nodes from `ids` to float32[1, tokens, hidden]."""
    width = file.shape.hidden
    blocks = width // BLOCK
    scale, levels = file.packed("emb.word", file.shape.pieces, width)
    levels = levels.reshape(file.shape.pieces, blocks * BLOCK // 2)
    rows = g.op("Gather", g.const("levels", levels), "ids")
    rows = g.op("Reshape", rows, g.ints(-1, blocks, BLOCK // 2))
    low = g.op("BitwiseAnd", rows, g.const("fifteen", np.array(15, np.uint8)))
    high = g.op("BitShift", rows, g.const("four", np.array(4, np.uint8)), direction="RIGHT")
    value = g.op("Cast", g.op("Concat", low, high, axis=2), to=TensorProto.FLOAT)
    value = g.op("Sub", value, g.const("eight", np.array(8, np.float32)))
    own = g.op("Gather", g.const("scales", scale.reshape(file.shape.pieces, blocks)), "ids")
    own = g.op("Unsqueeze", g.op("Cast", own, to=TensorProto.FLOAT), g.ints(2))
    words = g.op("Reshape", g.op("Mul", value, own), g.ints(-1, width))
    count = g.op("Shape", "ids")
    places = g.op("Slice", g.half("places", _t(net.places)), g.ints(0), count, g.ints(0))
    x = g.op("Add", words, places)
    x = g.op("LayerNormalization", x, g.const("first_g", _t(net.first.weight)), g.const("first_b", _t(net.first.bias)),
             axis=-1, epsilon=EPS)  # fmt: skip
    return g.op("Unsqueeze", x, g.ints(0))


def _layer(g: _Graph, x: str, layer: torch.nn.Module, name: str) -> str:
    assert isinstance(layer, Layer)
    qkv = g.dense(x, f"{name}_qkv", layer.qkv)
    parts = [f"{name}_{part}" for part in "qkv"]
    g.nodes.append(helper.make_node("Split", [qkv], parts, axis=2, num_outputs=3))
    mixed = g.op("MultiHeadAttention", *parts, g.const(f"{name}_qkv_b", _t(layer.qkv.bias)), domain=CONTRIB,
                 num_heads=layer.heads)  # fmt: skip
    out = g.dense(mixed, f"{name}_out", layer.out)
    x = _sum(g, out, x, f"{name}_norm", layer.norm, layer.out.bias)
    up = g.dense(x, f"{name}_up", layer.up)
    up = g.op("BiasGelu", up, g.const(f"{name}_up_b", _t(layer.up.bias)), domain=CONTRIB)
    down = g.dense(up, f"{name}_down", layer.down)
    return _sum(g, down, x, f"{name}_last", layer.last, layer.down.bias)


def _sum(g: _Graph, new: str, old: str, name: str, norm: torch.nn.LayerNorm, bias: torch.Tensor) -> str:
    return g.op(
        "SkipLayerNormalization",
        new,
        old,
        g.const(f"{name}_g", _t(norm.weight)),
        g.const(f"{name}_b", _t(norm.bias)),
        g.const(f"{name}_o", _t(bias)),
        domain=CONTRIB,
        epsilon=EPS,
    )
