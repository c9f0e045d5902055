"""What a policy in shadow mode says of contents for which it wants detectors that the live one does not ask.

They run for a share of the contents, once their decision is made: one content at a time, with a pause as long as the
work took. What is not compared is counted, with why.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

from evenhand.detectors.registry import Registry, Slot
from evenhand.domain import Decision, PartKind
from evenhand.policy import Line, Policy
from evenhand.publishing.course import Course, Facts, runs
from evenhand.rounds import Item, Rounds
from evenhand.settings import Settings

MOST_WAITING = 8  # contents; a picture of each may be held that long
_LONGEST_PAUSE_S = 10.0
_WHOLE = 1 << 64
NOT_SAMPLED, BUSY, PLAYED, STOPPED = "not sampled", "too many at once", "a recording or stream", "stopped before it ran"


class Shadowing:
    """Compares decisions with what versions in shadow mode say. Used on event loops, by one after another.

    Args:
        settings: the share for which more detectors are run.
        rounds: runs detectors.
        registry: the detectors.
    """

    def __init__(self, settings: Settings, *, rounds: Rounds, registry: Registry) -> None:
        self._share, self._rounds, self._registry = settings.policy_shadow_share, rounds, registry
        self._waiting = 0
        self._turns = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]()
        self._tasks: set[asyncio.Task[None]] = set()

    def note(
        self, course: Course, line: Line, item: Item, decision_id: str, decision: Decision, policy: Policy, facts: Facts
    ) -> None:
        """Count a decision, and compare it, now or once more detectors have run. Never waits, never fails.

        Args:
            course: of the business line.
            line: of the policy that decided.
            item: with all that was found.
            decision_id: of the record.
            decision: of the policy, not of a person's mark.
            policy: that decided.
            facts: that the decision rests on.
        """
        course.note(decision, policy)
        if course.shadow is None or not course.compared(policy):
            return
        facts = replace(facts, findings=tuple(item.findings))  # the shadow's line may listen to other libraries
        shadow = course.shadow.line(course.line)
        more = [
            slot for slot in self._registry.slots(item.kinds) if runs(shadow, slot.name) and not runs(line, slot.name)
        ]
        if not more:
            course.compare(decision_id, decision, facts)
        elif not item.decoded.parts or item.decoded.plan is not None:
            course.left_out(PLAYED)
        elif _place(decision_id) >= self._share:
            course.left_out(NOT_SAMPLED)
        elif self._waiting >= MOST_WAITING:
            course.left_out(BUSY)
        else:
            self._waiting += 1
            work = self._later(course, shadow, item, more, decision_id, decision, facts)
            task = asyncio.get_running_loop().create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _later(
        self,
        course: Course,
        shadow: Line,
        item: Item,
        more: Sequence[Slot],
        decision_id: str,
        decision: Decision,
        facts: Facts,
    ) -> None:
        turn, counted = self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock()), False
        try:
            async with turn:
                started = time.monotonic()
                found = await self._look(shadow, item, more)
                if failed := sorted(name for name in found.incomplete if runs(shadow, name)):
                    course.left_out(f"failed: {', '.join(failed)}")
                else:
                    findings = (*facts.findings, *(one for one in found.findings if one not in facts.findings))
                    languages = facts.languages or tuple(found.languages)
                    course.compare(decision_id, decision, replace(facts, findings=findings, languages=languages))
                counted = True
                # Others have the processor at least as long as this had it.
                await asyncio.sleep(min(time.monotonic() - started, _LONGEST_PAUSE_S))
        except Exception as error:  # (what goes wrong here is told where the comparison is, and disturbs nobody)
            course.left_out(f"failed: {type(error).__name__}")
            counted = True
        finally:
            self._waiting -= 1
            if not counted:  # the event loop ends
                course.left_out(STOPPED)

    async def _look(self, shadow: Line, item: Item, more: Sequence[Slot]) -> Item:
        """Run what the shadow wants besides, and what reads parts that only this gives."""
        for slot in more:
            if slot.detector is None and slot.failure is None:
                await asyncio.to_thread(slot.get)
        wanted = {slot.name for slot in more}
        given: set[PartKind] = set().union(*(slot.detector.info.emits for slot in more if slot.detector is not None))
        reads = {slot.reads for slot in more if slot.reads is not None}
        for slot in self._registry.slots(given | reads):
            info = slot.detector.info if slot.detector is not None else None
            below = slot.reads in given and runs(shadow, slot.name)
            if below or (info is not None and info.identifies_language):
                wanted.add(slot.name)
        read = tuple(item.words) if PartKind.TEXT in reads else ()
        parts = (*(part for part in item.decoded.parts if part.kind in reads), *read)
        again = Item(item.content, replace(item.decoded, parts=parts))
        await self._rounds.run([again], frozenset(slot.name for slot in self._registry.slots()) - wanted)
        return again


def _place(decision_id: str) -> float:
    """Give a place between 0 and 1, even over decisions."""
    return int.from_bytes(hashlib.blake2b(decision_id.encode(), digest_size=8).digest(), "big") / _WHOLE
