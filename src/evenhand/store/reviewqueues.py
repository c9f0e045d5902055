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
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evenhand.domain import Result, is_under
from evenhand.errors import SettingsError
from evenhand.settings import Settings

DEFAULT = "default"
_MOST_BYTES = 512 * 1024


class Queue(BaseModel):
    """One queue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, pattern=r"^[a-z0-9][a-z0-9._-]*$")
    lines: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    min_score: float = Field(0.5, ge=0, le=1)
    priority: int = Field(0, ge=-1_000, le=1_000)
    target_minutes: float = Field(24 * 60.0, gt=0)

    def fits(self, result: Result, line: str, key_id: str | None) -> bool:
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

    queues: tuple[Queue, ...]


class Queues:
    """All queues, in order.

    Args:
        queues: as declared.
        target_s: service level of the default queue, in seconds.
    """

    def __init__(self, queues: Sequence[Queue], *, target_s: float) -> None:
        self.all = (*queues, Queue(name=DEFAULT, target_minutes=target_s / 60))

    def choose(self, result: Result, line: str, key_id: str | None) -> Queue:
        """Give the first queue that fits."""
        return next((queue for queue in self.all if queue.fits(result, line, key_id)), self.all[-1])

    def named(self, name: str) -> Queue | None:
        """Give a queue by its name; None: there is none, or no longer."""
        return next((queue for queue in self.all if queue.name == name), None)


def read_queues(settings: Settings) -> Queues:
    """Read the queues that the settings name.

    Raises:
        SettingsError: the file cannot be used; with the place and what is wrong.
    """
    path = settings.review_queues
    found = () if path is None else _read(path)
    return Queues(found, target_s=settings.review_target_s)


def _read(path: Path) -> tuple[Queue, ...]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"{path.name}: the file of queues is larger than {_MOST_BYTES // 1024} kB.")
        queues = _File.model_validate(yaml.safe_load(path.read_text("utf-8"))).queues
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name}: the file of queues cannot be read; set EVENHAND_REVIEW_QUEUES.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"{path.name}: the file of queues is no YAML: {str(error)[:200]}.") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()[:10])
        raise SettingsError(f"{path.name}: {problems}.") from error
    names = [queue.name for queue in queues]
    if doubles := sorted({name for name in [*names, DEFAULT] if [*names, DEFAULT].count(name) > 1}):
        raise SettingsError(f"{path.name}: the name {', '.join(doubles)} is taken twice; 'default' is always there.")
    return queues
