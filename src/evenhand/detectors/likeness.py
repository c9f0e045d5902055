"""image.likeness: finds cropped, framed, turned and captioned copies of sample pictures, for people to look at."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import drawings
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import Finding, ImagePart, Library, LibraryKind, ListColour, PartKind
from evenhand.inference.pictures import fitted, whole

if TYPE_CHECKING:
    from evenhand.inference.general import GeneralEmbedder
    from evenhand.inference.space import PictureSpace
    from evenhand.matching.held import Held
    from evenhand.matching.landmarks import Landmarks
    from evenhand.matching.likeness import LikenessBank

LABEL = "known.review"
LEAST_COSINE = 0.3  # from which a sample is a candidate; calibrated in quality/pictures.md
CANDIDATES = 24  # confirmed by landmarks, of each bank, nearest first
LEAST_AGREEING = 12  # landmarks that must agree
_SURE = 60  # landmarks from which the score rises no more
_FLOOR, _CEILING = 0.6, 0.95


@dataclass(slots=True, kw_only=True)
class _Opened:
    library: Library
    bank: LikenessBank
    hashes: list[str]  # of each row
    held: Held


class LikenessDetector:
    """Compares a whole picture with the samples of libraries that have a bank of likenesses beside them.

    Vectors of the general model propose candidates; a finding needs at least 12 landmarks that agree on one map of
    the plane. Score: .6 at 12, rising evenly to .95 at 60. It says "this holds a copy of that picture" and always
    gives `known.review`: a black sample blocks nothing here, and white libraries are not read (what was put beside an
    allowed picture may be anything).

    Whole pictures only; no box is ever cut out, so faces are never compared. Nothing runs without a bank.
    """

    def __init__(self, banks: Sequence[tuple[Library, Path]] = (), *, threads: int = 0) -> None:
        self._banks, self._threads = tuple(banks), threads
        self._lock = threading.Lock()
        self._opened: list[_Opened] | None = None
        self._models: tuple[GeneralEmbedder, PictureSpace] | None = None
        self.info = DetectorInfo(
            name="image.likeness",
            version="1",
            reads=PartKind.IMAGE,
            labels=(LABEL,),
            cost=Cost.MODEL,
            description="Finds cropped, framed, turned and captioned copies of sample pictures, for review.",
            examples=(Example(title="A drawn landscape that no library holds", part=drawings.landscape),),
        )

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Compare each picture with all banks; without banks nothing is computed.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
            LibraryError: a bank is damaged or of another release.
        """
        if not self._banks:
            return [NOTHING] * len(parts)
        opened, embedder, space = self._ready()
        if not parts:
            return []
        vectors = space.compact(embedder.of_many(parts))
        findings: list[list[Finding]] = [[] for _ in parts]
        for one in opened:
            near = one.bank.nearest(vectors, least=LEAST_COSINE, most=CANDIDATES)
            for place, candidates in enumerate(near):
                agreed = max((_agreed(parts[place], one, row) for row, _ in candidates), default=0)
                if agreed >= LEAST_AGREEING:
                    findings[place].append(self._finding(parts[place], one.library, agreed))
        return [Detection(findings=tuple(found)) if found else NOTHING for found in findings]

    def _finding(self, part: ImagePart, library: Library, agreed: int) -> Finding:
        rise = min(1.0, (agreed - LEAST_AGREEING) / (_SURE - LEAST_AGREEING))
        return Finding(
            label=LABEL,
            score=_FLOOR + (_CEILING - _FLOOR) * rise,
            location=part.locate(whole(part)),
            detector=self.info.name,
            version=self.info.version,
            reason=f"looks like an edited copy of a sample ({agreed} landmarks agree)",
            library=library.name,
        )

    def _ready(self) -> tuple[list[_Opened], GeneralEmbedder, PictureSpace]:
        from evenhand.inference.general import GeneralEmbedder
        from evenhand.inference.space import PictureSpace
        from evenhand.matching.held import Held
        from evenhand.matching.likeness import LikenessBank

        with self._lock:
            if self._models is None:
                self._models = GeneralEmbedder(threads=self._threads), PictureSpace()
            embedder, space = self._models
            if self._opened is None:
                made = []
                for library, folder in self._banks:
                    bank = LikenessBank(folder, space=space.version)
                    made.append(_Opened(library=library, bank=bank, hashes=bank.hashes(), held=Held(library)))
                self._opened = made
            return self._opened, embedder, space


def make(context: DetectorContext) -> LikenessDetector:
    """Build the detector over the banks that stand beside the library documents; see `bank_folder`."""
    folder = context.settings.libraries
    if folder is None:
        return LikenessDetector(threads=context.settings.threads)
    asked = [
        (library, bank_folder(folder, library.name))
        for library in context.libraries
        if library.kind is LibraryKind.IMAGES and library.colour is not ListColour.WHITE
    ]
    return LikenessDetector([(library, at) for library, at in asked if at.is_dir()], threads=context.settings.threads)


def bank_folder(libraries: Path, name: str) -> Path:
    """Say where the likenesses of a library lie: `<name>.likeness` in the folder of library documents."""
    return libraries / f"{name}.likeness"


def landmarks_of(part: ImagePart, *, mirrored: bool = False) -> Landmarks:
    """Find the landmarks of a picture, or of its mirror image, once."""
    import cv2

    from evenhand.matching import landmarks

    def find(_: object) -> Landmarks:
        grey = np.asarray(cv2.cvtColor(fitted(part, landmarks.SIDE), cv2.COLOR_RGB2GRAY), np.uint8)
        return landmarks.find(grey[:, ::-1] if mirrored else grey)

    return part.view(("likeness.landmarks", mirrored), find)


def _agreed(part: ImagePart, opened: _Opened, row: int) -> int:
    from evenhand.matching import landmarks

    sample = opened.bank.landmarks(row)
    agreed = max(landmarks.agreeing(landmarks_of(part, mirrored=side), sample) for side in (False, True))
    # What has left the library, or is past its time in its bank, is known no more.
    return agreed if agreed >= LEAST_AGREEING and opened.hashes[row] in opened.held else 0
