"""Write the fine-tuned network as ONNX: four-bit embeddings as they came, eight-bit dense weights and their inputs.

The inputs of dense layers are quantised by ranges fixed beforehand, so a score does not depend on what else is in the
run; texts of one length are run together, without padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.text.network import EARLY, EPS, EarlyHead, Layer, Network
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

    def dense(self, x: str, name: str, layer: torch.nn.Linear, quant: Quant) -> str:
        """Give x @ weight + bias: weights int8 with one scale a column, inputs uint8 with one range, evened out."""
        weight = _t(layer.weight).T * quant.even[:, None]
        scale = np.maximum(np.abs(weight).max(0), 1e-8) / 127
        levels = np.clip(np.round(weight / scale), -127, 127).astype(np.int8)
        x = self.op("Mul", x, self.const(f"{name}_e", (1 / (quant.even * quant.step)).astype(np.float32)))
        one, zero = self.const("one", np.array(1, np.float32)), self.const(f"{name}_n", np.array(quant.zero, np.uint8))
        return self.op(
            "MatMulIntegerToFloat",
            self.op("QuantizeLinear", x, one, zero),
            self.const(f"{name}_q", levels),
            one,
            self.const(f"{name}_s", (scale * quant.step).astype(np.float32)),
            zero,
            self.const(f"{name}_z", np.zeros(levels.shape[1], np.int8)),
            self.const(f"{name}_b", _t(layer.bias)),
            domain=CONTRIB,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quant:
    """How the inputs of one dense layer become eight bits: level = round(x / even / step) + zero, cut to 0..255."""

    even: F32  # [inputs]
    step: float
    zero: int


Quants = dict[torch.nn.Module, Quant]


def export_words(file: PackedFile, path: Path) -> None:
    """Write `ids` int64[texts, tokens] -> `words` float32[texts, tokens, hidden]."""
    g = _Graph()
    width = file.shape.hidden
    blocks = width // BLOCK
    scale, levels = file.packed("emb.word", file.shape.pieces, width)
    levels = levels.reshape(file.shape.pieces, blocks * BLOCK // 2)
    rows = g.op("Gather", g.const("levels", levels), "ids")
    rows = g.op("Reshape", rows, g.ints(0, 0, blocks, BLOCK // 2))
    low = g.op("BitwiseAnd", rows, g.const("fifteen", np.array(15, np.uint8)))
    high = g.op("BitShift", rows, g.const("four", np.array(4, np.uint8)), direction="RIGHT")
    value = g.op("Cast", g.op("Concat", low, high, axis=3), to=TensorProto.FLOAT)
    value = g.op("Sub", value, g.const("eight", np.array(8, np.float32)))
    own = g.op("Gather", g.const("scales", scale.reshape(file.shape.pieces, blocks)), "ids")
    own = g.op("Unsqueeze", g.op("Cast", own, to=TensorProto.FLOAT), g.ints(3))
    g.op("Reshape", g.op("Mul", value, own), g.ints(0, 0, width), name="words")
    _write(
        g,
        "words",
        [_info("ids", ["texts", "tokens"], TensorProto.INT64)],
        [_info("words", ["texts", "tokens", width])],
        path,
    )


def export_lower(net: Network, quants: Quants, path: Path) -> None:
    """Write `words` -> `early` float32[texts, labels], `hidden` float32[texts, tokens, hidden]."""
    g = _Graph()
    width = net.words.embedding_dim
    count = g.op("Slice", g.op("Shape", "words"), g.ints(1), g.ints(2))
    places = g.op("Slice", g.half("places", _t(net.places)), g.ints(0), count, g.ints(0))
    x = _norm(g, g.op("Add", "words", places), "first", net.first)
    for number, layer in enumerate(net.layers[:EARLY]):
        x = _layer(g, x, layer, f"l{number}", quants, "hidden" if number == EARLY - 1 else "")
    own = g.op("Relu", _linear(g, x, net.early.squeeze, "squeeze"))
    _pool(g, own, net.early, "early_", "early")
    _write(
        g,
        "lower",
        [_info("words", ["texts", "tokens", width])],
        [_info("early", ["texts", len(LABELS)]), _info("hidden", ["texts", "tokens", width])],
        path,
    )


def export_upper(net: Network, quants: Quants, path: Path) -> None:
    """Write `hidden` -> `logits` [texts, labels], `evidence` [texts, tokens, labels], `last` as `hidden`."""
    g = _Graph()
    width = net.words.embedding_dim
    x = "hidden"
    for number, layer in enumerate(net.layers[EARLY:], EARLY):
        x = _layer(g, x, layer, f"l{number}", quants)
    _pool(g, x, net, "", "logits")
    g.op("Identity", x, name="last")
    _write(
        g,
        "upper",
        [_info("hidden", ["texts", "tokens", width])],
        [
            _info("logits", ["texts", len(LABELS)]),
            _info("evidence", ["texts", "tokens", len(LABELS)]),
            _info("last", ["texts", "tokens", width]),
        ],
        path,
    )


def export_spans(net: Network, path: Path) -> None:
    """Write `hidden`, `last` -> `spans` float32[texts, tokens]; apart, because few texts are asked for them."""
    g = _Graph()
    width = net.words.embedding_dim
    inside = g.op("Relu", _linear(g, g.op("Concat", "hidden", "last", axis=2), net.span[0], "span0"))
    g.op("Squeeze", _linear(g, inside, net.span[2], "span1"), g.ints(2), name="spans")
    inputs = [_info(name, ["texts", "tokens", width]) for name in ("hidden", "last")]
    _write(g, "spans", inputs, [_info("spans", ["texts", "tokens"])], path)


def _pool(g: _Graph, x: str, heads: Network | EarlyHead, prefix: str, name: str) -> None:
    """Each label's attention pool over the tokens, and its reading of their mean."""
    attention = g.op("Softmax", _linear(g, x, heads.look, f"{prefix}look"), axis=1)
    value = _linear(g, x, heads.value, f"{prefix}value")
    evidence = g.op("Mul", attention, value, name="" if prefix else "evidence")
    mean = _linear(g, g.op("ReduceMean", x, g.ints(1), keepdims=0), heads.mean, f"{prefix}mean")
    g.op("Add", g.op("ReduceSum", evidence, g.ints(1), keepdims=0), mean, name=name)


def _write(
    g: _Graph, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto], path: Path
) -> None:
    model = helper.make_model(
        helper.make_graph(g.nodes, name, inputs, outputs, g.initialisers),
        opset_imports=[helper.make_opsetid("", 23), helper.make_opsetid(CONTRIB, 1)],
        ir_version=10,
        producer_name="evenhand",
    )
    path.write_bytes(model.SerializeToString(deterministic=True))


def _info(name: str, shape: list[int | str], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _linear(g: _Graph, x: str, layer: torch.nn.Module, name: str) -> str:
    assert isinstance(layer, torch.nn.Linear)
    return g.op("Add", g.op("MatMul", x, g.half(f"{name}_w", _t(layer.weight).T)), g.const(f"{name}_b", _t(layer.bias)))


@torch.no_grad()
def fit_quants(net: Network, texts: Sequence[NDArray[np.int32]], *, share: float = 0.8, rows: int = 4096) -> Quants:
    """Choose for every dense layer how its inputs become eight bits, from what they are in `texts`.

    A few inputs are tens of times larger than the rest and would leave the rest few levels; moving part of their size
    into the weights evens that out (Xiao et al. 2023, "SmoothQuant", with alpha = `share`). The range then is the one
    that loses least (least squares over some of the inputs).
    """
    dense = [m for layer in net.layers for m in layer.modules() if isinstance(m, torch.nn.Linear)]
    kept: dict[torch.nn.Module, list[torch.Tensor]] = {m: [] for m in dense}

    def look(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        kept[layer].append(inputs[0][0])

    hooks = [m.register_forward_pre_hook(look) for m in dense]
    for ids in texts:
        net(torch.from_numpy(ids.astype(np.int64))[None], torch.ones(1, len(ids), dtype=torch.bool))
    for hook in hooks:
        hook.remove()
    out: Quants = {}
    rng = np.random.default_rng(3)
    for m in dense:
        seen = torch.cat(kept.pop(m)).numpy()
        most = np.abs(seen).max(0)
        weight = np.abs(_t(m.weight)).max(0)
        even = (np.maximum(most, 1e-3) ** share / np.maximum(weight, 1e-4) ** (1 - share)).astype(np.float32)
        out[m] = _range(seen[rng.permutation(len(seen))[:rows]] / even, even)
    return out


def _range(x: F32, even: F32) -> Quant:
    low, high = float(min(x.min(), 0)), float(max(x.max(), 0))
    best: tuple[float, Quant] | None = None
    for cut in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5):
        step = max((high - low) * cut, 1e-6) / 255
        zero = int(np.clip(round(-low * cut / step), 0, 255))
        back = (np.clip(np.round(x / step) + zero, 0, 255) - zero) * step
        lost = float(((back - x) ** 2).mean())
        if best is None or lost < best[0]:
            best = lost, Quant(even=even, step=step, zero=zero)
    assert best is not None
    return best[1]


def _t(value: torch.Tensor) -> F32:
    return value.detach().float().numpy()  # type: ignore[no-any-return]


def _layer(g: _Graph, x: str, layer: torch.nn.Module, name: str, quants: Quants, last: str = "") -> str:
    assert isinstance(layer, Layer)
    qkv = g.dense(x, f"{name}_qkv", layer.qkv, quants[layer.qkv])
    parts = [f"{name}_{part}" for part in "qkv"]
    g.nodes.append(helper.make_node("Split", [qkv], parts, axis=2, num_outputs=3))
    mixed = g.op("Attention", *parts, q_num_heads=layer.heads, kv_num_heads=layer.heads)
    out = g.dense(mixed, f"{name}_out", layer.out, quants[layer.out])
    x = _norm(g, g.op("Sum", out, x), f"{name}_norm", layer.norm)
    up = g.op("Gelu", g.dense(x, f"{name}_up", layer.up, quants[layer.up]))
    down = g.dense(up, f"{name}_down", layer.down, quants[layer.down])
    # Sum, not Add: ONNX Runtime would fuse Add and the norm to its SkipLayerNormalization, six times as slow
    return _norm(g, g.op("Sum", down, x), f"{name}_last", layer.last, last)


def _norm(g: _Graph, x: str, name: str, norm: torch.nn.LayerNorm, out: str = "") -> str:
    gain, bias = g.const(f"{name}_g", _t(norm.weight)), g.const(f"{name}_b", _t(norm.bias))
    return g.op("LayerNormalization", x, gain, bias, name=out, axis=-1, epsilon=EPS)
