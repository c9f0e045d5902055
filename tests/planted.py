"""A film with four planted incidents: drawn, spoken by a machine, or computed. For files and for live streams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.drawings import pistol
from tests.recordings import landscape, qr, video
from tests.sounds import RATE, gunfire, spoken

SIZE = (640, 360)
ADVERT = "https://wa.me/14155552671?text=buy%20followers"
INSULT = (8.1, 11.6)  # seconds of insult_en.ogg in which it is said
FILM_S = 48.0


@dataclass(frozen=True)
class Planted:
    """Something that happens, and how it has to be told."""

    start: float  # seconds
    end: float
    label: str
    way: str


IN_THE_FILM = (
    Planted(12, 15, "ads.qrcode", "seen"),
    Planted(20, 24, "harassment.insult", "said"),
    Planted(28, 32, "violence.weapon", "seen"),
    Planted(40.5, 43, "violence.weapon", "heard"),
)
_ALLOWED = {"ads": {"ads", "spam"}}  # an advert may read like bulk mail, too


def allowed(label: str, planted: Planted) -> bool:
    """Say whether a label may be told of something planted."""
    top = planted.label.partition(".")[0]
    return label.partition(".")[0] in _ALLOWED.get(top, {top})


def scene(moment: float) -> Image.Image:
    """Draw the film: a landscape, a code that advertises, a gun."""
    if 12 <= moment < 15:
        return qr(ADVERT, SIZE)
    return pistol(SIZE) if 28 <= moment < 32 else landscape(moment, SIZE)


def track(seconds: float, *pieces: tuple[float, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Lay sounds on a quiet track."""
    out = np.random.default_rng(0).normal(0, 0.0005, round(seconds * RATE)).astype(np.float32)
    for start, piece in pieces:
        begin = round(start * RATE)
        out[begin : begin + len(piece)] += piece[: len(out) - begin]
    return out


def insult() -> NDArray[np.float32]:
    """Give the spoken insult alone."""
    return spoken("insult_en")[round(INSULT[0] * RATE) : round(INSULT[1] * RATE)]


def weather() -> NDArray[np.float32]:
    """Give six seconds of harmless speech."""
    return spoken("insult_en")[: 6 * RATE]


def film(fmt: str = "mp4", *, gop: int = 250) -> bytes:
    """Encode the film with its sound."""
    full = track(FILM_S, (2, weather()), (20, insult()), (40, gunfire()))
    return video(scene, seconds=FILM_S, fmt=fmt, gop=gop, sounds=[full], options={"preset": "veryfast"})
