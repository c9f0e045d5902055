"""Contents that come in, compared with marks that ask a person about what is alike; nothing is read where none does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evenhand.decode import Decoded
from evenhand.domain import ImagePart
from evenhand.errors import EvenhandError
from evenhand.review.alike import Asked, Asking
from evenhand.shelves.embedding import KINDS, Embedder, text_of

if TYPE_CHECKING:
    from evenhand.review.corrections import Corrections
    from evenhand.store.reviewrecords import Mark

DETECTOR = "review.ask"  # stands in `incomplete` where a content could not be compared


@dataclass(slots=True)
class Compared:
    """What came of comparing contents, by their place."""

    asked: dict[int, Asked] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)  # why it could not be compared


class Askers:
    """Finds the marks that ask about contents.

    Args:
        corrections: the marks in force; None: there are none.
        embedder: the models.
        threads: where they run.
    """

    def __init__(self, corrections: Corrections | None, embedder: Embedder, *, threads: Executor) -> None:
        self._corrections, self._embedder, self._threads = corrections, embedder, threads

    async def compare(self, decoded: Sequence[Decoded], *, tenant: str | None) -> Compared:
        """Compare contents of one tenant with the marks that ask.

        Args:
            decoded: contents, of any kind.
            tenant: id of the tenant whose contents they are; None: nobody's.
        """
        asking = () if self._corrections is None else self._corrections.asking(tenant)
        kinds = KINDS & frozenset(kind for one in asking for kind in one.kinds)
        wanted = [place for place, one in enumerate(decoded) if one.kind.value in kinds]
        if not wanted:
            return Compared()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._compare, decoded, wanted, asking)

    def _compare(self, decoded: Sequence[Decoded], wanted: Sequence[int], asking: Sequence[Asking]) -> Compared:
        out = Compared()
        texts = [place for place in wanted if decoded[place].kind.value == "text"]
        try:
            self._texts([text_of(decoded[place].parts) for place in texts], texts, asking, out)
        except (EvenhandError, ImportError) as error:
            out.failed |= dict.fromkeys(texts, _why(error))
        for place in wanted:
            picture = next((part for part in decoded[place].parts if isinstance(part, ImagePart)), None)
            if decoded[place].kind.value == "image" and picture is not None:
                try:
                    found = self._picture(picture, asking)
                except (EvenhandError, ImportError) as error:
                    out.failed[place] = _why(error)
                else:
                    if found is not None:
                        out.asked[place] = found
        return out

    def _texts(self, texts: Sequence[str], places: Sequence[int], asking: Sequence[Asking], out: Compared) -> None:
        made = self._embedder.queries(texts) if texts else []
        good = [(place, row) for place, row in zip(places, made, strict=True) if row is not None]
        if not good:
            return
        queries, space = np.stack([row for _, row in good]), self._embedder.space("text")
        for one in asking:
            for (place, _), near in zip(good, one.near("text", space, queries), strict=True):
                for mark, cosine in near[:1]:
                    _closest(out.asked, place, mark, cosine, "text")

    def _picture(self, part: ImagePart, asking: Sequence[Asking]) -> Asked | None:
        from evenhand.detectors.likeness import LEAST_AGREEING

        queries, space = self._embedder.looks([part]), self._embedder.space("image")
        found: dict[int, Asked] = {}
        for one in asking:
            for mark, cosine in one.near("image", space, queries)[0]:
                if agreeing(part, one.landmarks(mark.id)) >= LEAST_AGREEING:
                    _closest(found, 0, mark, cosine, "image")
        # Only what was found is looked at for faces: it costs as much as all the rest.
        return None if not found or self._embedder.is_face(part) else found[0]


def agreeing(part: ImagePart, sample: bytes | None) -> int:
    """Count the points of a picture, as it stands or mirrored, that agree with a sample's landmarks on one map."""
    from evenhand.detectors.likeness import landmarks_of
    from evenhand.matching import landmarks

    if sample is None or len(sample) != landmarks.ROW_BYTES:
        return 0
    known = landmarks.unpack(np.frombuffer(sample, np.uint8))
    return max(landmarks.agreeing(landmarks_of(part, mirrored=side), known) for side in (False, True))


def _closest(found: dict[int, Asked], place: int, mark: Mark, cosine: float, kind: str) -> None:
    alike = round(100 * cosine)
    if place not in found or alike > found[place].alike:
        found[place] = Asked(mark=mark, alike=alike, kind=kind)


def _why(error: Exception) -> str:
    said = error.message if isinstance(error, EvenhandError) else str(error)
    return f"it could not be compared with marks that ask about alike contents: {said}"[:300]
