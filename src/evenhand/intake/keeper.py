"""Takes streams up for a worker, keeps their leases, and takes over the streams of workers that died."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import structlog

from evenhand.app import AsyncModerator
from evenhand.domain import Content, ContentKind, Options, new_id
from evenhand.errors import EvenhandError
from evenhand.intake.addresses import read_address
from evenhand.intake.clips import Clips
from evenhand.intake.events import Event
from evenhand.intake.follower import Follower, Turns
from evenhand.intake.reader import Ending
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.streams import Stream
from evenhand.telemetry import fault

MISSED = 6  # beats after which a worker is dead, as with jobs
_LOOK_S = 1.0
_TIDY_S = 300.0


class Keeper:
    """Follows streams in this process until it is stopped; up to `jobs_live` at a time.

    Args:
        moderator: with a store.
        loop: the event loop that the moderator is used on; it runs in another thread.
    """

    def __init__(self, moderator: AsyncModerator, loop: asyncio.AbstractEventLoop) -> None:
        if moderator.store is None:
            raise ValueError("following streams needs a moderator with a store")
        self._moderator, self._loop, self._store = moderator, loop, moderator.store
        self._settings: Settings = moderator.settings
        self.id = f"{socket.gethostname()}-{os.getpid()}-{new_id()[-12:]}"
        self._turns = Turns()
        self._clips = Clips(self._settings)
        self._stopping = threading.Event()
        self._followed: dict[str, _Followed] = {}
        # Stream -> its count, and since when, on our own clock, it stands at it: machines' clocks may differ.
        self._seen: dict[str, tuple[int, float]] = {}
        self._beaten, self._tidied = float("-inf"), time.monotonic()
        self._thread = threading.Thread(target=self._keep, name="evenhand-streams", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Follow no more, and give the streams to others."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._thread.join(5)
        deadline = time.monotonic() + max(1.0, timeout_s)
        for one in self._followed.values():
            one.leave()
        for one in self._followed.values():
            one.wait(max(0.1, deadline - time.monotonic()))
            self._quietly("a stream could not be given back", self._store.streams.release, one.stream.id, self.id)
        self._followed.clear()

    def _keep(self) -> None:
        while not self._stopping.wait(_LOOK_S if self._settings.jobs_heartbeat_s >= 1 else 0.1):
            self._quietly("streams cannot be kept", self._round)

    def _round(self) -> None:
        for stream_id in [name for name, one in self._followed.items() if one.future.done()]:
            one = self._followed.pop(stream_id)
            if one.failed():
                self._quietly("a stream could not be given back", self._store.streams.release, stream_id, self.id)
        now = time.monotonic()
        if now - self._beaten >= self._settings.jobs_heartbeat_s:
            self._beaten = now
            self._beat(self._store.streams.beat(self.id))
        listed = self._store.streams.wanted()
        for stream in listed:
            if stream.id in self._followed and stream.state == "stopping":
                self._followed[stream.id].stop()
        self._watch(listed, now)
        for stream in listed:
            if len(self._followed) >= self._settings.jobs_live:
                break
            if stream.id not in self._followed and self._free(stream, now):
                taken = self._store.streams.claim(stream, self.id)
                if taken is not None:
                    self._follow(taken)
        if now - self._tidied > _TIDY_S:
            self._tidied = now
            for stream_id in self._store.streams.purge():
                self._clips.remove(stream_id)

    def _beat(self, mine: Mapping[str, str]) -> None:
        for stream_id, one in self._followed.items():
            if stream_id not in mine and not one.future.done():
                one.leave()  # another took it over while we were away

    def _watch(self, listed: Sequence[Stream], now: float) -> None:
        for stream in listed:
            if self._seen.get(stream.id, (None, 0.0))[0] != stream.beats:
                self._seen[stream.id] = (stream.beats, now)
        names = {stream.id for stream in listed}
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}

    def _free(self, stream: Stream, now: float) -> bool:
        if stream.worker is None:
            return True
        return now - self._seen[stream.id][1] > MISSED * self._settings.jobs_heartbeat_s

    def _follow(self, stream: Stream) -> None:
        structlog.get_logger().info("following a stream", stream=stream.id, start=stream.starts)
        self._followed[stream.id] = _Followed(self, stream)

    @staticmethod
    def _quietly(what: str, work: Any, *given: Any) -> None:
        try:
            work(*given)
        except EvenhandError as error:
            structlog.get_logger().warning(what, why=error.message)
        except Exception as error:
            structlog.get_logger().warning(what, **fault(error))


class _Followed:
    """A stream that this process follows."""

    def __init__(self, keeper: Keeper, stream: Stream) -> None:
        self.stream = stream
        self._keeper = keeper
        self._follower: Follower | None = None
        self._left = False
        self.future: Future[Ending | None] = asyncio.run_coroutine_threadsafe(self._run(), keeper._loop)

    def stop(self) -> None:
        """End it for good."""
        self._tell("stop")

    def leave(self) -> None:
        """Leave it to others."""
        self._left = True
        self._tell("leave")

    def wait(self, timeout_s: float) -> None:
        """Wait until it has ended here."""
        try:
            self.future.result(timeout_s)
        except Exception as error:
            structlog.get_logger().debug("a stream did not end by itself", **fault(error))

    def failed(self) -> bool:
        """Say whether following it ended by a fault of ours."""
        return self.future.cancelled() or self.future.exception() is not None

    def _tell(self, what: str) -> None:
        def tell() -> None:
            if self._follower is not None:
                getattr(self._follower, what)()

        self._keeper._loop.call_soon_threadsafe(tell)

    async def _run(self) -> Ending | None:
        stream, keeper = self.stream, self._keeper
        journal = _Kept(keeper._store, keeper._clips, stream.id, keeper.id)
        language = stream.options.get("lang")
        content = Content(
            url=stream.shown,
            id=stream.caller_id or stream.id,
            kind=ContentKind.STREAM,
            language=str(language) if language else None,
            context={"stream": stream.id},
        )
        try:
            self._follower = Follower(
                keeper._moderator,
                read_address(stream.url),
                journal,
                keeper._turns,
                options=Options(line=str(stream.options.get("line", "default")), caller=stream.tenant or None),
                content=content,
                state=stream.progress,
            )
            if self._left:
                return None
            if stream.state == "stopping":
                self._follower.stop()
            return await self._follower.run()
        except Exception as error:
            structlog.get_logger().error("following a stream failed", stream=stream.id, **fault(error))
            raise


class _Kept:
    """A stream's journal in the store."""

    def __init__(self, store: Store, clips: Clips, stream_id: str, worker: str) -> None:
        self._store, self._clips, self._stream, self._worker = store, clips, stream_id, worker
        self._began = time.monotonic()

    def write(self, events: Sequence[Event], state: Mapping[str, Any]) -> bool:
        """Write events and state together."""
        entries = [(event.kind, event.data) for event in events]
        progress = {**state, "followed_s": time.monotonic() - self._began}
        return self._store.streams.write(self._stream, self._worker, entries, progress)

    def clip(self, incident: str, data: bytes) -> bool:
        """Keep a clip beside the submitted files."""
        self._clips.save(self._stream, incident, data)
        return True
