"""What the commands of accounting share: days that somebody typed, and where output goes."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evenhand.accounting.figures import Period

Language = Annotated[str, typer.Option("--lang", help="Language of the words: en, de, es, fr, it, pl, zh.")]
SinceDay = Annotated[str | None, typer.Option("--since", help="First day, UTC: 2026-01-31.")]
UntilDay = Annotated[str | None, typer.Option("--until", help="Last day, included; else today.")]
GroundsFile = Annotated[Path | None, typer.Option("--grounds", help="File of grounds; else EVENHAND_GROUNDS.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write; else standard output.")]


def period(since: str | None, until: str | None, *, days: int) -> Period:
    """Give the period that was asked for; without a first day, so many days.

    Raises:
        BadParameter: a day is none, or the last comes before the first.
    """
    from evenhand.accounting.figures import Period

    last = day(until) if until is not None else datetime.now(UTC).date()
    first = day(since) if since is not None else last - timedelta(days=days - 1)
    if first > last:
        raise typer.BadParameter("the last day comes before the first")
    return Period(since=first, until=last)


def day(text: str) -> date:
    """Read a day.

    Raises:
        BadParameter: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text[:40]!r} is no day: write 2026-01-31") from error


def put(body: bytes, out: Path | None) -> None:
    """Write to a file or to standard output."""
    if out is None:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()
    else:
        out.write_bytes(body)
