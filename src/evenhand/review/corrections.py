"""Applied marks: content that a person marked is answered as they said, wherever it comes in again.

Every process holds all applied marks, and asks the store at most once a second whether they changed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evenhand.domain import Action, Decision, Embedding, Finding, Location, Source
from evenhand.review.alike import Asking
from evenhand.review.guarding import lacks, news, seen
from evenhand.review.near import Near, Query
from evenhand.store import Store
from evenhand.store.reviewcarried import ADDED
from evenhand.store.reviewrecords import Mark

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
        self._held: Mapping[str | None, _Held] = {}  # by tenant; None: what answers everybody's contents
        self._asking: Mapping[str | None, Asking] = {}
        self._embeddings: Mapping[str, Embedding] = {}
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
            by_tenant: dict[str | None, list[Mark]] = {}
            chosen = self._store.mark_vectors.chosen()
            for mark in self._store.marks.applied():
                by_tenant.setdefault(mark.tenant, []).append(mark)
            self._held = {tenant: _Held(marks, chosen) for tenant, marks in by_tenant.items()}
            self._renew(by_tenant)
            self._version = version
        self._looked = now

    def _renew(self, by_tenant: Mapping[str | None, Sequence[Mark]]) -> None:
        """Hold the embeddings of marks that ask; those held already are not read again."""
        asking = {tenant: [mark for mark in marks if mark.asks] for tenant, marks in by_tenant.items()}
        ids = {mark.id for marks in asking.values() for mark in marks}
        known = {mark_id: made for mark_id, made in self._embeddings.items() if mark_id in ids}
        known |= self._store.mark_vectors.of(sorted(ids - set(known)))
        self._asking = {tenant: Asking(marks, known) for tenant, marks in asking.items() if marks}
        self._embeddings = known

    def asking(self, tenant: str | None) -> tuple[Asking, ...]:
        """Give the marks that ask a person about alike contents of a tenant: its own, and everybody's."""
        names = (None,) if tenant is None else (tenant, None)
        return tuple(self._asking[name] for name in names if name in self._asking)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of content of which marks speak that hold for what is nearly the same, too."""
        return frozenset().union(*(held.near.kinds for held in self._held.values()))

    def find(self, content_hash: str, query: Query | None = None, *, tenant: str | None = None) -> Correction | None:
        """Give the mark in force for a content; None: there is none.

        Marks of a tenant's people answer their tenant's contents and no others; those of people without a tenant
        answer everybody's. What is said of this very content comes first; of what is as near, what the tenant says.

        Args:
            content_hash: of the content. A mark about this very content comes first.
            query: what it is looked up by; None: only this very content is looked up.
            tenant: id of the tenant whose content it is; None: nobody's.
        """
        everybody, own = self._held.get(None), self._held.get(tenant) if tenant is not None else None
        held = [one for one in (own, everybody) if one is not None]
        for one in held:
            if (mark := one.by_hash.get(content_hash)) is not None:
                return Correction(mark=mark)
        if query is None:
            return None
        found = [near for one in held if (near := one.nearest(query)) is not None]
        return max(found, key=lambda one: one.alike, default=None)  # of those equally alike the first: the tenant's


class _Held:
    """The marks in force of one tenant, or of nobody."""

    def __init__(self, marks: Sequence[Mark], chosen: Mapping[str, Sequence[str]]) -> None:
        own = {mark.content_hash: mark for mark in marks}
        # What a person chose with a mark is answered as it says, unless something was said of it by itself.
        also = {content_hash: mark for mark in own.values() for content_hash in chosen.get(mark.id, ())}
        self.by_hash = also | own
        self._by_id = {mark.id: mark for mark in own.values()}
        self.near: Near[str] = Near({mark.id: mark.near for mark in self._by_id.values() if mark.near is not None})

    def nearest(self, query: Query) -> Correction | None:
        """Give the mark about what is the most alike; of those equally so, the one applied last."""
        if query.kind not in self.near.kinds:
            return None
        found = [(alike, self._by_id[mark_id]) for mark_id, alike in self.near.find(query)]
        if not found:
            return None
        alike, mark = max(
            found, key=lambda one: (one[0], one[1].applied_at is not None and one[1].applied_at, one[1].id)
        )
        return Correction(mark=mark, alike=alike, exact=False)


def corrected(
    correction: Correction,
    findings: Sequence[Finding],
    decision: Decision,
    kind: str,
    *,
    least: Action = Action.PASS,
    text: str | None = None,
) -> tuple[tuple[Finding, ...], Decision]:
    """Give findings and decision as a mark has them.

    A mark about nearly the same content never softens what rests on something that the marked content did not carry,
    and asks a person instead of blocking where nothing is left of what was found there.

    Args:
        correction: a mark in force, about this content or nearly the same.
        findings: what detectors found.
        decision: what the policy made of it.
        kind: content kind.
        least: mildest action that may be given out: where a detector gave no answer, what the policy says of that.
            A person looked at the content, but not at what this detector would have seen in it.
        text: of a text, what the caller wrote: its words are compared with the marked text's.
    """
    mark = correction.mark
    wanted, labels, other = Action(mark.verdict["action"]), mark.verdict["labels"], list[str]()
    what = "this very content" if correction.exact else f"content that is {correction.alike}% alike"
    if not correction.exact:
        found = seen(findings)
        other = news(found, mark.carried, mark.near, text)
        milder = wanted.severity < decision.action.severity
        if (milder and not decision.findings) or (other and wanted.severity <= decision.action.severity):
            why = f"this one differs in {', '.join(other)}" if other else "the rule rests on no finding"
            said = f"{decision.reason}; a person marked {what} {wanted.value} (mark {mark.id}), but {why}"
            return tuple(findings), replace(decision, reason=said)
        if wanted is Action.BLOCK and lacks(found, mark.carried, labels):
            wanted, labels = Action.REVIEW, None
            if decision.action.severity >= wanted.severity:
                return tuple(findings), decision
            what += ", and nothing is found here of what was found there"
    kept = tuple(findings)
    if labels is not None:
        kept = tuple(finding for finding in findings if finding.label in labels or finding.label in other)
        added = sorted(set(labels) - {x.label for x in kept})
        kept = tuple(_finding(label, kind, correction) for label in added) + kept
    reason = f"a person marked {what} ({mark.verdict['verdict']}): {wanted.value}; mark {mark.id}"
    if least.severity > wanted.severity:
        said = f"{reason}; a detector gave no answer, and then the policy says {least.value}"
        return kept, replace(decision, action=least, rule="incomplete", reason=said, findings=kept)
    return kept, replace(decision, action=wanted, rule="mark", reason=reason, findings=kept)


def _finding(label: str, kind: str, correction: Correction) -> Finding:
    where = "this very content" if correction.exact else f"content that is {correction.alike}% alike"
    return Finding(
        label=label,
        score=1.0,
        location=Location(source=_SOURCES.get(kind, Source.IMAGE)),
        detector=ADDED,
        version="1",
        reason=f"a person found it in {where}",
    )
