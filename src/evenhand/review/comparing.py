"""How well people agree, out of what they judged without knowing of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evenhand.review.agreement import alpha_interval, cohen_kappa, kappa_interval, krippendorff_alpha
from evenhand.store.qualityrecords import Vote, answer

LEAST = 10  # decisions below which a number says more about chance than about people


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How well people agree about a set of decisions."""

    name: str  # of the queue or label; "" for all together
    decisions: int  # judged by two or more
    agreed: int  # of those, all alike
    alpha: float | None  # Krippendorff's, nominal, over all verdicts
    alpha_interval: tuple[float, float] | None  # 95 %, bootstrap over decisions
    kappa: float | None  # Cohen's, of the first verdict and the second
    kappa_interval: tuple[float, float] | None
    few: bool  # fewer than 10 decisions: read with care


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreements:
    """The same in all, by queue and by label."""

    all: Agreement
    queues: tuple[Agreement, ...]
    labels: tuple[Agreement, ...]


def agreements(pairs: Sequence[tuple[str, str, Sequence[Vote]]]) -> Agreements:
    """Compare what people said.

    Args:
        pairs: for each decision its queue, its label and the verdicts, oldest first.
    """
    queues: dict[str, list[list[Mapping[str, Any]]]] = {}
    labels: dict[str, list[list[Mapping[str, Any]]]] = {}
    units = []
    for queue, label, votes in pairs:
        said = [vote.verdict for vote in votes]
        units.append(said)
        queues.setdefault(queue, []).append(said)
        labels.setdefault(label, []).append(said)
    return Agreements(
        all=agreement("", units),
        queues=tuple(agreement(name, found) for name, found in sorted(queues.items())),
        labels=tuple(agreement(name, found) for name, found in sorted(labels.items())),
    )


def agreement(name: str, units: Sequence[Sequence[Mapping[str, Any]]]) -> Agreement:
    """Compare verdicts on some decisions.

    Args:
        name: of the queue or label.
        units: for each decision the verdicts, oldest first.
    """
    answers = [[answer(verdict) for verdict in unit] for unit in units if len(unit) > 1]
    first, second = [unit[0] for unit in answers], [unit[1] for unit in answers]
    return Agreement(
        name=name,
        decisions=len(answers),
        agreed=sum(len(set(unit)) == 1 for unit in answers),
        alpha=krippendorff_alpha(answers),
        alpha_interval=alpha_interval(answers),
        kappa=cohen_kappa(first, second),
        kappa_interval=kappa_interval(first, second),
        few=len(answers) < LEAST,
    )
