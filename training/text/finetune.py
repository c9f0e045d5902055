"""Fine-tune the harm network on all rows at once: masked labels, batches of like length, bfloat16 arithmetic."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sentencepiece
import torch
from numpy.typing import NDArray
from torch import nn

from training.text.network import Network
from training.text.rows import LABELS, Row
from training.text.small_e5 import BEGIN, END, PAD, UNKNOWN

MOST = 160  # tokens of a text; longer texts are read in windows
WIDTHS = (8, 12, 16, 20, 24, 32, 40, 52, 68, 96, 128, MOST)  # of padded batches
F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Every choice of the training, so that a card can name it."""

    start: str = "text-2026.4"  # the shipped version whose weights the training starts from
    first: int = 20  # number of the first epoch; no earlier version's rows were drawn with it
    epochs: int = 1
    tokens: int = 1920  # padded tokens a step
    rate: float = 8e-5  # of the encoder, at its highest
    head_rate: float = 6e-4
    keep: float = 0.5  # share of the start's weights in the result
    decay: float = 0.01
    warm: float = 0.06  # share of the steps in which the rates rise
    spans: float = 0.3  # weight of the span head's loss
    early: float = 0.5  # weight of the early head's loss: it learns what the top says (Hinton et al. 2015)
    smooth: float = 0.02  # label smoothing: public labels are noisy
    boost: float = 4.0  # most that a rare label's positives count more
    seed: int = 5


@dataclass(slots=True)
class Tokens:
    """Rows as the network reads them."""

    rows: list[Row]
    ids: list[NDArray[np.int32]]
    y: F32  # [n, labels], 0 where unknown
    known: F32  # [n, labels], 1 where the label is known
    weight: F32  # [n]
    marked: list[NDArray[np.float32] | None]  # each token's share in the toxic spans; None where it is unknown

    def __len__(self) -> int:
        return len(self.rows)


class Tokenizer:
    """Text to ids, with the begin and end marks."""

    def __init__(self, path: Path) -> None:
        self._model = sentencepiece.SentencePieceProcessor(model_file=str(path))

    def ids(self, text: str) -> list[int]:
        """At most MOST ids."""
        return [BEGIN, *(self._model.encode(text)[: MOST - 2] or [UNKNOWN]), END]

    def places(self, text: str) -> list[tuple[int, int]]:
        """The span of code points of each id but the marks."""
        pieces = self._model.encode(text, return_type="proto").pieces[: MOST - 2]
        starts: list[int] = []
        for i, character in enumerate(text):
            starts += [i] * len(character.encode("utf-8", "replace"))
        starts.append(len(text))
        return [(starts[p.begin], starts[p.end]) for p in pieces]

    def marked(self, text: str, spans: Sequence[tuple[int, int]]) -> list[float]:
        """For each id whether it lies in a span of code points, 0 or 1; the marks at both ends are 0."""
        inside = np.zeros(len(text.encode("utf-8", "replace")) + 1, bool)
        for start, end in spans:  # the tokenizer counts bytes
            first = len(text[:start].encode("utf-8", "replace"))
            inside[first : first + len(text[start:end].encode("utf-8", "replace"))] = True
        pieces = self._model.encode(text, return_type="proto").pieces
        out = [float(inside[p.begin : max(p.end, p.begin + 1)].any() and bool(p.surface.strip())) for p in pieces]
        return [0.0, *out[: MOST - 2], 0.0]


def tokenise(rows: list[Row], tokenizer: Tokenizer, spans: dict[str, list[tuple[int, int]]]) -> Tokens:
    """Make the arrays; `spans` are the toxic spans by text, where they are known."""
    y = np.zeros((len(rows), len(LABELS)), np.float32)
    known = np.zeros_like(y)
    marked: list[NDArray[np.float32] | None] = []
    ids = []
    for i, row in enumerate(rows):
        for j, label in enumerate(LABELS):
            if label in row.labels:
                known[i, j], y[i, j] = 1, row.labels[label]
        ids.append(np.array(tokenizer.ids(row.text), np.int32))
        found = spans.get(row.text)
        if found:
            marked.append(np.array(tokenizer.marked(row.text, found), np.float32))
        elif row.labels.get("harassment") == 0 and row.labels.get("hate.attack") == 0:
            marked.append(np.zeros(len(ids[-1]), np.float32))
        else:
            marked.append(None)
    weight = np.array([row.weight for row in rows], np.float32)
    return Tokens(rows=rows, ids=ids, y=y, known=known, weight=weight, marked=marked)


def batches(ids: Sequence[NDArray[np.int32]], order: NDArray[np.int64], tokens: int) -> list[NDArray[np.int64]]:
    """Cut an order of rows into batches of one width each, of `tokens` ids when padded.

    Few shapes matter: every new one costs the matrix library more than a step does.
    """
    widths: dict[int, list[int]] = {width: [] for width in WIDTHS}
    for i in order.tolist():
        widths[_width(len(ids[i]))].append(i)
    out: list[NDArray[np.int64]] = []
    for width, own in widths.items():
        step = max(1, tokens // width)
        out += [np.array(own[i : i + step], np.int64) for i in range(0, len(own), step)]
    return out


def _width(length: int) -> int:
    return next(width for width in WIDTHS if length <= width)


def pad(ids: Sequence[NDArray[np.int32]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids int64[texts, tokens] and their mask, as wide as one of WIDTHS."""
    width = _width(max(len(own) for own in ids))
    out = np.full((len(ids), width), PAD, np.int64)
    for i, own in enumerate(ids):
        out[i, : len(own)] = own
    mask = np.arange(width)[None, :] < np.array([len(own) for own in ids])[:, None]
    return torch.from_numpy(out), torch.from_numpy(mask)


def train(
    net: Network,
    epochs: Iterator[Tokens],
    recipe: Recipe,
    steps: int,
    *,
    say: Callable[[str], None] = print,
) -> Network:
    """Fit the network.

    Args:
        net: the network with the source's weights.
        epochs: the rows of each epoch; they may differ.
        recipe: the choices.
        steps: steps of the whole training, for the schedule; more are not taken.
        say: is told about progress.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    body = [p for name, p in net.named_parameters() if name.startswith(("layers", "places", "first"))]
    heads = [p for name, p in net.named_parameters() if name.startswith(("look", "value", "mean", "span", "early"))]
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": recipe.rate}, {"params": heads, "lr": recipe.head_rate}],
        weight_decay=recipe.decay,
        betas=(0.9, 0.98),
        fused=True,
    )

    def rate(step: int) -> float:
        rising = max(1, int(recipe.warm * steps))
        return min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
    loss_of = nn.BCEWithLogitsLoss(reduction="none")
    net.train()
    step, started, mean, seen = 0, time.monotonic(), 0.0, 0
    for number, data in enumerate(epochs):
        boost = _boost(data, recipe.boost)
        for at in _shuffled(batches(data.ids, rng.permutation(len(data)), recipe.tokens), rng):
            if step >= steps:
                break
            loss = _loss(net, data, at, boost, recipe, loss_of)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*body, *heads], 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            seen += len(at)
            mean += (loss.item() - mean) / min(step, 100)
            if step % 100 == 0:
                minutes = (time.monotonic() - started) / 60
                say(f"epoch {number} step {step}/{steps} loss {mean:.4f} {seen / minutes / 60:.0f}/s {minutes:.1f} min")
    return net.eval()


def _shuffled(items: list[NDArray[np.int64]], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    return [items[i] for i in rng.permutation(len(items))]


def _boost(data: Tokens, most: float) -> torch.Tensor:
    """How much more each label's positives count: by a power of their rarity, so that none drowns."""
    positive = (data.y * data.known * data.weight[:, None]).sum(0)
    negative = ((1 - data.y) * data.known * data.weight[:, None]).sum(0)
    return torch.from_numpy(np.clip((negative / np.maximum(positive, 1)) ** 0.4, 1, most).astype(np.float32))


def _loss(
    net: Network, data: Tokens, at: NDArray[np.int64], boost: torch.Tensor, recipe: Recipe, loss_of: nn.Module
) -> torch.Tensor:
    ids, mask = pad([data.ids[i] for i in at])
    y, known = torch.from_numpy(data.y[at]), torch.from_numpy(data.known[at])
    weight = torch.from_numpy(data.weight[at])[:, None] * known * (1 + (boost - 1) * y)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = net(ids, mask)
    smooth = y * (1 - 2 * recipe.smooth) + recipe.smooth
    loss = (loss_of(out.logits, smooth) * weight).sum() / weight.sum().clamp(min=1) * 4
    # over all labels: what the top makes of a text is known even where no one marked it
    loss = loss + recipe.early * loss_of(out.early, out.logits.detach().sigmoid()).mean() * 4
    places = [i for i, row in enumerate(at) if data.marked[row] is not None]
    if places:
        target = torch.zeros(len(places), ids.shape[1])
        for place, i in enumerate(places):
            own = data.marked[at[i]]
            assert own is not None
            target[place, : len(own)] = torch.from_numpy(own)
        inside = mask[places].float() * (1 + target)
        loss = loss + recipe.spans * (loss_of(out.spans[places], target) * inside).sum() / inside.sum()
    return loss  # type: ignore[no-any-return]


def steps_of(epochs: Sequence[Tokens], recipe: Recipe) -> int:
    """How many steps the epochs take."""
    return sum(len(batches(e.ids, np.arange(len(e)), recipe.tokens)) for e in epochs)


@torch.no_grad()
def logits(net: Network, ids: Sequence[NDArray[np.int32]], *, tokens: int = 8192) -> F32:
    """Logits float32[n, labels] of many texts; dense layers compute in bfloat16, as in training."""
    out = np.zeros((len(ids), len(LABELS)), np.float32)
    order = np.array(sorted(range(len(ids)), key=lambda i: len(ids[i])), np.int64)
    for at in batches(ids, order, tokens):
        own, mask = pad([ids[i] for i in at])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = net(own, mask)
        out[at] = found.logits.float().numpy()
    return out
