"""Follows a live stream in this process, with a journal in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from evenhand.app import AsyncModerator
from evenhand.domain import Content, ContentKind, Library, Options, new_id
from evenhand.intake.addresses import read_address
from evenhand.intake.events import Event
from evenhand.intake.follower import Follower, Turns
from evenhand.intake.reader import Ending
from evenhand.settings import Settings
from tests.live import OFF

PATIENCE_S = 240.0


class Notes:
    """A journal in memory, with the wall time of each entry."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Event]] = []
        self.state: dict[str, Any] = {}
        self.clips: dict[str, bytes] = {}

    def write(self, events: Sequence[Event], state: Mapping[str, Any]) -> bool:
        self.events += [(time.time(), event) for event in events]
        self.state = dict(state)
        return True

    def clip(self, incident: str, data: bytes) -> bool:
        self.clips[incident] = data
        return True

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        return [event.data for _, event in self.events if event.kind == kind]


def settings_for(folder: Path, **more: Any) -> Settings:
    """Turn off what the program's incidents do not need."""
    return Settings(plugins=False, data_dir=folder, disabled_detectors=OFF, log_level="warning", **more)


def follow(
    settings: Settings,
    url: str,
    notes: Notes,
    *,
    allowed: frozenset[str] = frozenset(),
    meanwhile: Callable[[Follower], Coroutine[Any, Any, None]] | None = None,
    state: Mapping[str, Any] | None = None,
    libraries: Sequence[Library] = (),
) -> Ending:
    """Follow a stream to its end."""

    async def work() -> Ending:
        async with AsyncModerator(settings, libraries=libraries) as moderator:
            await asyncio.to_thread(moderator.warm)
            content = Content(url="test:", id=new_id(), kind=ContentKind.STREAM, language="en")
            address = read_address(url, files=True)
            options = Options(record=False)
            follower = Follower(
                moderator, address, notes, Turns(), options=options, content=content, allowed=allowed, state=state
            )
            beside = asyncio.ensure_future(meanwhile(follower)) if meanwhile is not None else None
            try:
                return await asyncio.wait_for(follower.run(), PATIENCE_S)
            finally:
                if beside is not None:
                    beside.cancel()

    return asyncio.run(work())
