"""The detector seam: what a detector declares, what it is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol, TypeVar

from evenhand.detectors.harm_models import HarmModels
from evenhand.domain import AudioPart, CustomClass, Finding, ImagePart, Library, Part, PartKind, TextPart
from evenhand.settings import Settings


class Cost(IntEnum):
    """What one part costs on one core; detectors of the first class share a thread, the others get their own."""

    CHEAP = 1  # tens of microseconds: tables, patterns
    MODEL = 2  # milliseconds: a small model
    HEAVY = 3  # a tenth of a second or more: OCR, large models


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A part that shows what a detector does; it feeds the docs, the demo and the contract test."""

    title: str  # what it shows, in a few words
    part: Callable[[], Part]  # makes the part; pictures are drawn, never photographs of people
    labels: frozenset[str] = frozenset()  # labels that must be found; empty: nothing at all may be found


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorInfo:
    """What a detector says about itself."""

    name: str  # "<medium>.<what>", lower case: "text.contact"
    version: str  # changes whenever the same input may get another answer
    reads: PartKind
    labels: tuple[str, ...]  # every label it can give; none may name a protected attribute
    cost: Cost
    description: str  # one sentence for people
    examples: tuple[Example, ...]
    identifies_language: bool = False  # runs before the others, so that they see `TextPart.language`
    emits: frozenset[PartKind] = frozenset()  # kinds of parts that it reads out of its input (OCR emits text)
    last: bool = False  # runs after the others, so that it finds what their models read; not at all without labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What a detector gives back for one part."""

    findings: tuple[Finding, ...] = ()
    parts: tuple[Part, ...] = ()  # derived parts, of the kinds in DetectorInfo.emits
    scores: Mapping[str, float] = field(default_factory=dict)  # calibrated, also below the detector's own floor
    language: str | None = None  # set only by a detector that identifies the language of a text
    notes: tuple[str, ...] = ()  # what people should know beside the findings; never the words themselves
    partial: str | None = None  # what of the part was not looked at, and why; makes the content `incomplete`


NOTHING = Detection()  # shared answer for the common case, to spare allocations

P_contra = TypeVar("P_contra", TextPart, ImagePart, AudioPart, contravariant=True)


class Detector(Protocol[P_contra]):
    """Looks at parts of one kind and says what it saw.

    `detect` is called from worker threads, one call at a time for each detector, with parts of many contents together.
    It must not change the parts. Weights are loaded on the first call, not before.
    """

    @property
    def info(self) -> DetectorInfo:
        """The declaration; constant over the detector's life."""
        ...

    def detect(self, parts: Sequence[P_contra]) -> Sequence[Detection]:
        """Give one detection for each part, in order.

        Raises:
            Exception: anything raised is recorded as `incomplete` for the contents concerned; it never reads as clean.
        """
        ...


AnyDetector = Detector[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorContext:
    """What a detector may be built from."""

    settings: Settings
    libraries: tuple[Library, ...] = ()
    # what a detector leaves for the one that takes its place when libraries change: indexes that are dear to build
    keep: dict[str, Any] = field(default_factory=dict)
    classes: Callable[[], Sequence[CustomClass]] = tuple  # those that judge; asked when a detector is built
    models: HarmModels = field(default_factory=HarmModels)  # of text, each opened once for all who read with it


DetectorFactory = Callable[[DetectorContext], AnyDetector]
