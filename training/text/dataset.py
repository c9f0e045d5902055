"""Everything the heads learn from, as arrays."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.fairness.neutral import Neutraliser
from training.text import generate, public
from training.text.embed import Embedder
from training.text.rows import LABELS, Row
from training.text.swap import swapped

F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Rows with their features; rows of one split only, or all."""

    rows: list[Row]
    x: NDArray[np.float16]  # [n, 1792]
    y: F32  # [n, labels], 0 where unknown
    known: F32  # [n, labels], 1 where the label is known
    weight: F32  # [n]
    family: NDArray[np.int64]  # [n], -1 for none

    def take(self, at: NDArray[np.int64]) -> Dataset:
        """The rows at the given places."""
        return Dataset(
            rows=[self.rows[i] for i in at],
            x=self.x[at],
            y=self.y[at],
            known=self.known[at],
            weight=self.weight[at],
            family=self.family[at],
        )

    def split(self, name: str) -> Dataset:
        """The rows of one split: "train", "calibrate" or "test"."""
        return self.take(np.array([i for i, row in enumerate(self.rows) if _split(row) == name], np.int64))


def _split(row: Row) -> str:
    if row.source != "swapped":
        return row.split()
    source, _, key = row.group.partition(" ")  # a copy belongs where its original is
    return Row(text=key, language="", source=source, labels={}, group=key).split()


def blind(rows: list[Row]) -> list[Row]:
    """Give the rows as the detector will show them to the model: without the names of groups."""
    texts = Neutraliser().neutral([row.text for row in rows])
    return [replace(row, text=text) for row, text in zip(rows, texts, strict=True)]


def gather(folder: Path, embedder: Embedder) -> Dataset:
    """Read, write and swap all rows, take the names of groups out, drop repeated texts, and encode them.

    Args:
        folder: where the public data sets are.
        embedder: the converted encoder.
    """
    real = list(public.read(folder))
    rows: list[Row] = []
    seen: set[bytes] = set()
    for row in blind([*real, *generate.rows(), *swapped(real)]):
        key = hashlib.sha256(row.text.encode()).digest()
        if key not in seen:
            seen.add(key)
            rows.append(row)
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    rows = [row for group in by_source.values() for row in group]
    x = np.concatenate([embedder.encode([row.text for row in group]) for group in by_source.values()])
    y = np.zeros((len(rows), len(LABELS)), np.float32)
    known = np.zeros_like(y)
    names: dict[str, int] = {}
    family = np.full(len(rows), -1, np.int64)
    for i, row in enumerate(rows):
        for j, label in enumerate(LABELS):
            if label in row.labels:
                known[i, j], y[i, j] = 1, row.labels[label]
        if row.family:
            family[i] = names.setdefault(f"{row.source} {row.family}", len(names))
    weight = np.array([row.weight for row in rows], np.float32)
    return Dataset(rows=rows, x=x, y=y, known=known, weight=weight, family=family)
