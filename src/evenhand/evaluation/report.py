"""The report: everything measured, and what it was measured with. Frozen values, and their JSON form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

import numpy as np

from evenhand.domain import TAXONOMY
from evenhand.evaluation.labelreport import LabelReport, measure_label
from evenhand.evaluation.labels import ANY
from evenhand.evaluation.outcomes import Outcomes
from evenhand.evaluation.rows import Skipped
from evenhand.evaluation.running import Run, Trouble
from evenhand.evaluation.scorebook import ACTIONS, Scorebook
from evenhand.evaluation.slices import DecisionRow, Slice, decisions, slices

FORMAT = 1  # of the JSON form; raised when a field changes its meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What was measured, with what, and when."""

    data: str  # name of the data file, or "-"
    sha256: str | None  # of its bytes; None where it was not read to its end
    policy: str  # "name@version/line"
    evenhand: str  # version
    date: datetime  # when the report was made
    settings: Mapping[str, str]  # settings that were given for this run


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All numbers of one evaluation."""

    origin: Origin
    models: tuple[tuple[str, str], ...]  # (detector, version) that ran
    rows: int  # rows handed to the moderator
    failed: int  # of these: could not be judged
    incomplete: int  # of these: a detector gave no answer
    skipped: int  # lines passed over as unusable, not among the rows
    trouble: tuple[Trouble, ...]  # failed and incomplete rows, the first thousand
    skipped_lines: tuple[Skipped, ...]  # the first thousand
    labels: tuple[LabelReport, ...]  # "any" first, where the rows say anything about harm
    languages: tuple[Slice, ...]
    groups: tuple[Slice, ...]
    by_truth: tuple[DecisionRow, ...]
    by_expectation: tuple[DecisionRow, ...]
    as_expected: tuple[int, int] | None  # rows whose action was the expected one, of complete rows that expect one
    any_partly_known: int  # rows counted as harmless although some harm label of the file is unknown for them
    seconds: float
    rows_per_second: float | None  # after the first batch, in which models load

    def label(self, name: str) -> LabelReport | None:
        """Give one label's numbers."""
        return next((label for label in self.labels if label.label == name), None)

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form; numbers are rounded to 6 places."""
        made: dict[str, Any] = _json(self)
        made["origin"]["date"] = self.origin.date.isoformat()
        made["models"] = dict(self.models)
        return {"format": FORMAT, **made}


def make_report(
    run: Run, origin: Origin, *, skipped: Sequence[Skipped] = (), any_of: Sequence[str] | None = None
) -> Report:
    """Work out all numbers of a run.

    Args:
        run: the judged rows.
        origin: what stands at the head of the report.
        skipped: lines that were passed over.
        any_of: labels whose highest score is "any harm"; None: the harm labels that the rows speak of, or all harm
            labels where the rows say "any" themselves.
    """
    book = run.book
    actions, incomplete = book.actions(), book.incomplete()
    harms = [label for label in book.labels if _is_harm(label)]
    every = ANY in book.labels or not harms
    asked = list(any_of) if any_of else [label for label in book.scored if _is_harm(label)] if every else harms
    named: list[tuple[str, Sequence[str]]] = []
    if harms or ANY in book.labels:
        named.append((ANY, asked))
    named += [(label, [label]) for label in book.labels if label != ANY]
    labels, languages, groups = list[LabelReport](), list[Slice](), list[Slice]()
    sliced = ((book.languages, languages), (book.groups, groups))
    for name, roots in named:
        truth = book.any_truth(harms) if name == ANY else book.truth(name)
        scores, found = book.score(roots), book.found(roots)
        labels.append(measure_label(name, scores=scores, truth=truth, found=found, scored_as=book.below(roots)))
        for names, into in sliced:
            first = len(labels) == 1  # intervals by resampling for the first label only: there may be many slices
            into.extend(slices(names, name, scores=scores, truth=truth, found=found, actions=actions, resample=first))
    truth = book.any_truth(harms)
    by_truth = [("harmful", truth == 1), ("harmless", truth == 0), ("unknown", truth < 0)]
    expected = book.expected()
    complete = (expected >= 0) & (actions >= 0) & ~incomplete
    return Report(
        origin=origin,
        models=tuple(sorted(run.models)),
        rows=book.rows,
        failed=run.failed,
        incomplete=run.incomplete,
        skipped=len(skipped),
        trouble=tuple(run.trouble),
        skipped_lines=tuple(skipped[:1_000]),
        labels=tuple(labels),
        languages=tuple(languages),
        groups=tuple(groups),
        by_truth=decisions(by_truth, actions, incomplete),
        by_expectation=decisions(
            [(action.value, expected == i) for i, action in enumerate(ACTIONS)], actions, incomplete
        ),
        as_expected=(int((complete & (expected == actions)).sum()), int(complete.sum())) if complete.any() else None,
        any_partly_known=_partly_known(book, harms),
        seconds=run.seconds,
        rows_per_second=run.steady_rows / run.steady_seconds if run.steady_rows and run.steady_seconds else None,
    )


def _is_harm(label: str) -> bool:
    if label == ANY:
        return False
    info = TAXONOMY.get(label) or TAXONOMY[label.split(".", 1)[0]]
    return info.harm


def _partly_known(book: Scorebook, harms: Sequence[str]) -> int:
    if ANY in book.labels or not harms:
        return 0
    harmless = book.any_truth(harms) == 0
    unknown = np.zeros(book.rows, np.bool_)
    for label in harms:
        unknown |= book.truth(label) < 0
    return int((harmless & unknown).sum())


def _json(value: object) -> Any:
    if isinstance(value, Outcomes):
        rates = {name: getattr(value, name) for name in ("precision", "recall", "f1", "fpr", "fnr")}
        return {**asdict(value), **{name: _json(rate) for name, rate in rates.items()}}
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _json(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [_json(one) for one in value]
    return round(value, 6) if isinstance(value, float) else value
