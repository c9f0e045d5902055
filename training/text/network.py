"""The harm network: every other layer of multilingual E5-small, one attention pool a label, a head for spans, one that
speaks early.

A label's logit is the sum of its values over the tokens, weighed by its own attention, plus a linear reading of the
mean token (cf. Mullenbach et al. 2018, "Explainable Prediction of Medical Codes": per-label attention); the weights
say where the label's evidence is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from training.text.rows import LABELS
from training.text.small_e5 import Shape

EPS = 1e-12
EARLY = 3  # layers below the early head (Xin et al. 2020, "DeeBERT": most texts are plain after few layers)
NARROW = 128  # width of the small heads


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What the network says of a batch."""

    logits: torch.Tensor  # [texts, labels], uncalibrated
    spans: torch.Tensor  # [texts, tokens]: logit that a token belongs to what makes the text toxic
    early: torch.Tensor  # [texts, labels]: what the early head says after the first EARLY layers


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


class EarlyHead(nn.Module):
    """What the lower layers say of a text: one narrow layer, then attention pools as at the top."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.squeeze = nn.Linear(shape.hidden, NARROW)
        self.look = nn.Linear(NARROW, len(LABELS))
        self.value = nn.Linear(NARROW, len(LABELS))
        self.mean = nn.Linear(NARROW, len(LABELS))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """[texts, tokens, hidden] and bool[texts, tokens] -> logits [texts, labels]."""
        x = self.squeeze(x).relu()
        own = mask[:, :, None].to(x.dtype)
        look = self.look(x).float().masked_fill(~mask[:, :, None], -1e4).softmax(1)
        mean = (x * own).sum(1) / own.sum(1)
        return (look * self.value(x).float()).sum(1) + self.mean(mean).float()  # type: ignore[no-any-return]


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
        self.span = nn.Sequential(nn.Linear(2 * shape.hidden, NARROW), nn.ReLU(), nn.Linear(NARROW, 1))
        self.early = EarlyHead(shape)
        self.drop = nn.Dropout(0.1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
        """Token ids int64[texts, tokens] and their mask bool[texts, tokens]."""
        x = self.first(self.words(ids) + self.places[: ids.shape[1]])
        spread = mask[:, None, None, :]
        own = mask[:, :, None].float()
        lower, x = self._read(x, spread)
        seen = self.drop(x)
        look = self.look(x).float().masked_fill(~mask[:, :, None], -1e4).softmax(1)
        mean = (seen * own).sum(1) / own.sum(1)
        logits = (look * self.value(seen).float()).sum(1) + self.mean(mean).float()
        spans = self.span(torch.cat([lower.float(), seen], 2)).float()[:, :, 0]
        return Outputs(logits=logits, spans=spans, early=self.early(lower, mask))

    def tokens(self, ids: torch.Tensor) -> torch.Tensor:
        """What the span head reads of one text int64[1, tokens]: float32[tokens, 2 * hidden]."""
        x = self.first(self.words(ids) + self.places[: ids.shape[1]])
        return torch.cat(self._read(x, torch.ones(1, 1, 1, ids.shape[1], dtype=torch.bool)), 2)[0]

    def _read(self, x: torch.Tensor, spread: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings to what the lower layers and what all layers make of them."""
        lower = x
        for number, layer in enumerate(self.layers):
            x = layer(x, spread)
            if number == EARLY - 1:
                lower = x
        return lower, x.float()
