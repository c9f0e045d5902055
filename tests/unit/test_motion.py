"""Looks at movement: when they are, what they hold, and what is said where they cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from evenhand.app import AsyncModerator
from evenhand.decode.apart import open_reader, plan_recording
from evenhand.detectors.base import Detection
from evenhand.detectors.fight import FightDetector
from evenhand.domain import Content, ImagePart, Options
from evenhand.motion import TOO_FEW, looks, moving
from evenhand.settings import Settings
from tests.recordings import video
from tests.turned_off import EVERY


def walker(moment: float) -> Image.Image:
    """A post that goes to and fro before a wall of tiles."""
    image = Image.new("RGB", (160, 96), (90, 110, 130))
    draw = ImageDraw.Draw(image)
    for x in range(0, 160, 20):
        draw.rectangle((x, 0, x + 8, 96), fill=(70, 80 + x // 2, 90))
    at = 20 + abs((moment * 60) % 160 - 80)
    draw.rectangle((at, 30, at + 24, 90), fill=(220, 190, 160))
    return image


@pytest.mark.parametrize(
    ("start", "end", "every", "wanted"),
    [
        (0.0, 30.0, 10.0, [0.0, 10.0, 20.0]),
        (30.0, 36.0, 0.5, [30.0, 32.0, 34.0]),  # looks do not overlap
        (0.0, 1.5, 10.0, []),
        (0.0, 1.7, 10.0, [0.0]),
        (5.0, 16.0, 10.0, [5.0]),  # the second would last a second
    ],
)
def test_looks_end_within_the_segment(start: float, end: float, every: float, wanted: list[float]) -> None:
    assert looks(start, end, every) == wanted


@pytest.mark.parametrize("isolation", ["never", "always"])
def test_a_look_is_two_seconds_of_small_frames_and_counts_none_as_looked_at(isolation: Any) -> None:
    settings = Settings(media_isolation=isolation)
    data = video(walker, seconds=7, gop=50, fps=25)
    plan = plan_recording(data, "video/mp4", settings)
    reader = open_reader(data, plan, settings)
    try:
        parts = reader.segment(0)
        before = [part.origin.time for part in parts.frames()]
        seen, notes = list(parts.looked_at), list(parts.notes)
        found = list(moving(parts, every=3))
        assert (parts.looked_at, parts.notes) == (seen, notes)
        assert parts.incomplete == {}
        assert [part.origin.time for part in parts.frames()] == before
    finally:
        reader.close()
    assert [part.origin.time for part in found] == [
        pytest.approx((0.0, 1.92), abs=0.05),
        pytest.approx((3.0, 4.92), abs=0.05),
    ]
    for part in found:
        assert part.motion is not None
        assert part.motion.shape == (20, 96, 160, 3)
        assert part.size == (160, 96)


def test_too_few_frames_a_second_are_told() -> None:
    settings = Settings(media_isolation="never")
    data = video(walker, seconds=6, gop=10, fps=5)
    with open_reader(data, plan_recording(data, "video/mp4", settings), settings) as reader:
        parts = reader.segment(0)
        assert list(moving(parts, every=2)) == []
        assert parts.notes == [TOO_FEW]
        assert parts.incomplete == {}


@pytest.mark.parametrize("every", [0.0, 3.0])
async def test_a_video_is_asked_for_fights_only_where_it_is_set(
    every: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[ImagePart] = []
    detect = FightDetector.detect

    def watched(self: FightDetector, parts: Sequence[ImagePart]) -> list[Detection]:
        shown.extend(part for part in parts if part.motion is not None)
        return detect(self, parts)

    monkeypatch.setattr(FightDetector, "detect", watched)
    file = tmp_path / "walk.mp4"
    file.write_bytes(video(walker, seconds=12, gop=50, fps=25))
    content = Content(path=file)
    others = tuple(name for name in EVERY if name not in {"video.fight", "image.hash"})
    settings = Settings(plugins=False, disabled_detectors=others, media_segment_s=5, fight_interval_s=every)
    async with AsyncModerator(settings) as moderator:
        whole = await moderator.check(content)
        plan = await moderator.pipeline.plan(content)
        assert plan is not None
        found = [await moderator.pipeline.check_segment(content, plan, n, Options()) for n in range(len(plan.segments))]
        steps = await moderator.pipeline.fuse(content, plan, found, Options())
    assert len(plan.segments) > 1
    assert not whole.incomplete
    assert ("video.fight" in whole.models) == bool(every)
    begins = [begin for one in plan.segments for begin in looks(one.start, min(one.end, plan.duration), every or 99)]
    times = sorted(part.origin.time[0] for part in shown if part.origin.time is not None)
    assert times == (pytest.approx(sorted([*begins, *begins]), abs=0.05) if every else [])
    assert (steps.labels, steps.media) == (whole.labels, whole.media)
