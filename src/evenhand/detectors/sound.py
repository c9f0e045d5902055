"""audio.events: hears gunshots and explosions; marks screams, crying, sirens and breaking glass, which are no harm.

Beside the score every finding carries facts: what was heard, and how much of the part is speech, music and silence.
Nothing is told about who is heard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.speech import heard_sound
from evenhand.domain import AudioPart, Fact, Finding, PartKind
from evenhand.inference.sound import SoundModel, Sounds
from evenhand.inference.sound_features import HOP_S, PATCH_S
from evenhand.inference.vad import RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

# label, and how it is said
_EVENTS: Mapping[str, tuple[str, str]] = {
    "gunshot": ("violence.weapon", "a sound like a gunshot"),
    "explosion": ("violence.explosion", "a sound like an explosion"),
    "scream": ("violence.distress", "a sound like a scream"),
    "crying": ("violence.distress", "a sound like crying"),
    "siren": ("violence.distress", "a sound like a siren"),
    "breaking glass": ("violence.distress", "a sound like breaking glass"),
}
_FLOOR = 0.3  # findings below are not given
_PRESENT = 0.5  # speech and music count from here on
_MOSTLY = 0.6  # of the part
_SILENT = 1e-3  # root mean square of 0.1 s, about -60 dB
_MOST = 20  # findings of one event in one part
# A gunshot is an explosion to the model too; the explosion is told only where it is the likelier of the two.
_INSTEAD = {"explosion": "gunshot"}


def _tone() -> AudioPart:
    times = np.arange(2 * RATE) / RATE
    return AudioPart(samples=(0.2 * np.sin(2 * np.pi * 330 * times)).astype(np.float32))


class SoundDetector:
    """Sound events. A finding spans the patches of 0.96 s, one every 0.48 s, in which the event was heard."""

    info = DetectorInfo(
        name="audio.events",
        version="1",
        reads=PartKind.AUDIO,
        labels=tuple(sorted({label for label, _ in _EVENTS.values()})),
        cost=Cost.MODEL,
        description="Hears gunshots and explosions; marks screams, crying, sirens and breaking glass, which are no "
        "harm; says what a recording mostly is: speech, music or silence.",
        examples=(Example(title="A tone", part=_tone),),
    )

    def __init__(self, *, threads: int = 0) -> None:
        self._model = SoundModel(threads=threads)

    def detect(self, parts: Sequence[AudioPart]) -> list[Detection]:
        """Listen to each part, one at a time.

        Raises:
            ModelError: the weights are missing or not what their card describes.
        """
        return [self._one(part) for part in parts]

    def _one(self, part: AudioPart) -> Detection:
        sound = heard_sound(part)
        if not len(sound):
            return Detection(notes=("mostly silence",)) if part.seconds >= 1 else NOTHING
        heard = self._model.listen(sound)
        shares = shares_of(sound, heard)
        findings = tuple(
            self._finding(part, name, scores, first, last, shares)
            for name, scores in _told(heard).items()
            for first, last in stretches(scores >= _FLOOR)[:_MOST]
        )
        best: dict[str, float] = dict.fromkeys(self.info.labels, 0.0)
        for name, scores in _told(heard).items():
            label = _EVENTS[name][0]
            best[label] = max(best[label], float(scores.max(initial=0.0)))
        return Detection(findings=findings, scores=best, notes=_notes(part, shares))

    def _finding(
        self,
        part: AudioPart,
        name: str,
        scores: NDArray[np.float32],
        first: int,
        last: int,
        shares: Mapping[str, float],
    ) -> Finding:
        label, said = _EVENTS[name]
        facts: dict[str, Fact] = {"sound": name, **shares}
        return Finding(
            label=label,
            score=float(scores[first : last + 1].max()),
            location=part.locate(first * HOP_S, min(part.seconds, last * HOP_S + PATCH_S)),
            detector=self.info.name,
            version=self.info.version,
            reason=said,
            facts=facts,
        )


def make(context: DetectorContext) -> SoundDetector:
    """Build the detector.

    Raises:
        ImportError: the extra 'audio' is not installed.
        ModelError: the weights are not installed.
    """
    import faster_whisper  # noqa: F401  (the extra is one; a missing one is told now)

    return SoundDetector(threads=context.settings.threads)


def shares_of(sound: NDArray[np.float32], heard: Sounds) -> dict[str, float]:
    """Give which shares of a sound are speech, music and silence, each in [0, 1], rounded; they may overlap."""
    frames = sound[: len(sound) // (RATE // 10) * (RATE // 10)].reshape(-1, RATE // 10)
    silent = np.sqrt((frames.astype(np.float64) ** 2).mean(1)) < _SILENT if len(frames) else np.zeros(1, bool)
    given = {
        "speech_share": (heard.speech >= _PRESENT).mean() if len(heard.speech) else 0.0,
        "music_share": (heard.music >= _PRESENT).mean() if len(heard.music) else 0.0,
        "silence_share": silent.mean(),
    }
    return {name: round(float(value), 2) for name, value in given.items()}


def stretches(present: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Give the runs of patches that are present: first and last of each, in order."""
    edges = np.diff(np.concatenate([[0], present.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def _told(heard: Sounds) -> Mapping[str, NDArray[np.float32]]:
    told = {name: scores for name, scores in heard.events.items() if name in _EVENTS}
    for weaker, stronger in _INSTEAD.items():
        if weaker in told and stronger in told:
            told[weaker] = np.where(told[stronger] >= told[weaker], np.float32(0), told[weaker])
    return told


def _notes(part: AudioPart, shares: Mapping[str, float]) -> tuple[str, ...]:
    if part.seconds < 1:
        return ()
    said = [name.removesuffix("_share") for name, share in shares.items() if share >= _MOSTLY]
    return (f"mostly {' and '.join(said)}",) if said else ()
