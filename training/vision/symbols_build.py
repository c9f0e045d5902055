"""Rebuild ``symbol-finder`` and ``symbol-reader``: ``python -m training.vision.symbols_build`` (needs torch).

Everything follows from seeds and from the optional pictures (``--media``): rows are rendered, the finder and the
reader are trained, the reader once more with what the finder took for a symbol in harmless photos, and the reader's
scores are calibrated on rows and photos that neither has seen. ``python -m tests.quality.test_symbols`` measures.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from evenhand.detectors.symbol import INDICES, SHAPES
from evenhand.detectors.symbol_places import LEVELS, best, levels, places, square
from evenhand.domain import ImagePart
from evenhand.inference.pictures import working_array
from training.vision import symbols_train
from training.vision.symbols_card import write_cards
from training.vision.symbols_data import arrays, rows
from training.vision.symbols_networks import FINDER_SIDE, READER_SIDE, exported
from training.vision.symbols_scenes import Backgrounds, Pixels

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "models" / "vision" / "src" / "evenhand_models_vision"
MEDIA = ROOT.parent / "shared" / "data" / "media"
ROWS, CALIBRATION_ROWS = 12_000, 3_000
FINDER_STEPS, READER_STEPS, AGAIN_STEPS = 1_100, 1_000, 500
FOLDERS = (
    "image/guns", "image/guns_basegun", "image/fire_smoke", "image/neutral", "image/qr", "image/ocr", "neardup/image",
)  # fmt: skip
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_LEARNT = {"image/guns", "image/ocr"}  # of the others, only those that rows are drawn on are learnt from
_MOST_TWINS, _MOST_PHOTOS = 0.004, 0.003  # false alarms at .5 that calibration allows a shape, as shares
Use = Literal["train", "calibrate", "test"]


def harmless(media: Path, use: Use) -> list[Path]:
    """Give the harmless photos of a use; a photo has one use, by its name."""
    drawn_on = Backgrounds.names("train")
    out = []
    for folder in FOLDERS:
        for path in sorted((media / folder).rglob("*")):
            if path.suffix.lower() not in _SUFFIXES:
                continue
            digest = zlib.crc32(path.stem.encode())
            own: Use = "test" if digest % 2 else "calibrate"
            if str(path.relative_to(media)) in drawn_on or (folder in _LEARNT and digest % 2 == 0):
                own = "calibrate" if digest % 10 == 4 else "train"
            if use == own:
                out.append(path)
    return out


def read(path: Path) -> Pixels:
    """Give a photo as RGB."""
    return np.asarray(Image.open(path).convert("RGB"), np.uint8)


def pieces(photos: list[Path]) -> tuple[Pixels, Pixels]:
    """Give squares of photos as the finder and as the reader would be shown them, at random places."""
    rng, small, squares = np.random.default_rng(5), [], []
    for path in photos:
        pixels = read(path)
        high, wide = pixels.shape[:2]
        for side in (LEVELS[0], LEVELS[0], LEVELS[0], *LEVELS[1:]):
            scale = side / max(high, wide)
            size = (max(8, round(wide * scale)), max(8, round(high * scale)))
            one = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
            edges = (0, max(0, FINDER_SIDE - size[1]), 0, max(0, FINDER_SIDE - size[0]))
            one = cv2.copyMakeBorder(one, *edges, cv2.BORDER_REPLICATE)
            y, x = (int(rng.integers(n - FINDER_SIDE + 1)) for n in one.shape[:2])
            small.append(one[y : y + FINDER_SIDE, x : x + FINDER_SIDE])
        for _ in range(4):
            side_px = float(np.exp(rng.uniform(np.log(16), np.log(max(17, min(high, wide))))))
            squares.append(square(pixels, centre=(rng.uniform(0, wide), rng.uniform(0, high)), side=side_px / 1.6))
    return np.stack(small), np.stack(squares)


def mined(finder: onnx.ModelProto, photos: list[Path]) -> Iterator[tuple[Path, Pixels]]:
    """Give the squares of photos that the finder wants read."""
    session = ort.InferenceSession(finder.SerializeToString(), providers=["CPUExecutionProvider"])
    for path in photos:
        part = ImagePart(image=Image.open(path).convert("RGB"))
        found = []
        for scale, pixels in levels(part):
            found += places(session.run(None, {"pixels": pixels[None]})[0][0], scale=scale)
        for place in best(found):
            x0, y0, x1, y1 = place.box
            centre = ((x0 + x1) / 2, (y0 + y1) / 2)
            yield path, square(working_array(part), centre=centre, side=max(x1 - x0, y1 - y0))


def margins(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give each shape's log-odds against all that is no symbol of hate [n, shapes]."""
    rest = np.logaddexp.reduce(np.delete(logits, INDICES, axis=1).astype(np.float64), axis=1, keepdims=True)
    return np.asarray(logits[:, list(INDICES)] - rest, np.float64)


def calibrated(scored: NDArray[np.float64], classes: NDArray[np.int64], photos: NDArray[np.float64], count: int,
               ) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Fit Platt constants for each shape, then move them down until few twins and fewer photos reach .5.

    Args:
        scored: margins of rows [n, shapes].
        classes: of the rows [n].
        photos: margins of places in photos [m, shapes].
        count: photos looked at.
    """
    out = {}
    twins = scored[~np.isin(classes, INDICES)]
    for index, (name, output) in enumerate(zip(SHAPES, INDICES, strict=True)):
        own = scored[classes == output, index]
        none = np.concatenate([twins[:, index], photos[:, index]])
        x, y = np.concatenate([own, none])[:, None], np.repeat([1, 0], [len(own), len(none)])
        platt = LogisticRegression(C=1e4).fit(x, y)
        a, b = float(platt.coef_[0, 0]), float(platt.intercept_[0])
        spare = int(_MOST_TWINS * len(twins)), int(_MOST_PHOTOS * count)
        tops = [np.sort(v)[::-1] for v in (twins[:, index], photos[:, index])]
        least = max(float(top[min(k, len(top) - 1)]) for top, k in zip(tops, spare, strict=True))
        b = min(b, -a * (least + 0.05))
        out[name] = {"method": "platt", "a": round(a, 4), "b": round(b, 4), "on": "log-odds against harmless classes"}
    return out


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m training.vision.symbols_build", description=__doc__)
    parser.add_argument("--package", type=Path, default=PACKAGE, help="folder to write to")
    parser.add_argument("--media", type=Path, default=MEDIA, help="harmless pictures")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    drawn = arrays(rows(range(ROWS), split="train", media=arguments.media))
    photos = harmless(arguments.media, "train")
    small, squares = pieces(photos)
    finder = symbols_train.train_finder(*drawn, small, steps=FINDER_STEPS, seed=1)
    reader = symbols_train.train_reader(*drawn, squares, steps=READER_STEPS, seed=1)
    looking = exported(finder, name="symbol-finder")
    hard = [one for _, one in mined(looking, photos)]
    squares = np.concatenate([squares, *([np.stack(hard)] * 3 if hard else [])])
    reader = symbols_train.train_reader(*drawn, squares, steps=AGAIN_STEPS, seed=2, start=reader, rate=2e-3)
    write(looking, exported(reader, name="symbol-reader"), package=arguments.package, media=arguments.media)


def write(looking: onnx.ModelProto, reading: onnx.ModelProto, *, package: Path, media: Path) -> None:
    """Calibrate the reader, and write both models and their cards."""
    session = ort.InferenceSession(reading.SerializeToString(), providers=["CPUExecutionProvider"])
    pixels, boxes, classes = arrays(rows(range(ROWS, ROWS + CALIBRATION_ROWS), split="train", media=media))
    rng = np.random.default_rng(9)
    crops = np.stack([symbols_train.jittered(p, b, rng) for p, b in zip(pixels, boxes, strict=True)])
    quiet = harmless(media, "calibrate")
    places_ = [one for _, one in mined(looking, quiet)] or [np.zeros((READER_SIDE, READER_SIDE, 3), np.uint8)]
    of_rows, of_photos = (margins(_logits(session, c)) for c in (crops, np.stack(places_)))
    constants = calibrated(of_rows, classes, of_photos, len(quiet))
    for name, model in (("symbol-finder", looking), ("symbol-reader", reading)):
        onnx.save(model, package / f"{name}.onnx")
    write_cards(package, constants, rows=ROWS, photos=len(harmless(media, "train")))


def _logits(session: Any, crops: Pixels) -> NDArray[np.float32]:
    found = [session.run(None, {"pixels": crops[i : i + 64]})[0] for i in range(0, len(crops), 64)]
    return np.concatenate(found)


if __name__ == "__main__":
    main()
