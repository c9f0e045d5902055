"""`evenhand jobs`: submit jobs, watch them, see what failed and why, set it going again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli import CLEAN, SYSTEM_ERROR
from evenhand.cli.common import read_settings
from evenhand.cli.output import plain

if TYPE_CHECKING:
    from evenhand.domain import JsonValue
    from evenhand.store import Store
    from evenhand.store.jobrecords import Job

jobs = typer.Typer(help="Durable jobs.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(help="Id of the job, from `evenhand jobs list`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_LOOK_S = 0.3


@jobs.command()
def submit(
    file: Annotated[
        Path, typer.Argument(help='A video, a sound, or JSON lines: {"id", "text"|"url"|"data", ...}.', dir_okay=False)
    ],
    kind: Annotated[str | None, typer.Option(help="bulk or media; found from the file if not given.")] = None,
    line: Annotated[str, typer.Option(help="Business line whose rules decide.")] = "default",
    all_scores: Annotated[bool, typer.Option(help="Give the score of every label, also below any threshold.")] = False,
    lang: Annotated[str | None, typer.Option(help="Language of what is said in a recording.")] = None,
    priority: Annotated[str, typer.Option(help="live, interactive or bulk.")] = "bulk",
    name: Annotated[str | None, typer.Option("--id", help="Your own id, given back unchanged.")] = None,
    fresh: Annotated[bool, typer.Option(help="Do it even if the same was done already.")] = False,
    wait: Annotated[bool, typer.Option(help="Watch it until it is finished.")] = False,
) -> None:
    """Submit a file and print the job's id. A worker does the work: `evenhand worker`, or `evenhand serve`."""
    from evenhand.app import AsyncModerator
    from evenhand.errors import InputError
    from evenhand.jobs.desk import kind_of
    from evenhand.jobs.desk import submit as hand_in
    from evenhand.store import open_store
    from evenhand.store.blobs import Blobs

    settings = read_settings()
    store = open_store(settings=settings)
    store.migrate()
    moderator = AsyncModerator(settings, store=store)
    try:
        try:
            with file.open("rb") as stream:
                blob, size = Blobs(settings).put(stream)
        except OSError as error:
            raise InputError(f"{file} cannot be read: {error.strerror or error}.") from error
        source: dict[str, JsonValue] = {"blob": blob, "size": size, "media_type": None}
        options: dict[str, JsonValue] = {"line": line, "all_scores": all_scores}
        options |= {} if lang is None else {"lang": lang}
        job, new = hand_in(
            moderator,
            store,
            kind=kind or kind_of(Blobs(settings).path(blob)),
            source=source,
            options=options,
            priority=priority,
            caller_id=name,
            fresh=fresh,
        )
        print(job.id)
        if not new:
            print(f"the same was submitted before, and is {job.state}", file=sys.stderr)
        if wait:
            raise typer.Exit(_watch(store, job.id))
    finally:
        moderator.close()


@jobs.command("list")
def show_all(
    state: Annotated[str | None, typer.Option(help="queued, running, done, failed or cancelled.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only this kind; deliveries of webhooks are of the kind webhook.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Most jobs shown.")] = 50,
    json: AsJson = False,
) -> None:
    """List jobs, newest first; `--state failed` are the dead letters."""
    from evenhand.errors import UserError
    from evenhand.store.jobrows import job_document

    with _store() as store:
        try:
            found = store.jobs.page(state=state, kind=kind, limit=limit).items
        except ValueError as error:
            raise UserError(f"{error}.") from error
        workers = len(store.tasks.workers())
    if json:
        _dump([job_document(job) for job in found])
        return
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(
        Column("job", no_wrap=True, min_width=36),  # (an id is there to be copied, whatever the width)
        "kind",
        "state",
        "progress",
        Column("why", overflow="fold"),
        header_style="bold",
        pad_edge=False,
    )
    for job in found:
        why = f"{job.error['code']}: {job.error['message']}" if job.error else ""
        table.add_row(job.id, job.kind, job.state, _progress(job), Text(plain(why)))
    Console().print(table)
    if not workers:
        print("no worker is at work: start `evenhand worker`", file=sys.stderr)


@jobs.command()
def show(job_id: JobId, json: AsJson = False) -> None:
    """Show a job and its tasks, those that failed with the reason."""
    from evenhand.store.jobrows import job_document

    with _store() as store:
        job = store.jobs.get(job_id)
        tasks = store.jobs.tasks(job_id)
    document = job_document(job)
    document["tasks"] = [
        {
            "number": task.number,
            "role": task.role,
            "state": task.state,
            "attempts": task.attempts,
            "starts": task.starts,
            "amount": task.amount,
            "error": task.error,
            "worker": task.worker,
        }
        for task in tasks
    ]
    if json:
        _dump(document)
        return
    print(f"{job.id}  {job.kind}  {job.state}  {_progress(job)}")
    for name in ("created_at", "started_at", "finished_at", "deadline_at", "caller_id", "options", "result", "error"):
        if document[name] is not None:
            print(plain(f"{name.replace('_', ' ')}: {document[name]}"))
    counts: dict[tuple[str, str], int] = {}
    for task in tasks:
        counts[task.role, task.state] = counts.get((task.role, task.state), 0) + 1
    for (role, state), count in counts.items():
        print(f"{role}: {count} {state}")
    for task in tasks:
        if task.error:
            print(plain(f"task {task.number}, {task.attempts} tries: {task.error['code']}: {task.error['message']}"))


@jobs.command()
def results(job_id: JobId) -> None:
    """Print a job's results as JSON lines, in the order of its items."""
    import orjson

    from evenhand.jobs.results import lines

    with _store() as store:
        for line in lines(store, store.jobs.get(job_id)):
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()


@jobs.command()
def cancel(job_id: JobId) -> None:
    """Cancel a job that is not finished."""
    with _store() as store:
        store.jobs.cancel(job_id)
    print(f"{job_id} cancelled")


@jobs.command()
def retry(job_id: JobId) -> None:
    """Set a failed or cancelled job going again; what is done stays done."""
    with _store() as store:
        job = store.jobs.retry(job_id)
    print(f"{job_id} is {job.state} again")


@jobs.command()
def watch(job_id: JobId) -> None:
    """Watch a job until it is finished.

    Exit code: 0 done, 3 failed or cancelled.
    """
    with _store() as store:
        code = _watch(store, job_id)
    raise typer.Exit(code)


def _watch(store: Store, job_id: str) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.fields[state]}"),
        BarColumn(),
        TextColumn("{task.fields[shown]}"),
        TimeRemainingColumn(),
    )
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as bar:
        job = store.jobs.get(job_id)
        drawn = bar.add_task("job", total=None, state=job.state, shown="")
        while True:
            total = job.amount if job.segments is not None else None
            bar.update(drawn, total=total, completed=job.amount_done, state=job.state, shown=_progress(job))
            if not job.open:
                break
            time.sleep(_LOOK_S)
            job = store.jobs.get(job_id)
    why = f": {job.error['message']}" if job.error else ""
    print(plain(f"{job.id} {job.state}{why}"), file=sys.stderr)
    return CLEAN if job.state == "done" else SYSTEM_ERROR


def _progress(job: Job) -> str:
    if job.segments is None:
        return "-"
    amounts = f"{job.amount_done:.10g}/{job.amount:.10g} {job.unit or ''}".rstrip()
    return f"{amounts}, {job.segments_done}/{job.segments} segments"


@contextmanager
def _store() -> Iterator[Store]:
    from evenhand.store import open_store

    store = open_store(settings=read_settings())
    store.migrate()
    try:
        yield store
    finally:
        store.close()


def _dump(document: Any) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
