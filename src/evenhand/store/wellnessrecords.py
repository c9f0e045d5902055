"""What a reviewer sets for their own wellness, and what it means for a claim: frozen values, no database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from evenhand.domain import is_under

# Labels that weigh on who looks at them; items of these count towards a break.
HARD = (
    "sexual.explicit",
    "sexual.nudity",
    "violence.fight",
    "violence.graphic",
    "violence.promotion",
    "extremism",
    "self_harm",
    "hate",
)
_BUDGET = {"violence.graphic": 40, "self_harm": 40, "extremism": 60, "sexual.explicit": 100, "hate": 100}
_LABEL = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_MOST_LABELS = 50
FEWEST = 3  # people that a total must be made of: fewer would tell on one


@dataclass(frozen=True, slots=True, kw_only=True)
class Comfort:
    """One person's settings. All protection is on until they switch it off."""

    blur: bool = True  # pictures and videos are blurred until a key or the pointer is held
    greyscale: bool = True
    mute: bool = True  # recordings start without sound
    small: bool = True  # pictures and videos are shown at reduced size
    opt_outs: tuple[str, ...] = ()  # labels (and those below) whose items are not given
    # label (and those below) -> most items in any 24 hours; 0: no limit
    budget: Mapping[str, int] = field(default_factory=lambda: dict(_BUDGET), hash=False)
    in_a_row: int = 5  # most items of one label one after the other while others wait; 0: any number
    break_after_minutes: int = 50  # of work; 0: never
    break_after_hard: int = 20  # items of HARD labels; 0: never
    break_minutes: int = 10

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {**asdict(self), "opt_outs": list(self.opt_outs), "budget": dict(self.budget)}

    def changed(self, changes: Mapping[str, Any]) -> Comfort:
        """Give the settings with some of them changed.

        Raises:
            ValueError: there is no such setting, or it cannot have that value.
        """
        known = {one.name for one in fields(self)}
        values: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"there is no setting {name[:40]!r}; there are {', '.join(sorted(known))}")
            values[name] = _read(name, value)
        return replace(self, **values)


def _read(name: str, value: Any) -> Any:
    if name in {"blur", "greyscale", "mute", "small"}:
        if not isinstance(value, bool):
            raise ValueError(f"{name} is true or false")
        return value
    if name == "opt_outs":
        return tuple(sorted({_label(one) for one in _few(value, Sequence)}))
    if name == "budget":
        return {
            _label(one): _number(most, f"budget of {one}", 0, 100_000) for one, most in _few(value, Mapping).items()
        }
    if name == "break_minutes":
        return _number(value, name, 1, 480)
    return _number(value, name, 0, 1_440)


def _few(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind) or isinstance(value, str) or len(value) > _MOST_LABELS:
        raise ValueError(f"give at most {_MOST_LABELS} labels")
    return value


def _label(value: Any) -> str:
    if not isinstance(value, str) or not _LABEL.fullmatch(value) or len(value) > 200:
        raise ValueError(f"{str(value)[:80]!r} is no label")
    return value


def _number(value: Any, name: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name} is a number from {least} to {most}")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """Why nothing is given although something waits."""

    why: str  # "break", or "limits": the person's opt-outs and budgets leave nothing
    until: datetime | None  # end of the break; None: not known
    message: str  # for the person


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a person may be given now."""

    rest_until: datetime | None = None  # they are on a break
    barred: tuple[str, ...] = ()  # labels, with those below, that they are not given
    tired: str | None = None  # the label that they have had often enough in a row; others first

    def bars(self, labels: Sequence[str]) -> bool:
        """Say whether an item with these labels may not be given."""
        return any(is_under(label, root) for label in labels for root in self.barred)


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What a person was shown in the last 24 hours; for them alone."""

    items: int
    hard: int
    labels: Mapping[str, int]  # label of the budget -> items
    working_since: datetime | None  # since the last break; None: they are not at work
    rest_until: datetime | None  # a break that goes on; None: none


def is_hard(labels: Sequence[str]) -> bool:
    """Say whether an item with these labels weighs on who looks at it."""
    return any(is_under(label, root) for label in labels for root in HARD)
