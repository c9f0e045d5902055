"""Train the harm heads on frozen features: one small network, all labels at once, unknown labels masked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training.text.dataset import Dataset
from training.text.rows import LABELS

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Every choice of the training, so that a card can name it."""

    hidden: int = 256
    epochs: int = 6
    batch: int = 512
    families: int = 20  # families a step, whose scores are tied
    rate: float = 1e-3
    decay: float = 0.2
    dropout: float = 0.5
    tie: float = 0.1  # weight of the squared spread of a family's logits
    seed: int = 5


class Heads(nn.Module):
    """Standardise, one hidden layer beside a linear path, one logit a label."""

    def __init__(self, mean: F32, spread: F32, recipe: Recipe) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.from_numpy(mean))
        self.spread = nn.Buffer(torch.from_numpy(spread))
        self.inner = nn.Linear(len(mean), recipe.hidden)
        self.outer = nn.Linear(recipe.hidden, len(LABELS))
        self.direct = nn.Linear(len(mean), len(LABELS))
        self.drop = nn.Dropout(recipe.dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits float32[n, labels] of features float32[n, 1792]."""
        return self.scores((x - self.mean) / self.spread)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of features that are standardised already."""
        return self.outer(self.drop(torch.relu(self.inner(x)))) + self.direct(x)  # type: ignore[no-any-return]


def train(data: Dataset, recipe: Recipe) -> Heads:
    """Fit the heads on a training split; the same recipe and data give the same heads on one kind of machine."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    x32 = data.x.astype(np.float32)
    model = Heads(x32.mean(0), x32.std(0) + 1e-2, recipe)
    x = (torch.from_numpy(x32) - model.mean) / model.spread  # once, not in every step
    y, known = torch.from_numpy(data.y), torch.from_numpy(data.known)
    # rare labels count more, by the root of their rarity, so that none drowns
    positive = (data.y * data.known * data.weight[:, None]).sum(0)
    negative = ((1 - data.y) * data.known * data.weight[:, None]).sum(0)
    boost = torch.from_numpy(np.clip(np.sqrt(negative / np.maximum(positive, 1)), 1, 8).astype(np.float32))
    weight = torch.from_numpy(data.weight)[:, None] * known * (1 + (boost - 1) * y)
    order = np.argsort(data.family, kind="stable")
    order = order[data.family[order] >= 0]
    families = np.split(order, np.flatnonzero(np.diff(data.family[order])) + 1)
    families = [f for f in families if len(f) > 1]
    steps = len(x) // recipe.batch
    optimiser = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=recipe.rate * 2, total_steps=recipe.epochs * steps, pct_start=0.1
    )
    loss_of = nn.BCEWithLogitsLoss(reduction="none")
    model.train()
    for _ in range(recipe.epochs):
        places = rng.permutation(len(x))
        for step in range(steps):
            at = places[step * recipe.batch : (step + 1) * recipe.batch]
            chosen = [families[i] for i in rng.integers(len(families), size=recipe.families)]
            joined = np.concatenate([at, *chosen])
            logits = model.scores(x[joined])
            loss = (loss_of(logits, y[joined]) * weight[joined]).sum() / weight[joined].sum() * 4
            loss = loss + recipe.tie * _spread(logits[len(at) :], [len(f) for f in chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


def _spread(logits: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """Mean squared distance of each logit from its family's mean."""
    owner = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    total = torch.zeros(len(sizes), logits.shape[1]).index_add(0, owner, logits)
    mean = total / torch.tensor(sizes)[:, None]
    return ((logits - mean[owner]) ** 2).mean()


def logits(model: Heads, x: NDArray[np.float16]) -> F32:
    """Logits float32[n, labels]."""
    with torch.no_grad():
        parts = [model(torch.from_numpy(x[i : i + 8192].astype(np.float32))) for i in range(0, len(x), 8192)]
    return torch.cat(parts).numpy()  # type: ignore[no-any-return]
