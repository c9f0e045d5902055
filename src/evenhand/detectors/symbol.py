"""image.symbol: well-documented symbols of hate on display, told from religious signs that resemble them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import drawings, symbol_drawings
from evenhand.detectors.base import Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.stretches import Stretch, stretches
from evenhand.detectors.symbol_places import Place, best, levels, places, reader_square
from evenhand.domain import Finding, ImagePart, PartKind
from evenhand.inference.calibration import Platt, apply, read_platt
from evenhand.inference.pictures import working_array
from evenhand.inference.sessions import LazySession, beside_others

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABEL = "extremism.symbol"
FLOOR = 0.65  # calibrated score from which there is a finding: above a half, to spare letters and religious signs
SHAPES = {  # the reader's classes that count -> what a person is told
    "hooked-cross": "a shape like a hooked cross standing on its corner",
    "sun-wheel": "a shape like a wheel of twelve bent spokes",
    "double-runes": "a shape like two zigzag runes side by side",
    "footed-othala": "a shape like an othala rune with feet",
}
# Where they are among the reader's outputs. The fourth, a short cross within a ring, counts as harmless: the heads of
# churches' high crosses were read as it.
INDICES = (0, 1, 2, 4)
_PACKAGE = "evenhand_models_vision"
_CAUTION = "; the picture alone does not say why it is shown"


class SymbolDetector:
    """Finds four historic symbols of hate with two small networks: one says where, the other says what.

    An upright swastika, plain or with dots, petals or a temple's frame, to either side, is a religious sign of Hindus,
    Buddhists and Jains and is not looked for: only one that stands on its corner is. A symbol that is struck out or
    thrown away is not found either. Why a symbol is shown (history, teaching, warning, praise) is not in its shape: a
    finding asks for a person, and `evenhand.detectors.beside` then adds what the words of the same picture say.

    Learnt from drawings alone. Symbols smaller than about a fortieth of the picture's longer side are missed.
    """

    info = DetectorInfo(
        name="image.symbol",
        version="1",
        reads=PartKind.IMAGE,
        labels=(LABEL,),
        cost=Cost.MODEL,
        description="Finds a few well-documented symbols of hate, and tells them from religious signs.",
        examples=(
            Example(title="A religious swastika with four dots", part=symbol_drawings.dotted_swastika),
            Example(title="A temple's sign on a map", part=symbol_drawings.temple_mark),
            Example(title="A sight: ring, lines and a gap", part=symbol_drawings.sight),
            Example(title="A drawn landscape", part=drawings.landscape),
        ),
    )

    def __init__(self, *, threads: int = 0) -> None:
        self._finder = LazySession(_PACKAGE, "symbol-finder", threads=threads)
        self._reader = LazySession(_PACKAGE, "symbol-reader", threads=threads)
        self._platts: tuple[Platt, ...] | None = None

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Look at each picture.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        found: list[list[Finding]] = [[] for _ in parts]
        scores = [0.0] * len(parts)
        for stretch in stretches(parts):
            kept = self.candidates(stretch.part)
            if not kept:
                continue
            for place, row in zip(kept, self.read(stretch.part, kept), strict=True):
                score = float(row.max())
                scores[stretch.picture] = max(scores[stretch.picture], score)
                if score >= FLOOR:
                    found[stretch.picture].append(self._finding(stretch, place, score, int(row.argmax())))
        return [Detection(findings=tuple(f), scores={LABEL: s}) for f, s in zip(found, scores, strict=True)]

    def candidates(self, part: ImagePart) -> list[Place]:
        """Give the places of a picture that may hold a symbol, at most 12, in pixels of the working copy."""
        out: list[Place] = []
        for scale, pixels in levels(part):
            (maps,) = self._finder.run(["maps"], {"pixels": pixels[None]})
            out += places(maps[0], scale=scale)
        return best(out)

    def read(self, part: ImagePart, kept: Sequence[Place]) -> NDArray[np.float32]:
        """Give calibrated scores float32 [places, shapes]."""
        self._platts = self._platts or read_platt(self._reader.card.calibration, tuple(SHAPES))
        (logits,) = self._reader.run(["logits"], {"pixels": np.stack([reader_square(part, place) for place in kept])})
        return calibrated(logits, self._platts)

    def _finding(self, stretch: Stretch, place: Place, score: float, shape: int) -> Finding:
        height, width = working_array(stretch.part).shape[:2]
        x0, y0, x1, y1 = place.box
        box = stretch.to_picture((x0 / width, y0 / height, x1 / width, y1 / height))
        return Finding(
            label=LABEL,
            score=score,
            location=stretch.whole.locate(box),
            detector=self.info.name,
            version=self.info.version,
            reason=list(SHAPES.values())[shape] + _CAUTION,
        )


def calibrated(logits: NDArray[np.float32], platts: Sequence[Platt]) -> NDArray[np.float32]:
    """Give scores float32 [n, shapes] of the reader's logits: each shape against all that is no symbol of hate.

    Args:
        logits: float32 [n, classes].
        platts: one for each shape.
    """
    wanted, rest = logits[:, list(INDICES)], np.delete(logits, INDICES, axis=1)
    top = rest.max(axis=1, keepdims=True)
    margin = wanted - top - np.log(np.exp(rest - top).sum(axis=1, keepdims=True))
    return apply(platts, np.asarray(margin, np.float32))


def make(context: DetectorContext) -> SymbolDetector:
    """Build the detector."""
    return SymbolDetector(threads=beside_others(context.settings.threads))
