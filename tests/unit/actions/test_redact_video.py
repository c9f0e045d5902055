"""Redacted copies of videos and sounds: covered over time, bleeped, cut, nothing else in them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from evenhand.actions.redact import Redacted, Redaction, redact
from evenhand.actions.redact_cover import Style
from evenhand.actions.redact_sound import Sound
from evenhand.actions.redact_when import regions_in_time, sounds_in_time
from evenhand.decode import decode
from evenhand.domain import Action, Content, Finding, Incident, Location, Modality, Result, Source
from evenhand.errors import InputError
from evenhand.settings import Settings
from tests.recordings import sound, tone, video, with_cover

SETTINGS = Settings(media_timeout_s=600)
LABEL = "violence.weapon"


def moving(moment: float) -> Image.Image:
    """Draw a red square that moves 40 px a second, on fine stripes."""
    rows = (np.arange(180)[:, None] // 2 % 2 * 60 + 60).repeat(320, axis=1).astype(np.uint8)
    image = Image.fromarray(np.stack([rows, rows, rows], axis=2))
    ImageDraw.Draw(image).rectangle(square(moment), fill=(240, 0, 0))
    return image


def square(moment: float) -> tuple[float, float, float, float]:
    x = 20 + 40 * moment
    return (x, 60, x + 40, 100)


def found(moment: float, source: Source = Source.FRAME, *, end: float | None = None, **more: Any) -> Finding:
    place = Location(source=source, time=(moment, moment if end is None else end), **more)
    return Finding(label=LABEL, score=0.9, location=place, detector="d", version="1", reason="seen")


def result_of(data: bytes, *findings: Finding, incidents: tuple[Incident, ...] = (), **more: Any) -> Result:
    fields: dict[str, Any] = {"incomplete": {}, **more}
    return Result(
        id=None,
        decision_id="d",
        action=Action.REVIEW,
        labels={},
        findings=findings,
        rule=None,
        reason="r",
        policy="p@1/default",
        models={},
        content_hash=decode(Content(data=data), SETTINGS).content_hash,
        incidents=incidents,
        **fields,
    )


def pictures(data: bytes) -> list[tuple[float, NDArray[np.uint8]]]:
    with av.open(BytesIO(data), "r") as container:
        return [
            (float(f.time or 0), np.asarray(f.to_ndarray(format="rgb24"), np.uint8)) for f in container.decode(video=0)
        ]


def heard(data: bytes, rate: int = 16_000) -> NDArray[np.float32]:
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    with av.open(BytesIO(data), "r") as container:
        pieces = [out.to_ndarray().reshape(-1) for f in container.decode(audio=0) for out in resampler.resample(f)]
    return np.concatenate(pieces)


def redness(picture: NDArray[np.uint8]) -> int:
    wide = picture.astype(int)
    return int(((wide[..., 0] > 150) & (wide[..., 1] < 90)).sum())


def pitch(samples: NDArray[np.float32], start: float, end: float, rate: int = 16_000) -> float:
    piece = samples[round(start * rate) : round(end * rate)]
    return float(np.abs(np.fft.rfft(piece * np.hanning(len(piece)))).argmax() * rate / len(piece))


def made_of(data: bytes, *findings: Finding, **fields: Any) -> Redacted:
    return redact(Content(data=data), Redaction(**fields), SETTINGS, result=result_of(data, *findings))


def test_a_thing_that_moves_is_covered_between_the_looks_too() -> None:
    data = video(moving, seconds=6, fps=10)
    looks = [found(moment, box=square(moment)) for moment in (0.0, 2.0, 4.0)]
    done = made_of(data, *looks, style=Style.BOX)
    assert (done.media_type, done.complete, len(done.covered)) == ("video/mp4", True, 3)
    shown = pictures(done.data)
    assert len(shown) == 60
    assert max(redness(picture) for moment, picture in shown if moment <= 5.0) == 0
    assert shown[0][1].shape == (180, 320, 3)
    # What is away from it stays as it was, nearly.
    before = pictures(data)[20][1]
    assert np.abs(shown[20][1][150:].astype(int) - before[150:].astype(int)).mean() < 12


@pytest.mark.parametrize("style", list(Style))
def test_a_finding_without_a_place_covers_the_whole_frame(style: Style) -> None:
    data = video(moving, seconds=4, fps=10)
    done = made_of(data, found(1.0), style=style)
    covered = dict(pictures(done.data))[1.0].astype(int)
    # Of the stripes, 2 px high, nothing is left; they are there where nothing was found.
    assert np.abs(np.diff(covered, axis=0)).mean() < 6
    assert np.abs(np.diff(pictures(done.data)[-1][1].astype(int), axis=0)).mean() > 15


@pytest.mark.parametrize(("style", "hertz"), [(Sound.BLEEP, 1_000.0), (Sound.SILENCE, None)])
def test_spoken_words_are_taken_out(style: Sound, hertz: float | None) -> None:
    data = video(moving, seconds=5, fps=10, sounds=[tone(5.0, hertz=440.0)])
    done = made_of(data, found(2.0, Source.SPEECH, end=3.0, text="word"), sound=style)
    samples = heard(done.data)
    assert abs(len(samples) / 16_000 - 5.0) < 0.2
    assert pitch(samples, 0.5, 1.5) == pytest.approx(440, abs=15)
    assert pitch(samples, 3.5, 4.5) == pytest.approx(440, abs=15)
    if hertz is None:
        assert np.abs(samples[round(2.1 * 16_000) : round(2.9 * 16_000)]).max() < 0.01
    else:
        assert pitch(samples, 2.1, 2.9) == pytest.approx(hertz, abs=15)
    assert max(redness(picture) for _, picture in pictures(done.data)) > 500  # nothing was seen, so nothing is covered


@pytest.mark.parametrize(
    ("fmt", "codec", "media"),
    [
        ("wav", "pcm_s16le", "audio/wav"),
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("ogg", "libopus", "audio/ogg"),
        ("flac", "flac", "audio/flac"),
        ("adts", "aac", "audio/aac"),
    ],
)
def test_sounds_keep_their_kind(fmt: str, codec: str, media: str) -> None:
    data = sound(tone(4.0, rate=48_000), fmt=fmt, codec=codec, rate=48_000)
    done = made_of(data, found(1.0, Source.SPEECH, end=2.0))
    assert (done.media_type, done.complete) == (media, True)
    assert pitch(heard(done.data), 1.2, 1.8) == pytest.approx(1_000, abs=15)
    assert pitch(heard(done.data), 2.5, 3.5) == pytest.approx(440, abs=15)


@pytest.mark.parametrize(
    ("fields", "media", "codec"),
    [
        ({"fmt": "matroska"}, "video/x-matroska", "h264"),
        ({"fmt": "webm", "codec": "libvpx-vp9", "sound_codec": "libopus"}, "video/webm", "vp9"),
        ({"fmt": "mpegts"}, "video/mp2t", "h264"),
        ({"fmt": "avi", "codec": "mpeg4", "sound_codec": "libmp3lame"}, "video/mp4", "h264"),
    ],
)
def test_videos_keep_their_container_where_they_can(fields: dict[str, Any], media: str, codec: str) -> None:
    data = video(moving, seconds=2, fps=10, sounds=[tone(2.0, rate=48_000)], rate=48_000, **fields)
    done = made_of(data, found(0.0, box=square(0.0)))
    assert done.media_type == media
    with av.open(BytesIO(done.data)) as container:
        assert container.streams.video[0].codec_context.name in {codec, f"lib{codec}"}
        assert len(container.streams.audio) == 1
    assert any("is not written here" in note for note in done.notes) == (fields["fmt"] == "avi")


def test_rotation_is_applied_and_boxes_count_upright() -> None:
    data = video(moving, seconds=2, fps=10, rotation=90)
    box = (0.0, 0.0, 180.0, 320.0)  # all of the upright picture
    done = made_of(data, found(0.0, box=box), found(1.9, box=box), style=Style.BOX)
    assert pictures(done.data)[0][1].shape == (320, 180, 3)
    assert max(int(picture.max()) for _, picture in pictures(done.data)) < 12


def test_metadata_subtitles_and_covers_stay_behind() -> None:
    data = video(moving, seconds=2, fps=10, subtitles=[(0.0, 1.0, "secret words")])
    done = made_of(data)
    assert b"secret" not in done.data
    assert any("subtitle" in note for note in done.notes)
    tagged = with_cover(tone(2.0, rate=44_100), Image.new("RGB", (64, 64), "red"))
    copied = made_of(tagged)
    assert b"APIC" in tagged
    assert b"APIC" not in copied.data


def test_a_clip_of_an_incident_has_its_margins() -> None:
    data = video(moving, seconds=20, fps=10, gop=30, sounds=[tone(20.0)])
    one = found(12.0, end=13.0)
    incident = Incident(
        start=12.0, end=13.0, label=LABEL, score=0.9, labels={}, modalities=(Modality.SEEN,), count=1, findings=(one,)
    )
    result = result_of(data, one, incidents=(incident,))
    done = redact(Content(data=data), Redaction(labels=(), incident=0, around=1.5), SETTINGS, result=result)
    shown = pictures(done.data)
    assert len(shown) == 40
    assert len(heard(done.data)) / 16_000 == pytest.approx(4.0, abs=0.2)
    original = dict(pictures(data))[10.5].astype(int)
    assert np.abs(shown[0][1].astype(int) - original).mean() < 12
    with pytest.raises(InputError, match="no incident 1"):
        redact(Content(data=data), Redaction(labels=(), incident=1), SETTINGS, result=result)


def test_a_clip_by_its_times_and_to_a_file(tmp_path: Path) -> None:
    data = video(moving, seconds=5, fps=10)
    (tmp_path / "in.mp4").write_bytes(data)
    to = tmp_path / "out.mp4"
    done = redact(
        Content(path=tmp_path / "in.mp4"),
        Redaction(labels=(), clip=(3.0, 9.0), to=to, boxes=((0, 0, 320, 180),), style=Style.BOX),
        SETTINGS,
    )
    assert (done.data, done.boxes) == (b"", 1)
    shown = pictures(to.read_bytes())
    assert len(shown) == 20
    assert max(int(picture.max()) for _, picture in shown) < 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"clip": (2.0, 1.0)}, "start and a later end"),
        ({"clip": (0.0, 1.0), "incident": 0}, "not both"),
        ({"clip": (50.0, 60.0)}, "behind its end"),
        ({"boxes": ((0, 0, 3_000, 10),)}, "does not lie in the picture"),
        ({"incident": 0}, "no incident 0"),
    ],
)
def test_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        made_of(video(moving, seconds=1, fps=5), **fields)


def test_clips_of_texts_are_refused() -> None:
    with pytest.raises(InputError, match="only a video or a sound"):
        redact(Content(text="words"), Redaction(labels=(), clip=(0.0, 1.0)), SETTINGS)


def test_what_gave_no_answer_is_told() -> None:
    data = video(moving, seconds=1, fps=5)
    result = result_of(data, incomplete={"image.weapon": "crashed"})
    done = redact(Content(data=data), Redaction(), SETTINGS, result=result)
    assert not done.complete
    assert any("image.weapon gave no answer" in note for note in done.notes)
    many = made_of(data, *[found(0.0, box=(n, 0.0, n + 9.0, 9.0)) for n in range(60)])
    assert not many.complete


def test_a_file_that_is_cut_off_is_written_as_far_as_it_goes_and_says_so() -> None:
    data = video(moving, seconds=6, fps=10, fmt="mpegts")
    damage = bytearray(data)
    for start in range(len(data) // 3, len(data) * 2 // 3, 188 * 3):
        damage[start + 10 : start + 180] = bytes(170)
    broken = bytes(damage)
    done = redact(Content(data=broken), Redaction(), SETTINGS, result=result_of(broken))
    assert len(pictures(done.data)) > 10


def test_intervals_of_sounds_are_joined() -> None:
    spans = [found(a, Source.SPEECH, end=b) for a, b in ((1.0, 1.5), (1.6, 2.0), (5.0, 5.5))]
    assert sounds_in_time(spans) == [(0.85, 2.15), (4.85, 5.65)]


def test_two_things_are_followed_apart() -> None:
    left, right = (0.0, 0.0, 40.0, 40.0), (200.0, 0.0, 240.0, 40.0)
    seen = [found(t, box=box) for t in (0.0, 2.0) for box in (left, right)]
    between = [one for one in regions_in_time(seen, interval=2.0) if one.start == 0.0 and one.end == 2.0]
    assert len(between) == 2
    assert all(one.box is not None and one.box[2] - one.box[0] < 100 for one in between)


def test_words_are_black_whatever_the_style() -> None:
    (one,) = regions_in_time([found(1.0, Source.OCR, end=4.0, box=(10.0, 10.0, 90.0, 30.0), text="x")], interval=2.0)
    assert (one.solid, one.box) == (True, (0.0, 0.0, 100.0, 40.0))
    assert one.start < -0.9
    assert one.end > 6.0
