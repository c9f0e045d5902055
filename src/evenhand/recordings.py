"""Videos and sounds: checked a segment at a time, and fused into one answer.

The same in steps, for durable work, as `pipeline.Pipeline` offers it:

    plan = await pipeline.plan(content)                                 what the file is, and its segments
    found = await pipeline.check_segment(content, plan, 3, options)     of one segment, no pixels and no sound
    result = await pipeline.fuse(content, plan, all_found, options)     one Result, recorded where decisions are

Segments do not depend on each other: they may be checked in any order, by several processes, again after a crash.
Plans and findings of segments are JSON-able (`as_dict`, `from_dict`), to be stored and fused later, elsewhere. In order
and in one process, `Recordings.run` reads the file once, and decodes a segment while the detectors are still busy with
the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from evenhand.captions import Captions
from evenhand.decode import Decoded
from evenhand.decode.apart import Parts, Reader, open_reader
from evenhand.decode.media import MediaPlan, MediaSource
from evenhand.detectors.registry import Registry
from evenhand.domain import Content, ImagePart, Part, PartKind
from evenhand.errors import InputError
from evenhand.motion import moving
from evenhand.rounds import Item, Rounds
from evenhand.segments import SegmentFindings, fuse_segments
from evenhand.settings import Settings

T = TypeVar("T")

FRAMES_TOGETHER = 4  # frames that detectors are given together
_AHEAD = 3  # groups of frames that detectors have at a time, so that none waits for the slowest; two more are decoded
_SUSPICIOUS = 0.4  # score from which the pictures around a frame are looked at too
_CLOSER = 8  # such further frames in a segment
_NO_CLOSER = frozenset({"face", "politics"})
_FIGHT = "video.fight"  # which alone is shown how things move


class Recordings:
    """Checks segments.

    Args:
        settings: limits, and how densely frames are looked at.
        rounds: runs the detectors.
        registry: the detectors.
        threads: where files are decoded.
    """

    def __init__(self, settings: Settings, *, rounds: Rounds, registry: Registry, threads: Executor) -> None:
        self._settings, self._rounds, self._registry, self._threads = settings, rounds, registry, threads

    async def run(
        self,
        item: Item,
        skip: frozenset[str],
        *,
        progress: Callable[[SegmentFindings], None] | None = None,
    ) -> Mapping[str, str]:
        """Check all segments of an item in order, and fill in what was found.

        Args:
            item: of a recording; changed in place.
            skip: names of detectors that are not to run.
            progress: told of every segment that is done.

        Returns:
            Detector -> version, for those that ran.
        """
        plan, source = _opened(item.decoded)
        last, places = len(plan.segments) - 1, asyncio.Semaphore(_AHEAD)
        done: list[SegmentFindings] = []
        behind: asyncio.Future[SegmentFindings] | None = None  # the segment that is decoded and not yet looked at
        reader = await self._off(partial(open_reader, source, plan, self._settings))
        again = _Again(partial(open_reader, source, plan, self._settings))

        async def told(segment: asyncio.Future[SegmentFindings]) -> None:
            done.append(await segment)
            if progress is not None:
                progress(done[-1])

        try:
            for number in range(len(plan.segments)):
                try:
                    run = await self._begun(reader, number, item.content, skip, places)
                except InputError as error:
                    item.incomplete["decode"] = error.message
                    break
                if behind is not None:
                    await told(behind)
                behind = asyncio.ensure_future(self._finished(run, skip, again if number < last else None))
            if behind is not None:
                await told(behind)
        finally:
            if behind is not None:
                behind.cancel()
                await asyncio.gather(behind, return_exceptions=True)
            await self._off(again.close)
            await self._off(reader.close)
        return self.fill(item, done)

    def fill(self, item: Item, done: Sequence[SegmentFindings]) -> Mapping[str, str]:
        """Fuse what was found in the segments of an item into it; give detector -> version."""
        plan = item.decoded.plan
        if plan is None:
            raise ValueError("this content is no recording")
        item.incomplete.update(dict(plan.incomplete))
        if plan.of("audio") and not self._registry.slots([PartKind.AUDIO]):
            item.incomplete["audio"] = (
                "its sound was not listened to: no detector of sound is installed or enabled "
                "(pip install 'evenhand[audio]')"
            )
        return fuse_segments(item, plan, done, interval=self._settings.frame_interval_s)

    async def check(self, content: Content, plan: MediaPlan, number: int, skip: frozenset[str]) -> SegmentFindings:
        """Check one segment of a content with `data` or `path`, by itself; see `segment`."""
        source = content.data if content.data is not None else content.path
        if source is None:
            raise InputError("a segment is checked of a file; fetch the URL first")
        reader = await self._off(partial(open_reader, source, plan, self._settings))
        try:
            return await self.segment(reader, number, content, skip)
        finally:
            await self._off(reader.close)

    async def segment(self, reader: Reader, number: int, content: Content, skip: frozenset[str]) -> SegmentFindings:
        """Check one segment.

        Args:
            reader: of the file; not used by others meanwhile.
            number: of the segment.
            content: for the caller's hints.
            skip: names of detectors that are not to run.

        Raises:
            InputError: the file cannot be read any more.
        """
        run = await self._begun(reader, number, content, skip, asyncio.Semaphore(_AHEAD))
        return await self._finished(run, skip, None)

    async def _begun(
        self, reader: Reader, number: int, content: Content, skip: frozenset[str], places: asyncio.Semaphore
    ) -> _Run:
        """Decode all of a segment; the detectors may not be done with the last of it."""
        parts: Parts = await self._off(lambda: reader.segment(number))
        run = _Run(parts, content, shell(reader.plan, content), Captions(), places)
        try:
            texts: list[Part] = [*await self._off(parts.texts), *await self._off(parts.covers)]
            if self._registry.slots([PartKind.AUDIO], skip=skip):  # else nobody would hear it
                texts += await self._off(parts.sound)
            if content.language is not None:
                texts = [_hinted(part, content.language) for part in texts]
            if texts:
                run.start(self._check(run, run.item(texts), skip))
            await self._look(run, parts.frames(), skip)
            if _FIGHT in {slot.name for slot in self._registry.slots([PartKind.IMAGE], skip=skip)}:
                others = skip | {slot.name for slot in self._registry.slots() if slot.name != _FIGHT}
                await self._look(run, moving(parts, every=self._settings.fight_interval_s), others)
        except BaseException:
            await run.dropped()
            raise
        return run

    async def _finished(self, run: _Run, skip: frozenset[str], again: _Again | None) -> SegmentFindings:
        """Wait for what the detectors say of a segment, and look closer where they suspect something.

        Args:
            run: of the segment.
            skip: names of detectors that are not to run.
            again: reads the segment once more, for its reader is busy with the next; None: it is not.
        """
        try:
            await run.settled()
            if times := run.suspicious():
                await self._look(run, await self._closer(run, times, again), skip)
                await run.settled()
        except BaseException:
            await run.dropped()
            raise
        return run.done()

    async def _closer(self, run: _Run, times: Sequence[float], again: _Again | None) -> Iterator[ImagePart]:
        if again is None:
            return run.parts.closer(times, most=_CLOSER)
        try:
            parts = await self._off(lambda: again.segment(run.parts.segment.number))
        except InputError as error:
            run.parts.incomplete["decode.video"] = error.message
            return iter(())
        run.closer = parts
        return parts.closer(times, most=_CLOSER, known=run.parts.looked_at)

    async def _look(self, run: _Run, frames: Iterator[ImagePart], skip: frozenset[str]) -> None:
        """Give frames to the detectors, a few at a time; while these look at some, the next are decoded."""
        following = asyncio.ensure_future(self._off(partial(_take, frames)))
        try:
            while some := await following:
                following = asyncio.ensure_future(self._off(partial(_take, frames)))
                await run.places.acquire()
                run.start(self._check(run, run.item(some), skip), places=run.places)
        finally:
            # Nobody may use the decoder before this thread is done with it.
            await asyncio.gather(following, return_exceptions=True)

    async def _check(self, run: _Run, item: Item, skip: frozenset[str]) -> None:
        models = await self._rounds.run([item], skip)
        run.take(item, models[item.kinds])

    async def _off(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


class _Again:
    """A second reader of a file, opened when it is needed: for frames of segments that the first has left behind."""

    def __init__(self, opened: Callable[[], Reader]) -> None:
        self._opened = opened
        self._reader: Reader | None = None

    def segment(self, number: int) -> Parts:
        """Read a segment; raises as `Reader.segment`."""
        self._reader = self._reader or self._opened()
        return self._reader.segment(number)

    def close(self) -> None:
        """Close the file, if it was opened."""
        if self._reader is not None:
            self._reader.close()


class _Run:
    """What comes together of one segment."""

    def __init__(
        self, parts: Parts, content: Content, shell: Decoded, captions: Captions, places: asyncio.Semaphore
    ) -> None:
        self.parts, self.places = parts, places
        self.closer: Parts | None = None  # of a second reader
        self._content, self._shell, self._captions = content, shell, captions
        self._items: list[Item] = []
        self._models: dict[str, str] = {}
        self._tasks: list[asyncio.Future[None]] = []

    def item(self, parts: Sequence[Part]) -> Item:
        """Make an item of some parts."""
        self._items.append(
            Item(self._content, replace(self._shell, parts=tuple(parts), notes=()), keep=self._captions.is_new)
        )
        return self._items[-1]

    def start(self, check: Coroutine[Any, Any, None], *, places: asyncio.Semaphore | None = None) -> None:
        """Let a check run, which gives its place back in the end."""
        task = asyncio.ensure_future(check)
        if places is not None:
            task.add_done_callback(lambda _: places.release())
        self._tasks.append(task)

    async def settled(self) -> None:
        """Wait for all checks."""
        await asyncio.gather(*self._tasks)
        self._tasks.clear()

    async def dropped(self) -> None:
        """Give up the checks that run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def take(self, item: Item, models: Mapping[str, str]) -> None:
        """Keep what was found, and let go of the parts."""
        item.decoded = self._shell
        self._models.update(models)

    def suspicious(self) -> list[float]:
        """Give the times of frames in which something was found, those worth most first."""
        found = [finding for item in self._items for finding in item.findings]
        found = [f for f in found if f.score >= _SUSPICIOUS and f.label.partition(".")[0] not in _NO_CLOSER]
        seen = sorted((f for f in found if f.location.source.value in _ON_SCREEN), key=lambda f: -f.score)
        return list(dict.fromkeys(end for f in seen for end in f.location.time or ()))

    def done(self) -> SegmentFindings:
        """Give what the segment amounts to."""
        parts = self.parts
        looked = [parts] if self.closer is None else [parts, self.closer]
        incomplete: dict[str, str] = {}
        scores: dict[str, float] = {}
        for item in self._items:
            incomplete.update(item.incomplete)
            for label, score in item.scores.items():
                scores[label] = max(score, scores.get(label, 0.0))
        for one in looked:
            incomplete.update(one.incomplete)
        told = [note for one in looked for note in one.notes]
        return SegmentFindings(
            number=parts.segment.number,
            findings=self._captions.extended(finding for item in self._items for finding in item.findings),
            scores=scores,
            languages=_distinct(language for item in self._items for language in item.languages),
            incomplete=incomplete,
            notes=_distinct([*told, *(note for item in self._items for note in item.notes)]),
            models=self._models,
            kinds=_distinct(kind.value for item in self._items for kind in item.kinds),
            frames=sum(len(one.looked_at) for one in looked),
            repeated=sum(one.repeated for one in looked),
            heard=parts.heard,
            packets=parts.packets,
        )


_ON_SCREEN = frozenset({"frame", "ocr", "code"})


def _opened(decoded: Decoded) -> tuple[MediaPlan, MediaSource]:
    if decoded.plan is None or decoded.source is None:
        raise ValueError("this content is no recording")
    return decoded.plan, decoded.source


def shell(plan: MediaPlan, content: Content) -> Decoded:
    return Decoded(kind=plan.kind, parts=(), content_hash=plan.content_hash, size=plan.size, language=content.language)


def _take(frames: Iterator[ImagePart]) -> list[ImagePart]:
    return list(islice(frames, FRAMES_TOGETHER))


def _hinted(part: Part, language: str) -> Part:
    return part if isinstance(part, ImagePart) else replace(part, language=language)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
