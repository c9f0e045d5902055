"""Recordings through the pipeline: segments, captions read once, closer looks, what is missing, durable steps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from evenhand.app import AsyncModerator
from evenhand.captions import Captions
from evenhand.decode.media import MediaPlan
from evenhand.detectors.base import NOTHING, AnyDetector, Cost, Detection, DetectorInfo
from evenhand.detectors.builtin import BUILTINS
from evenhand.domain import (
    Action,
    AudioPart,
    Content,
    Finding,
    ImagePart,
    Location,
    Modality,
    Options,
    Part,
    PartKind,
    Result,
    Source,
    TextPart,
)
from evenhand.errors import InputError
from evenhand.policy import load_policy
from evenhand.segments import SegmentFindings
from evenhand.settings import Settings
from tests.recordings import tone, video

LABEL = "violence.weapon"


class Sample:
    """A detector of one kind that finds what a function says."""

    def __init__(self, reads: PartKind, find: Callable[[Any], Detection], *, name: str = "") -> None:
        self.seen: list[Any] = []
        self._find = find
        self.info = DetectorInfo(
            name=name or f"{reads.value}.sample",
            version="1",
            reads=reads,
            labels=(LABEL, "harassment.insult"),
            cost=Cost.MODEL,
            description="A sample.",
            examples=(),
            emits=frozenset({PartKind.TEXT}) if reads is PartKind.IMAGE else frozenset(),
        )

    def detect(self, parts: Sequence[Part]) -> list[Detection]:
        """Ask the function about each part."""
        self.seen += parts
        return [self._find(part) for part in parts]


def finding(place: Location, *, label: str = LABEL, score: float = 0.7) -> Detection:
    """Make an answer of one finding."""
    made = Finding(label=label, score=score, location=place, detector="image.sample", version="1", reason="seen")
    return Detection(findings=(made,))


def is_red(part: ImagePart) -> bool:
    """Say whether a picture is red."""
    red, green, _ = part.image.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    return bool(red > 150 and green < 100)


def red_is_found(part: ImagePart) -> Detection:
    """Find what is red."""
    return finding(part.locate()) if is_red(part) else NOTHING


def scene(*reds: tuple[float, float]) -> Callable[[float], Image.Image]:
    """Draw red in some stretches, and another blue every second."""

    def draw(moment: float) -> Image.Image:
        if any(start <= moment < end for start, end in reds):
            return Image.new("RGB", (160, 96), (210, 30, 30))
        return Image.new("RGB", (160, 96), (40, 60 + 20 * (int(moment) % 8), 200))

    return draw


def opened(
    *detectors: AnyDetector, policy: str | None = None, tmp: Path | None = None, **settings: Any
) -> AsyncModerator:
    """Open a moderator with these detectors alone."""
    others = tuple(builtin.name for builtin in BUILTINS)
    chosen = Settings(plugins=False, disabled_detectors=others, media_segment_s=5, detector_timeout_s=300, **settings)
    loaded = None
    if policy is not None and tmp is not None:
        (tmp / "policy.yaml").write_text(policy)
        loaded = load_policy(tmp / "policy.yaml")
    return AsyncModerator(chosen, detectors=detectors, policy=loaded)


async def test_frames_are_fused_into_an_incident() -> None:
    pictures, sounds = Sample(PartKind.IMAGE, red_is_found), Sample(PartKind.AUDIO, lambda _: NOTHING)
    data = video(scene((6, 10)), seconds=18, gop=20, sounds=[tone(18)])
    async with opened(pictures, sounds) as moderator:
        result = await moderator.check(data)
    (incident,) = result.incidents
    assert 5.9 <= incident.start <= 6.3
    assert 8.9 <= incident.end <= 10
    assert (incident.label, incident.modalities) == (LABEL, (Modality.SEEN,))
    assert result.incomplete == {}
    assert result.media is not None
    assert result.media["seconds_heard"] == pytest.approx(18, abs=0.2)
    assert {part.origin.source for part in sounds.seen} == {Source.AUDIO}
    assert all(isinstance(part, AudioPart) and part.seconds < 15 for part in sounds.seen)
    document = json.loads(json.dumps(result.as_dict()))
    assert document["kind"] == "video"
    assert document["incidents"][0]["label"] == LABEL


async def test_pictures_around_a_finding_are_looked_at_more_closely() -> None:
    data = video(scene((6, 7.5)), seconds=12, gop=200)
    calm, alarmed = Sample(PartKind.IMAGE, lambda _: NOTHING), Sample(PartKind.IMAGE, red_is_found)
    for detector in (calm, alarmed):
        async with opened(detector, frame_interval_s=4.0) as moderator:
            await moderator.check(data)
    assert len(alarmed.seen) > len(calm.seen)


@pytest.mark.parametrize("isolation", ["auto", "never"])
async def test_a_closer_look_at_a_segment_that_was_left_behind_sees_what_it_sees_alone(isolation: str) -> None:
    content = Content(data=video(scene((1, 2.5), (6, 7.5), (16, 17)), seconds=20, gop=60))
    settings: dict[str, Any] = {"frame_interval_s": 4.0, "keyframe_interval_s": 4.0, "media_isolation": isolation}
    together, alone = Sample(PartKind.IMAGE, red_is_found), Sample(PartKind.IMAGE, red_is_found)
    async with opened(together, **settings) as moderator:
        whole = await moderator.check(content)
    async with opened(alone, **settings) as moderator:
        plan = await moderator.pipeline.plan(content)
        assert plan is not None
        assert len(plan.segments) >= 3
        done = [await moderator.pipeline.check_segment(content, plan, n, STEPS) for n in range(len(plan.segments))]
        steps = await moderator.pipeline.fuse(content, plan, done, STEPS)
    assert compared(whole) == compared(steps)
    times = [sorted(part.origin.time for part in one.seen) for one in (together, alone)]
    assert times[0] == times[1]
    assert len(times[0]) > 20 / 4 + 2  # (closer looks came on top)


async def test_sound_that_nobody_listens_to_is_never_clean() -> None:
    data = video(scene(), seconds=4, sounds=[tone(4)])
    async with opened(Sample(PartKind.IMAGE, red_is_found)) as moderator:
        result = await moderator.check(data)
    assert "no detector of sound is installed" in result.incomplete["audio"]
    assert result.action is Action.REVIEW
    async with opened(Sample(PartKind.IMAGE, red_is_found)) as moderator:
        assert (await moderator.check(video(scene(), seconds=4))).incomplete == {}


async def test_a_detector_that_fails_on_one_segment_makes_it_incomplete() -> None:
    def fails(part: ImagePart) -> Detection:
        if is_red(part):
            raise RuntimeError("broken")
        return NOTHING

    async with opened(Sample(PartKind.IMAGE, fails)) as moderator:
        result = await moderator.check(video(scene((6, 9)), seconds=12, gop=20))
    assert "RuntimeError" in result.incomplete["image.sample"]
    assert result.action is Action.REVIEW


async def test_a_caption_is_judged_once_for_as_long_as_it_stands() -> None:
    def read(part: ImagePart) -> Detection:
        origin = Location(source=Source.OCR, time=part.origin.time)
        words = "words that stand" if (part.origin.time or (0, 0))[0] < 8 else "others follow"
        return Detection(parts=(TextPart(text=words, origin=origin),))

    texts = Sample(
        PartKind.TEXT, lambda part: finding(part.locate(0, 5), label="harassment.insult"), name="text.sample"
    )
    async with opened(Sample(PartKind.IMAGE, read), texts, frame_interval_s=1.0) as moderator:
        result = await moderator.check(video(scene(), seconds=12, gop=200))
    assert [part.text for part in texts.seen] == ["words that stand", "others follow"]
    times = sorted(one.location.time or (0, 0) for one in result.findings)
    assert times[0][0] == 0
    assert times[0][1] == pytest.approx(7, abs=1.1)


def test_captions_know_readings_of_the_same_words() -> None:
    captions = Captions()

    def part(text: str, moment: float, source: Source = Source.OCR) -> TextPart:
        return TextPart(text=text, origin=Location(source=source, time=(moment, moment)))

    rows = [
        ("CALL 415 555 2671 NOW", 0.0, True),
        ("CALL 415 555 2671 N0W", 1.0, False),
        ("call 415 555 2671 now!", 2.0, False),
        ("CALL 212 555 0199 TODAY", 3.0, True),
        ("", 4.0, True),
    ]
    assert [captions.is_new(part(text, moment)) for text, moment, _ in rows] == [new for _, _, new in rows]
    assert captions.is_new(part("CALL 415 555 2671 NOW", 5.0, Source.CODE))
    assert captions.is_new(TextPart(text="the caller's own"))


STEPS = Options(record=False)


async def test_the_steps_of_durable_work_give_the_same_as_one_run() -> None:
    data = video(scene((6, 9), (14, 15)), seconds=18, gop=20, sounds=[tone(18)])

    def detectors() -> tuple[Sample, Sample]:
        return Sample(PartKind.IMAGE, red_is_found), Sample(PartKind.AUDIO, lambda part: finding(part.locate(0, 1)))

    content = Content(data=data)
    async with opened(*detectors()) as moderator:
        whole = await moderator.check(content)
    async with opened(*detectors()) as moderator:
        planned = await moderator.pipeline.plan(content)
        assert planned is not None
        plan = MediaPlan.from_dict(json.loads(json.dumps(planned.as_dict())))
        numbers = range(len(plan.segments))
        done = [await moderator.pipeline.check_segment(content, plan, n, STEPS) for n in reversed(numbers)]
    kept = [SegmentFindings.from_dict(json.loads(json.dumps(one.as_dict()))) for one in done]
    assert kept == done
    async with opened(*detectors()) as moderator:  # where the detectors were never built
        result = await moderator.pipeline.fuse(content, plan, kept, STEPS)
        assert compared(result) == compared(whole)
        part = await moderator.pipeline.fuse(content, plan, kept[1:], STEPS)
    assert part.incomplete["decode"].startswith(f"1 of {len(kept)} segments could not be looked at (")


def compared(result: Result) -> dict[str, Any]:
    """Give what must be the same whichever way it was come by."""
    document = json.loads(json.dumps(result.as_dict()))
    for name in ("decision_id", "timing_ms"):
        document.pop(name)
    for one in document["findings"] + [f for i in document["incidents"] for f in i["findings"]]:
        one["location"]["time"] = [round(moment, 1) for moment in one["location"]["time"]]
    for one in document["incidents"]:
        one["start"], one["end"] = round(one["start"], 1), round(one["end"], 1)
    document["media"]["seconds_heard"] = round(document["media"]["seconds_heard"], 1)
    return dict(document)


async def test_packets_that_were_never_reached_are_told() -> None:
    data = video(scene(), seconds=12, gop=20)
    content = Content(data=data)
    async with opened(Sample(PartKind.IMAGE, red_is_found)) as moderator:
        plan = await moderator.pipeline.plan(content)
        assert plan is not None
        done = [SegmentFindings(number=segment.number, packets={0: 3}) for segment in plan.segments]
        result = await moderator.pipeline.fuse(content, plan, done, STEPS)
    assert "packets could not be reached" in result.incomplete["decode.video"]


POLICY = """
name: films
version: "1"
lines:
  default:
    rules:
      - name: seen-and-heard
        when: {label: violence, incident: {modalities: [seen, heard]}}
        action: block
      - name: lasting
        when: {label: violence, incident: {seconds: 3, count: 2, score: 0.7}}
        action: review
"""


@pytest.mark.parametrize(
    ("reds", "heard", "action", "rule"),
    [
        (((6, 6.5),), False, Action.PASS, None),
        (((6, 11),), False, Action.REVIEW, "lasting"),
        (((6, 6.5),), True, Action.BLOCK, "seen-and-heard"),
    ],
)
async def test_policies_weigh_duration_repetition_and_agreement(
    tmp_path: Path, reds: tuple[tuple[float, float], ...], heard: bool, action: Action, rule: str | None
) -> None:
    def listen(part: AudioPart) -> Detection:
        start = (part.origin.time or (0.0, 0.0))[0]
        near = start <= 6.2 < start + part.seconds
        return finding(part.locate(6.2 - start, 6.4 - start)) if heard and near else NOTHING

    data = video(scene(*reds), seconds=15, gop=5, sounds=[tone(15)])
    detectors = (Sample(PartKind.IMAGE, red_is_found), Sample(PartKind.AUDIO, listen))
    async with opened(*detectors, policy=POLICY, tmp=tmp_path) as moderator:
        result = await moderator.check(data)
    assert (result.action, result.rule) == (action, rule), result.reason
    if rule == "lasting":
        assert "in an incident of a score of at least 0.7, at least 3 s, at least 2 moments" in result.reason


async def test_a_file_is_read_where_it_lies_and_two_at_a_time_do_not_mix(tmp_path: Path) -> None:
    calm, red = tmp_path / "calm.mp4", tmp_path / "red.mp4"
    calm.write_bytes(video(scene(), seconds=6))
    red.write_bytes(video(scene((0, 6)), seconds=6))
    async with opened(Sample(PartKind.IMAGE, red_is_found)) as moderator:
        one, other = await asyncio.gather(moderator.check(calm), moderator.check(red))
        assert (one.incidents, len(other.incidents)) == ((), 1)
        many = [answer async for answer in moderator.check_many([calm, red, tmp_path / "none.mp4"])]
    assert [type(answer).__name__ for answer in many] == ["Result", "Result", "ItemError"]


async def test_a_file_that_goes_away_meanwhile_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(video(scene(), seconds=12, gop=20))
    content = Content(path=path)
    async with opened(Sample(PartKind.IMAGE, red_is_found)) as moderator:
        plan = await moderator.pipeline.plan(content)
        assert plan is not None
        path.unlink()
        with pytest.raises(InputError):
            await moderator.pipeline.check_segment(content, plan, 0, STEPS)
