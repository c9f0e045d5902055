"""The model of sound events: YAMNet, which tells about 500 kinds of sounds, and what evenhand makes of its classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evenhand.errors import ModelError
from evenhand.inference.sessions import LazySession
from evenhand.inference.sound_features import patches
from evenhand.inference.speech_weights import PACKAGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "yamnet"
SPEECH, MUSIC = "Speech", "Music"
_TOGETHER = 64  # patches of one run of the model: 31 seconds, about 60 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounds:
    """What was heard in each patch of a sound; the patch `i` spans 0.96 s from `0.48 * i` on."""

    events: Mapping[str, NDArray[np.float32]]  # event -> calibrated score of each patch, in [0, 1]
    speech: NDArray[np.float32]  # the model's own probability of speech in each patch
    music: NDArray[np.float32]


class SoundModel:
    """YAMNet, verified and loaded on first use. About 40 MB in memory.

    Args:
        threads: threads inside one run; 0: one per core.
    """

    def __init__(self, *, threads: int = 0) -> None:
        self._session = LazySession(PACKAGE, NAME, threads=threads)

    def listen(self, samples: NDArray[np.float32]) -> Sounds:
        """Tell what is heard.

        Args:
            samples: float32 [n] at 16 kHz.

        Raises:
            ModelError: the weights are missing or not what their card describes.
        """
        given = patches(samples)
        raw = self._session.card.raw
        names = {name: number for number, name in enumerate(raw["classes"])}
        runs = [self._session.run(["scores"], {"patches": given[i : i + _TOGETHER]})[0] for i in _starts(len(given))]
        found = np.concatenate(runs) if runs else np.zeros((0, len(names)), np.float32)
        try:
            events = {name: _calibrated(found, names, entry) for name, entry in raw["events"].items()}
        except (KeyError, TypeError) as error:
            raise ModelError(f"Model card {NAME} lacks what its events are made of; reinstall {PACKAGE}.") from error
        return Sounds(events=events, speech=found[:, names[SPEECH]], music=found[:, names[MUSIC]])


def _starts(count: int) -> range:
    return range(0, count, _TOGETHER)


def _calibrated(
    found: NDArray[np.float32], names: Mapping[str, int], entry: Mapping[str, object]
) -> NDArray[np.float32]:
    classes, slope, offset = entry["classes"], entry["slope"], entry["offset"]
    if not (isinstance(classes, list) and isinstance(slope, float | int) and isinstance(offset, float | int)):
        raise TypeError("an event is classes, slope and offset")
    p = np.clip(found[:, [names[one] for one in classes]].max(1), 1e-6, 1 - 1e-6).astype(np.float64)
    out: NDArray[np.float32] = (1 / (1 + np.exp(-(slope * np.log(p / (1 - p)) + offset)))).astype(np.float32)
    return out
