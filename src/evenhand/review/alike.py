"""Marks that ask: contents alike to what a person marked go to a person, and nothing else is ever done to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evenhand.domain import Action, Decision, Embedding
from evenhand.matching.alike import Least, Vectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evenhand.store.reviewrecords import Mark

# Measured in quality/text.md and quality/pictures.md. A picture is near from here on, and landmarks confirm it.
LEAST_SHOWN = {"text": Least(0.88, 0.7), "image": Least(0.3)}  # past decisions for a person to choose among
LEAST_ASKED = {"text": Least(0.92, 0.8), "image": Least(0.3)}  # contents that a person is asked about
CANDIDATES = 24  # marks about pictures that landmarks confirm or refuse, nearest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A mark that asks for a person, and how alike what it is about is to the content at hand."""

    mark: Mark
    alike: int  # in per cent
    kind: str


class Asking:
    """Marks that ask, of one tenant or of nobody.

    Args:
        marks: applied ones that ask.
        embeddings: theirs, by id; a mark without one asks about nothing.
    """

    def __init__(self, marks: Sequence[Mark], embeddings: Mapping[str, Embedding]) -> None:
        rows: dict[tuple[str, str], list[tuple[str, bytes]]] = {}
        self._marks = {mark.id: mark for mark in marks}
        self._landmarks = {}
        for mark in marks:
            made = embeddings.get(mark.id)
            if made is not None:
                rows.setdefault((made.kind, made.space), []).append((mark.id, made.vector))
                self._landmarks[mark.id] = made.landmarks
        self._vectors = {key: Vectors(key[0], some) for key, some in rows.items()}

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of content that are asked about."""
        return frozenset(kind for kind, _ in self._vectors)

    def near(self, kind: str, space: str, queries: NDArray[np.float32]) -> list[list[tuple[Mark, float]]]:
        """Give for each vector the marks that are near, the nearest first, with the cosine."""
        held = self._vectors.get((kind, space))
        if held is None:
            return [[] for _ in queries]
        most = 1 if kind == "text" else CANDIDATES
        found = held.find(queries, least=LEAST_ASKED[kind], most=most)
        return [[(self._marks[mark_id], cosine) for mark_id, cosine in some] for some in found]

    def landmarks(self, mark_id: str) -> bytes | None:
        """Give the landmarks of a mark's picture."""
        return self._landmarks.get(mark_id)


def raised(decision: Decision, asked: Asked) -> Decision:
    """Give a decision that asks a person, where it would have let the content pass; any stricter one as it is."""
    if decision.action.severity >= Action.REVIEW.severity:
        return decision
    how = "in meaning" if asked.kind == "text" else "by its looks, confirmed by points of the picture"
    reason = f"{asked.alike}% alike {how} to content that a person marked ({asked.mark.verdict['verdict']}); "
    return replace(decision, action=Action.REVIEW, rule="mark", reason=f"{reason}mark {asked.mark.id} asks a person")
