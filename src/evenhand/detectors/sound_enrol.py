"""Fingerprints of whole files, for libraries of sounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evenhand.decode.apart import check_whole, open_reader, plan_recording
from evenhand.decode.media import MEDIA
from evenhand.decode.sniff import sniff
from evenhand.errors import InputError, TooLargeError
from evenhand.matching.audioprint import MOST_SECONDS, STEPS, fingerprint
from evenhand.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RATE = 16_000
_TAIL = _RATE // 2  # what the next stretch needs of the one before: more than a frame of a fingerprint


def fingerprint_file(path: Path, *, settings: Settings | None = None) -> NDArray[np.uint32]:
    """Work out the fingerprint of a sound file, or of the first sound of a video; a segment at a time.

    Args:
        path: the file.
        settings: limits; None: the defaults and the environment.

    Returns:
        uint32 [steps], see `audioprint.fingerprint`.

    Raises:
        TooLargeError: over a limit, or over four hours.
        InputError: it cannot be read, or holds no sound.
    """
    settings = settings or Settings()
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path") from error
    media = sniff(head)
    if media is None or media not in MEDIA:
        raise InputError(f"{path} is no sound and no video; a library of sounds is made from those")
    made = plan_recording(path, media, settings)
    if not made.of("audio"):
        raise InputError(f"{path} holds no sound; a library of sounds is made from sounds")
    if made.duration > MOST_SECONDS:
        raise TooLargeError(f"{path} is over {MOST_SECONDS // 3600} hours long; cut it")
    sound = np.zeros(round(made.duration * STEPS) + 1, np.uint32)
    with open_reader(path, made, settings) as reader:
        for segment in made.segments:
            parts = reader.segment(segment.number)
            for part in parts.sound():
                begin = part.origin.time[0] if part.origin.time else 0.0
                _put(sound, part.samples, begin)
            check_whole(parts)
    return np.trim_zeros(sound, "b")


def _put(out: NDArray[np.uint32], samples: NDArray[np.float32], begin: float) -> None:
    """Write the words of a stretch to where it stands, on the grid of the whole."""
    first = int(np.ceil(begin * STEPS - 1e-6))
    words = fingerprint(samples, offset=min(0.999, max(0.0, first - begin * STEPS)))
    end = min(len(out), first + len(words))
    out[first:end] = np.maximum(out[first:end], words[: max(0, end - first)])
