"""Can drawings be told from photographs by their surface? Measured, not shipped: see quality/pictures.md.

Drawings are made by the code below, so what is said of them is synthetic. Photographs turned into cartoons by filters
are not learnt from; they are a harder test. `python -m training.vision.drawn [MEDIA]`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evenhand.domain import ImagePart
from evenhand.fairness.intervals import wilson
from evenhand.inference.pictures import fitted

Pixels = NDArray[np.uint8]
Rng = np.random.Generator
MEDIA = Path(__file__).parents[3] / "shared" / "data" / "media"
PHOTOS = {"image/guns": 5, "image/fire_smoke": 12, "image/neutral": 1, "neardup/image": 4}  # every so-manieth
COUNT = 120  # drawings in each half
SIDE = 384  # px of the longer side that is measured
NAMES = ("flat", "smooth", "common colours", "distinct colours", "noise", "sharp edges")
STEPS, RIDGE = 60, 1.0


def drawing(rng: Rng) -> Pixels:
    """Draw a picture: a ground, closed shapes with outlines, in flat or shaded colours, and lines of strokes."""
    size = int(rng.integers(240, 640))
    out = np.empty((size, int(size * rng.uniform(0.6, 1.6)), 3), np.uint8)
    high, wide = out.shape[:2]
    first, last = _colour(rng), _colour(rng)
    if rng.random() < 0.6:
        out[:] = first
    else:  # a slope from one colour to another
        way = np.linspace(0, 1, high)[:, None, None]
        out[:] = (first * (1 - way) + last * way).astype(np.uint8)
    outline = rng.random() < 0.7
    for _ in range(int(rng.integers(3, 40))):
        shape = _blob(rng, wide, high)
        colour = _colour(rng)
        cv2.fillPoly(out, [shape], colour.tolist(), cv2.LINE_AA)
        if rng.random() < 0.5:  # the shaded side
            mask = np.zeros((high, wide), np.uint8)
            cv2.fillPoly(mask, [shape], 255)
            moved = np.roll(mask, (int(rng.integers(-40, 40)), int(rng.integers(-40, 40))), (0, 1))
            shade = (mask > 0) & (moved == 0)
            if rng.random() < 0.3:  # airbrushed
                soft = cv2.GaussianBlur(shade.astype(np.float32), (0, 0), float(rng.uniform(3, 20)))[:, :, None]
                soft = soft * (mask > 0)[:, :, None]
                out[:] = (out * (1 - soft * 0.4)).astype(np.uint8)
            else:
                out[shade] = (out[shade] * 0.75).astype(np.uint8)
        if outline:
            cv2.polylines(out, [shape], True, (25, 20, 20), int(rng.integers(1, 5)), cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 60))):  # hair, hatching, letters
        a, b = rng.integers(0, [wide, high], (2, 2)).tolist()
        cv2.line(out, a, [(a[0] + b[0]) // 2, (a[1] + b[1]) // 2], _colour(rng).tolist(), int(rng.integers(1, 4)), 16)
    return out


def _colour(rng: Rng) -> NDArray[np.int64]:
    return np.asarray(rng.integers(0, 256, 3))


def _blob(rng: Rng, wide: int, high: int) -> NDArray[np.int32]:
    """Give a smooth closed line around some middle: int32 [n, 2]."""
    turn = np.linspace(0, 2 * np.pi, 90)
    reach = float(np.exp(rng.uniform(np.log(0.02), np.log(0.4)))) * min(wide, high)
    waves = sum(rng.uniform(-0.25, 0.25) * np.cos(k * turn + rng.uniform(0, 6.3)) for k in range(2, 7))
    radius = reach * (1 + waves)
    x, y = rng.uniform(0, wide), rng.uniform(0, high)
    flat = rng.uniform(0.3, 1.0)
    return np.stack([x + radius * np.cos(turn), y + flat * radius * np.sin(turn)], 1).astype(np.int32)


def cartoon(photo: Pixels) -> Pixels:
    """Turn a photograph into something like a comic: smoothed, in few tones, with dark edges."""
    smooth = photo
    for _ in range(2):
        smooth = np.asarray(cv2.bilateralFilter(smooth, 9, 40, 9), np.uint8)
    tones = (smooth // 24 * 24 + 12).astype(np.uint8)
    grey = cv2.medianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), 7)
    edges = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 4)
    tones[edges == 0] = 20
    return tones


def worn(rng: Rng, pixels: Pixels) -> Pixels:
    """Save as JPEG, shrink or blur, as pictures are passed on."""
    image = Image.fromarray(pixels)
    if rng.random() < 0.5:
        factor = float(rng.uniform(0.4, 1.0))
        image = image.resize((max(16, int(image.width * factor)), max(16, int(image.height * factor))))
    if rng.random() < 0.75:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(rng.integers(35, 96)))
        image = Image.open(file)
    return np.asarray(image.convert("RGB"))


def measures(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Measure a picture's surface.

    Args:
        pixels: uint8 [height, width, 3], RGB, SIDE on its longer side.

    Returns:
        float32 [6], as NAMES has them: the shares of places that vary by less than 1 and 3 of 255 around them, the
        share of the 16 commonest of 4,096 colours, the logarithm of the count of such colours, the logarithm of the
        median variation, the share of strong steps among all that are seen.
    """
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.float32)
    mean, square = cv2.blur(grey, (3, 3)), cv2.blur(grey * grey, (3, 3))
    varies = np.sqrt(np.maximum(square - mean * mean, 0))
    coarse = (pixels >> 4).astype(np.int64)
    counts = np.bincount((coarse[:, :, 0] << 8 | coarse[:, :, 1] << 4 | coarse[:, :, 2]).ravel(), minlength=4096)
    ranked = np.sort(counts)[::-1]
    step = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 4
    seen = max(int((step > 4).sum()), 1)
    return np.array(
        [
            (varies < 1).mean(),
            (varies < 3).mean(),
            ranked[:16].sum() / grey.size,
            np.log1p((counts > 0).sum()),
            np.log1p(np.median(varies)),
            (step > 30).sum() / seen,
        ],
        np.float32,
    )


def measured(pixels: Pixels) -> NDArray[np.float32]:
    """Measure a picture at one size."""
    return measures(fitted(ImagePart(image=Image.fromarray(pixels)), SIDE))


def photos(media: Path) -> Iterator[tuple[str, int, Pixels]]:
    """Give photographs: folder, which half they belong to, pixels of at most 640 px. Neighbours are in one half."""
    for folder, step in PHOTOS.items():
        paths = sorted(p for p in (media / folder).rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})[::step]
        for place, path in enumerate(paths):
            image = Image.open(path).convert("RGB")
            image.thumbnail((640, 640))
            yield folder, int(place >= len(paths) / 2), np.asarray(image)


def fit(rows: NDArray[Any], truth: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """Fit a logistic line by Newton's method, with a ridge: weights and bias."""
    x = np.hstack([rows, np.ones((len(rows), 1))])
    at, ridge = np.zeros(x.shape[1]), np.diag([RIDGE] * rows.shape[1] + [1e-6])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ at, -30, 30)))
        at = at - np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + ridge, x.T @ (p - truth) + ridge @ at)
    return at[:-1], float(at[-1])


def main() -> None:
    """Fit on the first half, measure on the second."""
    media = Path(sys.argv[1]) if len(sys.argv) > 1 else MEDIA
    rng = np.random.default_rng(11)
    found: list[tuple[str, int, NDArray[np.float32]]] = []
    for folder, half, pixels in photos(media):
        found.append((folder, half, measured(worn(rng, pixels))))
        if half and folder == "image/guns":
            found.append(("cartoons", 1, measured(worn(rng, cartoon(pixels)))))
    for half in (0, 1):
        found += [("drawings", half, measured(worn(rng, drawing(rng)))) for _ in range(COUNT)]
    learnt = [(row, kind == "drawings") for kind, half, row in found if half == 0]
    rows, truth = np.stack([row for row, _ in learnt]), np.array([t for _, t in learnt], float)
    means, scales = rows.mean(axis=0), rows.std(axis=0)
    weights, bias = fit((rows - means) / scales, truth)
    for name, numbers in (("_MEANS", means), ("_SCALES", scales), ("_WEIGHTS", weights)):
        print(f"{name} = ({', '.join(f'{value:.4g}' for value in numbers)})")
    print(f"_BIAS = {bias:.4g}  # {', '.join(NAMES)}\n")
    print("| held back | n | called drawn at .5 | at .8 |\n|---|---|---|---|")
    for kind in [*PHOTOS, "drawings", "cartoons"]:
        own = np.array([((row - means) / scales) @ weights + bias for k, half, row in found if k == kind and half])
        cells = []
        for logit in (0.0, np.log(4)):
            low, high = wilson(int((own > logit).sum()), len(own)) or (0.0, 1.0)
            cells.append(f"{(own > logit).mean():.1%} ({low:.1%}-{high:.1%})")
        print(f"| {kind} | {len(own)} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
