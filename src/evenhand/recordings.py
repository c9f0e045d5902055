"""Videos and sounds: checked a segment at a time, and fused into one answer.

The same in steps, for durable work, as `pipeline.Pipeline` offers it:

    plan = await pipeline.plan(content)                                 what the file is, and its segments
    found = await pipeline.check_segment(content, plan, 3, options)     of one segment, no pixels and no sound
    result = await pipeline.fuse(content, plan, all_found, options)     one Result, recorded where decisions are

Segments do not depend on each other: they may be checked in any order, by several processes, again after a crash.
Plans and findings of segments are JSON-able (`as_dict`, `from_dict`), to be stored and fused later, elsewhere. In order
and in one process, `Recordings.run` reads the file once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TypeVar

from evenhand.captions import Captions
from evenhand.decode import Decoded
from evenhand.decode.apart import Parts, Reader, open_reader
from evenhand.decode.media import MediaPlan, MediaSource
from evenhand.detectors.registry import Registry
from evenhand.domain import Content, ImagePart, Part, PartKind
from evenhand.errors import InputError
from evenhand.rounds import Item, Rounds
from evenhand.segments import SegmentFindings, fuse_segments
from evenhand.settings import Settings

T = TypeVar("T")

FRAMES_TOGETHER = 8  # frames in memory at a time, besides as many being decoded
_SUSPICIOUS = 0.4  # score from which the pictures around a frame are looked at too
_CLOSER = 8  # such further frames in a segment
_NO_CLOSER = frozenset({"face", "politics"})


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
        reader = await self._off(partial(open_reader, source, plan, self._settings))
        done: list[SegmentFindings] = []
        try:
            for number in range(len(plan.segments)):
                done.append(await self.segment(reader, number, item.content, skip))
                if progress is not None:
                    progress(done[-1])
        except InputError as error:
            item.incomplete["decode"] = error.message
        finally:
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
        parts: Parts = await self._off(lambda: reader.segment(number))
        run = _Run(parts, content, shell(reader.plan, content), Captions())
        texts: list[Part] = [*await self._off(parts.texts), *await self._off(parts.covers)]
        if self._registry.slots([PartKind.AUDIO], skip=skip):  # else nobody would hear it
            texts += await self._off(parts.sound)
        if content.language is not None:
            texts = [_hinted(part, content.language) for part in texts]
        await asyncio.gather(self._look(run, parts.frames(), skip), self._check(run, texts, skip))
        await self._look(run, parts.closer(run.suspicious(), most=_CLOSER), skip)
        return run.done()

    async def _look(self, run: _Run, frames: Iterator[ImagePart], skip: frozenset[str]) -> None:
        """Check frames a few at a time; while the detectors look at some, the next are decoded."""
        following = asyncio.ensure_future(self._off(partial(_take, frames)))
        try:
            while some := await following:
                following = asyncio.ensure_future(self._off(partial(_take, frames)))
                await self._check(run, some, skip)
        finally:
            # Nobody may use the decoder before this thread is done with it.
            await asyncio.gather(following, return_exceptions=True)

    async def _check(self, run: _Run, parts: Sequence[Part], skip: frozenset[str]) -> None:
        if parts:
            item = run.item(parts)
            models = await self._rounds.run([item], skip)
            run.take(item, models[item.kinds])

    async def _off(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


class _Run:
    """What comes together of one segment."""

    def __init__(self, parts: Parts, content: Content, shell: Decoded, captions: Captions) -> None:
        self._parts, self._content, self._shell, self._captions = parts, content, shell, captions
        self._items: list[Item] = []
        self._models: dict[str, str] = {}

    def item(self, parts: Sequence[Part]) -> Item:
        """Make an item of some parts."""
        return Item(self._content, replace(self._shell, parts=tuple(parts), notes=()), keep=self._captions.is_new)

    def take(self, item: Item, models: Mapping[str, str]) -> None:
        """Keep what was found, and let go of the parts."""
        item.decoded = self._shell
        self._items.append(item)
        self._models.update(models)

    def suspicious(self) -> list[float]:
        """Give the times of frames in which something was found, those worth most first."""
        found = [finding for item in self._items for finding in item.findings]
        found = [f for f in found if f.score >= _SUSPICIOUS and f.label.partition(".")[0] not in _NO_CLOSER]
        seen = sorted((f for f in found if f.location.source.value in _ON_SCREEN), key=lambda f: -f.score)
        return list(dict.fromkeys(end for f in seen for end in f.location.time or ()))

    def done(self) -> SegmentFindings:
        """Give what the segment amounts to."""
        parts = self._parts
        incomplete: dict[str, str] = {}
        scores: dict[str, float] = {}
        for item in self._items:
            incomplete.update(item.incomplete)
            for label, score in item.scores.items():
                scores[label] = max(score, scores.get(label, 0.0))
        incomplete.update(parts.incomplete)
        return SegmentFindings(
            number=parts.segment.number,
            findings=self._captions.extended(finding for item in self._items for finding in item.findings),
            scores=scores,
            languages=_distinct(language for item in self._items for language in item.languages),
            incomplete=incomplete,
            notes=_distinct([*parts.notes, *(note for item in self._items for note in item.notes)]),
            models=self._models,
            kinds=_distinct(kind.value for item in self._items for kind in item.kinds),
            frames=len(parts.looked_at),
            repeated=parts.repeated,
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
