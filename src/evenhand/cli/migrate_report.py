"""What shadow mode saw: how often the old vendor and this server agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from evenhand.errors import UserError

_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def report(path: Path) -> Iterator[str]:
    """Give lines for people.

    Args:
        path: the file that shadow mode writes.

    Raises:
        UserError: there is none, or nothing can be read in it.
    """
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    failures: dict[str, int] = defaultdict(int)
    rows = left_out = 0
    for row in _rows(path):
        rows += 1
        left_out += int(row.get("left_out", 0))
        if "error" in row:
            failures[str(row["error"])] += 1
        for name, (theirs, ours) in row.get("scores", {}).items():
            pairs[str(row["dialect"]), name].append((float(theirs), float(ours)))
    yield f"{rows} requests compared, {sum(failures.values())} without an answer of the old vendor, {left_out} left out"
    for why, number in sorted(failures.items()):
        yield f"  {why}: {number}"
    for (dialect, name), scores in sorted(pairs.items()):
        apart = sum(abs(theirs - ours) for theirs, ours in scores) / len(scores)
        yield f"{dialect} {name}: {len(scores)} scores, {apart:.3f} apart on average"
        for least in _THRESHOLDS:
            there = sum(theirs >= least for theirs, _ in scores) / len(scores)
            here = sum(ours >= least for _, ours in scores) / len(scores)
            same = sum((theirs >= least) == (ours >= least) for theirs, ours in scores) / len(scores)
            yield f"  >= {least}: {there:.1%} there, {here:.1%} here, same verdict {same:.1%}"


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as lines:
            for line in lines:
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue  # the last line of a process that was killed
                if isinstance(row, dict):
                    yield row
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error}); shadow mode writes it (EVENHAND_SHADOW_URLS).") from error
