"""The score map: evenhand's scores on Perspective's scale, so that thresholds keep their false-positive rate.

One monotone curve for each attribute and each version of the text model, as points between which it is straight;
fitted and measured by `python -m training.perspective.fit_map`, described in quality/perspective.md.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from itertools import pairwise

IDENTITY = "identity"  # what stands in the header where no curve is known


@dataclass(frozen=True, slots=True)
class Curve:
    """One attribute's curve."""

    ours: tuple[float, ...]  # ascending, from 0 to 1
    theirs: tuple[float, ...]  # ascending, from 0 to 1

    def to_theirs(self, score: float) -> float:
        """Give a score of ours on Perspective's scale."""
        return _between(self.ours, self.theirs, score)

    def to_ours(self, score: float) -> float:
        """Give the lowest score of ours that is at least `score` on Perspective's scale."""
        return _between(self.theirs, self.ours, score)


@dataclass(frozen=True, slots=True)
class ScoreMap:
    """The curves for one version of the text model."""

    version: str  # of the text model, or IDENTITY
    curves: Mapping[str, Curve]  # attribute -> curve; an attribute without one is told as it is
    # attribute -> threshold, and the shares of harmless and of toxic comments that reach it there and here, as measured
    harmless: Mapping[str, Sequence[tuple[float, float, float]]] = field(default_factory=dict)
    toxic: Mapping[str, Sequence[tuple[float, float, float]]] = field(default_factory=dict)

    def to_theirs(self, attribute: str, score: float) -> float:
        """Give a score of ours on Perspective's scale."""
        curve = self.curves.get(attribute)
        return score if curve is None else curve.to_theirs(score)

    def to_ours(self, attribute: str, score: float) -> float:
        """Give the score of ours that stands for a score of Perspective's."""
        curve = self.curves.get(attribute)
        return score if curve is None else curve.to_ours(score)

    def expected(self, attribute: str, score: float, *, toxic: bool) -> tuple[float, float] | None:
        """Give the measured shares of comments that reach a threshold there and here; None: not measured there.

        Args:
            attribute: its name.
            score: the threshold, on Perspective's scale; between two measured ones, in proportion.
            toxic: of comments that people called toxic, or of harmless ones.
        """
        rows = (self.toxic if toxic else self.harmless).get(attribute, ())
        for (low, *lower), (high, *upper) in pairwise(rows):
            if low <= score <= high:
                share = (score - low) / (high - low)
                there, here = (a + (b - a) * share for a, b in zip(lower, upper, strict=True))
                return there, here
        return None


def score_map(version: str | None) -> ScoreMap:
    """Give the map for a version of the text model; where none was fitted, scores are told as they are.

    Args:
        version: as results name it: "text-2026.4". None: unknown.
    """
    return _maps().get(version or "", ScoreMap(IDENTITY, {}))


@cache
def _maps() -> Mapping[str, ScoreMap]:
    text = resources.files("evenhand.api.compat").joinpath("perspective_map.json").read_text("utf-8")
    document = json.loads(text)
    return {
        version: ScoreMap(
            version,
            {
                name: Curve(tuple(points["ours"]), tuple(points["theirs"]))
                for name, points in entry["attributes"].items()
            },
            *(
                {
                    name: [(float(least), there, here) for least, (there, here) in points[kind].items()]
                    for name, points in entry["attributes"].items()
                }
                for kind in ("harmless", "toxic")
            ),
        )
        for version, entry in document["models"].items()
    }


def _between(xs: tuple[float, ...], ys: tuple[float, ...], x: float) -> float:
    """Read a curve at x; where it is upright, at its lower end."""
    right = bisect_left(xs, x)
    if right == 0:
        return ys[0]
    if right == len(xs):
        return ys[-1]
    if xs[right] == x:
        return ys[right]
    left = bisect_right(xs, x) - 1
    return ys[left] + (ys[right] - ys[left]) * (x - xs[left]) / (xs[right] - xs[left])
