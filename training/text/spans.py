"""Fit the head that points at toxic words, apart from the rest: the network is finished and stays as it is."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from evenhand.detectors.harm_spans import joined
from evenhand.domain.location import Span
from training.text import public
from training.text.corpus import seen, split
from training.text.finetune import Tokenizer
from training.text.network import Network
from training.text.rows import Row

EPOCHS, BATCH, RATE, DECAY = 12, 2048, 1e-3, 0.05
CUTS = tuple(round(0.2 + 0.05 * i, 2) for i in range(11))


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A text with its toxic spans, as the annotators drew them."""

    text: str
    drawn: tuple[Span, ...]  # one for each annotator and span

    def agreed(self) -> set[int]:
        """The characters that more than half as many marked as marked the most marked one."""
        times = Counter(i for a, b in self.drawn for i in range(max(a, 0), min(b, len(self.text))))
        most = max(times.values(), default=0)
        return {i for i, n in times.items() if 2 * n > most}

    def any(self) -> set[int]:
        """The characters that any annotator marked."""
        return {i for a, b in self.drawn for i in range(max(a, 0), min(b, len(self.text)))}


def marked(folder: Path, part: str) -> Iterator[Marked]:
    """The marked texts of "train", "calibrate" or "test"."""
    with gzip.open(folder / "toxic_spans.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            whole = str(row["text"])[: public.MAX_CHARACTERS]
            skipped, text = len(whole) - len(whole.lstrip()), whole.strip()
            if split(Row(text=text, language="en", source="toxic_spans", labels={})) == part:
                drawn = tuple((int(a) - skipped, int(b) - skipped) for a, b, *_ in row.get("spans", ()))
                yield Marked(text=text, drawn=drawn)


def fit(net: Network, tokenizer: Tokenizer, folder: Path) -> float:
    """Fit the head on the training texts; give the probability from which on a token counts, best on another tenth."""
    torch.manual_seed(5)
    inputs, targets = zip(*(_features(net, tokenizer, item) for item in _plain(marked(folder, "train"))), strict=True)
    x, y = torch.cat(inputs), torch.cat(targets)
    head = net.span
    for layer in head:
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=DECAY)
    loss_of = nn.BCEWithLogitsLoss()
    steps = EPOCHS * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for at in order[: len(x) // BATCH * BATCH].view(-1, BATCH):
            loss = loss_of(head(nn.functional.dropout(x[at].float(), 0.1))[:, 0], y[at])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    held = list(_plain(marked(folder, "calibrate")))
    said = [(item, tokenizer.places(item.text), head(_features(net, tokenizer, item)[0].float())[:, 0].sigmoid())
            for item in held]  # fmt: skip
    value = {cut: np.mean([f1(item.agreed(), joined(item.text, places, p[1:-1].detach().numpy() >= cut))
                           for item, places, p in said]) for cut in CUTS}  # fmt: skip
    return max(value, key=lambda cut: value[cut])


def f1(truth: set[int], spans: Sequence[Span]) -> float:
    """Character F1 of one text, as SemEval-2021 task 5 has it (Pavlopoulos et al. 2021)."""
    found = {i for a, b in spans for i in range(a, b)}
    return 2 * len(truth & found) / (len(truth) + len(found)) if truth or found else 1.0


def _plain(items: Iterator[Marked]) -> Iterator[Marked]:
    """Those that the network is shown as they are."""
    own = list(items)
    shown = seen([Row(text=item.text, language="en", source="toxic_spans", labels={}) for item in own])
    return (item for item, row in zip(own, shown, strict=True) if item.text == row.text)


@torch.no_grad()
def _features(net: Network, tokenizer: Tokenizer, item: Marked) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs float16[tokens, 2 * hidden] of the head and targets float32[tokens]."""
    ids = torch.tensor(tokenizer.ids(item.text))[None]
    agreed = sorted(item.agreed())
    target = tokenizer.marked(item.text, [(i, i + 1) for i in agreed])
    return net.tokens(ids).half(), torch.tensor(target)
