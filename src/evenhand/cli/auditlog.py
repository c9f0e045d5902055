"""`evenhand audit-log`: who did what, verified, exported, anchored and erased."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from evenhand.cli import CLEAN
from evenhand.cli.reviewing import dump, opened

BROKEN = 1  # exit code: the log was tampered with

auditlog = typer.Typer(help="The audit log: append-only, hash-chained.", no_args_is_help=True)

Actor = Annotated[str | None, typer.Option(help="Only what this one did: id of the API key or user, or local.")]
Subject = Annotated[str | None, typer.Option(help="Only what was done to this, e.g. decision:ID.")]
ActionName = Annotated[str | None, typer.Option("--action", help="Only this, or a family: review.*")]
Since = Annotated[str | None, typer.Option(help="From this moment on: 2026-01-31 or 2026-01-31T09:30:00Z.")]
Until = Annotated[str | None, typer.Option(help="Before this moment.")]


@auditlog.command()
def verify(
    expect: Annotated[
        list[str] | None,
        typer.Option(help="NUMBER:HASH of a link noted earlier; the log must still hold it. May be given again."),
    ] = None,
    anchors: Annotated[Path | None, typer.Option(help="File that `anchor` wrote: all its links are expected.")] = None,
    since: Annotated[
        str | None, typer.Option(help="NUMBER:HASH verified before: look only at what came later.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="An exported file instead of the database; needs neither it nor settings.")
    ] = None,
) -> None:
    """Recompute every hash, and print how many links there are, the hash of the last, and what is wrong.

    Note the last hash elsewhere: links cut off at the end are only found with it.

    Exit code: 0 the chain holds, 1 it does not.
    """
    from dataclasses import asdict

    from evenhand.store.auditlogchain import check, read_head, read_lines

    heads = [read_head(text) for text in expect or ()]
    if anchors is not None:
        heads += _anchors(anchors)
    start = None if since is None else read_head(since)
    if file is not None:
        with _reading(file) as stream:
            found = check(read_lines(stream), expect=heads, since=start)
    else:
        with opened() as store:
            found = store.audit.verify(expect=heads, since=start)
    dump(asdict(found))
    raise typer.Exit(BROKEN if found.problems else CLEAN)


@auditlog.command()
def head() -> None:
    """Print number and hash of the last link, NUMBER:HASH, as --expect takes it."""
    with opened() as store:
        number, digest = store.audit.head()
    print(f"{number}:{digest}")


@auditlog.command()
def anchor(
    file: Annotated[Path, typer.Argument(help="File that the line is added to; keep it where nobody here can write.")],
) -> None:
    """Add moment, number and hash of the last link to a file, for `verify --anchors`. Do so from a timer."""
    import json

    with opened() as store:
        number, digest = store.audit.head()
    moment = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"at": moment, "entry": f"{number}:{digest}"}) + "\n")
    print(f"{number}:{digest}")


@auditlog.command()
def show(
    after: Annotated[int, typer.Option(min=0, help="Number of the last link already seen.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most links.")] = 100,
    newest: Annotated[bool, typer.Option("--newest", help="Newest first.")] = False,
    actor: Actor = None,
    subject: Subject = None,
    action: ActionName = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Print links, oldest first."""
    from dataclasses import asdict

    wanted = _wanted(actor, subject, action, since, until)
    with opened() as store:
        found = store.audit.page(after=after, limit=limit, newest=newest, **wanted)
        dump({"entries": [asdict(entry) for entry in found]})


@auditlog.command()
def export(
    file: Annotated[Path, typer.Argument(help="File to write, JSON lines; - for standard output.")],
    actor: Actor = None,
    subject: Subject = None,
    action: ActionName = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write links as JSON lines, oldest first; without filters, `verify --file` verifies them anywhere."""
    from evenhand.store.auditlogchain import line
    from evenhand.store.reviewrecords import LOCAL

    wanted = _wanted(actor, subject, action, since, until)
    told = {name: str(value) for name, value in wanted.items() if value is not None}
    count = 0
    with opened() as store:
        store.audit.note("audit.export", "audit", actor=LOCAL, after={"filters": told})
        stream = sys.stdout if str(file) == "-" else file.open("w", encoding="utf-8")
        try:
            for entry in store.audit.all(**wanted):
                stream.write(line(entry) + "\n")
                count += 1
        finally:
            if stream is not sys.stdout:
                stream.close()
    print(f"written: {count} links", file=sys.stderr)


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


def moment(text: str) -> datetime:
    """Read a day or a moment that somebody typed; without a time zone it is UTC.

    Raises:
        BadParameter: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text[:40]!r} is no moment: write 2026-01-31 or 2026-01-31T09:30:00Z") from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _wanted(
    actor: str | None, subject: str | None, action: str | None, since: str | None, until: str | None
) -> dict[str, Any]:
    return {
        "actor": actor,
        "subject": subject,
        "action": action,
        "since": None if since is None else moment(since),
        "until": None if until is None else moment(until),
    }


def _anchors(file: Path) -> list[tuple[int, str]]:
    import json

    from evenhand.errors import InputError
    from evenhand.store.auditlogchain import read_head

    heads = []
    with _reading(file) as stream:
        for number, text in enumerate(stream, 1):
            if text.strip():
                try:
                    heads.append(read_head(str(json.loads(text)["entry"])))
                except (ValueError, KeyError, TypeError) as error:
                    raise InputError(f"{file.name}, line {number}: this is no file of anchors.") from error
    return heads


def _reading(file: Path) -> Any:
    from evenhand.errors import InputError

    try:
        return file.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}.") from error
