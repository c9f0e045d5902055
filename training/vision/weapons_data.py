"""Pictures that the gun finder learns from and is judged on, and lite0's maps of them, kept on disk.

Photos are split by group: pictures whose lite0 embeddings are close (near-duplicates, frames of one recording) share a
group, and a group is wholly in one split. Beside the photos stand *gun-free crops* of the same photos, the largest part
beside all boxes, so that "a shooting range" does not come to mean "a gun"; and drawn look-alikes, which are synthetic.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.vision import weapons_lookalikes
from training.vision.checks import session
from training.vision.graph import Floats, f32
from training.vision.reference import Pixels

SIDE = 256  # px; what lite0 is shown, the picture squeezed
EMBED_SIDE = 224
HARMLESS = ("image/neutral", "image/qr", "image/ocr", "neardup/image", "image/fire_smoke")
VIDEOS = ("video/fight_surv", "video/neutral")
FREE, LOOKALIKE = "gun-free crop", "look-alike (synthetic)"
SPLITS = (("train", 0.65), ("calibrate", 0.15), ("test", 0.2))
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_ALIKE = {"video/fight_surv": 0.85, "image/fire_smoke": 0.85}  # cosine from which two pictures are one group
_ALIKE_PHOTOS = 0.92
_FREE_SIDE = 0.35  # least share of a side that a gun-free crop keeps
_MARGIN = 0.02


@dataclass(slots=True, kw_only=True)
class Shown:
    """One picture as lite0 is shown it."""

    name: str  # path under the media folder, and "#frame" for a video
    source: str  # folder, or "gun-free crop", "look-alike (synthetic)"
    pixels: Pixels
    boxes: Floats = field(default_factory=lambda: f32(np.zeros((0, 4))))  # x0, y0, x1, y1, fractions
    unsure: bool = False  # shows a gun that no box tells of: counts for the picture's score only


def photos(media: Path) -> Iterator[tuple[str, Shown]]:
    """(folder, picture) of everything, whole and unaltered."""
    for path in sorted((media / "image/guns").rglob("*.jpg")):
        name = str(path.relative_to(media))
        text = Path(str(path.with_suffix(".txt")).replace("/images/", "/labels/"))
        rows = [line.split() for line in text.read_text("utf-8").splitlines()] if text.is_file() else []
        boxes = corners(f32([[float(value) for value in row[1:]] for row in rows if len(row) == 5]))
        yield "image/guns", Shown(name=name, source="image/guns", pixels=read_rgb(path), boxes=boxes, unsure=not rows)
    for path in sorted((media / "image/guns_basegun").glob("*.jpg")):
        yield (
            "image/guns_basegun",
            Shown(name=str(path.relative_to(media)), source="image/guns_basegun", pixels=read_rgb(path), unsure=True),
        )
    for folder in HARMLESS:
        for path in sorted(entry for entry in (media / folder).rglob("*") if entry.suffix.lower() in _SUFFIXES):
            yield folder, Shown(name=str(path.relative_to(media)), source=folder, pixels=read_rgb(path))
    for folder in VIDEOS:
        for path in sorted(entry for entry in (media / folder).rglob("*") if entry.suffix in {".mp4", ".mkv"}):
            for number, frame in enumerate(frames(path, count=4)):
                yield folder, Shown(name=f"{path.relative_to(media)}#{number}", source=folder, pixels=frame)


def read_rgb(path: Path) -> Pixels:
    """A photo as RGB.

    Raises:
        FileNotFoundError: it is missing or cannot be read.
    """
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(f"{path.name} cannot be read")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def frames(path: Path, *, count: int) -> Iterator[Pixels]:
    """So many frames of a video, evenly spread."""
    video = cv2.VideoCapture(str(path))
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = {int((i + 0.5) * total / count) for i in range(count)}
    for index in range(total):
        if not video.grab():
            break
        if index in wanted:
            good, frame = video.retrieve()
            if good:
                yield np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)


def corners(rows: Floats) -> Floats:
    """Centre, size to corners, clipped to the picture; [n, 4]."""
    if not rows.size:
        return f32(np.zeros((0, 4)))
    half = rows[:, 2:] / 2
    return f32(np.clip(np.hstack([rows[:, :2] - half, rows[:, :2] + half]), 0, 1))


def gun_free(shown: Shown) -> Shown | None:
    """The largest part of a photo beside all its boxes, or None where none is large enough."""
    if shown.unsure or not len(shown.boxes):
        return None
    x0, y0 = shown.boxes[:, :2].min(0) - _MARGIN
    x1, y1 = shown.boxes[:, 2:].max(0) + _MARGIN
    areas = [(0.0, 0.0, x0, 1.0), (x1, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, y0), (0.0, y1, 1.0, 1.0)]
    area = max(areas, key=lambda a: (a[2] - a[0]) * (a[3] - a[1]))
    if min(area[2] - area[0], area[3] - area[1]) < _FREE_SIDE:
        return None
    high, wide = shown.pixels.shape[:2]
    cut = shown.pixels[int(area[1] * high) : int(area[3] * high), int(area[0] * wide) : int(area[2] * wide)]
    return Shown(name=shown.name, source=FREE, pixels=np.ascontiguousarray(cut))


def altered(shown: Shown, rng: np.random.Generator) -> Shown:
    """A copy turned, zoomed, moved, mirrored and relit; a gun that leaves it by more than 60% loses its box."""
    turn = np.deg2rad(rng.uniform(-12, 12)) if rng.random() < 0.6 else 0.0
    zoom = np.exp(rng.uniform(np.log(0.55), np.log(1.7)))
    scale = np.array([zoom * np.exp(rng.uniform(-0.2, 0.2)), zoom])
    flip = np.diag([-1.0 if rng.random() < 0.5 else 1.0, 1.0])
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag(scale) @ flip
    shift = 0.5 + rng.uniform(-0.22, 0.22, 2) * max(zoom, 1) - linear @ np.array([0.5, 0.5])
    high, wide = shown.pixels.shape[:2]
    to_pixels = np.hstack([linear @ np.diag([1 / wide, 1 / high]), shift[:, None]]) * SIDE
    border = int(rng.choice([cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE], p=[0.5, 0.3, 0.2]))
    if len(shown.boxes) and border == cv2.BORDER_REFLECT_101:
        border = cv2.BORDER_REPLICATE  # a mirrored gun would be a gun without a box
    source = shown.pixels if wide < 2.5 * SIDE else cv2.resize(shown.pixels, (2 * SIDE, 2 * SIDE * high // wide))
    to_pixels[:, 0] *= wide / source.shape[1]
    to_pixels[:, 1] *= high / source.shape[0]
    grey = tuple(int(rng.integers(0, 256)) if rng.random() < 0.5 else 0 for _ in range(1)) * 3
    out = cv2.warpAffine(source, to_pixels, (SIDE, SIDE), flags=cv2.INTER_AREA, borderMode=border, borderValue=grey)
    lit = np.clip(out * rng.uniform(0.7, 1.25, 3).clip(0.75, 1.2) + rng.uniform(-15, 15), 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        lit = np.repeat(cv2.cvtColor(lit, cv2.COLOR_RGB2GRAY)[:, :, None], 3, 2)
    boxes, cut = [], False
    for x0, y0, x1, y1 in shown.boxes:
        points = linear @ np.array([[x0, x1, x1, x0], [y0, y0, y1, y1]]) + shift[:, None]
        low, far = points.min(1), points.max(1)
        inside = np.concatenate([low.clip(0, 1), far.clip(0, 1)])
        seen = float(np.prod(inside[2:] - inside[:2]) / max(np.prod(far - low), 1e-9))
        if seen >= 0.4:
            boxes.append(inside)
        cut |= 0 < seen < 0.4
    return Shown(
        name=shown.name,
        source=shown.source,
        pixels=lit,
        boxes=f32(boxes).reshape(-1, 4),
        unsure=shown.unsure or (cut and not boxes),
    )


def groups(rows: Floats, folders: NDArray[np.str_], names: list[str]) -> list[str]:
    """A group name for each picture; ``rows`` are embeddings of length 1. Frames of one file are one group."""
    parent = list(range(len(rows)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, name in enumerate(names):
        parent[i] = root(first.setdefault(name.partition("#")[0], i))
    for folder in np.unique(folders):
        here = np.flatnonzero(folders == folder)
        alike = rows[here] @ rows[here].T >= _ALIKE.get(str(folder), _ALIKE_PHOTOS)
        for i, j in zip(*np.nonzero(np.triu(alike, 1)), strict=True):
            parent[root(int(here[i]))] = root(int(here[j]))
    return [names[root(i)] for i in range(len(rows))]


def split_of(group: str) -> str:
    """The split of a group, by its hash: the same at every run."""
    share = int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 2**32
    for name, size in SPLITS:
        if share < size:
            return name
        share -= size
    return SPLITS[-1][0]


@dataclass(slots=True)
class Kept:
    """Everything that training and measuring reads, row by row."""

    names: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    copies: list[int] = field(default_factory=list)  # 0: as it is; from 1: altered
    boxes: list[Floats] = field(default_factory=list)
    unsure: list[bool] = field(default_factory=list)
    fine: list[NDArray[np.float16]] = field(default_factory=list)
    coarse: list[NDArray[np.float16]] = field(default_factory=list)
    embeddings: list[Floats] = field(default_factory=list)  # of the picture at 224, not scaled to length 1
    others: list[tuple[str, str, str, Floats]] = field(default_factory=list)  # name, folder, group, embedding; no maps

    def only_embedded(self, shown: Shown, group: str, embedding: Floats) -> None:
        """Keep a frame of many alike without its maps."""
        self.others.append((shown.name, shown.source, group, embedding))


def keep(media: Path, package: Path) -> Kept:
    """Look at every picture once as it is, and at those to train on in altered copies too (about 10 minutes)."""
    model, rng, kept = session(package / "lite0.onnx"), np.random.default_rng(4), Kept()
    everything = list(photos(media))
    embeddings = np.concatenate(
        [model.run(["embedding"], {"pixels": square(shown.pixels, EMBED_SIDE)})[0] for _, shown in everything]
    )
    unit = f32(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))
    names = [shown.name for _, shown in everything]
    of = groups(unit, np.array([folder for folder, _ in everything]), names)

    def add(shown: Shown, group: str, copy: int, embedding: Floats) -> None:
        fine, coarse = model.run(["fine", "coarse"], {"pixels": square(shown.pixels, SIDE)})
        kept.names.append(shown.name)
        kept.sources.append(shown.source)
        kept.groups.append(group)
        kept.splits.append("unseen" if shown.source == "image/guns_basegun" else split_of(group))
        kept.copies.append(copy)
        kept.boxes.append(shown.boxes)
        kept.unsure.append(shown.unsure)
        kept.fine.append(fine[0].astype(np.float16))
        kept.coarse.append(coarse[0].astype(np.float16))
        kept.embeddings.append(embedding)

    for (folder, shown), group, embedding in zip(everything, of, embeddings, strict=True):
        drawn = folder in {"image/neutral", "image/ocr", "image/qr"}
        if folder in _ALIKE and int(hashlib.sha256(shown.name.encode()).hexdigest(), 16) % 3:
            kept.only_embedded(shown, group, embedding)
            continue
        free = gun_free(shown)
        views = [shown, *([free] if free else [])]
        if drawn:
            thing = weapons_lookalikes.on(shown.pixels, rng)
            views.append(Shown(name=shown.name, source=LOOKALIKE, pixels=thing))
        for view in views:
            add(view, group, 0, embedding)
            if split_of(group) == "train" and folder not in {"image/guns_basegun", *_ALIKE}:
                for copy in range(2 if view.source == FREE else 1):
                    add(altered(view, rng), group, copy + 1, embedding)
    return kept


def square(pixels: Pixels, side: int) -> Pixels:
    """The picture squeezed to a square, as a batch of one: [1, side, side, 3]."""
    shrinks = pixels.shape[0] > side or pixels.shape[1] > side
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=how), np.uint8)[None]
