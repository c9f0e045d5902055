"""Sound, as ratios in one run: processor time for a second of recording, and what shorter windows of speech save.

``python -m benchmarks.sound [RECORDING ...]``; without recordings, the spoken test sounds. Targets: speech at most 0.4
(0.1 for English) and sound events at most 0.01 seconds a second on two idle cores.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.detectors.base import AnyDetector
from evenhand.detectors.sound import SoundDetector
from evenhand.detectors.sound_known import KnownSoundDetector
from evenhand.detectors.speech import SpeechDetector
from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour
from evenhand.inference import speech
from evenhand.inference.vad import RATE, levelled, speech_stretches
from evenhand.matching.audioprint import as_text, fingerprint
from tests.sounds import DATA, samples_of, sound

_PART = 30 * RATE


def main() -> None:
    """Print wall and processor seconds for a second of recording."""
    files = [Path(name) for name in sys.argv[1:]] or sorted(DATA.glob("*.ogg"))
    held = [samples_of(path) for path in files]
    pieces = [one[at : at + _PART] for one in held for at in range(0, len(one), _PART)]
    seconds = sum(map(len, pieces)) / RATE
    print(f"{len(files)} recordings, {seconds:.0f} s in {len(pieces)} parts; seconds for a second: wall, processor")
    _row("voice activity", pieces, seconds, lambda piece: speech_stretches(levelled(piece)))
    _row("sound events", pieces, seconds, _by(SoundDetector()))
    known = Library(
        name="bench",
        kind=LibraryKind.SOUNDS,
        colour=ListColour.BLACK,
        items=tuple(LibraryItem(value=as_text(fingerprint(one))) for one in held),
    )
    _row("known sounds", pieces, seconds, _by(KnownSoundDetector([known])))
    whole = _by(SpeechDetector())
    short = _row("speech", pieces, seconds, whole)
    speech._MORE, speech._LEAST = 3000, 3000
    full = _row("speech, windows of 30 s", pieces, seconds, whole)
    print(f"windows as long as the speech take {short / full:.2f} of the time of full ones")
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _by(detector: AnyDetector) -> Callable[[NDArray[np.float32]], object]:
    return lambda piece: detector.detect([sound(piece)])


def _row(
    name: str, pieces: list[NDArray[np.float32]], seconds: float, work: Callable[[NDArray[np.float32]], object]
) -> float:
    work(pieces[0])  # loads the model
    wall, processor = time.perf_counter(), time.process_time()
    for piece in pieces:
        work(piece)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{name:28} {wall / seconds:.4f} {processor / seconds:.4f}")
    return processor


if __name__ == "__main__":
    main()
