"""The scorebook: scores, truths and actions of all rows, in a few bytes each. Texts are not kept.

A million rows with thirty labels take about 200 MB.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.domain import TAXONOMY, Action, is_under
from evenhand.evaluation.labels import ANY

_UNKNOWN = -1
_MOST_NAMES = 1_000  # languages or groups told apart; a field with more is no group
OTHERS = "(others)"
T = TypeVar("T", bound=np.generic)

ACTIONS: tuple[Action, ...] = tuple(Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came back for one row."""

    action: Action | None = None  # None: the row failed
    scores: Mapping[str, float] = field(default_factory=dict)  # every label that the detectors that ran can score
    found: tuple[str, ...] = ()  # labels of its findings: above the detectors' own thresholds
    incomplete: Mapping[str, str] = field(default_factory=dict)  # detector -> why it gave no answer
    error: tuple[str, str] | None = None  # code and message, where the row failed


class Names:
    """Numbers names as they come, and keeps the number of each row."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._rows: list[NDArray[np.int32]] = []

    def add(self, names: Iterable[str | None]) -> None:
        """Add rows; None: the row has no name."""
        self._rows.append(np.array([self._number(name) for name in names], np.int32))

    def rows(self, name: str) -> NDArray[np.bool_]:
        """Say which rows have this name."""
        return np.equal(joined(self._rows, np.int32), self._numbers[name])

    def _number(self, name: str | None) -> int:
        if name is None:
            return _UNKNOWN
        if name not in self._numbers and len(self.names) >= _MOST_NAMES:
            name = OTHERS
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


class _Table(Generic[T]):
    """Rows of values under names that may be added at any time; earlier rows then have the blank."""

    def __init__(self, kind: type[T], blank: float) -> None:
        self._kind, self._blank = kind, blank
        self.columns: dict[str, int] = {}
        self._chunks: list[NDArray[T]] = []

    def add(self, rows: Sequence[Mapping[str, float]]) -> None:
        for row in rows:
            for name in row:
                self.columns.setdefault(name, len(self.columns))
        chunk = np.full((len(self.columns), len(rows)), self._blank, self._kind)
        for i, row in enumerate(rows):
            for name, value in row.items():
                chunk[self.columns[name], i] = value
        self._chunks.append(chunk)

    def column(self, name: str) -> NDArray[T]:
        place = self.columns.get(name, -1)
        parts = [
            chunk[place] if 0 <= place < len(chunk) else np.full(chunk.shape[1], self._blank, self._kind)
            for chunk in self._chunks
        ]
        return joined(parts, self._kind)


class Scorebook:
    """Everything that the metrics are made from; filled a batch at a time, read a column at a time."""

    def __init__(self) -> None:
        self._scores = _Table(np.float32, np.nan)
        self._found = _Table(np.int8, 0)
        self._truth = _Table(np.int8, _UNKNOWN)
        self._closed: list[NDArray[np.bool_]] = []
        self._actions: list[NDArray[np.int8]] = []
        self._expected: list[NDArray[np.int8]] = []
        self._incomplete: list[NDArray[np.bool_]] = []
        self.languages, self.groups = Names(), Names()

    def add(
        self,
        verdicts: Sequence[Verdict],
        *,
        truths: Sequence[Mapping[str, bool]],
        closed: Sequence[bool],
        expected: Sequence[Action | None],
        languages: Sequence[str | None],
        groups: Sequence[str | None],
    ) -> None:
        """Add rows: what came back, and what is true of them; all of the same length."""
        # What a detector gave no answer for would read as 0, which is clean: such rows have no scores at all.
        whole = [verdict.error is None and not verdict.incomplete for verdict in verdicts]
        scored = [verdict.scores if ok else {} for verdict, ok in zip(verdicts, whole, strict=True)]
        found = [dict.fromkeys(verdict.found, 1) for verdict in verdicts]
        self._scores.add([{**dict.fromkeys(f, 0.0), **s} if s else {} for s, f in zip(scored, found, strict=True)])
        self._found.add(found)
        self._truth.add(truths)
        self._closed.append(np.array(closed, np.bool_))
        self._actions.append(np.array([_number(verdict.action) for verdict in verdicts], np.int8))
        self._expected.append(np.array([_number(action) for action in expected], np.int8))
        self._incomplete.append(np.array([bool(verdict.incomplete) for verdict in verdicts], np.bool_))
        self.languages.add(languages)
        self.groups.add(groups)

    @property
    def labels(self) -> list[str]:
        """The labels that the rows speak of, in the order of the taxonomy, an operator's own and "any" last."""
        order = {name: place for place, name in enumerate((*TAXONOMY,))}
        return sorted(self._truth.columns, key=lambda name: (name == ANY, order.get(name, len(order)), name))

    @property
    def scored(self) -> list[str]:
        """The labels that came back with scores."""
        return list(self._scores.columns)

    def actions(self) -> NDArray[np.int8]:
        """Give the place in ACTIONS of each row's action; -1 where the row failed."""
        return joined(self._actions, np.int8)

    def expected(self) -> NDArray[np.int8]:
        """Give the place in ACTIONS of what was expected; -1 where nothing was said."""
        return joined(self._expected, np.int8)

    def incomplete(self) -> NDArray[np.bool_]:
        """Say for which rows a detector gave no answer."""
        return joined(self._incomplete, np.bool_)

    def truth(self, label: str) -> NDArray[np.int8]:
        """Give 1, 0, or -1 for unknown, for each row.

        What a row does not say itself follows from the tree: a label below that holds makes it 1, one above that does
        not hold makes it 0; and a row that lists all that holds (`closed`) says 0 for the rest.
        """
        own = self._truth.column(label)
        for other in self._truth.columns:
            if other not in (label, ANY) and is_under(other, label):
                own = np.where((own == _UNKNOWN) & (self._truth.column(other) == 1), np.int8(1), own)
            elif other not in (label, ANY) and is_under(label, other):
                own = np.where((own == _UNKNOWN) & (self._truth.column(other) == 0), np.int8(0), own)
        return np.where((own == _UNKNOWN) & joined(self._closed, np.bool_), np.int8(0), own)

    def any_truth(self, harms: Sequence[str]) -> NDArray[np.int8]:
        """Give 1 where a row says "any" or has one of these labels, 0 where it has none of those it speaks of."""
        own = self._truth.column(ANY)
        columns = [self._truth.column(label) for label in harms]
        for value in (1, 0):
            for column in columns:
                own = np.where((own == _UNKNOWN) & (column == value), np.int8(value), own)
        return np.where((own == _UNKNOWN) & joined(self._closed, np.bool_), np.int8(0), own)

    def score(self, roots: Sequence[str]) -> NDArray[np.float32]:
        """Give each row's highest score of the labels at or below `roots`; NaN where none of them was scored."""
        best = np.full(self.rows, np.nan, np.float32)
        for label in self.below(roots):
            best = np.fmax(best, self._scores.column(label))
        return best

    def found(self, roots: Sequence[str]) -> NDArray[np.bool_]:
        """Say for each row whether a finding was at or below `roots`."""
        hit = np.zeros(self.rows, np.bool_)
        for label in self.below(roots):
            hit |= self._found.column(label) > 0
        return hit

    def below(self, roots: Sequence[str]) -> list[str]:
        """Give the scored labels at or below `roots`."""
        return [label for label in self._scores.columns if any(is_under(label, root) for root in roots)]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(len(chunk) for chunk in self._actions)


def joined(parts: Sequence[NDArray[T]], kind: type[T]) -> NDArray[T]:
    """Put arrays end to end; no arrays give an empty one."""
    return np.concatenate(parts) if parts else np.zeros(0, kind)


def _number(action: Action | None) -> int:
    return _UNKNOWN if action is None else action.severity
