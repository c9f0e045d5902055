"""Queues: which decisions that ask for a person belong together, how urgent they are, and by when they should be done.

The file, in YAML; the first queue that fits takes the item, and what fits none goes to `default`:

    queues:
      - name: children
        lines: [kids]            # each that is given must fit; any one of its values does
        labels: [sexual]         # this label or any below it, with `min_score` or more
        languages: [zh]
        keys: [0190...]          # ids of API keys
        kinds: [image]
        min_score: 0.5
        priority: 10             # higher comes first
        target_minutes: 60       # service level: done within
        golden_rate: 0.05        # share of claims that get a golden question instead
        second_rate: 0.1         # share of verdicts that a second person is asked about, blind
        quorum:                  # what takes effect only once so many people agree
          - people: 2
            actions: [block]     # each that is given must fit; any one of its values does
            labels: [sexual]
    default: {second_rate: 0.02} # the same, but for the name and what must fit, of the queue for the rest
    appeals: {target_minutes: 4320}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evenhand.domain import is_under
from evenhand.errors import SettingsError
from evenhand.settings import Settings

DEFAULT = "default"
APPEALS = "appeals"
_MOST_BYTES = 512 * 1024


class Quorum(BaseModel):
    """What takes effect only once several people agree."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    people: int = Field(ge=2, le=5)
    actions: tuple[Literal["pass", "mark", "block"], ...] = ()
    labels: tuple[str, ...] = ()

    def fits(self, action: str, labels: Sequence[str]) -> bool:
        """Say whether a verdict with this action, about these labels, needs it."""
        if self.actions and action not in self.actions:
            return False
        return not self.labels or any(is_under(label, root) for label in labels for root in self.labels)


class _Work(BaseModel):
    """How a queue is worked on, whatever comes into it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    priority: int = Field(0, ge=-1_000, le=1_000)
    target_minutes: float = Field(24 * 60.0, gt=0)
    golden_rate: float = Field(0.0, ge=0, le=0.5)
    second_rate: float = Field(0.0, ge=0, le=1)
    quorum: tuple[Quorum, ...] = ()

    def needed(self, action: str, labels: Sequence[str]) -> int:
        """Give how many people must agree before a verdict takes effect.

        Args:
            action: of the verdict.
            labels: that were found, and that the verdict names.
        """
        return max((rule.people for rule in self.quorum if rule.fits(action, labels)), default=1)


class Routed(Protocol):
    """What a queue is chosen by: a result, or the row of a decision."""

    @property
    def kind(self) -> str:
        """Content kind."""

    @property
    def languages(self) -> Sequence[str]:
        """Languages of the content."""

    @property
    def labels(self) -> Mapping[str, float]:
        """Label -> score."""


class Queue(_Work):
    """One queue."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[a-z0-9][a-z0-9._-]*$")
    lines: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    min_score: float = Field(0.5, ge=0, le=1)

    def fits(self, result: Routed, line: str, key_id: str | None) -> bool:
        """Say whether a decision belongs here.

        Args:
            result: the decision.
            line: its business line.
            key_id: id of the API key that asked.
        """
        if (self.lines and line not in self.lines) or (self.keys and key_id not in self.keys):
            return False
        if self.kinds and result.kind not in self.kinds:
            return False
        if self.languages and not set(self.languages) & {*result.languages, *(x[:2] for x in result.languages)}:
            return False
        return not self.labels or any(
            score >= self.min_score and is_under(label, root)
            for label, score in result.labels.items()
            for root in self.labels
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    queues: tuple[Queue, ...] = ()
    default: _Work = _Work()
    appeals: _Work = _Work()


class Queues:
    """All queues, in order.

    Args:
        queues: as declared.
        target_s: service level of the default queue, in seconds.
        appeals_target_s: service level of appeals, in seconds.
        default: how the default queue is worked on; a service level that it names counts.
        appeals: how appeals are; likewise.
    """

    def __init__(
        self,
        queues: Sequence[Queue],
        *,
        target_s: float,
        appeals_target_s: float = 7 * 86_400.0,
        default: _Work | None = None,
        appeals: _Work | None = None,
    ) -> None:
        self.all = (*queues, _built_in(DEFAULT, default, target_s))
        self.appeals = _built_in(APPEALS, appeals, appeals_target_s)

    def choose(self, result: Routed, line: str, key_id: str | None) -> Queue:
        """Give the first queue that fits."""
        return next((queue for queue in self.all if queue.fits(result, line, key_id)), self.all[-1])

    def named(self, name: str) -> Queue | None:
        """Give a queue by its name; None: there is none, or no longer."""
        return next((queue for queue in (*self.all, self.appeals) if queue.name == name), None)

    def working(self, name: str) -> Queue:
        """Give a queue by its name; one that is no longer declared is worked on as the default queue is."""
        return self.named(name) or self.all[-1]


def _built_in(name: str, work: _Work | None, target_s: float) -> Queue:
    given = {} if work is None else work.model_dump(exclude_unset=True)
    return Queue.model_validate({"target_minutes": target_s / 60, **given, "name": name})


def read_queues(settings: Settings) -> Queues:
    """Read the queues that the settings name.

    Raises:
        SettingsError: the file cannot be used; with the place and what is wrong.
    """
    path = settings.review_queues
    found = _File() if path is None else _read(path)
    return Queues(
        found.queues,
        target_s=settings.review_target_s,
        appeals_target_s=settings.appeal_target_s,
        default=found.default,
        appeals=found.appeals,
    )


def _read(path: Path) -> _File:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"{path.name}: the file of queues is larger than {_MOST_BYTES // 1024} kB.")
        found = _File.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name}: the file of queues cannot be read; set EVENHAND_REVIEW_QUEUES.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"{path.name}: the file of queues is no YAML: {str(error)[:200]}.") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()[:10])
        raise SettingsError(f"{path.name}: {problems}.") from error
    names = [*(queue.name for queue in found.queues), DEFAULT, APPEALS]
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        told = "'default' and 'appeals' are always there: their settings stand beside `queues`"
        raise SettingsError(f"{path.name}: the name {', '.join(doubles)} is taken twice; {told}.")
    return found
