"""The pipeline: decode -> detect -> decide -> record, for a batch of contents at a time.

It knows no kind of content and no detector by name; `rounds` runs the detectors.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from evenhand.decode import Decoded, decode
from evenhand.decode.media import MediaPlan
from evenhand.detectors.registry import Registry
from evenhand.domain import (
    Content,
    ContentKind,
    Incident,
    ItemError,
    Options,
    Part,
    Result,
    new_id,
)
from evenhand.errors import InputError
from evenhand.policy import Line, Policy
from evenhand.publishing.course import Course, in_order, one_for, part
from evenhand.recording import Recorder, Recording
from evenhand.recordings import Recordings, shell
from evenhand.results import Results
from evenhand.review.corrections import Corrections
from evenhand.rounds import Item, Rounds
from evenhand.segments import SegmentFindings
from evenhand.settings import Settings
from evenhand.shadowing import Shadowing
from evenhand.shelves.asking import DETECTOR as ASKING
from evenhand.shelves.asking import Askers
from evenhand.shelves.embedding import Embedder
from evenhand.shelves.printing import Printing
from evenhand.telemetry import Metrics, span

if TYPE_CHECKING:
    from evenhand.store.belonging import Belonging

FILES_TOGETHER = 4  # encoded files decoded in one run: pictures are the memory of this process
_FILE_RUNS = 2  # such runs at a time
_CLOSE_S = 5.0  # seconds that closing waits for a write that has begun


class Pipeline:
    """Runs batches of contents through all stages.

    Args:
        settings: limits and time-outs.
        registry: the detectors.
        policy: called at the start of each run, so that a policy published meanwhile takes effect with the next run,
            with the tenant whose contents they are: it has the lines that they may be decided by.
        course: gives what there is to a business line besides: a version that is rolled out, or in shadow mode.
        metrics: counted into.
        recorder: where decisions are written; None: nowhere.
        corrections: content that people marked, and what is answered about it; None: nothing is.
        belonging: says whose a caller is; None: nobody's.
        embedder: makes embeddings where marks or the settings ask for them; None: with models of its own.
        fresh: see Rounds.
        revision: gives the number of the last change of the store's libraries that is in force; 0: it keeps none.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry,
        policy: Callable[[str | None], Policy],
        metrics: Metrics,
        recorder: Recorder | None = None,
        corrections: Corrections | None = None,
        belonging: Belonging | None = None,
        embedder: Embedder | None = None,
        course: Callable[[str], Course | None] = lambda line: None,
        fresh: Callable[[], Awaitable[None]] | None = None,
        revision: Callable[[], int] = int,
    ) -> None:
        self._settings, self._registry, self._policy, self._course = settings, registry, policy, course
        self._metrics, self._corrections, self._belonging = metrics, corrections, belonging
        self._threads = ThreadPoolExecutor(max_workers=FILES_TOGETHER, thread_name_prefix="evenhand")
        self._rounds = Rounds(settings, registry=registry, metrics=metrics, threads=self._threads, fresh=fresh)
        self._recording = Recording(recorder) if recorder is not None else None
        # Decoding has threads of its own: the worst allowed picture takes about a gigabyte while it is decoded.
        self._decoders = ThreadPoolExecutor(max_workers=settings.decode_threads, thread_name_prefix="evenhand-decode")
        embedder = embedder or Embedder(settings)
        self._askers = Askers(corrections, embedder, threads=self._threads)
        self._printing = Printing(settings, corrections=corrections, embedder=embedder, threads=self._threads)
        shadowing = Shadowing(settings, rounds=self._rounds, registry=registry)
        self._results = Results(registry, shadowing, corrections=corrections, course=course, revision=revision)
        self._recordings = Recordings(settings, rounds=self._rounds, registry=registry, threads=self._decoders)
        self._file_runs = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]()

    async def run(
        self, contents: Sequence[Content], options: Options, *, policy: Policy | None = None
    ) -> list[Result | ItemError]:
        """Check contents together; answer in their order.

        Args:
            contents: at least one.
            options: of all of them.
            policy: decides instead of the one in force.

        Raises:
            PolicyError: the business line does not exist.
            StoreError: the decisions could not be recorded; none of them is then given out.
        """
        if policy is not None:
            return await self._whole(contents, options, policy)
        parted = part(await self.rules(options), options.line, self._course(options.line), contents)
        if isinstance(parted, Policy):
            return await self._whole(contents, options, parted)
        # Two versions decide, each about its own share: they may ask different detectors.
        work = (self._whole(share.contents, options, share.policy) for share in parted)
        return in_order(parted, await asyncio.gather(*work))

    async def _whole(self, contents: Sequence[Content], options: Options, policy: Policy) -> list[Result | ItemError]:
        skip = self._skipped(policy.line(options.line))
        if all(content.text is not None for content in contents):
            with span("evenhand.check", items=len(contents)):
                return await self._run(contents, options, policy, skip)
        # A semaphore serves one event loop only; callers may come from several, one after another.
        async with self._file_runs.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_FILE_RUNS)):
            with span("evenhand.check", items=len(contents)):
                return await self._run(contents, options, policy, skip)

    async def _run(
        self, contents: Sequence[Content], options: Options, policy: Policy, skip: frozenset[str]
    ) -> list[Result | ItemError]:
        started = time.perf_counter()
        if self._corrections is not None:
            await self._corrections.fresh()
        with span("evenhand.decode", items=len(contents)):
            opened = await self._decode(contents)
        decoded = time.perf_counter()
        items = [item for item in opened if isinstance(item, Item)]
        with span("evenhand.detect", items=len(items)):
            models = await self._rounds.run(items, skip)
            # One after another: each keeps all cores busy by itself.
            played = {id(item): await self._recordings.run(item, skip) for item in items if item.decoded.plan}
        decoded_items = [item.decoded for item in items]
        queries = await self._printing.queries(decoded_items)
        tenant = await self._tenant(options)
        compared = await self._askers.compare(decoded_items, tenant=tenant)
        for place, why in compared.failed.items():
            items[place].incomplete[ASKING] = why
        detected = time.perf_counter()
        share = 1000 / max(1, len(contents))  # a run's time is shared equally by its contents
        timing = {"decode": (decoded - started) * share, "detect": (detected - decoded) * share}
        results: list[Result | ItemError] = []
        refused = 0
        for item in opened:
            if isinstance(item, ItemError):
                refused += 1
                self._metrics.refused.labels(item.code).inc()
                results.append(item)
            else:
                ran = played[id(item)] if id(item) in played else models[item.kinds]
                place = len(results) - refused
                query, asked = queries.get(place), compared.asked.get(place)
                results.append(self._results.of(item, options, policy, ran, timing, query, asked, tenant=tenant))
        self._count(results, options.line)
        if self._recording is not None and options.record:
            with span("evenhand.record", items=len(items)):
                results = await self._printing.printed(decoded_items, results, queries)
                await self._record(items, results, options.caller)
        self._metrics.seconds.observe(time.perf_counter() - started)
        return results

    # A recording in steps, for durable work: each may run in another process.

    async def plan(self, content: Content) -> MediaPlan | None:
        """Say how a recording is cut; None for what is none. JSON-able: `as_dict`, `from_dict`.

        Raises:
            InputError: it cannot be read, or is over a limit.
        """
        decoded = await asyncio.get_running_loop().run_in_executor(self._decoders, decode, content, self._settings)
        return decoded.plan

    async def check_segment(self, content: Content, plan: MediaPlan, number: int, options: Options) -> SegmentFindings:
        """Check one segment of a recording. JSON-able: `as_dict`, `from_dict`.

        Args:
            content: with `data` or `path`; a URL is fetched by the caller first.
            plan: of the same content.
            number: 0 <= number < len(plan.segments).
            options: the business line says which detectors do not run.

        Raises:
            InputError: the file cannot be read any more.
            PolicyError: the business line does not exist.
        """
        skip = self._skipped((await self.rules(options)).line(options.line))
        return await self._recordings.check(content, plan, number, skip)

    async def fuse(
        self, content: Content, plan: MediaPlan, segments: Sequence[SegmentFindings], options: Options
    ) -> Result:
        """Fuse a recording's segments, decide, and record the decision; segments that are missing make it incomplete.

        Raises:
            PolicyError: the business line does not exist.
            StoreError: the decision could not be recorded.
        """
        policy = one_for(await self.rules(options), options.line, self._course(options.line), content)
        if self._corrections is not None:
            await self._corrections.fresh()
        item = Item(content, replace(shell(plan, content), plan=plan))
        models = self._recordings.fill(item, segments)
        result = self._results.of(item, options, policy, models, {}, tenant=await self._tenant(options))
        self._count([result], options.line)
        if self._recording is not None and options.record:
            await self._record([item], [result], options.caller)
        return result

    # A live stream: its windows as they come, and what an incident in it amounts to.

    async def look(
        self, content: Content, parts: Sequence[Part], options: Options, *, keep: Callable[[Part], bool] | None = None
    ) -> tuple[Item, Mapping[str, str]]:
        """Run the detectors over a window; give what was found, and detector -> version.

        Args:
            content: the stream, for the caller's hints.
            parts: pictures and sound of the window.
            options: the business line says which detectors do not run.
            keep: whether a part read out of another is looked at; None: all are.

        Raises:
            PolicyError: the business line does not exist.
        """
        item = Item(content, _streamed(tuple(parts)), keep=keep)
        models = await self._rounds.run([item], self._skipped((await self.rules(options)).line(options.line)))
        return item, models[item.kinds]

    def judge(self, content: Content, incident: Incident, options: Options, models: Mapping[str, str]) -> Result:
        """Decide about one incident of a stream; nothing is recorded.

        Raises:
            PolicyError: the business line does not exist.
        """
        item = Item(content, _streamed(()), findings=list(incident.findings), incidents=(incident,))
        item.media = {"start": round(incident.start, 3), "end": round(incident.end, 3)}
        tenant = self._belonging.tenant(options.caller) if self._belonging is not None else None
        return self._results.of(item, options, self._policy(tenant), models, {}, tenant=tenant)

    async def keep(self, content: Content, result: Result, options: Options) -> None:
        """Count and record what was decided about a stream.

        Raises:
            StoreError: it could not be recorded.
        """
        self._count([result], options.line)
        if self._recording is not None and options.record:
            await self._recording.write([content], [result], key_id=options.caller)

    def warm(self) -> Mapping[str, str]:
        """Load what loads lazily, by running every detector's examples; give detector -> why for those that fail."""
        failures = {}
        for slot in self._registry.slots():
            detector = slot.get()
            if detector is None:
                failures[slot.name] = slot.failure or "cannot be built"
                continue
            try:
                detector.detect([example.part() for example in detector.info.examples])
            except Exception as error:  # (a detector may raise anything; the caller is told which and why)
                failures[slot.name] = f"{type(error).__name__}: {error}"[:300]
        return failures

    def close(self) -> None:
        """Let the worker threads end."""
        self._rounds.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._recording is not None:
            self._recording.close(_CLOSE_S)
        self._decoders.shutdown(wait=False, cancel_futures=True)

    # Decode

    async def _decode(self, contents: Sequence[Content]) -> list[Item | ItemError]:
        loop = asyncio.get_running_loop()
        texts = [content for content in contents if content.text is not None]
        files = [content for content in contents if content.text is None]
        jobs = [loop.run_in_executor(self._decoders, self._open_all, [content]) for content in files]
        if texts:
            # Reading a text costs less than handing it to a thread, unless there is a lot of it.
            small = sum(len(content.text or "") for content in texts) < 100_000
            read = self._open_all(texts) if small else await loop.run_in_executor(self._threads, self._open_all, texts)
        else:
            read = []
        from_texts = iter(read)
        from_files = iter([opened for job in jobs for opened in await job])
        return [next(from_texts) if content.text is not None else next(from_files) for content in contents]

    def _open_all(self, contents: Sequence[Content]) -> list[Item | ItemError]:
        opened: list[Item | ItemError] = []
        for content in contents:
            try:
                opened.append(Item(content, decode(content, self._settings)))
            except InputError as error:
                opened.append(ItemError(id=content.id, code=error.code, message=error.message, status=error.status))
        return opened

    # Count and record

    async def rules(self, options: Options) -> Policy:
        """Give what is in force, with the business lines that the caller's contents may be decided by."""
        return self._policy(await self._tenant(options))

    async def _tenant(self, options: Options) -> str | None:
        """Give the tenant whose contents a caller sends; None: nobody's."""
        belonging, caller = self._belonging, options.caller
        if belonging is None or belonging.known(caller):
            return None if belonging is None else belonging.tenant(caller)
        return await asyncio.to_thread(belonging.tenant, caller)

    def _skipped(self, line: Line) -> frozenset[str]:
        """Give the detectors that do not run for a business line."""
        if line.only is None:
            return line.skip
        return line.skip | {slot.name for slot in self._registry.slots() if slot.name not in line.only}

    def _count(self, results: Sequence[Result | ItemError], line: str) -> None:
        counts: dict[tuple[str, str], int] = {}
        for result in results:
            if isinstance(result, Result):
                key = (result.kind, result.action.value)
                counts[key] = counts.get(key, 0) + 1
                for detector in result.incomplete:
                    self._metrics.incomplete.labels(detector).inc()
        for (kind, action), count in counts.items():
            self._metrics.decisions.labels(line, kind, action).inc(count)

    async def _record(self, items: Sequence[Item], results: Sequence[Result | ItemError], caller: str | None) -> None:
        made = [result for result in results if isinstance(result, Result)]
        if self._recording is not None and made:
            await self._recording.write([item.content for item in items], made, key_id=caller)


def _streamed(parts: tuple[Part, ...]) -> Decoded:
    """Give what stands for a stream, which has neither a size nor a hash: a moment of it has a name of its own."""
    digest = hashlib.sha256(new_id().encode()).hexdigest()
    return Decoded(kind=ContentKind.STREAM, parts=parts, content_hash=f"sha256:{digest}", size=0)
