"""Train the finder and the reader of symbols: ``python -m training.vision.symbols_train`` (needs torch).

Rows are rendered (`symbols_data`); harmless photos add what the world looks like without symbols. In a second round
the reader also learns from what the first finder took for a symbol in those photos.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from evenhand.detectors.symbol_places import square
from training.vision.symbols_data import CLASSES, WANTED
from training.vision.symbols_networks import FINDER_SIDE, STRIDE, Finder, Reader
from training.vision.symbols_scenes import SIDE, Pixels

Boxes = NDArray[np.float32]
Classes = NDArray[np.int64]
_OTHER, _RELIGIOUS, _RUNES = len(CLASSES) - 1, WANTED, CLASSES.index("double-runes")
_BATCH = 64


def jittered(pixels: Pixels, box: NDArray[np.float32], rng: np.random.Generator) -> Pixels:
    """Cut the reader's square around a box, a little off as a finder would."""
    side = float(max(box[2] - box[0], box[3] - box[1]))
    x, y = (float(v) for v in (box[:2] + box[2:]) / 2 + rng.normal(0, 0.06, 2) * side)
    return square(pixels, centre=(x, y), side=side * float(np.exp(rng.normal(0, 0.14))))


def recoloured(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Swap colours or turn light to dark at times: what counts is the shape."""
    if rng.random() < 0.3:
        pixels = pixels[:, :, rng.permutation(3)]
    return 255 - pixels if rng.random() < 0.15 else pixels


def train_reader(pixels: Pixels, boxes: Boxes, classes: Classes, squares: Pixels, *, steps: int, seed: int,
                 start: Reader | None = None, rate: float = 3e-3) -> Reader:  # fmt: skip
    """Train on rendered pictures, and on squares [n, READER_SIDE, READER_SIDE, 3] of photos that show none."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = start or Reader()
    weight = torch.ones(len(CLASSES))
    weight[[_RELIGIOUS, _RELIGIOUS + 1]] = 1.5  # the mistakes that hurt: faith, and signs against hate
    loss_of = nn.CrossEntropyLoss(weight, label_smoothing=0.03)
    photos = _BATCH // 6 if len(squares) else 0

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        picked = rng.integers(len(pixels), size=_BATCH - photos)
        crops = [jittered(pixels[i], boxes[i], rng) for i in picked]
        wanted = [*classes[picked], *[_OTHER] * photos]
        crops += [squares[i] for i in rng.integers(len(squares), size=photos)] if photos else []
        flipped = [
            c[:, ::-1] if rng.random() < (0.1 if k == 2 else 0.5) else c for c, k in zip(crops, wanted, strict=True)
        ]
        return _planes([recoloured(c, rng) for c in flipped]), torch.tensor(wanted)

    def step() -> torch.Tensor:
        planes, wanted = batch()
        loss: torch.Tensor = loss_of(model(planes), wanted)
        return loss

    _fit(model, step, steps=steps, rate=rate)
    return model


def train_finder(pixels: Pixels, boxes: Boxes, classes: Classes, photos: Pixels, *, steps: int, seed: int) -> Finder:
    """Train on rendered pictures, and on photos [n, FINDER_SIDE, FINDER_SIDE, 3] that show none."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Finder()
    small = np.stack([cv2.resize(p, (FINDER_SIDE, FINDER_SIDE), interpolation=cv2.INTER_AREA) for p in pixels])
    boxes = boxes * np.float32(FINDER_SIDE / SIDE)
    wanted = classes < _OTHER  # twins of the same shape too: the reader tells them apart
    share = _BATCH // 4 if len(photos) else 0

    def step() -> torch.Tensor:
        picked = rng.integers(len(small), size=_BATCH - share)
        shown, targets = [], []
        for i in picked:
            one, box = small[i], boxes[i]
            if rng.random() < 0.5:
                one, box = one[:, ::-1], np.array([FINDER_SIDE - box[2], box[1], FINDER_SIDE - box[0], box[3]])
            shown.append(recoloured(one, rng))
            targets.append(target(box if wanted[i] else None))
        for i in rng.integers(len(photos), size=share) if share else []:
            shown.append(recoloured(photos[i], rng))
            targets.append(target(None))
        return finder_loss(model(_planes(shown)), torch.from_numpy(np.stack(targets)))

    _fit(model, step, steps=steps, rate=4e-3)
    return model


def target(box: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Give what the finder should say: likelihood, offsets, sizes, and where sizes count [6, cells, cells]."""
    cells = FINDER_SIDE // STRIDE
    out = np.zeros((6, cells, cells), np.float32)
    if box is None:
        return out
    x, y = (box[0] + box[2]) / 2 / STRIDE, (box[1] + box[3]) / 2 / STRIDE
    wide, high = max(float(box[2] - box[0]), 4.0), max(float(box[3] - box[1]), 4.0)
    column, row = min(max(int(x), 0), cells - 1), min(max(int(y), 0), cells - 1)
    yy, xx = np.mgrid[0:cells, 0:cells]
    spread = max(0.6, max(wide, high) / STRIDE / 8)
    out[0] = np.exp(-((xx - column) ** 2 + (yy - row) ** 2) / (2 * spread**2))
    out[1], out[2] = x - xx - 0.5, y - yy - 0.5
    out[3], out[4] = np.log2(wide / 32), np.log2(high / 32)
    out[5] = (abs(xx - column) <= 1) & (abs(yy - row) <= 1)
    return out


def finder_loss(maps: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Penalty-reduced focal loss of the likelihood (Law and Deng 2018), and L1 of offsets and sizes near middles."""
    logit, truth, near = maps[:, 0], wanted[:, 0], wanted[:, 5:]
    p = torch.sigmoid(logit)
    at = truth > 0.999
    hit = (1 - p) ** 2 * nn.functional.softplus(-logit) * at
    miss = (1 - truth) ** 4 * p**2 * nn.functional.softplus(logit) * ~at
    count = at.sum().clamp(min=1)
    place = ((maps[:, 1:5] - wanted[:, 1:5]).abs() * near).sum() / near.sum().clamp(min=1)
    return (hit.sum() + miss.sum()) / count + 0.3 * place


def _planes(pictures: list[Pixels]) -> torch.Tensor:
    return (
        torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
    )


def _fit(model: nn.Module, step: Callable[[], torch.Tensor], *, steps: int, rate: float) -> None:
    """Run steps, the rate rising and then falling."""
    model.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3)
    for done in range(steps):
        share = done / steps
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, share / 0.08) * (0.5 + 0.5 * np.cos(np.pi * share)) + 1e-6
        optimiser.zero_grad()
        step().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    model.eval()
