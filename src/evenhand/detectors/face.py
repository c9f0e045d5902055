"""image.face: faces and, where they can be seen, glasses, sunglasses and a smile. Never who a person is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import drawings, face_boxes, face_mesh
from evenhand.detectors.base import Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.face_heads import GLASSES, SMILE, SUNGLASSES, Heads
from evenhand.detectors.stretches import Stretch, stretches
from evenhand.domain import Finding, ImagePart, PartKind
from evenhand.domain.location import Box
from evenhand.inference.pictures import working_copy
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRESENT = "face.present"
FLOOR = 0.5  # calibrated score from which an attribute is a finding
MAX_FACES = 16  # in one picture; the best are kept
_PACKAGE = "evenhand_models_vision"
_BATCH = 16  # pictures, or faces, in one run
_SAME = 0.3  # faces in two stretches of a long picture that overlap by more are one
_REASONS = {
    GLASSES: "the face wears glasses",
    SUNGLASSES: "the face wears sunglasses",
    SMILE: "the face smiles",
}


@dataclass(slots=True, kw_only=True)
class _Face:
    """A face that detector and mesh agree on."""

    box: Box  # pixels of the decoded picture
    score: float  # the lower of the two
    strip: NDArray[np.uint8] | None  # None: the eyes cannot be inspected
    mouth: NDArray[np.float32] | None
    hidden: dict[str, str]  # part -> why it was not inspected
    attributes: dict[str, float] = field(default_factory=dict)


class FaceDetector:
    """Finds faces with a small detector, confirms each with a face mesh, and inspects those that can be seen.

    The score of `face.present` is the lower of the detector's and the mesh's. Each face gives one `face.present` and,
    with the same box, what was seen on it. A part that is too small, turned away or outside the picture is not
    inspected, and `face.present` says so. At most 16 faces of a picture are looked at.

    Missed: faces smaller than about a twelfth of the picture's longer side, turned by more than about 45 degrees in
    the picture, or seen from the side. Masks, hands and hair over a part are not noticed. Dolls and realistic drawings
    may pass for faces. What is computed on the way (points, crops, embeddings) is dropped with the call.
    """

    info = DetectorInfo(
        name="image.face",
        version="1",
        reads=PartKind.IMAGE,
        labels=(PRESENT, GLASSES, SUNGLASSES, SMILE),
        cost=Cost.MODEL,
        description="Finds faces and sees glasses, sunglasses and smiles; nothing else about a person.",
        examples=(
            Example(
                title="A drawn face with glasses that smiles",
                part=partial(drawings.face, smile=True, eyewear="glasses"),
                labels=frozenset({PRESENT, GLASSES, SMILE}),
            ),
            Example(
                title="A drawn face with sunglasses",
                part=partial(drawings.face, eyewear="sunglasses"),
                labels=frozenset({PRESENT, SUNGLASSES}),
            ),
            Example(title="A drawn face without either", part=drawings.face, labels=frozenset({PRESENT})),
            Example(title="A drawn landscape", part=drawings.landscape),
            Example(title="A notice", part=drawings.notice),
            Example(title="A drawn dog", part=drawings.dog),
        ),
    )

    def __init__(self, *, threads: int = 0) -> None:
        self._boxes = LazySession(_PACKAGE, "face-detector", threads=threads)
        self._mesh = LazySession(_PACKAGE, "face-mesh", threads=threads)
        self._heads = Heads(threads=threads)

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Look for faces in each picture.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        every = stretches(parts)
        candidates: list[tuple[Stretch, face_boxes.FaceBox]] = []
        doubts = [0.0] * len(parts)  # highest score of what is taken for no face
        for start in range(0, len(every), _BATCH):
            batch = every[start : start + _BATCH]
            scores, boxes = self._boxes.run(
                ["scores", "boxes"], {"pixels": np.stack([face_boxes.canvas(s.part) for s in batch])}
            )
            low = scores < face_boxes.SCORE_MIN
            for i, stretch in enumerate(batch):
                found = face_boxes.faces(scores[i], boxes[i], size=stretch.part.size)
                candidates += [(stretch, face) for face in found[:MAX_FACES]]
                if not found:
                    doubts[stretch.picture] = max(
                        doubts[stretch.picture], float(scores[i].max(where=low[i], initial=0.0))
                    )
        faces: list[list[_Face]] = [[] for _ in parts]
        for start in range(0, len(candidates), _BATCH):
            for picture, score, face in self._confirm(candidates[start : start + _BATCH]):
                if face is None:
                    doubts[picture] = max(doubts[picture], score)
                else:
                    faces[picture].append(face)
        kept = [_distinct(found)[:MAX_FACES] for found in faces]
        self._inspect([face for found in kept for face in found])
        return [self._judge(*row) for row in zip(parts, kept, doubts, strict=True)]

    def _confirm(self, batch: Sequence[tuple[Stretch, face_boxes.FaceBox]]) -> list[tuple[int, float, _Face | None]]:
        """Give picture, score and, where the mesh agrees, the face."""
        crops = [face_mesh.face_crop(stretch.part, face) for stretch, face in batch]
        points, presence = self._mesh.run(["points", "presence"], {"pixels": np.stack([crop for crop, _ in crops])})
        out: list[tuple[int, float, _Face | None]] = []
        for i, (stretch, face) in enumerate(batch):
            score = min(face.score, float(presence[i]))
            if presence[i] < face_mesh.PRESENCE_MIN:
                out.append((stretch.picture, score, None))
                continue
            mesh = face_mesh.in_picture(points[i], crops[i][1])
            hidden = face_mesh.hidden(mesh, size=working_copy(stretch.part).size)
            made = _Face(
                box=stretch.to_picture(face.box),
                score=score,
                strip=None if "eyes" in hidden else face_mesh.eye_strip(stretch.part, mesh),
                mouth=None if "mouth" in hidden else face_mesh.mouth_shape(mesh),
                hidden=hidden,
            )
            out.append((stretch.picture, score, made))
        return out

    def _inspect(self, faces: Sequence[_Face]) -> None:
        for start in range(0, len(faces), _BATCH):
            batch = faces[start : start + _BATCH]
            seen = self._heads.inspect([face.strip for face in batch], [face.mouth for face in batch])
            for face, scores in zip(batch, seen, strict=True):
                face.attributes = scores

    def _judge(self, part: ImagePart, faces: Sequence[_Face], doubt: float) -> Detection:
        scores = {PRESENT: max((face.score for face in faces), default=doubt)}
        findings = []
        for face in faces:
            findings.append(self._finding(part, face, PRESENT, face.score, _present(face)))
            for label, score in face.attributes.items():
                scores[label] = max(score, scores.get(label, 0.0))
                if score >= FLOOR:
                    findings.append(self._finding(part, face, label, score, _REASONS[label]))
        if not faces:
            scores |= dict.fromkeys(_REASONS, 0.0)
        return Detection(findings=tuple(findings), scores=scores)

    def _finding(self, part: ImagePart, face: _Face, label: str, score: float, reason: str) -> Finding:
        return Finding(
            label=label,
            score=score,
            location=part.locate(face.box),
            detector=self.info.name,
            version=self.info.version,
            reason=reason,
        )


def make(context: DetectorContext) -> FaceDetector:
    """Build the detector."""
    return FaceDetector(threads=context.settings.threads)


def _present(face: _Face) -> str:
    unseen = "; ".join(f"{part} not inspected: {why}" for part, why in face.hidden.items())
    return "a face is visible" + (f"; {unseen}" if unseen else "")


def _distinct(faces: list[_Face]) -> list[_Face]:
    """Drop faces that were found twice, where stretches of a long picture overlap; best first."""
    kept: list[_Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_overlap(face.box, other.box) <= _SAME for other in kept):
            kept.append(face)
    return kept


def _overlap(one: Box, two: Box) -> float:
    """Intersection over union."""
    wide, high = min(one[2], two[2]) - max(one[0], two[0]), min(one[3], two[3]) - max(one[1], two[1])
    both = max(wide, 0.0) * max(high, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, two))
    return both / max(areas - both, 1e-9)
