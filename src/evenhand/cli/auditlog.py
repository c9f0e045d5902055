"""`evenhand audit-log`: who did what, verified and erased."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from evenhand.cli import CLEAN
from evenhand.cli.reviewing import dump, opened

BROKEN = 1  # exit code: the log was tampered with

auditlog = typer.Typer(help="The audit log: append-only, hash-chained.", no_args_is_help=True)


@auditlog.command()
def verify(
    expect: Annotated[
        str | None, typer.Option(help="NUMBER:HASH of a link noted earlier; the log must still hold it.")
    ] = None,
) -> None:
    """Recompute every hash, and print how many links there are, the hash of the last, and what is wrong.

    Note the last hash elsewhere: links cut off at the end are only found with it.

    Exit code: 0 the chain holds, 1 it does not.
    """
    from dataclasses import asdict

    noted = None
    if expect is not None:
        if re.fullmatch("[0-9]{1,10}:[0-9a-f]{64}", expect) is None:
            raise typer.BadParameter("give a link as its number, a colon and its hash")
        number, _, hashed = expect.partition(":")
        noted = (int(number), hashed)
    with opened() as store:
        found = store.audit.verify(expect=noted)
    dump(asdict(found))
    raise typer.Exit(BROKEN if found.problems else CLEAN)


@auditlog.command()
def show(
    after: Annotated[int, typer.Option(min=0, help="Number of the last link already seen.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most links.")] = 100,
    actor: Annotated[str | None, typer.Option(help="Only what this one did: id of the API key, or local.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only what was done to this, e.g. decision:ID.")] = None,
) -> None:
    """Print links, oldest first."""
    from dataclasses import asdict

    with opened() as store:
        found = store.audit.page(after=after, limit=limit, actor=actor, subject=subject)
        dump({"entries": [asdict(entry) for entry in found]})


@auditlog.command()
def erase(
    older_days: Annotated[float | None, typer.Option(min=0, help="What is older than this many days.")] = None,
    subject: Annotated[list[str] | None, typer.Option(help="What was done to this; may be given again.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the log.")] = "",
) -> None:
    """Erase what links say was before and after; who did what when, and all hashes, stay, and the chain still holds."""
    from evenhand.store.reviewrecords import LOCAL

    if older_days is None and not subject:
        raise typer.BadParameter("say what to erase: --older-days or --subject")
    before = None if older_days is None else datetime.now(UTC) - timedelta(days=older_days)
    with opened() as store:
        count = store.audit.erase(actor=LOCAL, before=before, subjects=subject or (), reason=reason)
    print(f"erased: {count} payloads")
