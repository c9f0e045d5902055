"""Applied marks: content that a person marked is answered as they said, wherever it comes in again.

Every process holds all applied marks, and asks the store at most once a second whether they changed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from evenhand.domain import Action, Decision, Finding, Location, Source
from evenhand.store import Store
from evenhand.store.reviewrecords import Mark

DETECTOR = "review.mark"  # stands as the detector of findings that a person added
_EVERY_S = 1.0
_SOURCES = {"text": Source.TEXT, "audio": Source.AUDIO, "video": Source.FRAME, "stream": Source.FRAME}


class Corrections:
    """The marks in force.

    Args:
        store: already migrated.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marks: Mapping[str, Mark] = {}
        self._version: str | None = None
        self._looked = float("-inf")

    async def fresh(self) -> None:
        """See to it that what was applied or undone a second ago is known here.

        Raises:
            StoreError: the store cannot be asked.
        """
        if time.monotonic() - self._looked >= _EVERY_S:
            await asyncio.to_thread(self.look)

    def look(self) -> None:
        """Ask the store now. Blocks."""
        now = time.monotonic()
        version = self._store.marks.version()
        if version != self._version:
            self._marks = self._store.marks.applied()
            self._version = version
        self._looked = now

    def find(self, content_hash: str) -> Mark | None:
        """Give the mark in force for a content; None: there is none."""
        return self._marks.get(content_hash)


def corrected(
    mark: Mark, findings: Sequence[Finding], decision: Decision, kind: str
) -> tuple[tuple[Finding, ...], Decision]:
    """Give findings and decision as a mark has them. A detector that gave no answer changes nothing: a person looked.

    Args:
        mark: applied, about this content.
        findings: what detectors found.
        decision: what the policy made of it.
        kind: content kind.
    """
    labels = mark.verdict["labels"]
    kept = tuple(findings)
    if labels is not None:
        kept = tuple(finding for finding in findings if finding.label in labels)
        kept = tuple(_finding(label, kind) for label in sorted(set(labels) - {x.label for x in kept})) + kept
    action = Action(mark.verdict["action"])
    reason = f"a person marked this very content ({mark.verdict['verdict']}): {action.value}; mark {mark.id}"
    return kept, replace(decision, action=action, rule="mark", reason=reason, findings=kept)


def _finding(label: str, kind: str) -> Finding:
    return Finding(
        label=label,
        score=1.0,
        location=Location(source=_SOURCES.get(kind, Source.IMAGE)),
        detector=DETECTOR,
        version="1",
        reason="a person found it in this very content",
    )
