"""Videos and sounds, taken apart: what comes out, whichever way they were made and in whichever order they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evenhand.decode import decode
from evenhand.decode.media import MediaPlan, MediaReader, plan
from evenhand.decode.sniff import sniff
from evenhand.domain import AudioPart, Content, ContentKind, Part, Source
from evenhand.settings import Settings
from tests.recordings import landscape, sound, tone, video

SETTINGS = Settings(media_segment_s=5, frame_interval_s=1.0)


def planned(data: bytes, settings: Settings = SETTINGS) -> MediaPlan:
    """Plan what `sniff` says it is."""
    return plan(data, sniff(data) or "", settings)


def when(part: Part) -> tuple[float, float]:
    """Give the time of a part."""
    assert part.origin.time is not None
    return part.origin.time


def frames(data: bytes, settings: Settings = SETTINGS, order: Iterable[int] | None = None) -> list[Any]:
    """Give all sampled frames, of the segments in some order."""
    made = planned(data, settings)
    numbers = range(len(made.segments)) if order is None else order
    with MediaReader(data, made, settings) as reader:
        found = [part for number in numbers for part in reader.segment(number).frames()]
    return sorted(found, key=lambda part: part.origin.time)


def flat(colour: tuple[int, int, int]) -> Image.Image:
    """Draw one colour."""
    return Image.new("RGB", (160, 120), colour)


def near(pixel: Any, colour: tuple[int, int, int], by: int = 24) -> bool:
    """Compare colours through a lossy codec."""
    return all(abs(int(one) - other) <= by for one, other in zip(pixel, colour, strict=True))


NO_KEYS = {"x264-params": "keyint=infinite:scenecut=0"}
KINDS = [
    ("mp4", "libx264", "yuv420p", "video/mp4", "aac"),
    ("mov", "libx264", "yuv422p10le", "video/mp4", "pcm_s16le"),
    ("matroska", "libx264", "yuv444p", "video/x-matroska", "libopus"),
    ("webm", "libvpx", "yuv420p", "video/x-matroska", "libopus"),
    ("webm", "libvpx-vp9", "yuv420p", "video/x-matroska", "libopus"),
    ("avi", "mpeg4", "yuv420p", "video/x-msvideo", "libmp3lame"),
    ("mpegts", "libx264", "yuv420p", "video/mp2t", "aac"),
    ("mpeg", "mpeg2video", "yuv420p", "video/mpeg", "mp2"),
    ("flv", "flv", "yuv420p", "video/x-flv", "libmp3lame"),
    ("asf", "mpeg4", "yuv420p", "video/x-ms-asf", "libmp3lame"),
    ("mp4", "libx265", "yuv420p10le", "video/mp4", "aac"),
    ("mov", "prores_ks", "yuv422p10le", "video/mp4", "aac"),
    ("avi", "mjpeg", "yuvj420p", "video/x-msvideo", "pcm_s16le"),
    ("matroska", "ffv1", "yuv420p", "video/x-matroska", "flac"),
]


@pytest.mark.parametrize(("fmt", "codec", "pixels", "media", "sound_codec"), KINDS)
def test_containers_and_codecs(fmt: str, codec: str, pixels: str, media: str, sound_codec: str) -> None:
    """Two colours for six seconds each, and a tone: frames of both come, at their times, and all of the tone."""
    rate = 44_100 if sound_codec in {"libmp3lame", "mp2"} else 48_000
    data = video(
        lambda moment: flat((200, 40, 40) if moment < 6 else (30, 60, 190)),
        seconds=12,
        fps=25 if codec == "mpeg2video" else 10,
        fmt=fmt,
        codec=codec,
        pixels=pixels,
        gop=20,
        sounds=[tone(12, rate=rate)],
        rate=rate,
        sound_codec=sound_codec,
    )
    assert sniff(data) == media
    made = planned(data)
    assert made.kind is ContentKind.VIDEO
    assert made.duration == pytest.approx(12, abs=0.4)
    assert made.incomplete == ()
    with MediaReader(data, made, SETTINGS) as reader:
        pictures, heard = [], 0.0
        for segment in made.segments:
            parts = reader.segment(segment.number)
            heard += sum(part.seconds for part in parts.sound())
            pictures += list(parts.frames())
            assert parts.incomplete == {}
    assert heard == pytest.approx(12, abs=0.3)
    assert pictures[0].size == (160, 120)
    for part in pictures:
        middle = part.image.getpixel((80, 60))
        assert near(middle, (200, 40, 40) if when(part)[0] < 5.9 else (30, 60, 190)), when(part)
    # Frames that show the same are one, for as long as it shows.
    assert {when(part)[0] < 5.9 for part in pictures} == {True, False}


@pytest.mark.parametrize(
    ("fmt", "codec", "rate"),
    [
        ("wav", "pcm_s16le", 8_000),
        ("wav", "pcm_f32le", 192_000),
        ("wav", "pcm_mulaw", 8_000),
        ("mp3", "libmp3lame", 44_100),
        ("adts", "aac", 48_000),
        ("ipod", "aac", 44_100),
        ("ogg", "libopus", 48_000),
        ("ogg", "flac", 44_100),
        ("flac", "flac", 96_000),
        ("amr", "libopencore_amrnb", 8_000),
        ("aiff", "pcm_s16be", 22_050),
        ("matroska", "libopus", 48_000),
    ],
)
def test_sounds(fmt: str, codec: str, rate: int) -> None:
    data = sound(tone(8, rate=rate, hertz=440), fmt=fmt, codec=codec, rate=rate)
    made = planned(data)
    assert made.kind is ContentKind.AUDIO
    with MediaReader(data, made, SETTINGS) as reader:
        parts = [part for number in range(len(made.segments)) for part in reader.segment(number).sound()]
    samples = np.concatenate([part.samples for part in parts])
    assert len(samples) == pytest.approx(8 * 16_000, rel=0.03)
    spectrum = np.abs(np.fft.rfft(samples[16_000:80_000] * np.hanning(64_000)))
    assert np.argmax(spectrum) * 16_000 / 64_000 == pytest.approx(440, abs=2)
    assert all(part.origin.source is Source.AUDIO and not part.samples.flags.writeable for part in parts)


def test_a_plan_survives_json() -> None:
    made = planned(video(seconds=12, gop=20, sounds=[tone(12)]))
    assert MediaPlan.from_dict(json.loads(json.dumps(made.as_dict()))) == made


@pytest.mark.parametrize("fmt", ["mp4", "matroska", "mpegts", "avi", "flv"])
def test_segments_in_any_order_give_the_same(fmt: str) -> None:
    """And together they hold every packet once, whether the container has an index or not."""
    codec = "flv" if fmt == "flv" else "libx264"
    data = video(seconds=24, gop=30, fmt=fmt, codec=codec, sounds=[tone(24, rate=44_100)], rate=44_100)
    made = planned(data)
    assert len(made.segments) >= 3
    seen: dict[str, list[Any]] = {}
    for name, order in (("forth", range(len(made.segments))), ("back", reversed(range(len(made.segments))))):
        counts: dict[int, int] = {}
        rows = []
        with MediaReader(data, made, SETTINGS) as reader:
            for number in order:
                parts = reader.segment(number)
                stretches = [part.origin.time for part in parts.sound()]
                rows.append((number, [part.origin.time for part in parts.frames()], stretches))
                for track, count in parts.packets.items():
                    counts[track] = counts.get(track, 0) + count
        assert counts == {track.index: track.packets for track in made.tracks if track.packets}
        seen[name] = sorted(rows, key=lambda row: row[0])
    assert [row[:2] for row in seen["forth"]] == [row[:2] for row in seen["back"]]
    for one, other in zip(seen["forth"], seen["back"], strict=True):
        assert np.allclose(one[2], other[2], atol=0.06)


def test_sound_is_cut_where_it_is_quiet_and_none_is_lost() -> None:
    samples = tone(20)
    for pause in (4.3, 8.9, 14.2):  # pauses of a fifth of a second near the borders
        samples[int(pause * 16_000) : int((pause + 0.2) * 16_000)] = 0
    data = sound(samples)
    made = planned(data)
    with MediaReader(data, made, SETTINGS) as reader:
        times = [when(part) for number in range(len(made.segments)) for part in reader.segment(number).sound()]
    ends = [end for _, end in times[:-1]]
    assert all(pause < end < pause + 0.2 for pause, end in zip((4.3, 8.9, 14.2), ends, strict=True)), ends
    assert all(end == pytest.approx(begin, abs=0.001) for (_, end), (begin, _) in pairwise(times))


def test_a_part_of_sound_is_never_long() -> None:
    settings = Settings(media_segment_s=300)
    data = sound(tone(200, rate=8_000), rate=8_000)
    made = planned(data, settings)
    assert len(made.segments) == 1
    with MediaReader(data, made, settings) as reader:
        parts = reader.segment(0).sound()
    assert sum(part.seconds for part in parts) == pytest.approx(200, abs=0.1)
    assert max(part.seconds for part in parts) <= 40


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation_is_applied(rotation: int) -> None:
    """The red corner at the top left goes where a player would show it."""

    def corner(_: float) -> Image.Image:
        image = Image.new("RGB", (160, 96), (200, 200, 200))
        image.paste((220, 20, 20), (0, 0, 60, 40))
        return image

    (part, *_) = frames(video(corner, seconds=1, rotation=rotation))
    assert part.size == ((160, 96) if rotation in {0, 180} else (96, 160))
    wide, high = part.size
    corners = {0: (5, 5), 90: (5, high - 5), 180: (wide - 5, high - 5), 270: (wide - 5, 5)}
    assert near(part.image.getpixel(corners[rotation]), (220, 20, 20), 40)


def test_variable_frame_rate_keeps_the_true_times() -> None:
    moments = [0.0, 0.04, 0.08, 3.0, 3.04, 9.0, 9.5]
    data = video(lambda moment: flat((int(moment * 25), 90, 200)), times=moments, fmt="matroska")
    given = [part.origin.time[0] for part in frames(data)]
    assert set(np.round(given, 2)) <= set(moments)
    assert 0.0 in given
    assert max(given) >= 9.0


def test_high_dynamic_range_is_brought_down() -> None:
    """A page of 203 nits in PQ is nearly white, and black stays black; read as they are, codes would look grey."""
    from tests.recordings import perceptual_quantizer

    white, black = perceptual_quantizer(203.0), perceptual_quantizer(0.0)

    def page(_: float) -> Image.Image:
        image = Image.new("RGB", (160, 96), (white, white, white))
        image.paste((black, black, black), (80, 0, 160, 96))
        return image

    colours = {"color_trc": 16, "color_primaries": 9, "colorspace": 9}
    data = video(page, seconds=1, codec="libx265", pixels="yuv420p10le", colours=colours)
    (part, *_) = frames(data)
    assert min(part.image.getpixel((20, 48))) >= 225
    assert max(part.image.getpixel((140, 48))) <= 12


def test_frames_that_show_the_same_are_given_once_with_their_time() -> None:
    data = video(lambda moment: flat((200, 40, 40) if 4 <= moment < 8 else (40, 40, 200)), seconds=12, gop=20)
    settings = Settings(media_segment_s=60, frame_interval_s=1.0)
    times = [part.origin.time for part in frames(data, settings)]
    assert [(round(a), round(b)) for a, b in times] == [(0, 3), (4, 7), (8, 11)]


def test_a_small_change_is_not_taken_for_the_same() -> None:
    """A caption of a few letters in a corner."""

    def scene(moment: float) -> Image.Image:
        image = landscape(0, (640, 360))
        if moment >= 3:
            image.paste((250, 250, 250), (600, 10, 630, 22))
        return image

    assert len(frames(video(scene, seconds=6), Settings())) == 2


def test_many_tracks() -> None:
    data = video(seconds=4, fmt="matroska", sounds=[tone(4, hertz=200 * (n + 1)) for n in range(6)], sound_codec="flac")
    made = planned(data)
    assert [track.looked_at for track in made.tracks if track.type == "audio"] == [True] * 4 + [False] * 2
    assert "more tracks" in dict(made.incomplete)["decode.audio"]
    with MediaReader(data, made, SETTINGS) as reader:
        assert len(reader.segment(0).sound()) == 4


@pytest.mark.parametrize("fmt", ["mp4", "matroska"])
def test_subtitles_are_texts_with_times(fmt: str) -> None:
    data = video(seconds=12, gop=20, fmt=fmt, subtitles=[(1, 3, "<i>Good</i> evening"), (8, 9.5, "and goodbye")])
    made = planned(data)
    with MediaReader(data, made, SETTINGS) as reader:
        texts = [part for number in range(len(made.segments)) for part in reader.segment(number).texts()]
    assert [part.text for part in texts] == ["Good evening", "and goodbye"]
    place = texts[1].locate(4, 11)
    assert (place.source, place.time, place.text) == (Source.SUBTITLE, (8.0, 9.5), "goodbye")


def test_cover_art_is_looked_at() -> None:
    from tests.recordings import with_cover

    cover = landscape(0, (200, 200))
    data = with_cover(tone(3), cover)
    made = planned(data)
    assert made.kind is ContentKind.AUDIO
    with MediaReader(data, made, SETTINGS) as reader:
        (part,) = reader.segment(0).covers()
    assert part.origin.source is Source.IMAGE
    assert near(part.image.getpixel((5, 100)), cover.getpixel((5, 100)))  # type: ignore[arg-type]


def test_a_file_with_one_keyframe_is_cut_all_the_same(tmp_path: Path) -> None:
    settings = Settings(media_segment_s=5, frame_interval_s=2.0)
    data = video(lambda moment: flat((int(moment * 4), 120, 90)), seconds=50, fps=5, options=NO_KEYS)
    path = tmp_path / "long.mp4"
    path.write_bytes(data)
    made = plan(path, "video/mp4", settings)
    assert len(made.segments) == 3
    assert [segment.key for segment in made.segments] == [0.0, 0.0, 0.0]
    for order in (range(3), reversed(range(3))):
        with MediaReader(path, made, settings) as reader:
            given = {n: list(reader.segment(n).frames()) for n in order}
        for n, parts in given.items():
            assert parts, n
            for part in parts:
                assert near(part.image.getpixel((80, 60)), (int(when(part)[0] * 4), 120, 90), 12)


def test_what_is_planned_is_told_when_decoding_by_the_one_entrance(tmp_path: Path) -> None:
    data = video(seconds=4)
    path = tmp_path / "holiday.txt"  # the name says nothing
    path.write_bytes(data)
    for content in (Content(data=data, media_type="image/png"), Content(path=path, media_type="image/png")):
        decoded = decode(content, Settings())
        assert decoded.plan is not None
        assert (decoded.kind, decoded.parts) == (ContentKind.VIDEO, ())
        assert decoded.notes == ("declared image/png, is video/mp4",)


@pytest.mark.parametrize(("seconds", "segments"), [(5.02, 1), (10.4, 2), (10.9, 3)])
def test_what_hardly_is_left_at_the_end_belongs_to_the_segment_before(seconds: float, segments: int) -> None:
    film = video(seconds=seconds, gop=5, sounds=[tone(seconds)])
    for data in (film, sound(tone(seconds))):
        made = planned(data)
        assert len(made.segments) == segments
        assert made.segments[-1].end == pytest.approx(made.duration)
        assert made.duration == pytest.approx(seconds, abs=0.2)
        with MediaReader(data, made, SETTINGS) as reader:
            heard = [part for number in range(segments) for part in reader.segment(number).sound()]
        assert max(when(part)[1] for part in heard) == pytest.approx(seconds, abs=0.1)
        assert min(len(part.samples) / part.rate for part in heard if isinstance(part, AudioPart)) > 0.5
