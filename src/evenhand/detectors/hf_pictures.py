"""image.hf:NAME: an image-classification model that the operator declared in the models file.

A long picture is seen in pieces; a label's score is that of its worst piece, and the finding says which that is.
The version is the SHA-256 of the weights and a digest of all else that an answer depends on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evenhand.decode import decode
from evenhand.detectors.base import Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.hf_folder import Files, classifier_folder, digest, labels_of, others_of, read_config, weights_of
from evenhand.detectors.hf_outputs import Outputs, reads_like
from evenhand.detectors.hf_picture_engines import PictureEngine, picture_engine
from evenhand.detectors.hf_pixels import prepared, read_pixels
from evenhand.detectors.models_pictures import ImageModel, PictureModel, Pixels
from evenhand.detectors.stretches import Seen, sampled
from evenhand.domain import Content, Finding, ImagePart, Part, PartKind
from evenhand.errors import ModelError
from evenhand.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CODE = "1"  # raised when the same files and settings may give another answer
_FEW = 64 * 2**20  # bytes of an example picture


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFolder(Files):
    """The files of an image classifier, and what they say."""

    runtime: Literal["onnx", "transformers"]
    labels: tuple[str, ...]  # the model's own, in order of output
    sigmoid: bool  # what config.json says of the outputs: each for itself, or one of all
    pixels: Pixels  # what it sees


def open_pictures(entry: ImageModel, settings: Settings) -> PictureFolder:
    """Find a model's files, read what they say and hash them: about a second for each gigabyte.

    Raises:
        ModelError: a file is missing, or of a kind that is not loaded; says what to do.
    """
    folder = classifier_folder(entry, settings)
    # A bare ONNX file is enough where the models file says the rest.
    bare = bool(entry.outputs) and not (folder / "config.json").exists()
    config = {} if bare else read_config(folder)
    runtime, weights = weights_of(entry, folder)
    others = others_of(folder, weights)
    return PictureFolder(
        folder=folder,
        runtime=runtime,
        weights=weights,
        others=others,
        sha256=digest(weights),
        sha256_others=digest(others),
        labels=labels_of(config, entry, outputs=entry.outputs),
        sigmoid=config.get("problem_type") == "multi_label_classification",
        pixels=read_pixels(folder, config, entry.pixels),
    )


class HfPictures:
    """An image classifier: scaling, model, activation, label map; loaded on the first call.

    Args:
        entry: what the models file says.
        folder: the model's files.
        settings: threads a model run may use, limits of the example pictures.
    """

    def __init__(self, entry: ImageModel, *, folder: PictureFolder, settings: Settings) -> None:
        self._entry, self._folder, self._threads = entry, folder, settings.threads
        self._outputs = Outputs(entry, names=folder.labels, sigmoid=folder.sigmoid)
        self._engine: PictureEngine | None = None
        said = entry.model_dump_json(exclude={"path", "description", "examples"})
        whole = "\n".join((_CODE, said, folder.sha256_others, folder.runtime))
        self.info = DetectorInfo(
            name=entry.detector,
            version=f"sha256:{folder.sha256}+{hashlib.sha256(whole.encode()).hexdigest()[:8]}",
            reads=PartKind.IMAGE,
            labels=self._outputs.labels,
            cost=Cost.HEAVY,
            description=entry.description or f"The image-classification model {entry.name} that the operator declared.",
            examples=picture_examples(entry, settings),
        )

    def detect(self, parts: Sequence[ImagePart]) -> Sequence[Detection]:
        """Give one detection for each part, in order, with the score of every label. No parts: only load the model.

        Raises:
            ModelError: the model's files changed or cannot be loaded.
        """
        engine = self._load()
        seen = sampled(parts, self._entry.max_pieces)
        rows: NDArray[np.float32] | None = None
        if seen.pieces:
            shown = [prepared(piece.part, self._folder.pixels) for piece in seen.pieces]
            rows = self._outputs.scores(engine.rows(shown), probabilities=self._entry.probabilities)
        return judged(self.info, self._outputs.thresholds, parts, seen, rows, model=self._entry.name)

    def _load(self) -> PictureEngine:
        if self._engine is None:
            self._folder.refuse_changed()
            size = (self._folder.pixels.width, self._folder.pixels.height)
            self._engine = picture_engine(
                self._folder.runtime, self._folder.weights[0], size=size, threads=self._threads
            )
        return self._engine


def judged(
    info: DetectorInfo,
    thresholds: dict[str, float],
    parts: Sequence[ImagePart],
    seen: Seen,
    rows: NDArray[np.float32] | None,
    *,
    model: str,
) -> list[Detection]:
    """Turn the scores of pieces into detections of pictures.

    Args:
        info: the detector.
        thresholds: label -> score from which there is a finding.
        parts: the pictures.
        seen: the pieces that were looked at.
        rows: float32 [pieces, labels] in the order of `info.labels`; None: no pieces.
        model: its name, for people.
    """
    scores: list[dict[str, float]] = [dict.fromkeys(info.labels, 0.0) for _ in parts]
    worst: list[dict[str, int]] = [{} for _ in parts]
    for index, piece in enumerate(seen.pieces):
        for column, label in enumerate(info.labels):
            score = float(rows[index, column]) if rows is not None else 0.0
            if label not in worst[piece.picture] or score > scores[piece.picture][label]:
                scores[piece.picture][label], worst[piece.picture][label] = score, index
    out = []
    for place, part in enumerate(parts):
        findings = [
            Finding(
                label=label,
                score=scores[place][label],
                location=part.locate(seen.pieces[index].box),
                detector=info.name,
                version=info.version,
                reason=reads_like(label, model, verb="looks"),
            )
            for label, index in worst[place].items()
            if scores[place][label] >= thresholds[label]
        ]
        out.append(Detection(findings=tuple(findings), scores=scores[place], partial=seen.partial.get(place)))
    return out


def picture_examples(entry: PictureModel, settings: Settings) -> tuple[Example, ...]:
    """Give the examples of the models file in the form of a detector's; a file is read when it is looked at."""

    def example(file: Path, labels: tuple[str, ...]) -> Example:
        return Example(title=file.name, part=lambda: _opened(file, settings), labels=frozenset(labels))

    return tuple(example(shown.file, shown.labels) for shown in entry.examples)


def _opened(file: Path, settings: Settings) -> Part:
    try:
        if file.stat().st_size > _FEW:
            raise ModelError(f"The example {file} is too large; name a smaller picture.")
        decoded = decode(Content(data=file.read_bytes()), settings)
    except OSError as error:
        raise ModelError(f"The example {file} cannot be read: {error.strerror}.") from None
    if not decoded.parts or not isinstance(decoded.parts[0], ImagePart):
        raise ModelError(f"The example {file} is no picture.")
    return decoded.parts[0]


def make(entry: ImageModel, context: DetectorContext) -> HfPictures:
    """Make the detector; hashes the model's files.

    Raises:
        ModelError: the files are missing or of a kind that is not loaded.
        ImportError: ONNX Runtime or Pillow is not installed.
    """
    import onnxruntime  # noqa: F401  (told now, with the extra's name, and not on the first picture)
    import PIL  # noqa: F401

    return HfPictures(entry, folder=open_pictures(entry, context.settings), settings=context.settings)
