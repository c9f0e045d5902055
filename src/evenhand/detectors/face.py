"""image.face: faces and, where they can be seen, glasses, sunglasses and a smile. Never who a person is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from evenhand.detectors import drawings, face_boxes, face_mesh
from evenhand.detectors.base import Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.face_heads import GLASSES, SMILE, SUNGLASSES, Heads
from evenhand.detectors.face_look import FLOOR, Look, distinct, look
from evenhand.detectors.stretches import Stretch, stretches
from evenhand.domain import Fact, Finding, ImagePart, PartKind
from evenhand.domain.location import Box
from evenhand.inference.sessions import LazySession, beside_others

PRESENT = "face.present"
MAX_FACES = 16  # in one picture; the best are kept
_PACKAGE = "evenhand_models_vision"
_BATCH = 16  # pictures, or faces, in one run
# px of a face in a piece of a long picture; smaller ones, in lines of writing, are letters
_SMALL = 18.0
_SAME = 0.3  # faces in two stretches of a long picture that overlap by more are one
_REASONS = {
    GLASSES: "the face wears glasses",
    SUNGLASSES: "the face wears sunglasses",
    SMILE: "the face smiles",
}


class FaceDetector:
    """Finds faces with a small detector, confirms each with a face mesh, and inspects those that can be seen.

    The score of `face.present` is the lower of the detector's and the mesh's. Each face gives one `face.present`. Its
    facts say how large, sharp, turned and covered it is, and answer for glasses, sunglasses and smile: present, absent
    or not visible, with the reason (too small, turned away, outside the picture, blurred, covered). What is present is
    a finding of its own, with the same box. At most 16 faces of a picture are looked at.

    Missed: faces smaller than about a twelfth of the picture's longer side, turned by more than about 45 degrees in
    the picture, or seen from the side. Dolls and realistic drawings may pass for faces. What is computed on the way
    (points, crops, embeddings) is dropped with the call.
    """

    info = DetectorInfo(
        name="image.face",
        version="2",
        reads=PartKind.IMAGE,
        labels=(PRESENT, GLASSES, SUNGLASSES, SMILE),
        cost=Cost.MODEL,
        description="Finds faces; sees glasses, sunglasses, smiles and how good the picture is, and nothing else.",
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
        faces: list[list[Look]] = [[] for _ in parts]
        for start in range(0, len(candidates), _BATCH):
            for picture, score, face in self._confirm(candidates[start : start + _BATCH]):
                if face is None:
                    doubts[picture] = max(doubts[picture], score)
                else:
                    faces[picture].append(face)
        kept = [distinct(found, most_shared=_SAME)[:MAX_FACES] for found in faces]
        self._inspect([face for found in kept for face in found])
        return [self._judge(*row) for row in zip(parts, kept, doubts, strict=True)]

    def _confirm(self, batch: Sequence[tuple[Stretch, face_boxes.FaceBox]]) -> list[tuple[int, float, Look | None]]:
        """Give picture, score and, where the mesh agrees, the face."""
        crops = [face_mesh.face_crop(stretch.part, face) for stretch, face in batch]
        points, presence = self._mesh.run(["points", "presence"], {"pixels": np.stack([crop for crop, _ in crops])})
        out: list[tuple[int, float, Look | None]] = []
        for i, (stretch, face) in enumerate(batch):
            score = min(face.score, float(presence[i]))
            small = stretch.part is not stretch.whole and _side(stretch.part, face.box) < _SMALL
            if small or presence[i] < face_mesh.PRESENCE_MIN:
                out.append((stretch.picture, score, None))
                continue
            mesh = face_mesh.in_picture(points[i], crops[i][1])
            made = look(stretch, face.box, mesh, score=score)
            out.append((stretch.picture, score, made))
        return out

    def _inspect(self, faces: Sequence[Look]) -> None:
        for start in range(0, len(faces), _BATCH):
            batch = faces[start : start + _BATCH]
            seen = self._heads.inspect([face.strip for face in batch], [face.mouth for face in batch])
            for face, what in zip(batch, seen, strict=True):
                face.take(what)

    def _judge(self, part: ImagePart, faces: Sequence[Look], doubt: float) -> Detection:
        scores = {PRESENT: max((face.score for face in faces), default=doubt)}
        findings = []
        for face in faces:
            told = face.told(faces=len(faces))
            findings.append(self._finding(part, face, PRESENT, face.score, face.reason(), told))
            for label, score in face.scores.items():
                scores[label] = max(score, scores.get(label, 0.0))
                if score >= FLOOR:
                    findings.append(self._finding(part, face, label, score, _REASONS[label]))
        if not faces:
            scores |= dict.fromkeys(_REASONS, 0.0)
        return Detection(findings=tuple(findings), scores=scores)

    def _finding(
        self,
        part: ImagePart,
        face: Look,
        label: str,
        score: float,
        reason: str,
        facts: Mapping[str, Fact] | None = None,
    ) -> Finding:
        return Finding(
            label=label,
            score=score,
            location=part.locate(face.box),
            detector=self.info.name,
            version=self.info.version,
            reason=reason,
            facts=facts,
        )


def _side(part: ImagePart, box: Box) -> float:
    """The longer side of a box given in fractions of a picture, in pixels."""
    (width, height), (left, top, right, bottom) = part.size, box
    return max((right - left) * width, (bottom - top) * height)


def make(context: DetectorContext) -> FaceDetector:
    """Build the detector."""
    return FaceDetector(threads=beside_others(context.settings.threads))
