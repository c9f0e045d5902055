"""The detector of fights as it ships, on clips that its head learnt from: it does what the training did, and no more.

How well it does on recordings that it has not seen stands in quality/pictures.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.app import AsyncModerator
from evenhand.domain import Content
from evenhand.settings import Settings
from tests.turned_off import EVERY

CLIPS = Path(__file__).parents[3] / "shared" / "data" / "media" / "video" / "fight_surv"
pytestmark = pytest.mark.skipif(not CLIPS.is_dir(), reason="needs the optional videos of ../shared/data/media")


async def _found(kind: str) -> int:
    others = tuple(name for name in EVERY if name not in {"video.fight", "image.hash"})
    settings = Settings(plugins=False, disabled_detectors=others, fight_interval_s=2, detector_timeout_s=300)
    found = 0
    async with AsyncModerator(settings) as moderator:
        for clip in sorted((CLIPS / kind).glob("*.mp4"))[::6]:
            result = await moderator.check(Content(path=clip))
            assert set(result.incomplete) <= {"audio"}  # nobody listens here
            found += "violence.fight" in result.labels
    return found


async def test_fights_are_found_and_calm_streets_are_not() -> None:
    assert await _found("fight") >= 3  # of 12
    assert await _found("noFight") <= 1  # of 12
