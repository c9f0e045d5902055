"""Teaches a custom class of pictures from examples. What is kept: one head, some figures, and no picture."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors.face_share import MOST_FACE, FaceShare
from evenhand.detectors.likeness_enrol import open_picture
from evenhand.domain import TAXONOMY, ImagePart, JsonValue, PictureClass, is_label, is_under
from evenhand.errors import InputError, LibraryError
from evenhand.fairness import refuse_label
from evenhand.fairness.intervals import wilson
from evenhand.inference.pictures import resized
from evenhand.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evenhand.inference.general import GeneralEmbedder

LEAST, MOST = 8, 2_000  # examples on one side; under eight nothing can be said about how well it works
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_CENTRE = 0.7  # of each side, of the second view of an example
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A class and what came of its examples."""

    picture_class: PictureClass
    left_out: tuple[tuple[str, str], ...]  # file name, why


def train(
    name: str,
    positives: Sequence[Path],
    *,
    against: Sequence[Path] = (),
    label: str | None = None,
    settings: Settings | None = None,
) -> Trained:
    """Teach a class.

    Args:
        name: 2 to 40 lower-case letters, digits and '_'.
        positives: pictures of it, 8 to 2,000.
        against: pictures that it should not be taken for, besides the 512 ordinary ones that ship.
        label: of its findings, below a top-level label of the taxonomy; None: "known.<name>".
        settings: limits on size; None: the defaults and the environment.

    Raises:
        RefusedLabelError: name or label ask for a protected attribute or an identity.
        LibraryError: name or label cannot be used, or there are too few or too many pictures that can.
        ModelError: weights are missing or not what their cards describe.
    """
    from evenhand.inference.fewshot import fit, groups
    from evenhand.inference.general import GeneralEmbedder
    from evenhand.inference.space import PictureSpace

    label = checked_label(name, label)
    settings = settings or Settings()
    for side in (positives, against):
        if len(side) > MOST:
            raise LibraryError(f"class {name}: {len(side)} pictures, at most {MOST} are read; choose some")
    embedder, faces = GeneralEmbedder(threads=settings.threads), FaceShare(threads=settings.threads)
    left_out = list[tuple[str, str]]()
    own = [_views(part, embedder) for part in _usable(positives, settings, faces, left_out)]
    if len(own) < LEAST:
        whys = "; ".join(sorted({why for _, why in left_out})[:2])
        raise LibraryError(
            f"class {name}: {len(own)} usable examples, at least {LEAST} are needed" + (f" ({whys})" if whys else "")
        )
    given = [embedder.of(part) for part in _usable(against, settings, None, left_out)]
    ordinary = PictureSpace().background()
    head = fit(own, np.concatenate([ordinary, np.stack(given)]) if given else ordinary)
    distinct = int(groups(np.stack([views[0] for views in own])).max()) + 1
    quality: dict[str, JsonValue] = {
        "examples": len(own),
        "distinct": distinct,
        "against": len(given),
        "ordinary": len(ordinary),
        "found": _share(head.positives >= 0.5),
        "false_alarms_ordinary": _share(head.negatives[: len(ordinary)] >= 0.5),
        "false_alarms_against": _share(head.negatives[len(ordinary) :] >= 0.5) if given else None,
        "auc": round(float((head.positives[:, None] > head.negatives[None]).mean()), 4),
    }
    weights = head.weights.astype("<f4").tobytes()
    told = json.dumps([name, label, embedder.version]).encode()
    made = PictureClass(
        name=name,
        label=label,
        version=hashlib.sha256(told + weights).hexdigest()[:12],
        space=embedder.version,
        weights=weights,
        quality=quality,
        created_at=datetime.now(UTC),
    )
    return Trained(picture_class=made, left_out=tuple(left_out))


def checked_label(name: str, label: str | None) -> str:
    """Check the name of a class, and give the label of its findings.

    Raises:
        RefusedLabelError: one of them asks for a protected attribute or an identity.
        LibraryError: one of them cannot be used.
    """
    refuse_label(name, where="class name")
    if not _NAME.fullmatch(name):
        raise LibraryError("the name of a class is 2 to 40 lower-case letters, digits and '_', a letter first")
    label = label or f"known.{name}"
    refuse_label(label)
    top, _, below = label.partition(".")
    if top not in TAXONOMY or not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+){0,3}", below):
        raise LibraryError(
            f"label {label[:60]!r} is not below a top-level label (docs/reference/labels.md): ads.{name}"
        )
    if top == "face" or (top == "known" and is_label(label)) or is_under(label, "known.white"):
        # A class is a likelihood. It may not allow anything, nor pass for a match with a library.
        raise LibraryError(
            f"label {label!r} is not for classes: choose one below another top-level label, or known.{name}"
        )
    return label


def pictures_in(folder: Path) -> list[Path]:
    """List the pictures of a folder and its subfolders, by name.

    Raises:
        InputError: it is no folder, or holds none.
    """
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
    if not found:
        raise InputError(f"{folder} is no folder with pictures; give a folder of at least {LEAST}")
    return found


def _usable(
    paths: Sequence[Path], settings: Settings, faces: FaceShare | None, left_out: list[tuple[str, str]]
) -> list[ImagePart]:
    """Open pictures; those that cannot be used are noted. Only small forms of them are kept in memory."""
    parts = []
    for path in paths:
        try:
            part = open_picture(path, settings)
        except InputError as error:
            left_out.append((path.name, error.message))
            continue
        if faces is not None and faces.of(part) > MOST_FACE:
            left_out.append((path.name, "mostly a face: a class taught on faces would tell who or what a person is"))
            continue
        parts.append(_small(part))
    return parts


def _small(part: ImagePart) -> ImagePart:
    from PIL import Image

    return ImagePart(image=Image.fromarray(np.array(resized(part, 320, 320))))


def _views(part: ImagePart, embedder: GeneralEmbedder) -> NDArray[np.float32]:
    """Embed an example, its mirror image and its centre: three views are worth more than one."""
    rgb = np.asarray(part.image)
    edge = round(len(rgb) * (1 - _CENTRE) / 2)
    return embedder.embeddings([rgb, np.ascontiguousarray(rgb[:, ::-1]), rgb[edge:-edge, edge:-edge]])


def _share(hits: NDArray[np.bool_]) -> dict[str, JsonValue]:
    low, high = wilson(int(hits.sum()), len(hits)) or (0.0, 1.0)
    return {"count": int(hits.sum()), "of": len(hits), "low": round(low, 4), "high": round(high, 4)}
