"""Fingerprints of sound: found again after what happens to sounds, and not in strangers."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from evenhand.matching.audioprint import STEPS, as_text, fingerprint, from_text
from evenhand.matching.audioprint_index import PrintIndex, PrintMatch
from tests.sounds import RATE, hostile, noise, spoken, tone

Sound = NDArray[np.float32]


def melody(seconds: float, seed: int) -> Sound:
    """Make a tune: plucked tones of a scale of its own, at a pace of its own, with overtones."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(0.7 * RATE)) / RATE
    out = np.zeros(round(seconds * RATE) + len(times))
    pace, low = rng.uniform(2.5, 6), rng.uniform(150, 350)
    for number in range(int(seconds * pace)):
        pitch = low * 2 ** (rng.integers(0, 20) / 12)
        for part, level in ((1, 1.0), (2, 0.5), (3, 0.3), (1.5, 0.4)):
            at = round(number * RATE / pace)
            out[at : at + len(times)] += level * np.sin(2 * np.pi * pitch * part * times) * np.exp(-5 * times)
    made: Sound = (0.2 * out[: round(seconds * RATE)] / np.abs(out).max() * 3).astype(np.float32)
    return made


def reencoded(samples: Sound, codec: str, kind: str, rate: int, bits: int) -> Sound:
    import av

    held = io.BytesIO()
    with av.open(held, "w", format=kind) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        stream.bit_rate = bits
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(
            format=stream.codec_context.format.name,
            layout="mono",
            rate=rate,
            frame_size=stream.codec_context.frame_size,
        )
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    held.seek(0)
    with av.open(held, "r") as media:
        back = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = [piece for frame in media.decode(audio=0) for piece in back.resample(frame)]
    made: Sound = np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
    return made


@pytest.fixture(scope="module")
def index() -> PrintIndex:
    return PrintIndex([fingerprint(melody(40, seed)) for seed in range(5)])


def nearest(index: PrintIndex, samples: Sound) -> PrintMatch | None:
    found = [match for offset in (0.0, 0.5) for match in index.find(fingerprint(samples, offset=offset))]
    return min(found, key=lambda match: match.differs, default=None)


CHANGES: dict[str, Callable[[Sound], Sound]] = {
    "as it is": lambda s: s,
    "softer": lambda s: s * 0.02,
    "clipped": lambda s: np.clip(s * 1.5, -0.7, 0.7),
    "hissing": lambda s: s + noise(len(s) / RATE, level=0.02)[: len(s)],
    "with an offset": lambda s: s + 0.3,
    "MP3 at 32 kbit": lambda s: reencoded(s, "mp3", "mp3", 44_100, 32_000),
    "Opus at 16 kbit": lambda s: reencoded(s, "libopus", "ogg", 48_000, 16_000),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_cut_of_a_sample_is_found_where_it_is(index: PrintIndex, change: str) -> None:
    piece = melody(40, 3)[round(12.34 * RATE) : round(22.34 * RATE)]
    match = nearest(index, np.asarray(CHANGES[change](piece), np.float32))
    assert match is not None
    assert match.sample == 3
    assert match.at - match.start == pytest.approx(12.34, abs=0.2)
    assert match.end - match.start > 8


def test_a_sample_inside_other_sound_has_its_seconds() -> None:
    jingle = melody(5, 77)
    index = PrintIndex([fingerprint(jingle)])
    rest = [noise(8, level=0.02), jingle, spoken("harmless_en")]
    match = nearest(index, np.concatenate(rest).astype(np.float32))
    assert match is not None
    assert match.start == pytest.approx(8.0, abs=0.5)
    assert match.end == pytest.approx(13.0, abs=0.7)


@pytest.mark.parametrize("seed", range(100, 110))
def test_other_tunes_are_not_found(index: PrintIndex, seed: int) -> None:
    assert nearest(index, melody(30, seed)) is None


@pytest.mark.parametrize("name", [*hostile(), "speech"])
def test_strangers_are_not_found(index: PrintIndex, name: str) -> None:
    assert nearest(index, hostile().get(name, spoken("insult_en"))) is None


@pytest.mark.parametrize("name", hostile())
def test_what_holds_nothing_matches_nothing(name: str) -> None:
    """A sample of silence or a steady tone must not match other silence and other tones."""
    index = PrintIndex([fingerprint(np.zeros(5 * RATE, np.float32)), fingerprint(tone(6, frequency=440))])
    assert nearest(index, hostile()[name]) is None


def test_text_and_back() -> None:
    words = fingerprint(melody(3, 1))
    assert len(words) == pytest.approx(3 * STEPS, abs=7)
    assert np.array_equal(from_text(as_text(words)), words)


@pytest.mark.parametrize("text", ["", "abc", "s1:", "s1:A", "s1:????", "s1:AAA", "s2:AAAA"])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        from_text(text)


def test_hours_too_many_are_refused() -> None:
    with pytest.raises(ValueError, match="four hours"):
        from_text("s1:" + "A" * 1_300_000)
