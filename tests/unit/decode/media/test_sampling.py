"""How many frames are decoded and which are shown: never none for longer than the interval, however a file is coded."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from evenhand.decode.media import MediaReader, plan
from evenhand.decode.media.frames import FrameWalk
from evenhand.decode.sniff import sniff
from evenhand.settings import Settings
from tests.recordings import landscape, video

SECONDS = 24.0
SETTINGS = Settings(media_segment_s=12, frame_interval_s=2.0)


def dated(moment: float) -> Image.Image:
    """Draw a picture whose colour tells its time: 9 levels of red a second."""
    return Image.new("RGB", (160, 96), (int(9 * moment), 120, 255 - int(9 * moment)))


def looked(data: bytes, settings: Settings = SETTINGS) -> tuple[list[Any], list[float], dict[str, str]]:
    """Give the frames that are shown, the times of looks, and what is incomplete."""
    made = plan(data, sniff(data) or "", settings)
    parts, times, incomplete = [], [], dict(made.incomplete)
    with MediaReader(data, made, settings) as reader:
        for segment in made.segments:
            held = reader.segment(segment.number)
            parts += list(held.frames())
            times += held.looked_at
            incomplete.update(held.incomplete)
    return parts, sorted(times), incomplete


def claimed(data: bytes) -> bytes:
    """Mark every picture of an FLV file as a keyframe."""
    out, at = bytearray(data), 13
    while at + 11 < len(out):
        if out[at] == 9:
            out[at + 11] = 0x10 | out[at + 11] & 0x0F
        at += 11 + int.from_bytes(out[at + 1 : at + 4], "big") + 4
    return bytes(out)


def x264(parameters: str, *, seconds: float = SECONDS, fps: int = 10, times: Any = None) -> bytes:
    """Encode the dated pictures with parameters of x264."""
    options = {"x264-params": parameters, "crf": "12"}
    return video(dated, seconds=seconds, fps=fps, options=options, times=times, fmt="matroska")


CODED = {
    "a keyframe every ten seconds": "keyint=100:min-keyint=100:scenecut=0",
    "one keyframe": "keyint=infinite:scenecut=0",
    "open groups": "keyint=20:min-keyint=20:open-gop=1:bframes=3:scenecut=0",
    "no frame builds on another but the first": "keyint=100:min-keyint=100:bframes=16:b-adapt=0:b-pyramid=none",
    "refreshed in stripes": "keyint=20:intra-refresh=1:scenecut=0",
    "keyframes only": "keyint=1",
}


@pytest.mark.parametrize("coding", CODED)
def test_no_look_is_further_from_the_next_than_the_interval(coding: str) -> None:
    """And what is seen is what a player shows at that moment."""
    parts, times, incomplete = looked(x264(CODED[coding]))
    assert incomplete == {}
    assert times[0] <= 0.1
    # What is refreshed in stripes takes a while to be whole where a segment begins.
    longest = 2.0 * 1.05 + 0.11 + (1.8 if "stripes" in coding else 0)
    assert max(after - before for before, after in pairwise([*times, SECONDS])) <= longest
    for part in parts:
        assert abs(part.image.getpixel((80, 48))[0] - int(9 * part.origin.time[0])) <= 12, part.origin.time


def test_keyframes_that_are_none_hide_nothing() -> None:
    data = video(dated, seconds=SECONDS, gop=100, fmt="flv", codec="flv", options={"qscale": "2", "flags": "+qscale"})
    lying = claimed(data)
    with av.open(BytesIO(lying), "r") as container:
        assert all(packet.is_keyframe for packet in container.demux(video=0) if packet.size)
    parts, times, incomplete = looked(lying)
    assert incomplete == {}
    assert max(after - before for before, after in pairwise([*times, SECONDS])) <= 2.0 * 1.05 + 0.11
    for part in parts:
        assert abs(part.image.getpixel((80, 48))[0] - int(9 * part.origin.time[0])) <= 14, part.origin.time


def test_a_variable_rate_is_looked_at_by_the_clock() -> None:
    times = [*np.arange(0, 4, 0.1), *np.arange(4, 12, 1.0), *np.arange(12, 14, 0.02), 20.0, 20.1, 23.0]
    _, seen, incomplete = looked(x264("keyint=250:scenecut=0", times=times))
    assert incomplete == {}
    shown = sorted(times)
    for before, after in pairwise([*seen, 23.0]):
        # Two looks may be further apart only where one and the same frame stands for so long.
        between = [moment for moment in shown if before + 0.001 < moment < after - 0.001]
        assert after - before <= 2.2 or not between, (before, after)


@pytest.mark.parametrize(("gop", "most"), [(1, 60), (10, 24), (20, 14)])
def test_no_more_is_decoded_than_looked_for(gop: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where keyframes are close, they are all that is decoded, and not all of them; and few are shown."""
    data = video(
        landscape, seconds=SECONDS, gop=gop, fmt="matroska", options={"x264-params": f"keyint={gop}:scenecut=0"}
    )
    fed: list[bool] = []
    plain = FrameWalk._feed

    def counted(self: FrameWalk, packet: Any) -> Any:
        fed.append(packet.is_keyframe)
        return plain(self, packet)

    monkeypatch.setattr(FrameWalk, "_feed", counted)
    _, times, _ = looked(data)
    assert all(fed)
    assert len(fed) <= most
    assert 12 <= len(times) <= 14


def test_a_new_scene_at_a_keyframe_is_shown_also_between_two_looks() -> None:
    """A picture of one second among keyframes of half a second, looked at every five."""

    def scene(moment: float) -> Image.Image:
        return Image.new("RGB", (160, 96), (230, 230, 230)) if 7.5 <= moment < 8.5 else landscape(moment, (160, 96))

    data = video(scene, seconds=SECONDS, gop=5, fmt="matroska", options={"x264-params": "keyint=5:scenecut=0"})
    parts, times, _ = looked(data, Settings(frame_interval_s=5.0, keyframe_interval_s=5.0))
    assert any(7.5 <= part.origin.time[0] < 8.5 for part in parts)
    assert len(times) <= 8


def test_keyframes_may_be_looked_at_more_often_than_what_costs_more() -> None:
    """The quick way: between keyframes that are ten seconds apart, nothing is decoded."""
    quick = Settings(media_segment_s=60, frame_interval_s=12.0, keyframe_interval_s=2.0)
    dense = x264("keyint=20:min-keyint=20:scenecut=0")
    sparse = x264("keyint=100:min-keyint=100:scenecut=0")
    assert len(looked(dense, quick)[1]) == 12
    assert looked(sparse, quick)[1] == pytest.approx([0.0, 10.0, 20.0])
