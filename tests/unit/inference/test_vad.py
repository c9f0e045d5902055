"""Voice activity, and sound made fit for models."""

from __future__ import annotations

import numpy as np
import pytest

from evenhand.inference.vad import RATE, at_16k, joined, levelled, speech_stretches
from tests.sounds import hostile, spoken, tone

pytest.importorskip("faster_whisper")


def test_two_sentences_are_two_stretches() -> None:
    stretches = joined(speech_stretches(levelled(spoken("insult_en"))), gap=RATE * 3 // 2, longest=28 * RATE)
    assert len(stretches) == 2
    (a, b), (c, d) = stretches
    # spoken from 1.0 to 5.2 and from 8.2 to 11.4 seconds
    assert 0.5 * RATE < a < 1.2 * RATE
    assert 4.8 * RATE < b < 5.8 * RATE
    assert 7.7 * RATE < c < 8.4 * RATE
    assert 11.0 * RATE < d <= 12.4 * RATE


@pytest.mark.parametrize("name", hostile())
def test_nobody_speaks_in(name: str) -> None:
    assert speech_stretches(levelled(hostile()[name])) == []


@pytest.mark.parametrize("name", hostile())
def test_levelled_sound_is_sound(name: str) -> None:
    made = levelled(hostile()[name])
    assert made.dtype == np.float32
    assert np.isfinite(made).all()
    assert not len(made) or np.abs(made).max() <= 1.0 + 1e-6


def test_what_is_below_the_floor_is_nothing() -> None:
    assert len(levelled(tone(1, level=5e-4))) == 0
    assert len(levelled(tone(1, level=5e-3))) == RATE


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 192_000])
def test_other_rates_keep_the_tone(rate: int) -> None:
    times = np.arange(rate) / rate
    made = at_16k(np.sin(2 * np.pi * 1000 * times).astype(np.float32), rate)
    assert len(made) == RATE
    spectrum = np.abs(np.fft.rfft(made))
    assert int(spectrum.argmax()) == 1000


@pytest.mark.parametrize(
    ("stretches", "made"),
    [
        ([], []),
        ([(0, 5), (6, 9)], [(0, 9)]),
        ([(0, 5), (8, 9)], [(0, 5), (8, 9)]),
        ([(0, 50)], [(0, 17), (17, 34), (34, 50)]),
        ([(0, 15), (16, 25)], [(0, 15), (16, 25)]),
    ],
)
def test_joined(stretches: list[tuple[int, int]], made: list[tuple[int, int]]) -> None:
    assert joined(stretches, gap=2, longest=20) == made
