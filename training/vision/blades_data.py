"""What the blade head learns from: drawn blades and twins on photos, and photos as they are, as means of lite0's map.

A row is the mean of lite0's coarse map over one of ten windows: the whole picture, and nine squares of half its side.
The head is linear, so at run time the same numbers come from a convolution and ten means of its output.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.vision import blades_scenes, blades_shapes, blades_twins, weapons_data
from training.vision.checks import session
from training.vision.graph import Floats, f32
from training.vision.reference import Pixels
from training.vision.weapons_data import SIDE, Shown, square

CELLS = SIDE // 32  # a side of the coarse map
HALF = CELLS // 2
STARTS = range(0, HALF + 1, HALF // 2)
WINDOWS = ((0, 0, CELLS), *((y, x, HALF) for y in STARTS for x in STARTS))  # row, column, side, in cells
GROUNDS = ("image/neutral", "image/ocr", "image/qr", "neardup/image", "image/fire_smoke", "video/neutral",
           "video/fight_surv", weapons_data.FREE)  # fmt: skip
_COVERED = 0.7  # share of a blade's pixels that a window must hold to be learnt from as a blade
_AREA = 0.03  # and share of the window that they must fill
_TABLE = 0.3  # share of drawn pictures on a plain ground in place of the photo
_COPIES = 3  # drawn pictures of each kind (blade, twin) a ground


@dataclass(slots=True)
class Rows:
    """Windows, picture by picture."""

    means: list[Floats] = field(default_factory=list)  # [10, 1280] each
    cover: list[Floats] = field(default_factory=list)  # [10]: share of the blade's pixels in each window; 0 without one
    filled: list[Floats] = field(default_factory=list)  # [10]: share of the window that the blade fills
    kinds: list[str] = field(default_factory=list)  # "photo", or the kind of what was drawn
    folders: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)

    def learnable(self) -> NDArray[np.bool_]:
        """[n, 10]: windows in which a blade can be seen."""
        return (np.stack(self.cover) >= _COVERED) & (np.stack(self.filled) >= _AREA)


def grounds(media: Path) -> Iterator[tuple[str, Shown]]:
    """(folder, picture) of everything harmless or with guns, and the parts of gun photos without guns."""
    for folder, shown in weapons_data.photos(media):
        yield folder, shown
        free = weapons_data.gun_free(shown)
        if free:
            yield weapons_data.FREE, free


def keep(media: Path, package: Path, *, most: int = 700) -> Rows:
    """Look at every photo, and at drawn blades and twins on at most so many grounds (about 5 minutes)."""
    model, rng, rows = session(package / "lite0.onnx"), np.random.default_rng(11), Rows()
    everything = list(grounds(media))
    embeddings = np.concatenate(
        [model.run(["embedding"], {"pixels": square(s.pixels, weapons_data.EMBED_SIDE)})[0] for _, s in everything]
    )
    unit = f32(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))
    folders = np.array([folder for folder, _ in everything])
    groups = weapons_data.groups(unit, folders, [shown.name for _, shown in everything])

    def add(pixels: Pixels, thing: NDArray[np.uint8] | None, kind: str, folder: str, group: str) -> None:
        coarse = model.run(["coarse"], {"pixels": square(pixels, SIDE)})[0][0]
        rows.means.append(f32([coarse[:, y : y + s, x : x + s].mean((1, 2)) for y, x, s in WINDOWS]))
        cells = (
            np.zeros((CELLS, CELLS))
            if thing is None
            else cv2.resize(thing / 255, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        )
        total = max(float(cells.sum()), 1e-9)
        inside = np.array([cells[y : y + s, x : x + s].sum() for y, x, s in WINDOWS])
        rows.cover.append(f32(inside / total))
        rows.filled.append(f32(inside / [s * s for _, _, s in WINDOWS]))
        rows.kinds.append(kind)
        rows.folders.append(folder)
        rows.groups.append(group)
        rows.splits.append(weapons_data.split_of(group))

    usable = [i for i, folder in enumerate(folders) if folder in GROUNDS]
    drawn_on = set(rng.permutation(usable)[:most].tolist())
    blades, twins = (blades_shapes.LEARNT, blades_shapes.UNSEEN), (blades_twins.LEARNT, blades_twins.UNSEEN)
    for i, ((folder, shown), group) in enumerate(zip(everything, groups, strict=True)):
        add(shown.pixels, None, "photo", folder, group)
        if i not in drawn_on:
            continue
        photo, learnt = blades_scenes.shrunk(shown.pixels), weapons_data.split_of(group) == "train"
        for copy in range(_COPIES):
            ground = blades_scenes.table(photo.shape, rng) if rng.random() < _TABLE else photo
            unseen = not learnt and copy == _COPIES - 1
            kind = str(rng.choice(sorted(blades[unseen])))
            canvas = blades_shapes.draw(kind, rng)
            pixels, thing = blades_scenes.place(canvas, ground, rng, hand=rng.random() < 0.45)
            canvas[330:, :, 3] = 0  # what counts as seen is the blade, not its handle
            add(pixels, thing, kind, folder, group)
            kind = str(rng.choice(sorted(twins[unseen])))
            add(
                blades_scenes.place(blades_twins.draw(kind, rng), ground, rng, hand=rng.random() < 0.45)[0],
                None,
                kind,
                folder,
                group,
            )
    return rows
