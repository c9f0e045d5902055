"""Where custom classes of texts are told apart: mean states of the harm reader, which reads every text anyway.

Three kinds of states, each of length 1: embeddings and lower part ("lower", at no cost), and the upper part besides
("whole"), which costs as much again for the texts that the lower part settles. Names of groups are replaced before the
reader sees a text (`fairness.neutral`), so a class cannot tell which group a text names.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from evenhand.detectors.harm_models import LATEST, HarmModels
from evenhand.domain.location import Span
from evenhand.errors import ModelError
from evenhand.inference.reader import WIDTH
from evenhand.inference.windows import sample, windows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evenhand.detectors.harm_reader import ReaderModel

TOGETHER = 8  # windows of a text that are one example, about 2,000 bytes
MOST = 256  # windows of one text that are looked at; of more, so many evenly


class Depth(StrEnum):
    """How far a text is read for a class."""

    LOWER = "lower"
    WHOLE = "whole"

    @property
    def space(self) -> str:
        """Names the model and what is taken of it; vectors of different spaces are not comparable."""
        return f"{LATEST} {self.value} 1"

    @property
    def dimensions(self) -> int:
        """Of a vector."""
        return WIDTH * (3 if self is Depth.WHOLE else 2)


class TextSpace:
    """Gives vectors of texts; the model is loaded on first use.

    Args:
        models: shared with the harm detector, so that what it read is at hand.
        threads: that the model may use when it is opened here.
    """

    def __init__(self, models: HarmModels | None = None, *, threads: int = 0) -> None:
        from evenhand.detectors.harm_reader import ReaderModel

        model = (models or HarmModels()).get(LATEST, threads=threads)
        if not isinstance(model, ReaderModel):
            raise ModelError(f"{LATEST} is not installed; reinstall the model package.")
        self._model: ReaderModel = model
        self._model.pool()

    def stretches(self, text: str) -> tuple[list[list[Span]], bool]:
        """Cut a text into stretches of at most eight windows; whether all of it is covered. None of an empty text."""
        reach = self._model.reach
        own = windows(text, size=reach.window, longest=reach.longest)
        chosen = sample(own, MOST)
        return [chosen[i : i + TOGETHER] for i in range(0, len(chosen), TOGETHER)], len(chosen) == len(own)

    def vectors(self, stretches: Sequence[tuple[str, Sequence[Span]]], depth: Depth) -> NDArray[np.float32]:
        """Give the vector of each stretch of a text: float32 [n, depth.dimensions].

        Raises:
            ModelError: the weights are missing or not what their cards describe.
        """
        import numpy as np

        pieces = [text[a:b] for text, own in stretches for a, b in own]
        states = self._model.states(pieces, whole=depth is Depth.WHOLE)
        ends = np.cumsum([len(own) for _, own in stretches])
        rows = [states[end - len(own) : end].mean(axis=0) for (_, own), end in zip(stretches, ends, strict=True)]
        if not rows:
            return np.zeros((0, depth.dimensions), np.float32)
        parts = np.stack(rows).reshape(len(rows), -1, WIDTH)
        parts = parts / np.maximum(np.linalg.norm(parts, axis=2, keepdims=True), 1e-9)
        out: NDArray[np.float32] = parts.reshape(len(rows), -1).astype(np.float32)
        return out

    def of(self, texts: Sequence[str], depth: Depth) -> NDArray[np.float32]:
        """Give a vector for each text that says anything, of its first stretch: what is shown as an example."""
        return self.vectors([(text, self.stretches(text)[0][0]) for text in texts], depth)


def depth_of(space: str) -> Depth | None:
    """Give what a space stands for; None: it belongs to another release."""
    return next((depth for depth in Depth if depth.space == space), None)
