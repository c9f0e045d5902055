"""The harm network: every other layer of multilingual E5-small, one attention pool a label, one head for spans.

A label's logit is the sum of its values over the tokens, weighed by its own attention, plus a linear reading of the
mean token (cf. Mullenbach et al. 2018, "Explainable Prediction of Medical Codes": per-label attention); the weights
say where the label's evidence is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from training.text.rows import LABELS
from training.text.small_e5 import PackedFile, Shape

EPS = 1e-12
EARLY = 2  # layers below the early head (Xin et al. 2020, "DeeBERT": most texts are plain after few layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What the network says of a batch."""

    logits: torch.Tensor  # [texts, labels], uncalibrated
    attention: torch.Tensor  # [texts, tokens, labels], sums to 1 over a text's tokens
    spans: torch.Tensor  # [texts, tokens]: logit that a token belongs to what makes the text toxic
    early: torch.Tensor  # [texts, labels]: what a small head says after the first EARLY layers


class Layer(nn.Module):
    """One encoder layer, normalised after each sum as in BERT (Devlin et al. 2019)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.out = nn.Linear(shape.hidden, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden, eps=EPS)
        self.up = nn.Linear(shape.hidden, shape.inner)
        self.down = nn.Linear(shape.inner, shape.hidden)
        self.last = nn.LayerNorm(shape.hidden, eps=EPS)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """[texts, tokens, hidden] -> the same."""
        texts, tokens, width = x.shape
        parts = self.qkv(x).view(texts, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        # written out: for short texts the fused kernel's backward pass costs a quarter of the step on a CPU
        near = parts[0] @ parts[1].transpose(-1, -2) * (width // self.heads) ** -0.5
        mixed = near.masked_fill(~mask, -1e4).softmax(-1).to(parts.dtype) @ parts[2]
        x = self.norm(x + self.out(mixed.transpose(1, 2).reshape(texts, tokens, width)))
        return self.last(x + self.down(functional.gelu(self.up(x))))  # type: ignore[no-any-return]


class Network(nn.Module):
    """Embeddings (frozen, as packed), encoder layers, pools and heads.

    Args:
        shape: sizes of the source network.
        layers: how many layers.
    """

    def __init__(self, shape: Shape, layers: int) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.pieces, shape.hidden)
        self.words.weight.requires_grad = False
        self.places = nn.Parameter(torch.zeros(shape.positions, shape.hidden))
        self.first = nn.LayerNorm(shape.hidden, eps=EPS)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(layers))
        self.look = nn.Linear(shape.hidden, len(LABELS))
        self.value = nn.Linear(shape.hidden, len(LABELS))
        self.mean = nn.Linear(shape.hidden, len(LABELS))
        self.span = nn.Linear(shape.hidden, 1)
        self.early = nn.Sequential(nn.Linear(2 * shape.hidden, 128), nn.ReLU(), nn.Linear(128, len(LABELS)))
        self.drop = nn.Dropout(0.1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
        """Token ids int64[texts, tokens] and their mask bool[texts, tokens]."""
        x = self.first(self.words(ids) + self.places[: ids.shape[1]])
        spread = mask[:, None, None, :]
        own = mask[:, :, None].float()
        early = x
        for number, layer in enumerate(self.layers):
            x = layer(x, spread)
            if number == EARLY - 1:
                early = x.detach().float()  # the early head learns from the layers, and never moves them
        x = x.float()
        seen = self.drop(x)
        look = self.look(x).float().masked_fill(~mask[:, :, None], -1e4).softmax(1)
        mean = (seen * own).sum(1) / own.sum(1)
        logits = (look * self.value(seen).float()).sum(1) + self.mean(mean).float()
        most = early.masked_fill(~mask[:, :, None], -1e4).amax(1)
        first = self.early(torch.cat([(early * own).sum(1) / own.sum(1), most], 1)).float()
        return Outputs(logits=logits, attention=look, spans=self.span(seen).float()[:, :, 0], early=first)


def from_file(file: PackedFile, layers: Sequence[int]) -> Network:
    """The network with the given layers of the source as its encoder; pools and heads are new."""
    shape = file.shape
    width, inner = shape.hidden, shape.inner
    net = Network(shape, len(layers))

    def put(target: torch.Tensor, *arrays: object) -> None:
        with torch.no_grad():
            target.copy_(torch.cat([torch.tensor(array) for array in arrays]))

    put(net.words.weight, file.matrix("emb.word", shape.pieces, width))
    put(net.places, file.floats("emb.pos", shape.positions, width) + file.floats("emb.type", 2, width)[0])
    put(net.first.weight, file.floats("emb.ln.w", width))
    put(net.first.bias, file.floats("emb.ln.b", width))
    for number, layer in zip(layers, net.layers, strict=True):
        assert isinstance(layer, Layer)
        own = f"l{number}."
        put(layer.qkv.weight, *(file.matrix(f"{own}{part}.w", width, width) for part in "qkv"))
        put(layer.qkv.bias, *(file.floats(f"{own}{part}.b", width) for part in "qkv"))
        put(layer.out.weight, file.matrix(f"{own}ao.w", width, width))
        put(layer.out.bias, file.floats(f"{own}ao.b", width))
        put(layer.norm.weight, file.floats(f"{own}aln.w", width))
        put(layer.norm.bias, file.floats(f"{own}aln.b", width))
        put(layer.up.weight, file.matrix(f"{own}fi.w", inner, width))
        put(layer.up.bias, file.floats(f"{own}fi.b", inner))
        put(layer.down.weight, file.matrix(f"{own}fo.w", width, inner))
        put(layer.down.bias, file.floats(f"{own}fo.b", width))
        put(layer.last.weight, file.floats(f"{own}oln.w", width))
        put(layer.last.bias, file.floats(f"{own}oln.b", width))
    return net
