"""Past decisions that are alike by embedding to what a mark speaks of: shown, and corrected only if a person chooses.

An embedding says what a content is about, not what it means: an insult and its polite rewrite may lie side by side. So
nothing found here is ever answered by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evenhand.decode import decode
from evenhand.domain import Embedding
from evenhand.errors import EvenhandError, InputError, ModelError, NotFoundError
from evenhand.matching.alike import Vectors, unpack
from evenhand.review.alike import LEAST_SHOWN
from evenhand.review.evidence import held, text_of
from evenhand.settings import Settings
from evenhand.shelves.embedding import KINDS, Embedder
from evenhand.store import Store
from evenhand.store.reviewrecords import Chosen, Mark, Touched

MOST_COMPARED = 50_000  # kept embeddings looked through, newest first
MOST_MADE = {"text": 1_000, "image": 60}  # embeddings made of kept contents in one preview: some seconds
MOST_SHOWN = 50  # contents shown with one mark
MOST_CHOSEN = 200  # of one mark
MOST_MARKS = 50  # looked for in one preview: each may have to be opened
_EXCERPT = 160
_NEAREST = 200  # of one mark, before those it speaks of anyway are left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """One content of the past that is alike."""

    decision_id: str  # the newest about it that is known here
    content_hash: str
    similarity: float  # cosine, to 1
    landmarks: int | None = None  # points of a picture that agree on one map


@dataclass(slots=True, kw_only=True)
class Found:
    """What was found of marks, by their ids."""

    alike: dict[str, list[Alike]] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)  # why nothing could be looked for
    compared: int = 0  # embeddings looked through
    all: bool = True  # those were all that there are or could be made


class Finder:
    """Finds what is alike.

    Args:
        store: where.
        settings: limits of what is decoded.
        embedder: the models.
    """

    def __init__(self, store: Store, settings: Settings, embedder: Embedder) -> None:
        self.store, self.settings, self.embedder = store, settings, embedder

    def content(self, content_hash: str, tenant: str | None) -> Embedding | None:
        """Give the embedding of a content: the one kept, or made of the content if that is; None: there is none.

        Raises:
            ModelError: the weights are missing or not what their cards describe.
            StoreError: the store cannot be reached.
        """
        for kind in sorted(KINDS):
            try:
                kept = self.store.vectors.of(content_hash, self.embedder.space(kind), tenant=tenant)
            except (ModelError, ImportError):
                continue  # the other kind may be installed alone
            if kept is not None:
                return kept
        try:
            self.store.belonging.check_content(content_hash, tenant)
        except NotFoundError:
            return None
        return self.embedder.remembered(content_hash, lambda: self._opened(content_hash))

    def look(self, marks: Sequence[Mark], touched: Sequence[Touched] = ()) -> Found:
        """Look through past decisions, of the tenant of each mark.

        Args:
            marks: any number; for the first 50 alike decisions are looked for.
            touched: what they speak of anyway: that is left out.

        Raises:
            StoreError: the store cannot be reached.
        """
        found = Found()
        groups: dict[tuple[str, str | None], list[tuple[Mark, Embedding]]] = {}
        own = self.store.mark_vectors.of([mark.id for mark in marks])
        found.why |= dict.fromkeys((mark.id for mark in marks[MOST_MARKS:]), "too many marks at once: preview fewer")
        for mark in marks[:MOST_MARKS]:
            try:
                made = self._of(mark, own)
            except (ModelError, ImportError) as error:
                found.why[mark.id] = error.message if isinstance(error, EvenhandError) else str(error)
                continue
            if made is None:
                found.why[mark.id] = "neither this content nor an embedding of it is kept, or it cannot have one"
            else:
                groups.setdefault((made.kind, mark.tenant), []).append((mark, made))
        spoken: dict[str, set[str]] = {}
        for one in touched:
            spoken.setdefault(one.mark, set()).add(one.decision_id)
        for (kind, tenant), some in groups.items():
            self._group(kind, tenant, some, spoken, found)
        return found

    def chosen(self, marks: Sequence[Mark], also: Mapping[str, Sequence[str]]) -> list[Chosen]:
        """Read what a person chose: ids of decisions by the id of the mark. Each must be alike, as a preview shows it.

        Raises:
            InputError: one is not alike, or there are too many.
            NotFoundError: there is no such decision or mark.
            ModelError: the weights are missing or not what their cards describe.
            StoreError: the store cannot be reached.
        """
        by_id = {mark.id: mark for mark in marks}
        if unknown := next((mark_id for mark_id in also if mark_id not in by_id), None):
            raise NotFoundError(f"{unknown[:80]!r} is none of the marks that are applied")
        own = self.store.mark_vectors.of(list(also))
        out = []
        for mark_id, ids in also.items():
            if len(set(ids)) > MOST_CHOSEN:
                raise InputError(f"{len(set(ids))} decisions chosen with one mark: at most {MOST_CHOSEN}")
            mark = by_id[mark_id]
            made = self._of(mark, own) if ids else None
            hashes = set[str]()
            decisions = self.store.log.many([one for one in ids if "\x00" not in one], tenant=mark.tenant)
            for decision_id in dict.fromkeys(ids):
                if decision_id not in decisions:
                    raise NotFoundError(f"no decision with the id {decision_id[:80]!r} is stored")
                content_hash = str(decisions[decision_id]["content_hash"])
                other = self.content(content_hash, mark.tenant)
                cosine = None if made is None or other is None else self._similarity(made, other)
                if cosine is None:
                    raise InputError(
                        f"decision {decision_id} is not alike to what mark {mark_id} speaks of, or nothing of it is "
                        "kept: mark it by itself"
                    )
                if content_hash != mark.content_hash and content_hash not in hashes:
                    hashes.add(content_hash)
                    alike = round(100 * cosine)
                    out.append(Chosen(mark=mark_id, decision_id=decision_id, content_hash=content_hash, alike=alike))
        return out

    def document(self, found: Found, mark: Mark, *, excerpts: bool) -> dict[str, Any]:
        """Give the JSON form of what was found of a mark.

        Args:
            found: what was found.
            mark: one of those looked for.
            excerpts: whether the beginnings of kept texts are shown.
        """
        some = found.alike.get(mark.id, [])
        decisions = self.store.log.many([one.decision_id for one in some], tenant=mark.tenant)
        texts = self.store.traits.originals([one.content_hash for one in some]) if some and excerpts else {}
        shown = []
        for one in some:
            decision = decisions.get(one.decision_id)
            if decision is None:
                continue
            labels = decision["labels"]
            original = texts.get(one.content_hash)
            shown.append(
                {
                    "decision_id": one.decision_id,
                    "content_hash": one.content_hash,
                    "similarity": round(one.similarity, 3),
                    "landmarks": one.landmarks,
                    "action_now": decision["action"],
                    "labels_now": sorted(labels) if isinstance(labels, dict) else [],
                    "excerpt": None if original is None else original.body.decode("utf-8", "replace")[:_EXCERPT],
                }
            )
        return {"alike": shown, "alike_why": found.why.get(mark.id)}

    def _of(self, mark: Mark, own: Mapping[str, Embedding]) -> Embedding | None:
        made = own.get(mark.id)
        if made is not None and made.space == self.embedder.space(made.kind):
            return made
        return self.content(mark.content_hash, mark.tenant)

    def _opened(self, content_hash: str) -> Embedding | None:
        kept = held(self.store, self.settings, content_hash)
        if kept is None or kept.family not in KINDS:
            return None
        try:
            if kept.family == "text":
                return self.embedder.texts([text_of(kept, self.settings) or ""])[0]
            return self.embedder.of(decode(kept.content(), self.settings).parts, "image")
        except InputError:
            return None  # it cannot be read any more

    def _group(
        self,
        kind: str,
        tenant: str | None,
        some: Sequence[tuple[Mark, Embedding]],
        spoken: Mapping[str, set[str]],
        found: Found,
    ) -> None:
        """Look through what is kept of a kind, and make what can be made, for marks of one tenant."""
        space = self.embedder.space(kind)
        queries = np.stack([unpack(kind, made.vector) for _, made in some])
        best: list[dict[str, Alike]] = [{} for _ in some]
        for rows in self.store.vectors.newest(kind, space, most=MOST_COMPARED, tenant=tenant):
            self._compare(kind, [((x.decision_id, x.content_hash), vector) for x, vector in rows], queries, best)
            found.compared += len(rows)
            found.all = found.all and found.compared < MOST_COMPARED
        lacking = self.store.vectors.lacking(kind, space, most=MOST_MADE[kind], tenant=tenant)
        made = []
        for one in lacking:
            mine = self.embedder.remembered(one.content_hash, lambda one=one: self._opened(one.content_hash))  # type: ignore[misc]
            if mine is not None and mine.kind == kind:
                made.append(((one.decision_id, one.content_hash), mine.vector))
        self._compare(kind, made, queries, best)
        found.compared += len(made)
        found.all = found.all and len(lacking) < MOST_MADE[kind]
        for (mark, mine), near in zip(some, best, strict=True):
            anyway = spoken.get(mark.id, set())
            rest = [x for x in near.values() if x.content_hash != mark.content_hash and x.decision_id not in anyway]
            rest.sort(key=lambda x: (-x.similarity, x.decision_id))
            found.alike[mark.id] = self._confirmed(mine, rest, tenant)[:MOST_SHOWN]

    def _compare(
        self,
        kind: str,
        rows: Sequence[tuple[tuple[str, str], bytes]],
        queries: np.ndarray[Any, np.dtype[np.float32]],
        best: Sequence[dict[str, Alike]],
    ) -> None:
        """Put what is near into `best`, of each content the newest decision, which comes first."""
        held_here = Vectors(kind, rows)
        for mine, near in zip(best, held_here.find(queries, least=LEAST_SHOWN[kind], most=_NEAREST), strict=True):
            for (decision_id, content_hash), cosine in near:
                known = mine.get(content_hash)
                if known is None or decision_id > known.decision_id:
                    one = Alike(decision_id=decision_id, content_hash=content_hash, similarity=cosine)
                    mine[content_hash] = one

    def _confirmed(self, mine: Embedding, some: Sequence[Alike], tenant: str | None) -> list[Alike]:
        """Leave of pictures those whose points agree; texts as they are."""
        if mine.kind != "image":
            return list(some)
        from evenhand.detectors.likeness import CANDIDATES

        out = []
        for one in some[:CANDIDATES]:
            other = self.content(one.content_hash, tenant)
            agreed = 0 if other is None else _agreeing(mine, other)
            if agreed:
                shown = Alike(
                    decision_id=one.decision_id,
                    content_hash=one.content_hash,
                    similarity=one.similarity,
                    landmarks=agreed,
                )
                out.append(shown)
        return out

    def _similarity(self, mine: Embedding, other: Embedding) -> float | None:
        """Give the cosine of two embeddings; None: they are not alike."""
        if (mine.kind, mine.space) != (other.kind, other.space):
            return None
        query = unpack(mine.kind, mine.vector)[None]
        (found,) = Vectors(mine.kind, [("", other.vector)]).find(query, least=LEAST_SHOWN[mine.kind], most=1)
        if not found or (mine.kind == "image" and not _agreeing(mine, other)):
            return None
        return found[0][1]


def _agreeing(mine: Embedding, other: Embedding) -> int:
    """Count the points of two pictures that agree on one map, from 12 on; 0 under that."""
    from evenhand.detectors.likeness import LEAST_AGREEING
    from evenhand.matching import landmarks

    rows = [one.landmarks for one in (other, mine)]
    if any(row is None or len(row) != landmarks.ROW_BYTES for row in rows):
        return 0
    first, second = (landmarks.unpack(np.frombuffer(row or b"", np.uint8)) for row in rows)
    agreed = landmarks.agreeing(first, second)
    return agreed if agreed >= LEAST_AGREEING else 0
