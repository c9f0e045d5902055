"""Applied marks: content that a person marked is answered as they said, wherever it comes in again.

Every process holds all applied marks, and asks the store at most once a second whether they changed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evenhand.domain import Action, Decision, Finding, Location, Source
from evenhand.review.near import Near, Query
from evenhand.store import Store
from evenhand.store.reviewrecords import Mark

DETECTOR = "review.mark"  # stands as the detector of findings that a person added
_EVERY_S = 1.0
_SOURCES = {"text": Source.TEXT, "audio": Source.AUDIO, "video": Source.FRAME, "stream": Source.FRAME}


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A mark in force, and how alike what it is about is to the content at hand."""

    mark: Mark
    alike: int = 100  # in per cent
    exact: bool = True  # it is about this very content


class Corrections:
    """The marks in force.

    Args:
        store: already migrated.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marks: Mapping[str, Mark] = {}
        self._near: Near[str] = Near({})
        self._by_id: Mapping[str, Mark] = {}
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
            marks = self._store.marks.applied()
            self._by_id = {mark.id: mark for mark in marks.values()}
            self._near = Near({mark.id: mark.near for mark in marks.values() if mark.near is not None})
            self._marks = marks
            self._version = version
        self._looked = now

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of content of which marks speak that hold for what is nearly the same, too."""
        return self._near.kinds

    def find(self, content_hash: str, query: Query | None = None) -> Correction | None:
        """Give the mark in force for a content; None: there is none.

        Args:
            content_hash: of the content. A mark about this very content comes first.
            query: what it is looked up by; None: only this very content is looked up.
        """
        mark = self._marks.get(content_hash)
        if mark is not None:
            return Correction(mark=mark)
        if query is None or query.kind not in self.kinds:
            return None
        near, marks = self._near, self._by_id
        found = [(alike, marks[mark_id]) for mark_id, alike in near.find(query) if mark_id in marks]
        if not found:
            return None
        # The most alike; of those equally so, the one applied last
        alike, mark = max(
            found, key=lambda one: (one[0], one[1].applied_at is not None and one[1].applied_at, one[1].id)
        )
        return Correction(mark=mark, alike=alike, exact=False)


def corrected(
    correction: Correction, findings: Sequence[Finding], decision: Decision, kind: str, *, least: Action = Action.PASS
) -> tuple[tuple[Finding, ...], Decision]:
    """Give findings and decision as a mark has them.

    Args:
        correction: a mark in force, about this content or nearly the same.
        findings: what detectors found.
        decision: what the policy made of it.
        kind: content kind.
        least: mildest action that may be given out: where a detector gave no answer, what the policy says of that.
            A person looked at the content, but not at what this detector would have seen in it.
    """
    mark = correction.mark
    labels = mark.verdict["labels"]
    kept = tuple(findings)
    if labels is not None:
        kept = tuple(finding for finding in findings if finding.label in labels)
        kept = tuple(_finding(label, kind) for label in sorted(set(labels) - {x.label for x in kept})) + kept
    wanted = Action(mark.verdict["action"])
    what = "this very content" if correction.exact else f"content that is {correction.alike}% alike"
    reason = f"a person marked {what} ({mark.verdict['verdict']}): {wanted.value}; mark {mark.id}"
    if least.severity > wanted.severity:
        said = f"{reason}; a detector gave no answer, and then the policy says {least.value}"
        return kept, replace(decision, action=least, rule="incomplete", reason=said, findings=kept)
    return kept, replace(decision, action=wanted, rule="mark", reason=reason, findings=kept)


def _finding(label: str, kind: str) -> Finding:
    return Finding(
        label=label,
        score=1.0,
        location=Location(source=_SOURCES.get(kind, Source.IMAGE)),
        detector=DETECTOR,
        version="1",
        reason="a person found it in this very content",
    )
