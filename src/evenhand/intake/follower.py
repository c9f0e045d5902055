"""Follows one stream: its windows are checked as they come, incidents decided, and everything told once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from evenhand.app import AsyncModerator
from evenhand.captions import Captions
from evenhand.domain import Action, AudioPart, Content, JsonValue, Options, Part, PartKind
from evenhand.errors import EvenhandError
from evenhand.intake.addresses import Address
from evenhand.intake.clips import Ring
from evenhand.intake.clock import Clock
from evenhand.intake.copying import Copies
from evenhand.intake.events import CLOSED, ESCALATED, EXTENDED, OPENED, STOP, Event, Journal
from evenhand.intake.reader import Ending, Reader
from evenhand.intake.sampling import Shown, thinned
from evenhand.intake.sink import LoopSink
from evenhand.intake.sources import Source
from evenhand.intake.tracker import Open, Tracker
from evenhand.timeline.incidents import GAP_S

_MOST_PICTURES = 8  # waiting to be looked at; of more, those go that differ least from the one before
_TOGETHER = 4
_MOST_SOUND = 6  # pieces waiting to be listened to
_QUIET_S = 30.0  # an incident is over at the latest when nothing was found for so long
_TURN_S = 0.5
_SAVE_S = 5.0
_DRIFT_S = 2.0
_DRAIN_S = 60.0
_CLIP_BEFORE_S = 8.0
_REMEMBERED = 32
_AGAIN_S = 60.0  # seconds after which the same gap in what was looked at is told again


class Turns:
    """Who is checked next: streams come one after another, each with one window at a time, the loudest no more often.

    Args:
        together: windows of each kind that are checked at a time.
    """

    def __init__(self, together: int = 2) -> None:
        # asyncio's semaphores let in whoever came first; a stream asks again only when its window is done.
        self.pictures, self.sound = asyncio.Semaphore(together), asyncio.Semaphore(1)


class Follower:
    """One stream, from now to its end. Lives on the moderator's event loop.

    Args:
        moderator: checks.
        address: of the stream.
        journal: takes what is told.
        turns: shared by all streams of the process.
        options: business line, and who asked.
        content: the stream as decisions name it.
        state: what an earlier follower saved; None: it begins.
        allowed: "host:port" targets that may be internal.
    """

    def __init__(
        self,
        moderator: AsyncModerator,
        address: Address,
        journal: Journal,
        turns: Turns,
        *,
        options: Options,
        content: Content,
        state: Mapping[str, Any] | None = None,
        allowed: frozenset[str] = frozenset(),
    ) -> None:
        saved = dict(state or {})
        self._moderator, self._journal, self._turns = moderator, journal, turns
        self._options, self._content, self._settings = options, content, moderator.settings
        self._source = Source(address, moderator.settings, allowed=allowed, last=saved.get("segment"))
        self._clock = Clock(
            began=saved.get("began"), position=float(saved.get("position", 0.0)), offset=saved.get("offset")
        )
        self._ring = Ring(self._settings.live_clip_s)
        self._tracker = Tracker(gap=1.5 * self._settings.live_interval_s)
        self._copies = Copies(interval=self._settings.live_interval_s)
        self._tracker.open = [Open.from_dict(one) for one in saved.get("open", ())]
        self._counts: dict[str, float] = {"pictures": 0, "pictures_dropped": 0, "seconds_heard": 0.0}
        self._counts |= {"seconds_dropped": 0.0, "gaps": 0, "seconds_missed": 0.0, "incidents": 0}
        self._counts |= saved.get("counts", {})
        self._incomplete: dict[str, str] = dict(saved.get("incomplete", {}))
        self._untold: dict[str, str] = {}
        self._told: dict[str, float] = {}
        self._models: dict[str, str] = {}
        self._pictures: list[Shown] = []
        self._sounds: list[AudioPart] = []
        self._came, self._heard = asyncio.Event(), asyncio.Event()
        self._busy = 0
        self._stood: dict[float, float] = {}  # pictures: begin -> until when they stood
        # Up to where the pictures and the sound were looked at.
        self._done: dict[str, float] = {}
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._writing = asyncio.Lock()
        self._drift_told, self._leaving = 0.0, False
        self._later: list[Event] = []
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(
            self._source, self._clock, LoopSink(self, self._loop), self._ring, self._settings, name=str(content.id)
        )

    def stop(self) -> None:
        """Follow it no longer; `run` ends soon."""
        self._source.close()

    def leave(self) -> None:
        """Follow it no longer, but leave it to another: nothing is told of an end, open incidents stay open."""
        self._leaving = True
        self._source.close()

    async def run(self) -> Ending:
        """Follow the stream to its end.

        Raises:
            StoreError: the journal could not be written for long.
        """
        self._reader.start()
        works = [asyncio.ensure_future(work) for work in (self._look_on(), self._listen_on(), self._keep_on())]
        waiting: list[asyncio.Future[Any]] = [self._ending, *works]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in works:
                if one.done():
                    one.result()  # raises what ended it
            ending = await self._ending
            deadline = time.monotonic() + (_DRAIN_S if ending.state != "stopped" else 5.0)
            while (self._pictures or self._sounds or self._busy) and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        finally:
            self._source.close()
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
        if self._leaving:
            await self._write(self._later)
            return ending
        left = len(self._pictures)
        if left or self._sounds:
            self._lost("pictures", left)
            self._lost("sound", sum(part.seconds for part in self._sounds))
        over = self._tracker.close(float("inf"))
        data: dict[str, Any] = {"seconds": round(self._clock.position, 3), "counts": self._counts}
        if ending.code is not None:
            data |= {"code": ending.code, "message": ending.message}
        closed = [self._closed(one) for one in over if one.told is not None]
        events = [*self._later, *self._incompletes(), *closed, Event(kind=ending.state, data=data)]
        self._later = []
        await self._write(events)
        return ending

    def state(self) -> dict[str, Any]:
        """Give what another follower needs to go on: JSON."""
        clock = self._clock
        position = min(self._done.values(), default=clock.position)
        segments = [number for number, at in list(self._reader.segments) if at <= position]
        return {
            "began": clock.began,
            "position": position,
            "offset": clock.offset,
            "segment": segments[-1] - 1 if segments else self._source.hls and self._source.hls.last,
            "open": [one.as_dict() for one in self._tracker.open],
            "counts": dict(self._counts),
            "incomplete": dict(self._incomplete),
        }

    # What the reader hands over, on the loop

    def take_pictures(self, shown: Sequence[Shown], still: Sequence[tuple[float, float]]) -> None:
        """Take the pictures of a window."""
        for begin, until in still:
            self._stood[begin] = until
            self._tracker.still(begin, until)
            self._copies.still(begin, until)
            if not self._pictures and not self._busy:
                self._done["pictures"] = max(until, self._done.get("pictures", 0.0))
        self._pictures += shown
        if len(self._pictures) > _MOST_PICTURES:
            self._lost("pictures", len(self._pictures) - _MOST_PICTURES)
            self._pictures = thinned(self._pictures, _MOST_PICTURES)
        self._came.set()

    def take_sound(self, parts: Sequence[AudioPart]) -> None:
        """Take pieces of sound."""
        language = self._content.language
        self._sounds += [part if language is None else replace(part, language=language) for part in parts]
        if len(self._sounds) > _MOST_SOUND:
            self._lost("sound", sum(part.seconds for part in self._sounds[:-_MOST_SOUND]))
            self._sounds = self._sounds[-_MOST_SOUND:]
        self._heard.set()

    def take_note(self, kind: str, data: Mapping[str, JsonValue]) -> None:
        """Take what happened to the connection."""
        if kind == "incomplete":
            self._untold.update({name: str(why) for name, why in data.items()})
            return
        if kind == "gap":
            start, end = float(str(data["start"])), float(str(data["end"]))
            self._counts["gaps"] += 1
            self._counts["seconds_missed"] = round(self._counts["seconds_missed"] + end - start, 3)
            self._incomplete["live.gap"] = f"{self._counts['seconds_missed']:g} s of it never came"
        if kind == "connected" and not self._moderator.registry.slots([PartKind.AUDIO]):
            self._untold["audio"] = "its sound is not listened to: no detector of sound is installed or enabled"
        self._later.append(Event(kind=kind, data=dict(data)))

    def take_end(self, ending: Ending) -> None:
        """Hear that nothing more comes."""
        if not self._ending.done():
            self._ending.set_result(ending)

    # Checking

    async def _look_on(self) -> None:
        while True:
            await self._came.wait()
            async with self._turns.pictures:
                self._came.clear()
                shown, self._pictures = self._pictures[:_TOGETHER], self._pictures[_TOGETHER:]
                if self._pictures:
                    self._came.set()
                if not shown:
                    continue
                await self._check("pictures", [one.part() for one in shown], shown[-1].begin)
                self._counts["pictures"] += len(shown)

    async def _listen_on(self) -> None:
        while True:
            await self._heard.wait()
            async with self._turns.sound:
                self._heard.clear()
                parts, self._sounds = self._sounds[:1], self._sounds[1:]
                if self._sounds:
                    self._heard.set()
                if not parts:
                    continue
                until = parts[0].origin.time[1] if parts[0].origin.time else 0.0
                await self._check("sound", parts, until)
                self._counts["seconds_heard"] = round(self._counts["seconds_heard"] + parts[0].seconds, 3)

    async def _check(self, kind: str, parts: Sequence[Part], until: float) -> None:
        self._busy += 1
        try:
            captions = Captions()
            pipeline = self._moderator.pipeline
            item, models = await pipeline.look(self._content, parts, self._options, keep=captions.is_new)
            self._models.update(models)
            self._untold.update(item.incomplete)
            self._incomplete.update(item.incomplete)
            touched = self._tracker.take(self._copies.take(captions.extended(item.findings)))
            for begin, stood in self._stood.items():  # those that stood on while they were looked at
                self._tracker.still(begin, stood)
                self._copies.still(begin, stood)
            self._stood = dict(list(self._stood.items())[-_REMEMBERED:])
            self._done[kind] = max(until, self._done.get(kind, 0.0))
            await self._judge(touched)
        except EvenhandError as error:
            self._untold[f"live.{kind}"] = error.message
        finally:
            self._busy -= 1

    async def _judge(self, touched: Iterable[Open]) -> None:
        """Decide about incidents that are new or have grown; tell what is new about them."""
        events: list[Event] = []
        for one in touched:
            incident = one.incident()
            result = self._moderator.pipeline.judge(self._content, incident, self._options, self._models)
            shown = (*incident.labels, *(way.value for way in incident.modalities))
            told = Action(one.told) if one.told is not None else Action.PASS
            if result.action.severity > told.severity:
                await self._moderator.pipeline.keep(self._content, result, self._options)
                kind = OPENED if one.told is None else ESCALATED
                self._counts["incidents"] += one.told is None
                one.told, one.decision, one.shown = result.action.value, result.decision_id, shown
                if result.action.severity >= Action.REVIEW.severity:
                    await self._clip(one)
                more = {"rule": result.rule, "reason": result.reason, "policy": result.policy}
                late = round(time.time() - self._clock.wall(one.start), 2)
                events.append(Event(kind=kind, data={**self._told_of(one), **more, "late_s": late}))
                if result.action is Action.BLOCK:
                    events.append(Event(kind=STOP, data=self._told_of(one)))
            elif one.told is not None and set(shown) - set(one.shown):
                one.shown = tuple(dict.fromkeys((*one.shown, *shown)))
                events.append(Event(kind=EXTENDED, data=self._told_of(one)))
        if events:
            await self._write(events)

    async def _clip(self, one: Open) -> None:
        """Keep the last seconds; that it cannot be is told, and no reason to tell nothing."""
        try:
            data = await asyncio.to_thread(self._ring.clip, one.start - _CLIP_BEFORE_S)
            if data is not None:
                kept = await asyncio.to_thread(self._journal.clip, one.id, data)
                one.clip = one.id if kept else one.clip
        except EvenhandError as error:
            structlog.get_logger().warning("a clip could not be kept", why=error.message)
            self._untold["live.clip"] = error.message

    # Keeping

    async def _keep_on(self) -> None:
        saved = time.monotonic()
        while True:
            await asyncio.sleep(_TURN_S)
            clock = self._clock
            now = clock.position if clock.paced or clock.began is None else time.time() - clock.began - clock.delay
            reached = min(self._done.values(), default=0.0) - GAP_S - 1.0
            over = self._tracker.close(max(reached, min(now, clock.position + 3_600) - _QUIET_S))
            for one in over:
                if one.told is not None and one.clip is not None:
                    await self._clip(one)
            events = [*self._incompletes(), *(self._closed(one) for one in over if one.told is not None)]
            events = [*self._later, *events]
            self._later = []
            if not clock.paced and abs(clock.drift - self._drift_told) > _DRIFT_S:
                self._drift_told = clock.drift
                why = "the sender's clock and ours run apart"
                events.append(Event(kind="clock", data={"drift_s": round(clock.drift, 2), "why": why}))
            if events or time.monotonic() - saved > _SAVE_S:
                saved = time.monotonic()
                await self._write(events)

    async def _write(self, events: Sequence[Event]) -> None:
        async with self._writing:
            pause = 0.5
            while True:
                try:
                    ours = await asyncio.to_thread(self._journal.write, list(events), self.state())
                    break
                except EvenhandError as error:
                    if pause > 30:
                        raise
                    structlog.get_logger().warning("a stream's journal cannot be written", why=error.message)
                    await asyncio.sleep(pause)
                    pause *= 2
            if not ours:
                self._source.close()

    def _incompletes(self) -> list[Event]:
        now = time.monotonic()
        fresh = {name: why for name, why in self._untold.items() if now - self._told.get(name, -1e9) > _AGAIN_S}
        if not fresh:
            return []
        for name in fresh:
            self._told[name] = now
            del self._untold[name]
        self._incomplete.update(fresh)
        return [Event(kind="incomplete", data={"at": round(self._clock.position, 3), "why": fresh})]

    def _lost(self, kind: str, amount: float) -> None:
        if not amount:
            return
        name, unit = ("pictures_dropped", "pictures") if kind == "pictures" else ("seconds_dropped", "s of sound")
        self._counts[name] = round(self._counts[name] + amount, 3)
        self._untold[f"live.{kind}"] = self._incomplete[f"live.{kind}"] = (
            f"{self._counts[name]:g} {unit} were not looked at: this machine is too slow for all that it follows"
        )

    def _closed(self, one: Open) -> Event:
        return Event(kind=CLOSED, data=self._told_of(one))

    def _told_of(self, one: Open) -> dict[str, Any]:
        document = one.incident().as_dict()
        del document["findings"]  # they hold words; the decision has them
        wall = self._clock.wall(one.start)
        return {
            "incident": one.id,
            **document,
            "wall": round(wall, 3),
            "action": one.told,
            "decision_id": one.decision,
            "clip": one.clip is not None,
        }
