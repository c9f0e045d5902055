"""The same question for each language and each group: how often is harmless content stopped, and harmful missed?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.evaluation.intervals import Interval, bootstrap, resamples, wilson
from evenhand.evaluation.outcomes import Outcomes, count
from evenhand.evaluation.ranking import Counts, average_precision, rank, roc_auc
from evenhand.evaluation.scorebook import ACTIONS, Names

_ACTED = 2  # place in ACTIONS from which on a policy does something to the content: review, block
_DRAWS, _LEAST_DRAWS = 20_000, 200  # resamples of all slices together, and of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One label among the rows of one language or group."""

    name: str
    label: str
    n: int
    positives: int
    unscored: int  # rows whose truth is known, but that failed or were incomplete
    outcomes: Outcomes  # of the detectors' findings
    fpr_ci95: Interval | None  # Wilson, over the rows without the label
    fnr_ci95: Interval | None  # Wilson, over the rows with it
    ap: float | None
    ap_ci95: Interval | None  # bootstrap
    auc: float | None
    auc_ci95: Interval | None  # bootstrap
    acted: Outcomes  # of the policy: review or block counts as flagged
    acted_fpr_ci95: Interval | None  # Wilson


def slices(
    names: Names,
    label: str,
    *,
    scores: NDArray[np.float32],
    truth: NDArray[np.int8],
    found: NDArray[np.bool_],
    actions: NDArray[np.int8],
    resample: bool = True,
) -> Iterator[Slice]:
    """Measure one label in each slice that says anything about it, by name.

    Args:
        names: the slices of the rows.
        label: the label's name.
        scores: as for `measure_label`.
        truth: the same.
        found: the same.
        actions: int8[n], places in ACTIONS.
        resample: also give the intervals that take resampling.
    """
    draws = max(_LEAST_DRAWS, _DRAWS // max(len(names.names), 1)) if resample else 0
    for name in sorted(names.names):
        here = names.rows(name) & (truth >= 0)
        kept = here & ~np.isnan(scores)
        if here.any():
            unscored = int(here.sum() - kept.sum())
            yield _slice(name, label, scores[kept], truth[kept] == 1, found[kept], actions[kept], unscored, draws)


def _slice(
    name: str,
    label: str,
    score: NDArray[np.float32],
    holds: NDArray[np.bool_],
    hit: NDArray[np.bool_],
    actions: NDArray[np.int8],
    unscored: int,
    draws: int,
) -> Slice:
    flagged, acted = count(hit, holds), count(actions >= _ACTED, holds)
    ranking = rank(score, holds)
    size = len(ranking.thresholds)

    def statistics(counts: Counts) -> Sequence[float]:
        negatives, positives = counts.reshape(size, 2).T
        return average_precision(positives, negatives), roc_auc(positives, negatives)

    cells, draws = ranking.group * 2 + holds, min(draws, resamples(int(holds.sum()), int((~holds).sum())))
    ap_ci, auc_ci = bootstrap(cells, size * 2, statistics, seed=f"{label} {name}", draws=draws)
    ap, auc = statistics(np.stack([ranking.negatives, ranking.positives], axis=1).ravel())
    return Slice(
        name=name,
        label=label,
        n=len(score),
        positives=int(holds.sum()),
        unscored=unscored,
        outcomes=flagged,
        fpr_ci95=wilson(flagged.fp, flagged.fp + flagged.tn),
        fnr_ci95=wilson(flagged.fn, flagged.fn + flagged.tp),
        ap=None if np.isnan(ap) else ap,
        ap_ci95=ap_ci,
        auc=None if np.isnan(auc) else auc,
        auc_ci95=auc_ci,
        acted=acted,
        acted_fpr_ci95=wilson(acted.fp, acted.fp + acted.tn),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """What the policy did with the rows of one truth. The counts add up to the rows."""

    truth: str  # "harmful", "harmless", "unknown"; or what was expected
    actions: tuple[tuple[str, int], ...]  # action -> rows that every detector answered for
    incomplete: int  # rows for which a detector gave no answer, whatever the policy then did
    failed: int  # rows that could not be judged


def decisions(
    rows: Sequence[tuple[str, NDArray[np.bool_]]], actions: NDArray[np.int8], incomplete: NDArray[np.bool_]
) -> tuple[DecisionRow, ...]:
    """Count actions by truth; truths without rows are left out.

    Args:
        rows: (truth, which rows).
        actions: int8[n], places in ACTIONS, -1 where the row failed.
        incomplete: bool[n].
    """
    return tuple(
        DecisionRow(
            truth=name,
            actions=tuple(
                (action.value, int((here & (actions == i) & ~incomplete).sum())) for i, action in enumerate(ACTIONS)
            ),
            incomplete=int((here & incomplete).sum()),
            failed=int((here & (actions < 0)).sum()),
        )
        for name, here in rows
        if here.any()
    )
