"""Counts, on a site's own comments, who reached a threshold on Perspective and who does here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from evenhand.errors import DetectorError, UserError

if TYPE_CHECKING:
    from evenhand.cli.migrate_policy import Threshold
    from evenhand.settings import Settings

_MAX_LINE = 1_000_000  # bytes


def compare(path: Path, wanted: Sequence[Threshold], settings: Settings) -> Iterator[str]:
    """Check the comments and give lines for people; nothing is recorded.

    Args:
        path: JSON lines with `text`, and Perspective's scores by attribute where they are known.
        wanted: the thresholds.
        settings: of the moderator.

    Raises:
        UserError: a line cannot be used.
        DetectorError: a comment could not be scored.
    """
    from evenhand.api.compat.perspective_map import score_map
    from evenhand.domain import Content, Options, Result
    from evenhand.domain.attributes import experimental_attributes, perspective_attributes
    from evenhand.facade import Moderator

    rows = list(_rows(path))
    scored: list[dict[str, float]] = []
    with Moderator(settings.model_copy(update={"database_url": None})) as moderator:
        contents = (Content(text=row["text"]) for row in rows)
        for answer in moderator.check_many(contents, options=Options(all_scores=True, record=False)):
            if not isinstance(answer, Result) or answer.incomplete:
                raise DetectorError(f"A comment of {path} could not be scored: {answer.as_dict()}")
            curves = score_map(answer.models.get("text.harm"))
            scores = perspective_attributes(answer.labels) | experimental_attributes(answer.labels)
            scored.append({name: curves.to_theirs(name, score) for name, score in scores.items()})
    yield f"Of {len(rows)} comments in {path}:"
    for one in wanted:
        ours = [scores[one.attribute] >= one.score for scores in scored]
        line = f"  {one.name} >= {one.score:g}: {sum(ours)} here ({sum(ours) / len(rows):.1%})"
        known = [
            (here, row[one.name] >= one.score)
            for here, row in zip(ours, rows, strict=True)
            if isinstance(row.get(one.name), int | float)
        ]
        if known:
            there = sum(before for _, before in known)
            same = sum(here == before for here, before in known)
            only_here = sum(here and not before for here, before in known)
            only_there = sum(before and not here for here, before in known)
            line += (
                f"; on Perspective {there} of {len(known)}; same verdict {same / len(known):.1%}, "
                f"only here {only_here}, only there {only_there}"
            )
        yield line


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                row = orjson.loads(line[:_MAX_LINE])
                if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                    raise UserError(f'{path}, line {number}: each line is an object with "text".')
                yield row
    except orjson.JSONDecodeError as error:
        raise UserError(f"{path}, line {number}: is no JSON ({error}).") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error}).") from error
