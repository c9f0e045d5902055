"""The fairness audit of a custom class: what it says may not change with the group that is named or shown.

Texts: the sentences of the identity audit, with every group and with words that nobody is attacked for in the same
place. Pictures: drawn people at the same things, in ten tones of skin. A class that fails judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from evenhand.detectors import drawings
from evenhand.detectors.classes_space import Depth, TextSpace
from evenhand.domain import Action, JsonValue
from evenhand.fairness import Bounds, Judgement, audit, audit_data
from evenhand.inference.fewshot import odds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evenhand.inference.general import GeneralEmbedder

MAX_SCORE_GAP = 0.05  # mean over sentences, or drawings, of the largest difference of the score under the swap
_LEVEL = 0.5  # is tried besides the class's own threshold


class TextAudit:
    """Audits classes of texts; the sentences are read once, on the first audit.

    Args:
        space: that reads them.
    """

    def __init__(self, space: TextSpace) -> None:
        self._space = space
        self._vectors: dict[Depth, NDArray[np.float16]] = {}

    def audit(self, weights: NDArray[np.float32], threshold: float, depth: Depth) -> dict[str, JsonValue]:
        """Hold a class against the limits; gives "passed", "failures" and what was measured.

        Raises:
            ModelError: the weights of the model are missing or not what their cards describe.
        """
        vectors = self._read(depth).astype(np.float32)
        scores = odds(vectors @ weights[:-1] + weights[-1])
        bounds = Bounds()
        failures: list[str] = []
        for level in sorted({threshold, _LEVEL}):
            report = audit(_judge(scores, level), data=self._data, bounds=bounds)
            failures += [f"At the score {level:g}: {failure}" for failure in report.failures()]
            if level == threshold:
                told = report
        if told.harmless.mean_gap > MAX_SCORE_GAP:
            failures.append(
                f"Swapping the group moves the score by {told.harmless.mean_gap:.3f} on average; at most "
                f"{MAX_SCORE_GAP} is allowed."
            )
        return {
            "passed": not failures,
            "failures": [*failures],
            "sentences": told.sentences,
            "threshold": threshold,
            "flips": _swap(told.harmless.members.part, told.harmless.members.whole, bounds.max_flip),
            "attack_flips": _swap(told.attacks.members.part, told.attacks.members.whole, bounds.max_attack_flip),
            "gap": {
                "value": round(told.false_positive_gap.value, 4),
                "highest": told.false_positive_gap.highest,
                "lowest": told.false_positive_gap.lowest,
                "limit": bounds.max_gap,
            },
            "score_gap": {"value": round(told.harmless.mean_gap, 4), "limit": MAX_SCORE_GAP},
        }

    @cached_property
    def _data(self) -> tuple[AuditData, ...]:
        return audit_data()

    def _read(self, depth: Depth) -> NDArray[np.float16]:
        if depth not in self._vectors:
            texts = [member.text for part in self._data for family in part.families() for member in family.members]
            own = self._space.of(texts, depth)  # sentences that read alike without the group's name are read once
            self._vectors[depth] = own.astype(np.float16)
        return self._vectors[depth]


def audit_pictures(embedder: GeneralEmbedder, weights: NDArray[np.float32], threshold: float) -> dict[str, JsonValue]:
    """Hold a class of pictures against the limits, as `TextAudit.audit`.

    Raises:
        ModelError: the weights of the model are missing or not what their cards describe.
    """
    table = np.stack(
        [
            embedder.embeddings([np.asarray(drawings.person(scene, tone).image) for tone in drawings.TONES])
            for scene in drawings.SCENES
        ]
    )
    scores = odds(table @ weights[:-1] + weights[-1])  # [scenes, tones]
    failures: list[str] = []
    for level in sorted({threshold, _LEVEL}):
        hits = scores >= level
        flips = int(np.minimum(hits.sum(axis=1), (~hits).sum(axis=1)).sum())
        if flips:
            failures.append(
                f"At the score {level:g}, the tone of skin changes the answer for {flips} of {hits.size} drawn people; "
                "it may not."
            )
        if level == threshold:
            told = flips
    gap = float((scores.max(axis=1) - scores.min(axis=1)).mean())
    if gap > MAX_SCORE_GAP:
        failures.append(
            f"The tone of skin moves the score by {gap:.3f} on average; at most {MAX_SCORE_GAP} is allowed."
        )
    return {
        "passed": not failures,
        "failures": [*failures],
        "pictures": scores.size,
        "threshold": threshold,
        "flips": _swap(told, scores.size, 0.0),
        "score_gap": {"value": round(gap, 4), "limit": MAX_SCORE_GAP},
    }


def _judge(scores: NDArray[np.float32], level: float) -> Judge:
    def judge(texts: Iterable[str]) -> Iterator[Judgement]:
        for _, score in zip(texts, scores.tolist(), strict=True):
            yield Judgement(action=Action.BLOCK if score >= level else Action.PASS, scores={"class": score})

    return judge


def _swap(part: int, whole: int, limit: float) -> dict[str, JsonValue]:
    return {"count": part, "of": whole, "share": round(part / whole, 4) if whole else 0.0, "limit": limit}


if TYPE_CHECKING:
    from evenhand.fairness import Judge
    from evenhand.fairness.sentences import AuditData
