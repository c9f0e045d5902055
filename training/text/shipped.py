"""Read a shipped version of the reader back into a network: where the training of the next version starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from training.text.network import Layer, Network
from training.text.small_e5 import PackedFile

F32 = NDArray[np.float32]


def from_shipped(file: PackedFile, paths: list[Path], layers: int = 6) -> Network:
    """Give text-2026.4 as a network; its dense weights are what eight bits kept, its span head is new.

    Args:
        file: the embeddings, which no version changes.
        paths: the version's ONNX files.
        layers: how many layers it has.
    """
    arrays = {
        item.name: numpy_helper.to_array(item) for path in paths for item in onnx.load(str(path)).graph.initializer
    }
    net = Network(file.shape, layers)

    def put(target: torch.Tensor, value: NDArray[np.generic]) -> None:
        with torch.no_grad():
            target.copy_(torch.from_numpy(np.array(value, np.float32)))

    def dense(layer: torch.nn.Linear, name: str, bias: str) -> None:
        whole = arrays[f"{name}_q"].astype(np.float32) * arrays[f"{name}_s"]
        put(layer.weight, (whole * arrays[f"{name}_e"][:, None]).T)
        put(layer.bias, arrays[bias])

    put(net.words.weight, file.matrix("emb.word", file.shape.pieces, file.shape.hidden))
    put(net.places, arrays["places"])
    put(net.first.weight, arrays["first_g"])
    put(net.first.bias, arrays["first_b"])
    for number, layer in enumerate(net.layers):
        assert isinstance(layer, Layer)
        own = f"l{number}"
        dense(layer.qkv, f"{own}_qkv", f"{own}_qkv_b")
        for part, name in ((layer.out, "out"), (layer.up, "up"), (layer.down, "down")):
            dense(part, f"{own}_{name}", f"{own}_{name}_b")
        for norm, name in ((layer.norm, f"{own}_norm"), (layer.last, f"{own}_last")):
            put(norm.weight, arrays[f"{name}_g"])
            put(norm.bias, arrays[f"{name}_b"])
    early = net.early
    heads = [(net.look, "look"), (net.value, "value"), (net.mean, "mean"), (early.squeeze, "squeeze")]
    heads += [(early.look, "early_look"), (early.value, "early_value"), (early.mean, "early_mean")]
    for head, name in heads:
        put(head.weight, arrays[f"{name}_w"].T)
        put(head.bias, arrays[f"{name}_b"])
    return net
