"""One face as it goes through image.face: where it is, what of it can be seen, and the facts that are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenhand.detectors import face_features, face_mesh, face_quality
from evenhand.detectors.face_heads import COVERED_FROM, EYES, GLASSES, MOUTH, SMILE, SUNGLASSES, Seen
from evenhand.detectors.stretches import Stretch
from evenhand.domain import Fact
from evenhand.domain.facts import ABSENT, NOT_VISIBLE, PRESENT
from evenhand.domain.location import Box
from evenhand.inference.pictures import working_copy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SPAN_MIN = 20.0  # px of the working copy between the outer eye corners; smaller faces are not inspected
TURN_MAX = 45  # degrees of yaw; beyond, half of the eyes and the mouth is out of sight
BLUR_MAX = 8.0  # hundredths of the eye span; beyond, frames and lips run together
FRAMES_BLUR_MAX = 4.0  # likewise, for the thin frames of clear glasses; dark lenses are still seen
FLOOR = 0.5  # calibrated score from which an attribute is a finding, and its answer "present"
_ASKED = {"glasses": (GLASSES, EYES), "sunglasses": (SUNGLASSES, EYES), "smile": (SMILE, MOUTH)}


@dataclass(slots=True, kw_only=True)
class Look:
    """A face that detector and mesh agree on."""

    box: Box  # pixels of the decoded picture
    score: float  # the lower of the two
    facts: dict[str, Fact]
    hidden: dict[str, str]  # "eyes", "mouth" -> why it cannot be inspected
    strip: NDArray[np.uint8] | None  # None: the eyes cannot be inspected
    mouth: NDArray[np.float32] | None  # None: nor the mouth
    scores: dict[str, float]  # label -> calibrated score, of what was inspected

    def take(self, seen: Seen) -> None:
        """Take over what the heads saw, and forget what they were shown."""
        self.scores, self.strip, self.mouth = seen.scores, None, None
        if float(self.facts["blur"]) > FRAMES_BLUR_MAX and self.scores.get(GLASSES, 0.0) < FLOOR:
            self.scores.pop(GLASSES, None)  # no frame was seen, but none would be
        for part, score in seen.covered.items():
            self.facts[f"{part}_covered"] = round(score, 2)
            if score >= COVERED_FROM:
                self.hidden[part] = "covered"

    def told(self, *, faces: int) -> dict[str, Fact]:
        """Give the facts for people and policies; `faces` is how many there are in the picture."""
        out: dict[str, Fact] = {"faces": faces, **self.facts}
        for name, (label, part) in _ASKED.items():
            if part in self.hidden:
                out |= {name: NOT_VISIBLE, f"{name}_unseen": self.hidden[part]}
            elif label in self.scores:
                score = self.scores[label]
                out |= {name: PRESENT if score >= FLOOR else ABSENT, f"{name}_score": round(score, 2)}
            else:
                out |= {name: NOT_VISIBLE, f"{name}_unseen": "blurred"}
        return out

    def reason(self) -> str:
        """Say in a sentence that there is a face, and what of it is not visible."""
        unseen = "; ".join(f"{part} not visible: {why}" for part, why in sorted(self.hidden.items()))
        return "a face is visible" + (f"; {unseen}" if unseen else "")


def look(stretch: Stretch, box: Box, mesh: NDArray[np.float32], *, score: float) -> Look:
    """Measure one face and take what the heads will be shown.

    Args:
        stretch: the piece of picture it was found on.
        box: fractions of the piece.
        mesh: float32 [468, 3] in pixels of the piece's working copy.
        score: the lower of the detector's and the mesh's.
    """
    part, size = stretch.part, working_copy(stretch.part).size
    there = stretch.to_picture(box)
    span, blur = face_mesh.eye_span(mesh), face_quality.blur(part, mesh)
    yaw, pitch, roll = face_quality.pose(mesh)
    hidden = unseen(mesh, size, span=span, yaw=yaw, blur=blur)
    pixels = stretch.scale  # of the decoded picture, a working pixel
    return Look(
        box=there,
        score=score,
        facts={
            **face_quality.place(stretch.whole, there),
            "eye_span": round(span * pixels),
            "yaw": yaw,
            "pitch": pitch,
            "roll": roll,
            "blur": blur,
        },
        hidden=hidden,
        strip=None if EYES in hidden else face_mesh.eye_strip(part, mesh),
        mouth=None if MOUTH in hidden else face_features.mouth(part, mesh),
        scores={},
    )


def unseen(mesh: NDArray[np.float32], size: tuple[int, int], *, span: float, yaw: int, blur: float) -> dict[str, str]:
    """Say which parts of a face cannot be inspected, and why; what covers them, the heads tell.

    Args:
        mesh: float32 [468, 3] in pixels of the working copy.
        size: its width and height.
        span: px of the working copy between the outer eye corners.
        yaw: degrees.
        blur: hundredths of the eye span.

    Returns:
        "eyes", "mouth" -> a reason of `domain.facts.REASONS`.
    """
    if span < SPAN_MIN:
        return dict.fromkeys((EYES, MOUTH), "too small")
    if abs(yaw) > TURN_MAX:
        return dict.fromkeys((EYES, MOUTH), "turned away")
    out = dict.fromkeys(sorted(face_mesh.outside(mesh, size=size)), "outside the picture")
    return out | (dict.fromkeys({EYES, MOUTH} - set(out), "blurred") if blur > BLUR_MAX else {})


def distinct(faces: list[Look], *, most_shared: float) -> list[Look]:
    """Drop faces that were found twice, where stretches of a long picture overlap; best first.

    Args:
        faces: of one picture.
        most_shared: intersection over union from which two boxes are one face.
    """
    kept: list[Look] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(_overlap(face.box, other.box) <= most_shared for other in kept):
            kept.append(face)
    return kept


def _overlap(one: Box, two: Box) -> float:
    """Intersection over union."""
    wide, high = min(one[2], two[2]) - max(one[0], two[0]), min(one[3], two[3]) - max(one[1], two[1])
    both = max(wide, 0.0) * max(high, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, two))
    return both / max(areas - both, 1e-9)
