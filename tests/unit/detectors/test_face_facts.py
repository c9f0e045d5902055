"""The facts of image.face: how good the picture of a face is, answers, "not visible", and nothing kept of a face."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from evenhand.detectors import drawings, face_heads, face_look
from evenhand.detectors.face import FaceDetector
from evenhand.domain import FACTS, Action, Fact, ImagePart
from evenhand.domain.facts import ANSWERS, NOT_VISIBLE, REASONS
from evenhand.policy import decide, load_policy

DETECTOR = FaceDetector(threads=1)
WALL = (120, 150, 170)


def faces(image: Image.Image) -> list[dict[str, Fact]]:
    (answer,) = DETECTOR.detect([ImagePart(image=image)])
    return [dict(finding.facts or {}) for finding in answer.findings if finding.label == "face.present"]


def one(image: Image.Image) -> dict[str, Fact]:
    (facts,) = faces(image)
    return facts


def number(facts: dict[str, Fact], name: str) -> float:
    value = facts[name]
    assert isinstance(value, int | float)
    return value


def drawn(**options: Any) -> Image.Image:
    return drawings.face(**options).image


def placed(x: int, y: int, *, size: tuple[int, int] = (800, 600), height: int = 300) -> Image.Image:
    canvas = Image.new("RGB", size, WALL)
    canvas.paste(drawn().resize((height * 400 // 480, height)), (x, y))
    return canvas


def test_the_facts_of_a_face_are_those_of_the_list_and_no_others() -> None:
    facts = one(drawn(smile=True))
    assert set(facts) <= set(FACTS)
    picture = {"faces", "share", "off_centre", "eye_span", "yaw", "pitch", "roll", "blur"}
    assert picture | {"glasses", "sunglasses", "smile", "smile_score", "eyes_covered", "mouth_covered"} <= set(facts)
    assert all(isinstance(value, str | int | float) for value in facts.values())
    for name, info in FACTS.items():
        if info.choices and name in facts:
            assert facts[name] in info.choices


def test_numbers_are_round_so_that_they_describe_no_face() -> None:
    facts = one(drawn())
    for name, value in facts.items():
        if not isinstance(value, str):
            digits = 0 if name in ("faces", "eye_span", "yaw", "pitch", "roll") else 1 if name == "blur" else 2
            assert value == round(value, digits), name


@pytest.mark.parametrize(("options", "answers"), [
    ({}, ("absent", "absent", "absent")),
    ({"smile": True}, ("absent", "absent", "present")),
    ({"smile": True, "eyewear": "glasses"}, ("present", "absent", "present")),
    ({"eyewear": "sunglasses"}, ("absent", "present", "absent")),
])  # fmt: skip
def test_answers(options: dict[str, Any], answers: tuple[str, ...]) -> None:
    facts = one(drawn(**options))
    assert tuple(facts[name] for name in ("glasses", "sunglasses", "smile")) == answers
    for name in ("glasses", "sunglasses", "smile"):
        assert (number(facts, f"{name}_score") >= 0.5) == (facts[name] == "present")
        assert f"{name}_unseen" not in facts


def _mask(image: Image.Image) -> Image.Image:
    covered = image.copy()
    ImageDraw.Draw(covered).polygon(
        [(105, 290), (200, 262), (295, 290), (275, 380), (200, 412), (125, 380)], (70, 120, 190)
    )
    return covered


def _small(image: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", (140, 140), WALL)
    canvas.paste(image.resize((48, 58)), (40, 40))
    return canvas


@pytest.mark.parametrize(("change", "hidden", "why"), [
    (_mask, {"smile"}, "covered"),
    (_small, {"glasses", "sunglasses", "smile"}, "too small"),
])  # fmt: skip
def test_what_cannot_be_seen_is_not_answered(
    change: Callable[[Image.Image], Image.Image], hidden: set[str], why: str
) -> None:
    facts = one(change(drawn(smile=True)))
    unseen = {name for name in ("glasses", "sunglasses", "smile") if facts[name] == NOT_VISIBLE}
    assert unseen >= hidden
    for name in hidden:
        assert facts[f"{name}_unseen"] == why
        assert f"{name}_score" not in facts
    assert why in REASONS
    assert NOT_VISIBLE in ANSWERS


@pytest.mark.parametrize(("span", "yaw", "blur", "shift", "hidden"), [
    (60.0, 0, 2.0, 0, {}),
    (19.0, 0, 2.0, 0, {"eyes": "too small", "mouth": "too small"}),
    (60.0, -50, 2.0, 0, {"eyes": "turned away", "mouth": "turned away"}),
    (60.0, 0, 9.0, 0, {"eyes": "blurred", "mouth": "blurred"}),
    (60.0, 0, 2.0, 130, {"mouth": "outside the picture"}),
    (60.0, 0, 9.0, 130, {"eyes": "blurred", "mouth": "outside the picture"}),
])  # fmt: skip
def test_what_is_hidden_and_why(span: float, yaw: int, blur: float, shift: int, hidden: dict[str, str]) -> None:
    mesh = np.full((468, 3), 100, np.float32)
    mesh[[61, 291, 0, 17, 13, 14], 1] += shift
    assert face_look.unseen(mesh, (200, 200), span=span, yaw=yaw, blur=blur) == hidden


def test_what_is_not_visible_has_no_score_and_no_finding() -> None:
    (answer,) = DETECTOR.detect([ImagePart(image=_mask(drawn(smile=True)))])
    assert "face.smile" not in answer.scores
    assert "face.smile" not in {finding.label for finding in answer.findings}


def test_blur_grows_with_blur_and_not_with_size_light_or_contrast() -> None:
    image = drawn(smile=True)
    sharp = number(one(image), "blur")
    values = [number(one(image.filter(ImageFilter.GaussianBlur(width))), "blur") for width in (2, 4, 9)]
    assert sharp < values[0] < values[1] < values[2]
    dark = Image.fromarray((np.asarray(image) * 0.3 + 40).astype(np.uint8))
    assert number(one(dark), "blur") == pytest.approx(sharp, abs=1.0)
    assert number(one(image.resize((800, 960))), "blur") == pytest.approx(sharp, abs=1.0)


@pytest.mark.parametrize("turn", [-20, 0, 20])
def test_roll_is_the_tilt_in_the_picture(turn: int) -> None:
    tilted = placed(250, 150).rotate(-turn, resample=Image.Resampling.BICUBIC, fillcolor=WALL)
    assert number(one(tilted), "roll") == pytest.approx(turn, abs=4)


def test_a_drawing_that_looks_ahead_does() -> None:
    facts = one(drawn())
    assert abs(number(facts, "yaw")) <= 8
    assert abs(number(facts, "pitch")) <= 15


def test_place_and_size() -> None:
    middle, corner = one(placed(275, 150)), one(placed(20, 10))
    assert number(middle, "off_centre") < 0.1 < number(corner, "off_centre")
    assert number(middle, "share") == pytest.approx(0.27, abs=0.05)
    large = one(placed(275, 150).resize((3200, 2400)))
    assert number(large, "eye_span") == pytest.approx(4 * number(middle, "eye_span"), rel=0.05)


def test_every_face_tells_how_many_there_are() -> None:
    canvas = Image.new("RGB", (900, 480), WALL)
    canvas.paste(drawn(), (20, 0))
    canvas.paste(drawn(), (470, 0))
    assert [facts["faces"] for facts in faces(canvas)] == [2, 2]


POLICY = """
name: p
version: "1"
lines:
  default:
    rules:
      - name: one-clear-face
        when:
          kind: image
          none:
            - {label: face.present, facts: {faces: 1, yaw: {gte: -25, lte: 25}, blur: {lte: 6}, sunglasses: absent}}
        action: review
"""


@pytest.mark.parametrize(("image", "action"), [
    (drawn(smile=True), Action.PASS),
    (drawn(eyewear="glasses"), Action.PASS),
    (drawn(eyewear="sunglasses"), Action.REVIEW),
    (Image.new("RGB", (300, 300), WALL), Action.REVIEW),
])  # fmt: skip
def test_a_policy_asks_for_one_clear_face(image: Image.Image, action: Action) -> None:
    (answer,) = DETECTOR.detect([ImagePart(image=image)])
    decision = decide(load_policy(POLICY), "default", findings=answer.findings, kind="image")
    assert decision.action is action


# Nothing of a face is kept


def _arrays(thing: object, seen: set[int]) -> Iterator[np.ndarray[Any, Any]]:
    """Give every array that can be reached from `thing` without going into a model's session."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, dict):
        for pair in thing.items():
            for entry in pair:
                yield from _arrays(entry, seen)
    elif isinstance(thing, list | tuple | set | frozenset):
        for entry in thing:
            yield from _arrays(entry, seen)
    elif type(thing).__module__.startswith("evenhand"):
        names = [
            *getattr(thing, "__dict__", {}),
            *(slot for kind in type(thing).__mro__ for slot in getattr(kind, "__slots__", ())),
        ]
        for name in names:
            yield from _arrays(getattr(thing, name, None), seen)


def test_no_crop_mesh_or_embedding_outlives_the_call() -> None:
    part = ImagePart(image=drawn(smile=True, eyewear="glasses"))
    detector = FaceDetector(threads=1)
    answer = detector.detect([part])
    assert not list(_arrays(answer, set()))
    assert not list(_arrays(detector, set()))
    shared = [key[0] if isinstance(key, tuple) else key for key in part.views]
    assert all(isinstance(key, str) and key.startswith("pictures.") for key in shared)
    whole = {drawn().size[0] / drawn().size[1]}
    for array in _arrays(part.views, set()):  # copies of the whole picture, never of a face
        assert array.shape[1] / array.shape[0] == pytest.approx(whole.copy().pop(), rel=0.02)


def test_the_walk_finds_what_it_should() -> None:
    """So that the test above cannot pass by looking nowhere."""
    seen = face_heads.Seen(scores={"a": 1.0})
    seen.covered["x"] = np.zeros(3)  # type: ignore[assignment]
    assert len(list(_arrays([{"k": (seen,)}], set()))) == 1


def test_the_heads_give_the_three_inspections_and_what_is_covered() -> None:
    DETECTOR.detect([ImagePart(image=drawn())])
    session = DETECTOR._heads._heads.session  # no public way in: nobody but the detector may have it
    assert [output.name for output in session.get_outputs()] == ["eyewear", "eyes_covered", "smile", "mouth_covered"]
