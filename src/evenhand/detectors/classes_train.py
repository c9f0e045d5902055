"""Teaches a custom class of pictures from examples. What is kept: one head, some figures, and no picture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evenhand.decode import decode
from evenhand.detectors.classes_lesson import LEAST, Lesson, Sample, Trained, checked, digest, enough, figures
from evenhand.detectors.face_share import MOST_FACE, FaceShare
from evenhand.detectors.likeness_enrol import open_picture
from evenhand.domain import Content, CustomClass, ImagePart, Medium
from evenhand.errors import InputError
from evenhand.inference.pictures import resized
from evenhand.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evenhand.inference.general import GeneralEmbedder

_CENTRE = 0.7  # of each side, of the second view of an example
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic"})


def train(lesson: Lesson, *, settings: Settings | None = None) -> Trained:
    """Teach a class of pictures, and audit it.

    Args:
        lesson: 8 to 2,000 pictures of it; those that it should not be taken for come besides the 512 ordinary ones
            that ship.
        settings: limits on size; None: the defaults and the environment.

    Raises:
        RefusedLabelError: name or label ask for a protected attribute or an identity.
        LibraryError: name or label cannot be used, or there are too few or too many pictures that can.
        ModelError: weights are missing or not what their cards describe.
    """
    from evenhand.detectors.classes_audit import audit_pictures
    from evenhand.inference.fewshot import fit, groups
    from evenhand.inference.general import GeneralEmbedder
    from evenhand.inference.space import PictureSpace

    label = checked(lesson)
    settings = settings or Settings()
    embedder, faces = GeneralEmbedder(threads=settings.threads), FaceShare(threads=settings.threads)
    left_out = list[tuple[str, str]]()
    own = _usable(lesson.positives, settings, faces, left_out)
    enough(lesson.name, len(own), left_out)
    views = [_views(part, embedder) for _, part in own]
    given = _usable(lesson.against, settings, None, left_out)
    ordinary = PictureSpace().background()
    negatives = np.concatenate([ordinary, *(embedder.of(part)[None] for _, part in given)])
    head = fit(views, negatives)
    learnt = figures(
        head,
        threshold=lesson.threshold,
        own=[sample for sample, _ in own],
        against=[sample for sample, _ in given],
        ordinary=len(ordinary),
        distinct=int(groups(np.stack([one[0] for one in views])).max()) + 1,
        weights=np.ones(len(negatives)),
    )
    weights = head.weights.astype("<f4").tobytes()
    made = CustomClass(
        name=lesson.name,
        medium=Medium.IMAGE,
        label=label,
        version=digest(lesson.name, label, embedder.version, learnt.threshold, weights),
        space=embedder.version,
        weights=weights,
        threshold=learnt.threshold,
        quality=learnt.quality,
        audit=audit_pictures(embedder, head.weights, learnt.threshold),
        mistakes=learnt.mistakes,
        created_by=lesson.by,
        created_at=datetime.now(UTC),
    )
    return Trained(made=made, left_out=tuple(left_out))


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
    samples: Sequence[Sample], settings: Settings, faces: FaceShare | None, left_out: list[tuple[str, str]]
) -> list[tuple[Sample, ImagePart]]:
    """Open pictures; those that cannot be used are noted. Only small forms of them are kept in memory."""
    usable = []
    for sample in samples:
        name = sample.name or (sample.content.name if isinstance(sample.content, Path) else "picture")
        try:
            part = _opened(sample, settings)
        except InputError as error:
            left_out.append((name, error.message))
            continue
        if faces is not None and faces.of(part) > MOST_FACE:
            left_out.append((name, "mostly a face: a class taught on faces would tell who or what a person is"))
            continue
        kept = Sample(content=b"", name=name, decision=sample.decision)
        usable.append((kept, _small(part)))
    return usable


def _opened(sample: Sample, settings: Settings) -> ImagePart:
    if isinstance(sample.content, Path):
        return open_picture(sample.content, settings)
    if isinstance(sample.content, bytes):
        for part in decode(Content(data=sample.content), settings).parts:
            if isinstance(part, ImagePart):
                return part
    raise InputError("it is no picture")


def _small(part: ImagePart) -> ImagePart:
    from PIL import Image

    return ImagePart(image=Image.fromarray(np.array(resized(part, 320, 320))))


def _views(part: ImagePart, embedder: GeneralEmbedder) -> NDArray[np.float32]:
    """Embed an example, its mirror image and its centre: three views are worth more than one."""
    rgb = np.asarray(part.image)
    edge = round(len(rgb) * (1 - _CENTRE) / 2)
    return embedder.embeddings([rgb, np.ascontiguousarray(rgb[:, ::-1]), rgb[edge:-edge, edge:-edge]])
