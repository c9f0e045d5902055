"""Streams take turns: one that shows more than can be looked at keeps no other waiting for more than its window."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import numpy as np
from PIL import Image

from evenhand.app import AsyncModerator
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorInfo, Example
from evenhand.domain import Content, ContentKind, ImagePart, Options, PartKind, new_id
from evenhand.intake.addresses import read_address
from evenhand.intake.follower import Follower, Turns
from evenhand.intake.sampling import Shown
from evenhand.settings import Settings
from tests.following import Notes
from tests.turned_off import EVERY

LIGHT, ROUNDS = 4, 5
HEAVY_SIDE = 8  # px; the pictures of each stream have a size of their own


class Slow:
    """Looks at pictures, slowly, and knows in which order it was shown them."""

    info = DetectorInfo(
        name="image.slow",
        version="1",
        reads=PartKind.IMAGE,
        labels=("spam.bulk",),
        cost=Cost.CHEAP,
        description="A test.",
        examples=(Example(title="nothing", part=lambda: ImagePart(image=Image.new("RGB", (8, 8)))),),
    )

    def __init__(self) -> None:
        self.seen: list[int] = []  # sides of pictures

    def detect(self, parts: Sequence[ImagePart]) -> Sequence[Detection]:
        self.seen += [part.image.width for part in parts]
        time.sleep(0.02 * len(parts))
        return [NOTHING for _ in parts]


def shown(side: int, moment: float) -> Shown:
    return Shown(Image.new("RGB", (side, side)), moment, moment, np.full((3, 36, 64), int(moment) % 200, np.int16))


def follower(moderator: AsyncModerator, turns: Turns) -> Follower:
    content = Content(url="test:", id=new_id(), kind=ContentKind.STREAM, language="en")
    address = read_address("rtmp://media.example.org/live/one", files=False)
    return Follower(moderator, address, Notes(), turns, options=Options(record=False), content=content)


async def work(slow: Slow) -> list[int]:
    """Give how many windows of the heavy stream went before each round of the light ones was through."""
    settings = Settings(plugins=False, disabled_detectors=EVERY, log_level="error")
    async with AsyncModerator(settings, detectors=[slow]) as moderator:
        turns = Turns(together=1)
        heavy, *light = followers = [follower(moderator, turns) for _ in range(LIGHT + 1)]
        works = [asyncio.ensure_future(one._look_on()) for one in followers]
        moment, waited = 0.0, []

        def more() -> None:
            nonlocal moment
            while len(heavy._pictures) < 8:
                moment += 1
                heavy.take_pictures([shown(HEAVY_SIDE, moment)], [])

        async def until(side: int, count: int) -> None:
            """Wait for pictures of a size; the heavy stream never runs out meanwhile."""
            deadline = time.monotonic() + 60
            while slow.seen.count(side) < count:
                assert time.monotonic() < deadline, slow.seen
                more()
                await asyncio.sleep(0.001)

        for number in range(ROUNDS):
            await until(HEAVY_SIDE, slow.seen.count(HEAVY_SIDE) + 1)
            before = len(slow.seen)
            for at, one in enumerate(light):
                one.take_pictures([shown(HEAVY_SIDE + 1 + at, float(number))], [])
            for at in range(LIGHT):
                await until(HEAVY_SIDE + 1 + at, number + 1)
            since = slow.seen[before:]
            through = max(place for place, side in enumerate(since) if side != HEAVY_SIDE)
            waited.append(since[:through].count(HEAVY_SIDE))
        for task in works:
            task.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        return waited


def test_a_heavy_stream_keeps_light_ones_waiting_for_a_window_and_no_longer() -> None:
    slow = Slow()
    waited = asyncio.run(work(slow))
    # A window is four pictures: the one being looked at, and one that was asked for before.
    assert all(pictures <= 2 * 4 for pictures in waited), waited
    for side in range(HEAVY_SIDE + 1, HEAVY_SIDE + 1 + LIGHT):
        assert slow.seen.count(side) == ROUNDS  # nothing of theirs was left out
    assert slow.seen.count(HEAVY_SIDE) > ROUNDS
