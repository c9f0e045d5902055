"""The labelled faces, and many versions of each: mirrored, lit, shrunk, blurred, dressed with drawn eyewear, covered.

A face is described exactly as ``image.face`` does it, by its own functions.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from evenhand.detectors import face_boxes, face_features, face_mesh, face_quality
from evenhand.domain import ImagePart
from training.vision import reference
from training.vision.checks import session
from training.vision.covers import Place, covered
from training.vision.eyewear import SIDE, Eyewear, Scene, dressed
from training.vision.graph import Floats, f32
from training.vision.reference import Pixels

LABELS = Path(__file__).with_name("face_labels.csv")
KINDS: tuple[Eyewear, ...] = ("none", "glasses", "sunglasses")
DRAWN: tuple[tuple[Eyewear, int], ...] = (("none", 6), ("glasses", 12), ("sunglasses", 10))  # per bare face
COVERS: tuple[tuple[Place, int], ...] = (("eyes", 5), ("mouth", 7))  # per face with nothing before it
VERSIONS = 8  # of every real face
_TILES = ((1, 1.0), (2, 0.4), (3, 0.4))  # tiles a side, overlap: small faces are found on tiles only
_EMBEDDED = 32  # strips in one run


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a person saw on one face; None: not clear to the eye."""

    photo: str  # path under the media folder
    x: float  # centre of the face, fractions of the picture
    y: float
    eyewear: int | None  # index into KINDS
    smile: int | None
    covered: frozenset[str]  # of "eyes" and "mouth"
    found: str  # "whole": the detector finds it on the whole picture; "tile": only on a part of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A labelled face in its photo, or in a version of it."""

    label: Label
    image: Pixels
    box: Floats  # [4] pixels
    mesh: Floats  # [468, 3] pixels
    presence: float = 1.0


@dataclass(slots=True, kw_only=True)
class Sample:
    """What the heads see of one face."""

    label: Label
    kind: str  # "real", "version" (of a real one), "drawn" (eyewear) or "covered"
    strip: Pixels | None  # until it is embedded; None: only the mouth counts
    eyewear: int | None
    smile: int | None
    covered: frozenset[str]
    mouth: Floats | None  # face_features.mouth; None: only the eyes count
    eyes: Floats = field(default_factory=lambda: f32([]))  # embedding and face_features.eyes
    facts: dict[str, float] = field(default_factory=dict)  # eye_span, yaw, pitch, roll, blur


class Finder:
    """Detector, mesh and embedding in one."""

    def __init__(self, package: Path) -> None:
        self.detector = session(package / "face-detector.onnx")
        self.mesh = session(package / "face-mesh.onnx")
        self.lite0 = session(package / "lite0.onnx")

    def find(self, image: Pixels) -> Iterator[tuple[Floats, Floats, float]]:
        """Box [4] and mesh [468, 3] in pixels, and presence, of every face on the picture and on tiles of it."""
        kept: list[tuple[float, Floats, Floats]] = []
        for x0, y0, x1, y1 in _tiles(image):
            tile = np.ascontiguousarray(image[y0:y1, x0:x1])
            high, wide = tile.shape[:2]
            scores, boxes = self.detector.run(None, {"pixels": reference.detector_pixels(tile)[None]})
            for face in reference.decode_faces(scores[0], boxes[0], width=wide, height=high):
                box = f32(face.box) * [wide, high, wide, high] + [x0, y0, x0, y0]
                if all(_shared(box, other) <= 0.3 for _, other, _ in kept):
                    kept.append((face.score, f32(box), f32(face.points[:2] * [wide, high] + [x0, y0])))
        for _, box, eyes in kept:
            mesh, presence = self.meshed(image, box, eyes)
            yield box, mesh, presence

    def meshed(self, image: Pixels, box: Floats, eyes: Floats) -> tuple[Floats, float]:
        """Mesh in pixels and presence, as ``image.face`` gets them from a box and two eyes [2, 2] in pixels."""
        part, size = part_of(image), f32(image.shape[1::-1])
        fractions = (box.reshape(2, 2) / size).ravel().tolist()
        found = face_boxes.FaceBox(box=tuple(fractions), eyes=f32(eyes / size), score=1.0)
        crop, there = face_mesh.face_crop(part, found)
        points, presence = self.mesh.run(["points", "presence"], {"pixels": crop[None]})
        return face_mesh.in_picture(points[0], there), float(presence[0])

    def again(self, face: Face) -> Face:
        """The face with a mesh of its own after its picture changed."""
        mesh, presence = self.meshed(face.image, face.box, face.mesh[[33, 263], :2])
        return replace(face, mesh=mesh, presence=presence)

    def embed(self, samples: list[Sample]) -> None:
        """Replace every strip by its description."""
        for start in range(0, len(samples), _EMBEDDED):
            batch = [sample for sample in samples[start : start + _EMBEDDED] if sample.strip is not None]
            if not batch:
                continue
            strips = np.stack([sample.strip for sample in batch if sample.strip is not None])
            found = f32(self.lite0.run(["embedding"], {"pixels": strips})[0])
            for sample, embedding, strip in zip(batch, found, strips, strict=True):
                sample.eyes, sample.strip = np.concatenate([embedding, face_features.eyes(strip)]), None


def labels() -> list[Label]:
    """The labelled faces."""
    with LABELS.open(encoding="utf-8") as stream:
        return [
            Label(
                photo=row["photo"],
                x=float(row["x"]),
                y=float(row["y"]),
                eyewear=KINDS.index(row["eyewear"]) if row["eyewear"] else None,  # type: ignore[arg-type]
                smile=int(row["smile"]) if row["smile"] else None,
                covered=frozenset(row["covered"].split()),
                found=row["found"],
            )
            for row in csv.DictReader(stream)
        ]


def faces(media: Path, finder: Finder) -> Iterator[Face]:
    """Every labelled face that is found again."""
    known = labels()
    for photo in sorted({label.photo for label in known}):
        image = np.ascontiguousarray(read_rgb(media / photo))
        size = image.shape[1::-1]
        found = list(finder.find(image))
        for label in (label for label in known if label.photo == photo):
            near = [
                (float(np.abs(_centre(box) / size - [label.x, label.y]).sum()), box, mesh) for box, mesh, _ in found
            ]
            distance, box, mesh = min(near, key=lambda entry: entry[0], default=(1.0, f32([]), f32([])))
            if distance <= 0.02:
                yield Face(label=label, image=image, box=box, mesh=mesh)


def sample(face: Face, kind: str) -> Sample:
    """What the heads see of it, and how well."""
    part, label = part_of(face.image), face.label
    yaw, pitch, roll = face_quality.pose(face.mesh)
    return Sample(
        label=label,
        kind=kind,
        strip=face_mesh.eye_strip(part, face.mesh),
        eyewear=label.eyewear,
        smile=label.smile,
        covered=label.covered,
        mouth=face_features.mouth(part, face.mesh),
        facts={
            "eye_span": face_mesh.eye_span(face.mesh),
            "yaw": yaw,
            "pitch": pitch,
            "roll": roll,
            "blur": face_quality.blur(part, face.mesh),
        },
    )


def samples(media: Path, package: Path) -> list[Sample]:
    """The real faces, versions of them, drawings on them."""
    finder, rng = Finder(package), np.random.default_rng(11)
    out: list[Sample] = []
    for face in faces(media, finder):
        made = [sample(face, "real")]
        for _ in range(VERSIONS):
            again = finder.again(version(face, rng))
            if again.presence >= face_mesh.PRESENCE_MIN:
                made.append(sample(again, "version"))
        if face.label.eyewear == 0 and "eyes" not in face.label.covered:
            made += _dressed(face, rng)
        if not face.label.covered:
            made += _covered(face, finder, rng)
        finder.embed(made)
        out += made
    return out


def _dressed(face: Face, rng: np.random.Generator) -> Iterator[Sample]:
    scene = Scene(face.image, face.mesh)
    points = np.hstack([scene.points, np.zeros((len(scene.points), 1))])
    unit = float(np.linalg.norm(points[33] - points[263]))
    for kind in (kind for kind, count in DRAWN for _ in range(count)):
        canvas, mesh = dressed(scene, kind, rng), points.copy()
        # as uncertain as a mesh is: moved, scaled, turned a little
        mesh[:, :2] = (mesh[:, :2] - SIDE / 2) * rng.uniform(0.93, 1.07) + SIDE / 2 + rng.normal(0, 0.02, 2) * unit
        mesh[[33, 263], 1] += np.array([-1, 1]) * rng.normal(0, 0.02) * unit
        strip = face_mesh.eye_strip(part_of(canvas), f32(mesh))
        if rng.random() < 0.5:
            strip = np.ascontiguousarray(strip[:, ::-1])
        yield Sample(
            label=face.label,
            kind="drawn",
            strip=strip,
            eyewear=KINDS.index(kind),
            smile=None,
            covered=frozenset(),
            mouth=None,
        )


def _covered(face: Face, finder: Finder, rng: np.random.Generator) -> Iterator[Sample]:
    for place in (place for place, count in COVERS for _ in range(count)):
        if place == "eyes" and face.label.eyewear is None:
            continue
        hidden = replace(face, image=covered(face.image, face.mesh, place, rng))
        again = finder.again(version(hidden, rng))
        if again.presence < face_mesh.PRESENCE_MIN:
            continue
        made = replace_labels(sample(again, "covered"), place)
        if place == "mouth":
            made.strip = None
        yield made


def replace_labels(made: Sample, place: str) -> Sample:
    """Without the answers that the cover hides."""
    made.covered = made.covered | {place}
    if place == "eyes":
        made.eyewear = None
    else:
        made.smile = None
    return made


def version(face: Face, rng: np.random.Generator) -> Face:
    """The face as another camera might have had it: cut out, mirrored, shrunk, blurred, lit, compressed."""
    out = cut(face)
    if rng.random() < 0.5:
        out = mirrored(out)
    span = float(np.linalg.norm(out.mesh[33, :2] - out.mesh[263, :2]))
    if rng.random() < 0.6:
        out = shrunk(out, float(rng.uniform(16, 60)))
    if rng.random() < 0.25:
        out = replace(out, image=_u8(cv2.GaussianBlur(out.image, (0, 0), rng.uniform(0.3, 0.04 * span + 0.31))))
    image = lit(out.image, gamma=rng.uniform(0.6, 1.6), side=rng.uniform(-0.6, 0.6) if rng.random() < 0.5 else 0.0)
    shown = (f32(image) - 127) * rng.uniform(0.7, 1.2) + 127 + rng.uniform(-20, 20)
    image = _u8(shown + rng.normal(0, rng.uniform(0, 6), shown.shape))
    if rng.random() < 0.6:
        image = compressed(image, int(rng.integers(40, 95)))
    moved = f32(out.box + rng.normal(0, 0.03, 4) * (out.box[2] - out.box[0]))
    return replace(out, image=image, box=moved)


def cut(face: Face) -> Face:
    """The face with about its own size of picture around it."""
    size = np.array(face.image.shape[1::-1])
    centre, side = _centre(face.box), float(max(face.box[2:] - face.box[:2])) * 1.6
    x0, y0 = np.maximum(centre - side, 0).astype(int)
    x1, y1 = np.minimum(centre + side, size).astype(int)
    mesh = f32(face.mesh - [x0, y0, 0])
    image = np.ascontiguousarray(face.image[y0:y1, x0:x1])
    return replace(face, image=image, box=f32(face.box - [x0, y0, x0, y0]), mesh=mesh)


def mirrored(face: Face) -> Face:
    """Left for right; of the mesh only the eyes are put right, for a new mesh is made from them."""
    width = face.image.shape[1]
    box, mesh = face.box.copy(), face.mesh.copy()
    box[[0, 2]] = width - box[[2, 0]]
    mesh[:, 0] = width - mesh[:, 0]
    mesh[[33, 263]] = mesh[[263, 33]]
    return replace(face, image=np.ascontiguousarray(face.image[:, ::-1]), box=box, mesh=mesh)


def shrunk(face: Face, span: float) -> Face:
    """With an eye span of at most ``span`` pixels."""
    scale = span / float(np.linalg.norm(face.mesh[33, :2] - face.mesh[263, :2]))
    if scale >= 1:
        return face
    image = cv2.resize(face.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return replace(face, image=_u8(image), box=f32(face.box * scale), mesh=f32(face.mesh * scale))


def lit(image: Pixels, *, gamma: float, side: float = 0.0) -> Pixels:
    """Darker (gamma above 1) or brighter, and brighter on one side (-1 to 1)."""
    shown = 255 * (f32(image) / 255) ** gamma
    return _u8(shown * (1 + side * np.linspace(-1, 1, image.shape[1]))[None, :, None])


def compressed(image: Pixels, quality: int) -> Pixels:
    """Through JPEG."""
    stored = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8)


def part_of(image: Pixels) -> ImagePart:
    """As the detector is given it."""
    return ImagePart(image=Image.fromarray(image))


def read_rgb(path: Path) -> Pixels:
    """A photo as RGB."""
    picture: Any = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError("a labelled photo is missing or cannot be read")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _tiles(image: Pixels) -> Iterator[tuple[int, int, int, int]]:
    high, wide = image.shape[:2]
    for count, overlap in _TILES:
        w, h = wide / (count - (count - 1) * overlap), high / (count - (count - 1) * overlap)
        step_x, step_y = w * (1 - overlap), h * (1 - overlap)
        for i in range(count):
            for j in range(count):
                x, y = (i * step_x, j * step_y) if count > 1 else (0.0, 0.0)
                yield int(x), int(y), int(min(wide, x + w)), int(min(high, y + h))


def _shared(one: Floats, two: Floats) -> float:
    """Common area over the smaller of two boxes."""
    side = np.clip(np.minimum(one[2:], two[2:]) - np.maximum(one[:2], two[:2]), 0, None)
    return float(side.prod() / max(min((one[2:] - one[:2]).prod(), (two[2:] - two[:2]).prod()), 1e-9))


def _centre(box: Floats) -> Floats:
    return f32((box[:2] + box[2:]) / 2)


def _u8(values: Any) -> Pixels:
    return np.clip(values, 0, 255).astype(np.uint8)
