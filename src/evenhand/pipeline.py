"""The pipeline: decode -> detect -> decide -> record, for a batch of contents at a time.

It knows no kind of content and no detector by name. Parts go to the detectors that read their kind; parts that those
read out of them (words in a picture, the payload of a code) go round again; the policy sees the findings of all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from evenhand.decode import Decoded, decode
from evenhand.detectors.base import NOTHING, AnyDetector, Cost, Detection
from evenhand.detectors.registry import Registry, Slot
from evenhand.domain import Content, Decision, Finding, ItemError, Options, Part, PartKind, Result, TextPart, new_id
from evenhand.errors import InputError
from evenhand.inference.lanes import Failure, Lane
from evenhand.policy import Policy, decide
from evenhand.settings import Settings
from evenhand.telemetry import Metrics, span

MAX_ROUNDS = 3  # a picture, the words in it, and what is read out of those; more would be a loop
FILES_TOGETHER = 4  # encoded files decoded in one run: pictures are the memory of this process
_FILE_RUNS = 2  # such runs at a time


class Recorder(Protocol):
    """Where decisions go. Called from a worker thread with all decisions of a run."""

    def record(self, contents: Sequence[Content], results: Sequence[Result], *, key_id: str | None) -> None:
        """Write all or raise StoreError."""
        ...


@dataclass(slots=True)
class _Item:
    """One content on its way through."""

    content: Content
    decoded: Decoded
    findings: list[Finding] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)
    incomplete: dict[str, str] = field(default_factory=dict)
    kinds: frozenset[PartKind] = frozenset()


class Pipeline:
    """Runs batches of contents through all stages.

    Args:
        settings: limits and time-outs.
        registry: the detectors.
        policy: called at the start of each run, so that a policy published meanwhile takes effect with the next run.
        metrics: counted into.
        recorder: where decisions are written; None: nowhere.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry,
        policy: Callable[[], Policy],
        metrics: Metrics,
        recorder: Recorder | None = None,
    ) -> None:
        self._settings, self._registry, self._policy = settings, registry, policy
        self._metrics, self._recorder = metrics, recorder
        self._lanes: dict[str, Lane] = {}
        self._threads = ThreadPoolExecutor(max_workers=FILES_TOGETHER, thread_name_prefix="evenhand")
        # Decoding has threads of its own: the worst allowed picture takes about a gigabyte while it is decoded.
        self._decoders = ThreadPoolExecutor(max_workers=settings.decode_threads, thread_name_prefix="evenhand-decode")
        self._file_runs = asyncio.Semaphore(_FILE_RUNS)

    async def run(self, contents: Sequence[Content], options: Options) -> list[Result | ItemError]:
        """Check contents together; answer in their order.

        Raises:
            PolicyError: the business line does not exist.
            StoreError: the decisions could not be recorded; none of them is then given out.
        """
        policy = self._policy()
        skip = policy.line(options.line).skip
        if all(content.text is not None for content in contents):
            return await self._run(contents, options, policy, skip)
        async with self._file_runs:
            return await self._run(contents, options, policy, skip)

    async def _run(
        self, contents: Sequence[Content], options: Options, policy: Policy, skip: frozenset[str]
    ) -> list[Result | ItemError]:
        started = time.perf_counter()
        with span("evenhand.decode", items=len(contents)):
            opened = await self._decode(contents)
        decoded = time.perf_counter()
        items = [item for item in opened if isinstance(item, _Item)]
        with span("evenhand.detect", items=len(items)):
            models = await self._detect(items, skip)
        detected = time.perf_counter()
        share = 1000 / max(1, len(contents))  # a run's time is shared equally by its contents
        timing = {"decode": (decoded - started) * share, "detect": (detected - decoded) * share}
        results: list[Result | ItemError] = []
        for item in opened:
            if isinstance(item, ItemError):
                self._metrics.refused.labels(item.code).inc()
                results.append(item)
            else:
                results.append(self._decide(item, options, policy, models[item.kinds], timing))
        self._count(results, options.line)
        if self._recorder is not None and options.record:
            with span("evenhand.record", items=len(items)):
                await self._record(items, results, options.caller)
        self._metrics.seconds.observe(time.perf_counter() - started)
        return results

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
        for lane in self._lanes.values():
            lane.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._decoders.shutdown(wait=False, cancel_futures=True)

    # Decode

    async def _decode(self, contents: Sequence[Content]) -> list[_Item | ItemError]:
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

    def _open_all(self, contents: Sequence[Content]) -> list[_Item | ItemError]:
        opened: list[_Item | ItemError] = []
        for content in contents:
            try:
                opened.append(_Item(content, decode(content, self._settings)))
            except InputError as error:
                opened.append(ItemError(id=content.id, code=error.code, message=error.message, status=error.status))
        return opened

    # Detect

    async def _detect(
        self, items: Sequence[_Item], skip: frozenset[str]
    ) -> dict[frozenset[PartKind], Mapping[str, str]]:
        """Run all detectors over all parts, round by round; give the detectors' versions for each set of part kinds."""
        pending = [(item, part) for item in items for part in item.decoded.parts]
        for _ in range(MAX_ROUNDS):
            if not pending:
                break
            groups: dict[PartKind, list[tuple[_Item, Part]]] = {}
            for entry in pending:
                groups.setdefault(entry[1].kind, []).append(entry)
            rounds = await asyncio.gather(*(self._group(kind, entries, skip) for kind, entries in groups.items()))
            pending = [entry for derived in rounds for entry in derived]
        return {kinds: self._models(kinds, skip) for kinds in {item.kinds for item in items}}

    async def _group(
        self, kind: PartKind, entries: list[tuple[_Item, Part]], skip: frozenset[str]
    ) -> list[tuple[_Item, Part]]:
        parts = [part for _, part in entries]
        for item, _ in entries:
            if kind not in item.kinds:
                item.kinds |= {kind}
        slots = self._registry.slots([kind], skip=skip)
        answers = await asyncio.gather(*(self._call(slot, parts) for slot in slots))
        derived: list[tuple[_Item, Part]] = []
        languages: list[str | None] = [part.language if isinstance(part, TextPart) else None for part in parts]
        found: dict[int, list[Finding]] = {}
        for slot, detections in zip(slots, answers, strict=True):
            if isinstance(detections, str):
                for item, _ in entries:
                    item.incomplete[slot.name] = detections
                continue
            for index, detection in enumerate(detections):
                if detection is NOTHING:
                    continue
                item = entries[index][0]
                if isinstance(detection, Failure):
                    item.incomplete[slot.name] = detection.why
                    continue
                if detection.partial is not None:
                    item.incomplete[slot.name] = detection.partial
                if detection.findings:
                    found.setdefault(index, []).extend(self._declared(slot, detection.findings, item))
                for label, score in detection.scores.items():
                    if score > item.scores.get(label, 0.0):
                        item.scores[label] = score
                if detection.parts:
                    derived.extend((item, part) for part in detection.parts)
                if detection.language is not None and languages[index] is None:
                    languages[index] = detection.language
        for index, language in enumerate(languages):
            if language is not None and language not in entries[index][0].languages:
                entries[index][0].languages.append(language)
        for index, findings in found.items():
            entries[index][0].findings.extend(_in_language(findings, languages[index]))
        return derived

    def _declared(self, slot: Slot, findings: Sequence[Finding], item: _Item) -> Sequence[Finding]:
        """Keep findings whose label the detector declared: only declared labels have passed the refusals."""
        declared = slot.detector.info.labels if slot.detector is not None else ()
        strays = sorted({finding.label for finding in findings} - set(declared))
        if strays:
            item.incomplete[slot.name] = f"gave the undeclared label {', '.join(strays)}"
            return [finding for finding in findings if finding.label in declared]
        return findings

    async def _call(self, slot: Slot, parts: Sequence[Part]) -> list[Detection | Failure] | str:
        """Give the slot's detections, or the reason why there are none at all."""
        if slot.detector is None and slot.failure is None:
            await asyncio.get_running_loop().run_in_executor(self._threads, slot.get)
        detector = slot.detector
        if detector is None:
            return slot.failure or "cannot be built"
        started = time.perf_counter()
        answers = await self._lane(detector).call(slot.name, detector.detect, parts)
        self._metrics.detector_seconds.labels(slot.name).observe(time.perf_counter() - started)
        return answers

    def _lane(self, detector: AnyDetector) -> Lane:
        cheap = detector.info.cost is Cost.CHEAP
        name = f"cheap-{detector.info.reads.value}" if cheap else detector.info.name
        if name not in self._lanes:
            self._lanes[name] = Lane(name, timeout_s=self._settings.detector_timeout_s)
        return self._lanes[name]

    def _models(self, kinds: frozenset[PartKind], skip: frozenset[str]) -> Mapping[str, str]:
        return {
            slot.name: slot.detector.info.version
            for slot in self._registry.slots(kinds, skip=skip)
            if slot.detector is not None
        }

    # Decide and record

    def _decide(
        self,
        item: _Item,
        options: Options,
        policy: Policy,
        models: Mapping[str, str],
        timing: Mapping[str, float],
    ) -> Result:
        findings = tuple(sorted(item.findings, key=_strictest_first)) if item.findings else ()
        decision: Decision = decide(
            policy,
            options.line,
            findings=findings,
            context=item.content.context,
            kind=item.decoded.kind.value,
            languages=tuple(item.languages),
            incomplete=item.incomplete,
        )
        labels: dict[str, float] = {}
        if options.all_scores:
            labels = self._all_labels(models)
            labels.update(item.scores)
        for finding in findings:
            if finding.score > labels.get(finding.label, 0.0):
                labels[finding.label] = finding.score
        return Result(
            id=item.content.id,
            decision_id=new_id(),
            action=decision.action,
            labels=labels,
            findings=findings,
            rule=decision.rule,
            reason=decision.reason,
            incomplete=item.incomplete,
            policy=f"{decision.policy}@{decision.policy_version}/{decision.line}",
            models=models,
            content_hash=item.decoded.content_hash,
            kind=item.decoded.kind.value,
            languages=tuple(item.languages),
            notes=item.decoded.notes,
            timing_ms=timing,
        )

    def _all_labels(self, models: Mapping[str, str]) -> dict[str, float]:
        detectors = (slot.detector for slot in self._registry.slots() if slot.name in models)
        return {label: 0.0 for detector in detectors if detector is not None for label in detector.info.labels}

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

    async def _record(self, items: Sequence[_Item], results: Sequence[Result | ItemError], caller: str | None) -> None:
        made = [result for result in results if isinstance(result, Result)]
        if self._recorder is None or not made:
            return
        write = partial(self._recorder.record, [item.content for item in items], made, key_id=caller)
        await asyncio.get_running_loop().run_in_executor(self._threads, write)


def _strictest_first(finding: Finding) -> tuple[float, str]:
    return (-finding.score, finding.label)


def _in_language(findings: Sequence[Finding], language: str | None) -> Sequence[Finding]:
    if language is None:
        return findings
    return [finding if finding.language is not None else replace(finding, language=language) for finding in findings]
