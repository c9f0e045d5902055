"""The detect stage: parts go to the detectors that read their kind, and what is read out of them goes round again.

Words in a picture, the payload of a code: derived parts meet the same detectors as those that a caller sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

from evenhand.decode import Decoded
from evenhand.detectors import beside
from evenhand.detectors.base import NOTHING, AnyDetector, Cost, Detection
from evenhand.detectors.registry import Registry, Slot
from evenhand.domain import Content, Finding, ImagePart, Incident, JsonValue, Part, PartKind, TextPart
from evenhand.inference.lanes import Failure, Lane
from evenhand.settings import Settings
from evenhand.telemetry import Metrics

_HEARD = 4  # times as long as others may a detector of sound take
_FIRST = 4  # times as long may a detector's first call take, which loads its model
_PICTURE = 64  # weight of a picture, or of a piece of sound; a short text weighs 1
_CLOSE_S = 5.0  # seconds that closing waits for calls that still run
MAX_ROUNDS = 3  # a picture, the words in it, and what is read out of those; more would be a loop


@dataclass(slots=True)
class Item:
    """One content on its way through."""

    content: Content
    decoded: Decoded
    findings: list[Finding] = field(default_factory=list)
    scores: dict[str, float] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)
    incomplete: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # of the detectors
    pictured: dict[str, float] = field(default_factory=dict)  # of `scores`, what comes of pictures and not of words
    words: list[TextPart] = field(default_factory=list)  # read out of pictures
    kinds: frozenset[PartKind] = frozenset()
    keep: Callable[[Part], bool] | None = None  # whether a part read out of another is looked at; None: all are
    incidents: tuple[Incident, ...] = ()  # of a recording
    media: Mapping[str, JsonValue] | None = None  # of a recording


@dataclass(slots=True)
class _Entry:
    """One part on its way, with what was found in it."""

    item: Item
    part: Part
    findings: list[Finding] = field(default_factory=list)


class Rounds:
    """Runs the detectors over items.

    Args:
        settings: the time limit of a call.
        registry: the detectors.
        metrics: counted into.
        threads: where detectors are built.
        fresh: called before each run, so that detectors that changed meanwhile are built anew; None: none do.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry,
        metrics: Metrics,
        threads: Executor,
        fresh: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._fresh = fresh
        self._settings, self._registry, self._metrics, self._threads = settings, registry, metrics, threads
        self._lanes: dict[str, Lane] = {}

    async def run(self, items: Sequence[Item], skip: frozenset[str]) -> dict[frozenset[PartKind], Mapping[str, str]]:
        """Fill in what all detectors say about the items.

        Args:
            items: changed in place.
            skip: names of detectors that are not to run.

        Returns:
            For each set of part kinds among the items: detector -> version, for those that ran.
        """
        if self._fresh is not None:
            await self._fresh()
        pending = [_Entry(item, part) for item in items for part in item.decoded.parts]
        for _ in range(MAX_ROUNDS):
            if not pending:
                break
            groups: dict[PartKind, list[_Entry]] = {}
            for entry in pending:
                groups.setdefault(entry.part.kind, []).append(entry)
            derived = await asyncio.gather(*(self._group(kind, group, skip) for kind, group in groups.items()))
            pending = [entry for group in derived for entry in group]
        for entry in pending:
            entry.item.incomplete["pipeline"] = f"what was read out of parts {MAX_ROUNDS} deep was not looked at"
        for item in items:
            if item.words and item.findings:
                item.findings = beside.tell(item.findings, item.words)
        return {kinds: self._models(kinds, skip) for kinds in {item.kinds for item in items}}

    def close(self) -> None:
        """Let the lanes' threads end, and wait a little for them."""
        for lane in self._lanes.values():
            lane.close()
        deadline = time.monotonic() + _CLOSE_S
        for lane in self._lanes.values():
            lane.join(max(0.0, deadline - time.monotonic()))

    async def _group(self, kind: PartKind, entries: list[_Entry], skip: frozenset[str]) -> list[_Entry]:
        """Run all detectors of one kind over the parts of that kind; give the parts that they read out of them."""
        for entry in entries:
            if kind not in entry.item.kinds:
                entry.item.kinds |= {kind}
        derived: list[_Entry] = []
        slots = self._registry.slots([kind], skip=skip)
        first = [slot for slot in slots if slot.detector is None or slot.detector.info.identifies_language]
        # A slot not built yet may turn out to identify languages: build those before choosing.
        await asyncio.gather(*(self._build(slot) for slot in first))
        first = [slot for slot in first if slot.detector is not None and slot.detector.info.identifies_language]
        rest = [slot for slot in slots if slot not in first]
        last = [slot for slot in rest if slot.detector is not None and slot.detector.info.last]
        for together in (first, [slot for slot in rest if slot not in last], [slot for slot in last if _speaks(slot)]):
            if not together:
                continue
            parts = [entry.part for entry in entries]
            answers = await asyncio.gather(*(self._call(slot, parts) for slot in together))
            for slot, detections in zip(together, answers, strict=True):
                self._merge(slot, detections, entries, derived)
        for entry in entries:
            language = entry.part.language if isinstance(entry.part, TextPart) else None
            if language is not None and language not in entry.item.languages:
                entry.item.languages.append(language)
            if entry.findings:
                entry.item.findings.extend(_in_language(entry.findings, language))
        return derived

    def _merge(
        self, slot: Slot, detections: Sequence[Detection | Failure] | str, entries: list[_Entry], derived: list[_Entry]
    ) -> None:
        if isinstance(detections, str):
            for entry in entries:
                entry.item.incomplete[slot.name] = detections
            return
        for entry, detection in zip(entries, detections, strict=True):
            if detection is NOTHING:
                continue
            if isinstance(detection, Failure):
                entry.item.incomplete[slot.name] = detection.why
                continue
            try:
                derived += _taken(slot, detection, entry)
            except Exception as error:  # (what a detector answers is its own; a bad answer is its failure, not ours)
                entry.item.incomplete[slot.name] = f"gave an answer that cannot be used ({type(error).__name__})"

    async def _build(self, slot: Slot) -> None:
        if slot.detector is None and slot.failure is None:
            await asyncio.get_running_loop().run_in_executor(self._threads, slot.get)

    async def _call(self, slot: Slot, parts: Sequence[Part]) -> list[Detection | Failure] | str:
        """Give the slot's detections, or the reason why there are none at all."""
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
        lane = self._lanes.get(name)
        if lane is None:
            most = _together(detector)
            heard = detector.info.reads is PartKind.AUDIO  # half a minute at a time, not a moment
            limit = self._settings.detector_timeout_s * (_HEARD if heard else 1)
            made = Lane(name, timeout_s=limit, first_s=limit * _FIRST, most=most, weigh=_weight)
            lane = self._lanes.setdefault(name, made)
        return lane

    def _models(self, kinds: frozenset[PartKind], skip: frozenset[str]) -> Mapping[str, str]:
        return {
            slot.name: slot.detector.info.version
            for slot in self._registry.slots(kinds, skip=skip)
            if slot.detector is not None and (not slot.detector.info.last or _speaks(slot))
        }


def _taken(slot: Slot, detection: Detection, entry: _Entry) -> list[_Entry]:
    """Take over what a detector says about a part; give the parts that it read out of it."""
    keep = entry.item.keep
    derived = [_Entry(entry.item, part) for part in detection.parts if part.kind in PartKind]
    if keep is not None:
        derived = [one for one in derived if keep(one.part)]
    findings = _declared(slot, detection.findings, entry.item) if detection.findings else ()
    if detection.partial is not None:
        entry.item.incomplete[slot.name] = detection.partial
    entry.findings.extend(findings)
    if detection.notes:
        entry.item.notes.extend(f"{slot.name}: {note}" for note in detection.notes)
    for label, score in detection.scores.items():
        if score > entry.item.scores.get(label, 0.0):
            entry.item.scores[label] = score
    if isinstance(entry.part, ImagePart):
        for label, score in detection.scores.items():
            entry.item.pictured[label] = max(score, entry.item.pictured.get(label, 0.0))
        entry.item.words += (part for part in detection.parts if isinstance(part, TextPart))
    if detection.language is not None and isinstance(entry.part, TextPart) and entry.part.language is None:
        entry.part = replace(entry.part, language=detection.language)
    return derived


def _speaks(slot: Slot) -> bool:
    """Whether a detector that runs after the others has anything to say: custom classes, where one is taught."""
    return slot.detector is not None and bool(slot.detector.info.labels)


def _together(detector: AnyDetector) -> int:
    """Give the weight of one call: more pictures in a run are no faster on processors, and hold memory for good."""
    if detector.info.cost is Cost.HEAVY:
        return _PICTURE
    return 4 * _PICTURE if detector.info.reads is PartKind.IMAGE else 512


def _weight(part: Part) -> int:
    """Weigh a part by what it costs: a short text is 1, a picture 64; one call then takes seconds at the most."""
    return 1 + len(part.text) // 2000 if isinstance(part, TextPart) else _PICTURE


def _declared(slot: Slot, findings: Sequence[Finding], item: Item) -> Sequence[Finding]:
    """Keep findings whose label the detector declared: only declared labels have passed the refusals."""
    declared = slot.detector.info.labels if slot.detector is not None else ()
    if not all(0 <= finding.score <= 1 for finding in findings):  # (nor NaN, which no rule would ever meet)
        raise ValueError("a score lies outside [0, 1]")
    strays = sorted({finding.label for finding in findings} - set(declared))
    if not strays:
        return findings
    item.incomplete[slot.name] = f"gave the undeclared label {', '.join(strays)}"
    return [finding for finding in findings if finding.label in declared]


def _in_language(findings: Sequence[Finding], language: str | None) -> Sequence[Finding]:
    if language is None:
        return findings
    return [finding if finding.language is not None else replace(finding, language=language) for finding in findings]
