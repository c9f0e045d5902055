"""Public test helpers: the contract test that every detector subclasses, and small factories.

class TestMyDetector(DetectorContract):
    def make(self) -> MyDetector:
        return MyDetector()
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from evenhand.detectors.base import AnyDetector, Detection, Detector
from evenhand.domain import Action, AudioPart, Content, ImagePart, PartKind, Result, TextPart, is_label, new_id
from evenhand.fairness import refuse_label

_TEXTS = (
    "",
    " \t\n",
    "a",
    "\u0000nul\u0000",
    "\u202eright-to-left override\u202c and \u200bzero\u200bwidth",
    "\U0001f600" * 50,
    "e\u0301" * 40,
    "\u6d4b\u8bd5\u6587\u5b57\uff0c\u6b63\u5e38\u7684\u4e00\u53e5\u8bdd\u3002",
    "x" * 5000,
    "word " * 1000,
    "\ufffd\uffff\U0010ffff",
)


def text_part(text: str, *, language: str | None = None) -> TextPart:
    """Make a part of the caller's own text."""
    return TextPart(text=text, language=language)


def text_content(text: str, **fields: Any) -> Content:
    """Make a text content; `fields` are those of Content."""
    return Content(text=text, **fields)


def image_part(width: int = 64, height: int = 64, colour: tuple[int, int, int] = (128, 128, 128)) -> ImagePart:
    """Make a picture of one colour. Needs the image extra."""
    from PIL import Image

    return ImagePart(image=Image.new("RGB", (width, height), colour))


def audio_part(seconds: float = 1.0, *, frequency: float = 440.0, level: float = 0.3) -> AudioPart:
    """Make a tone at 16 kHz; level 0 makes silence."""
    import numpy as np

    times = np.arange(round(seconds * 16_000)) / 16_000
    return AudioPart(samples=(level * np.sin(2 * np.pi * frequency * times)).astype(np.float32))


def text_result(**fields: Any) -> Result:
    """Make the result of a clean text; `fields` are those of Result."""
    made: dict[str, Any] = {
        "id": None,
        "decision_id": new_id(),
        "action": Action.PASS,
        "labels": {},
        "findings": (),
        "rule": None,
        "reason": "nothing was found",
        "incomplete": {},
        "policy": "test@1/default",
        "models": {},
        "content_hash": "sha256:" + "0" * 64,
    }
    return Result(**{**made, **fields})


class DetectorContract:
    """What every detector must hold to. Subclass it, and say how to make one in `make`."""

    def make(self) -> Detector[Any]:
        """Make the detector under test."""
        raise NotImplementedError("say how to make the detector under test")  # pragma: no cover

    def awkward_parts(self, detector: AnyDetector) -> list[Any]:
        """Give odd but valid parts of the kind that the detector reads."""
        if detector.info.reads is PartKind.TEXT:
            return [text_part(text) for text in _TEXTS]
        if detector.info.reads is PartKind.AUDIO:
            return [audio_part(s, level=v) for s, v in ((0.0, 0.3), (0.001, 0.3), (2.0, 0.0), (1.5, 1.0), (1.0, 1e4))]
        return [image_part(w, h, c) for w, h, c in ((1, 1, (0, 0, 0)), (1, 700, (255, 255, 255)), (640, 3, (9, 99, 9)))]

    def _check(self, condition: bool, message: str) -> None:
        if not condition:
            raise AssertionError(message)

    def _check_answers(self, detector: AnyDetector, parts: Sequence[Any]) -> Sequence[Detection]:
        info, answers = detector.info, detector.detect(parts)
        self._check(len(answers) == len(parts), "one detection for each part")
        for part, answer in zip(parts, answers, strict=True):
            for label, score in answer.scores.items():
                self._check(label in info.labels, f"score for undeclared label {label}")
                self._check(0.0 <= score <= 1.0, f"{label}: score {score} outside [0, 1]")
            for derived in answer.parts:
                self._check(derived.kind in info.emits, f"emits undeclared {derived.kind}")
            for finding in answer.findings:
                self._check(finding.label in info.labels, f"undeclared label {finding.label}")
                self._check(0.0 <= finding.score <= 1.0, f"score {finding.score} outside [0, 1]")
                self._check(finding.detector == info.name, "a finding names its detector")
                self._check(finding.version == info.version, "a finding names its detector's version")
                self._check(bool(finding.reason.strip()), "a finding has a reason")
                span = finding.location.span
                if span is not None and isinstance(part, TextPart):
                    self._check(0 <= span[0] < span[1] <= len(part.text), f"span {span} outside the text")
        return answers

    def test_declaration(self) -> None:
        """Names, labels and examples are in order, and no label is refused."""
        info = self.make().info
        self._check("." in info.name and info.name == info.name.lower(), "name is '<medium>.<what>', lower case")
        self._check(bool(info.version) and bool(info.description), "version and description are given")
        self._check(bool(info.examples), "at least one example")
        for label in info.labels:
            refuse_label(label)
            self._check(is_label(label) or is_label(label.split(".")[0]), f"{label} is outside the taxonomy")

    def test_examples(self) -> None:
        """Each example gives the labels it promises; one that promises none gives none."""
        detector = self.make()
        for example in detector.info.examples:
            (answer,) = self._check_answers(detector, [example.part()])
            got = {finding.label for finding in answer.findings}
            if example.labels:
                self._check(example.labels <= got, f"{example.title}: wanted {set(example.labels)}, got {got}")
            else:
                self._check(not got, f"{example.title}: wanted nothing, got {got}")

    def test_nothing_in_nothing_out(self) -> None:
        """No parts give no detections."""
        self._check(list(self.make().detect([])) == [], "no parts, no detections")

    def test_awkward_parts(self) -> None:
        """Odd but valid parts do no harm, and get the same answer alone as in a batch, in any order."""
        detector = self.make()
        parts = self.awkward_parts(detector) + [example.part() for example in detector.info.examples]
        order = random.Random(7).sample(range(len(parts)), len(parts))  # noqa: S311  (a shuffle, not a secret)
        together = self._check_answers(detector, [parts[i] for i in order])
        for place, index in enumerate(order):
            (alone,) = self._check_answers(detector, [parts[index]])
            got = [(f.label, round(f.score, 2), f.location.span) for f in together[place].findings]
            want = [(f.label, round(f.score, 2), f.location.span) for f in alone.findings]
            self._check(got == want, f"part {index}: {got} in a batch, {want} alone")
