"""The encoder's forward pass in plain numpy, one text at a time: what the converted graph is checked against.

Architecture: Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval", the CNN variant:
n-gram convolutions of orders 2, 3 and 5 over token embeddings, sum pooling over the square root of the length, then a
small residual network, L2-normalised.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CHUNKS = 17
VOCABULARY = 128_000  # pieces of the tokenizer; the table's last ten rows are padding
ORDERS = ((2, 0), (3, 1), (5, 2))  # (n-gram order, tokens of left context)
EPS = 1e-12

F32 = NDArray[np.float32]


class Weights:
    """The original arrays: the embedding table as levels 0..63 with a scale and an offset for each of 17 chunks."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as archive:
            blocks = [archive[f"q{i + 1}"] for i in range(CHUNKS)]
            self.levels: NDArray[np.uint8] = np.stack(blocks, 1).reshape(-1, 512)[:VOCABULARY]
            self.array: dict[str, F32] = {
                name: archive[name].astype(np.float32) for name in archive.files if not name.startswith("q")
            }
        rows = np.arange(VOCABULARY) % CHUNKS
        self.scale: F32 = self.array["scale"][rows]
        self.low: F32 = self.array["lo"][rows]
        self.projection: F32 = np.concatenate([self.array[f"proj{n}"] for n, _ in ORDERS], 1)
        self.projection_bias: F32 = np.concatenate([self.array[f"proj_b{n}"] for n, _ in ORDERS])
        self.projection_gamma: F32 = np.concatenate([self.array[f"ln_g{n}"] for n, _ in ORDERS])
        self.projection_beta: F32 = np.concatenate([self.array[f"ln_b{n}"] for n, _ in ORDERS])


def _layer_norm(x: F32, gamma: F32, beta: F32) -> F32:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + EPS) * gamma + beta  # type: ignore[no-any-return]


def _windows(x: F32, order: int, left: int) -> F32:
    padded = np.pad(x, ((left, order - 1 - left), (0, 0)))
    return np.concatenate([padded[i : i + len(x)] for i in range(order)], 1)


def encode(weights: Weights, ids: Sequence[int]) -> F32:
    """Embed one text.

    Args:
        weights: the original arrays.
        ids: token ids with the begin and end marks.

    Returns:
        float32[512] of length 1.
    """
    a = weights.array
    at = np.asarray(ids)
    tokens = weights.levels[at] * weights.scale[at, None] + weights.low[at, None]
    x = _layer_norm(
        tokens @ weights.projection + weights.projection_bias, weights.projection_gamma, weights.projection_beta
    )
    branches = [tokens]
    for i, (order, left) in enumerate(ORDERS):
        first = x[:, i * 256 : (i + 1) * 256]
        second = np.maximum(_windows(first, order, left) @ a[f"w1_{order}"] + a[f"b1_{order}"], 0) + first
        branches.append(np.maximum(_windows(second, order, left) @ a[f"w2_{order}"] + a[f"b2_{order}"], 0) + second)
    features = _layer_norm(np.concatenate(branches, 1), a["ln_g"], a["ln_b"])
    pooled = (features @ a["cnn_W"] + a["cnn_b"]).sum(0) / np.sqrt(len(at))
    y0 = np.maximum(pooled @ a["d0"], 0)
    y1 = np.maximum(pooled @ a["p1"] + y0 @ a["d1"], 0)
    y2 = np.maximum(y1 @ a["d2"], 0)
    z = np.tanh(y1 @ a["p3"] + y2 @ a["d3"])
    return (z / np.linalg.norm(z)).astype(np.float32)  # type: ignore[no-any-return]
