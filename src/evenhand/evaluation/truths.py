"""What is true of a row, from any of the shapes that labels come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evenhand.errors import InputError
from evenhand.evaluation.labels import LabelMap

_Named = tuple[str, bool | None]  # our label, and whether it holds (None: unknown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is known of one row."""

    labels: Mapping[str, bool]  # our label -> whether it holds; what is not in it is unknown
    closed: bool  # the row lists all labels that hold: any other that occurs in the file does not


class TruthReader:
    """Reads the labels of rows.

    Args:
        labels: what their names mean.
        field: where the labels stand: a list, an object, or one name.
        columns: further fields, each 0 or 1 -> our labels.
        at_least: numbers from here on mean true; None: only 0 and 1 are taken.
    """

    def __init__(
        self, labels: LabelMap, *, field: str, columns: Mapping[str, tuple[str, ...]], at_least: float | None
    ) -> None:
        self._labels, self._field, self._columns, self._at_least = labels, field, columns, at_least

    def read(self, row: Mapping[str, Any], *, needed: bool) -> Truth:
        """Read one row's.

        Args:
            row: the object.
            needed: refuse a row without any labels.

        Raises:
            InputError: a label is unknown, or a value is not one that labels have.
        """
        named = [(label, self._truth(row.get(field), field)) for field, ours in self._columns.items() for label in ours]
        value, closed = row.get(self._field), False
        if value is None:
            if needed and self._field not in row and not any(field in row for field in self._columns):
                raise InputError(
                    f"It has no field {self._field!r}; name the one that holds the labels with --labels-field, "
                    "or a 0/1 field with --label-field FIELD=LABEL."
                )
        elif isinstance(value, dict):
            more, closed = self._object(value)
            named += more
        else:
            named += self._list(value if isinstance(value, list) else [value])
            closed = True
        return Truth(labels=_joined(named), closed=closed)

    def _object(self, given: dict[str, Any]) -> tuple[list[_Named], bool]:
        named, closed = list[_Named](), False
        for their, value in given.items():
            if isinstance(value, str):  # a class: {"class": "neither"} is the name "class:neither"
                if self._labels.ours(their) != ():
                    named += self._list([f"{their}:{value}"])
                    closed = True
                continue
            ours = self._ours(their)
            named += [(label, self._truth(value, their)) for label in ours]
        return named, closed

    def _list(self, names: list[Any]) -> list[_Named]:
        return [(label, True) for name in names for label in self._ours(_plain(name))]

    def _ours(self, their: str) -> tuple[str, ...]:
        ours = self._labels.ours(their)
        if ours is None:
            shown = their[:60]
            raise InputError(
                f"{shown!r} is no label of the taxonomy (evenhand labels lists them). Say what it means with "
                f"--map '{shown}=LABEL', or ignore it with --map '{shown}='."
            )
        return ours

    def _truth(self, value: object, name: str) -> bool | None:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            if self._at_least is not None and 0 <= value <= 1:
                return value >= self._at_least
            if value in (0, 1):
                return bool(value)
        raise InputError(
            f"{name[:60]!r} must be 0, 1, true, false, or null for unknown; shares between 0 and 1 need --at-least."
        )


def _plain(name: object) -> str:
    """Give a class's name as text: data sets number their classes, or call them true and false."""
    if isinstance(name, str):
        return name
    if isinstance(name, bool):
        return "true" if name else "false"
    if isinstance(name, int) or (isinstance(name, float) and name.is_integer()):
        return str(int(name))
    raise InputError("A label must be a name or a whole number.")


def _joined(named: Iterable[_Named]) -> dict[str, bool]:
    """Join what several of their names say of one of ours: it holds where one of them does."""
    out: dict[str, bool] = {}
    for label, holds in named:
        if holds is not None:
            out[label] = out.get(label, False) or holds
    return out
