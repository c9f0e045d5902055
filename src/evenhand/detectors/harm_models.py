"""The versions of the harm model: each keeps its weights, its way of reading a text, and so its scores."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from evenhand.domain.location import Span
from evenhand.errors import SettingsError
from evenhand.inference.packages import TEXT_PAST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LATEST = "text-2026.5"
VERSIONS = (LATEST, "text-2026.4", "text-2026.3", "text-2026.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How much of a text a model reads at a time."""

    window: int  # UTF-8 bytes of sentences read together
    longest: int  # UTF-8 bytes of one sentence; a longer one is cut
    most: int  # windows looked at in one text; of more, so many are taken evenly


class HarmModel(Protocol):
    """One version of the harm model."""

    @property
    def version(self) -> str:
        """The name under which it is asked for; answers carry it."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """What it scores, in the order of its columns."""
        ...

    @property
    def reach(self) -> Reach:
        """How much of a text it reads at a time."""
        ...

    def thresholds(self) -> Sequence[float]:
        """The score of each label from which on its card recommends to report it."""
        ...

    def scores(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Calibrated scores float32[n, labels] of texts that each fit its reach."""
        ...

    def skim(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """How bad each text looks at little cost, float32[n]: the windows of a very long text are ranked by it."""
        ...

    def toxic(self, text: str) -> list[Span]:
        """The words of a window that make it abusive or hateful; none where it does not point at words."""
        ...

    def spans(self, text: str, labels: Sequence[str]) -> Mapping[str, list[Span]]:
        """Where in a text, one sentence or a few, each label's evidence stands; empty lists where it cannot say."""
        ...


class HarmModels:
    """Opens each version once, for all detectors of a process that read with it. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, HarmModel] = {}

    def get(self, version: str = LATEST, *, threads: int = 0, cascade: bool = True) -> HarmModel:
        """Give a version; arguments, of which those of the first call count, and errors as for `open_model`."""
        with self._lock:
            if version not in self._open:
                self._open[version] = open_model(version, threads=threads, cascade=cascade)
            return self._open[version]

    def close(self) -> None:
        """Let go of all models."""
        with self._lock:
            self._open.clear()


def open_model(version: str, *, threads: int = 0, cascade: bool = True) -> HarmModel:
    """Give a version of the harm model.

    Raises:
        SettingsError: there is no such version, or its package is not installed.
    """
    from evenhand.detectors.harm_heads import HEADS, HeadsModel
    from evenhand.detectors.harm_reader import ReaderModel

    if version not in VERSIONS:
        known = ", ".join(VERSIONS)
        raise SettingsError(f"There is no text model {version!r}; EVENHAND_TEXT_MODEL may be: {known}.")
    if version != LATEST and importlib.util.find_spec(TEXT_PAST) is None:
        raise SettingsError(
            f"Text model {version} needs the package {TEXT_PAST.replace('_', '-')}: install evenhand[past], or leave "
            f"EVENHAND_TEXT_MODEL at {LATEST}."
        )
    if version == HEADS:
        return HeadsModel(threads=threads)
    return ReaderModel(version, threads=threads, cascade=cascade)
