"""`evenhand eval`: labelled rows through the real pipeline, and a report of how well the answers fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli import CLEAN, FLAGGED
from evenhand.cli.common import Libraries, PolicyFile, read_settings

if TYPE_CHECKING:
    from evenhand.evaluation import LabelMap, Report, Rows
    from evenhand.evaluation.running import Judge, Run
    from evenhand.facade import Moderator
    from evenhand.settings import Settings


def evaluate(
    data: Annotated[
        str, typer.Argument(metavar="DATA.jsonl|-", help="Labelled JSON lines, plain or gzip; - for standard input.")
    ],
    label_map: Annotated[
        Path | None, typer.Option(help="YAML or JSON file: their label -> our label, a list of ours, or null (ignore).")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="THEIRS=OURS", help="The same for one label; may be given again."),
    ] = None,
    text_field: Annotated[str | None, typer.Option(help='Field of the text; else "text", else "content".')] = None,
    labels_field: Annotated[str, typer.Option(help="Field of the labels.")] = "labels",
    label_field: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=OURS", help="A field that is 0 or 1, and the label it stands for; repeatable."),
    ] = None,
    at_least: Annotated[
        float | None, typer.Option(min=0, max=1, help="Labels given as shares hold from this number on.")
    ] = None,
    lang_field: Annotated[str, typer.Option(help="Field of the language.")] = "lang",
    group_field: Annotated[str, typer.Option(help="Field of the group, for the table by group.")] = "group",
    lang_hint: Annotated[
        bool, typer.Option(help="Hand the rows' language on to the detectors, or let them identify it.")
    ] = True,
    any_of: Annotated[
        list[str] | None,
        typer.Option("--any", metavar="LABEL", help='Labels that "any" harm is the highest score of; repeatable.'),
    ] = None,
    policy: PolicyFile = None,
    libraries: Libraries = None,
    line: Annotated[str, typer.Option(help="Business line whose rules decide.")] = "default",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting for this run, such as threads=1; repeatable."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read so many rows and no more.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that judge, each with models of its own.")] = 1,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Pass over lines that cannot be used.")] = False,
    json: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write the report as JSON.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML file with plots.")] = None,
    progress: Annotated[bool, typer.Option(help="Show progress on a terminal.")] = True,
) -> None:
    """Measure detectors and policy on labelled data.

    Each line is an object with "text" (or "path", "url") and "labels": a list of those that hold, or label -> 0, 1 or
    null for unknown. It may have "lang", "group" and "expect", the action that ought to follow. Nothing is recorded.

    Exit code: 0 all rows were measured, 1 some were not (the report names them), 2 user error, 3 system error.
    """
    from evenhand.cli.files import check_writable
    from evenhand.evaluation import Fields, Rows
    from evenhand.evaluation.lines import Lines

    names = _names(label_map, map_ or ())
    _check_labels(any_of or ())
    given = _settings_given(set_ or ())
    settings = read_settings(**{"policy": policy, "libraries": libraries, **given})
    # What is measured leaves no trace: not even the policy is written to a store.
    settings = settings.model_copy(update={"database_url": None})
    fields = Fields(
        text=text_field,
        labels=labels_field,
        columns=_columns(label_field or ()),
        language=lang_field,
        group=group_field,
        at_least=at_least,
        hint=lang_hint,
    )
    rows = Rows(
        Lines(data),
        fields=fields,
        labels=names,
        max_bytes=settings.max_file_bytes,
        limit=limit,
        skip_bad=skip_bad,
    )
    reports = [Path(file) for file in (json, html) if file is not None and str(file) != "-"]
    check_writable(reports, data=None if data == "-" else Path(data))
    report = _measure(rows, settings, line=line, jobs=jobs, any_of=any_of, given=given, progress=progress)
    _put_out(report, json, html)
    whole = not (report.failed or report.incomplete or report.skipped)
    raise typer.Exit(CLEAN if whole else FLAGGED)


def _names(file: Path | None, pairs: Sequence[str]) -> LabelMap:
    from evenhand.evaluation import LabelMap
    from evenhand.evaluation.labels import parse_pair, read_map

    return LabelMap({**(read_map(file) if file is not None else {}), **dict(parse_pair(pair) for pair in pairs)})


def _columns(pairs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    from evenhand.evaluation import LabelMap
    from evenhand.evaluation.labels import parse_pair

    columns = dict(parse_pair(pair) for pair in pairs)
    LabelMap(columns)  # refuses what is no label
    return columns


def _check_labels(labels: Sequence[str]) -> None:
    from evenhand.evaluation import LabelMap

    LabelMap({"--any": tuple(labels)})


def _settings_given(pairs: Sequence[str]) -> dict[str, Any]:
    import orjson

    from evenhand.errors import SettingsError
    from evenhand.settings import Settings

    given: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.lower().removeprefix("evenhand_")
        if not equals or name not in Settings.model_fields:
            raise SettingsError(f"--set {pair!r}: write NAME=VALUE; evenhand settings lists the names.")
        try:
            given[name] = orjson.loads(value) if value.startswith("[") else value
        except orjson.JSONDecodeError:
            raise SettingsError(f'--set {pair!r}: lists are written as JSON, such as ["a", "b"].') from None
    return given


def _measure(
    rows: Rows,
    settings: Settings,
    *,
    line: str,
    jobs: int,
    any_of: Sequence[str] | None,
    given: dict[str, Any],
    progress: bool,
) -> Report:
    from datetime import UTC, datetime

    from evenhand import __version__
    from evenhand.evaluation import Origin, make_report
    from evenhand.facade import Moderator

    with Moderator(settings) as moderator:
        policy = moderator.inner.policy
        policy.line(line)  # a wrong line is told before anything is read
        with _judges(moderator, settings, line, jobs) as judges:
            run = _run(rows, judges, batch=settings.batch_size, progress=progress)
    origin = Origin(
        data=Path(rows.lines.source).name or "-",
        sha256=rows.lines.sha256,
        policy=f"{policy.name}@{policy.version}/{line}",
        evenhand=__version__,
        date=datetime.now(UTC),
        settings={name: str(value) for name, value in given.items() if name != "database_url"},
    )
    return make_report(run, origin, skipped=rows.skipped, any_of=any_of)


@contextmanager
def _judges(moderator: Moderator, settings: Settings, line: str, jobs: int) -> Iterator[list[Judge]]:
    from evenhand.evaluation.running import moderator_judge
    from evenhand.evaluation.workers import worker_judges

    if jobs == 1:
        yield [moderator_judge(moderator, line)]
        return
    with worker_judges(settings, line, jobs) as judges:
        yield judges


def _run(rows: Rows, judges: Sequence[Judge], *, batch: int, progress: bool) -> Run:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from evenhand.evaluation import evaluate as run_all

    errors = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("evaluating"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not (progress and errors.is_terminal)) as bar:
        task = bar.add_task("eval", total=None)
        return run_all(rows, judges, batch=batch, progress=lambda done: bar.advance(task, done))


def _put_out(report: Report, json: str | None, html: Path | None) -> None:
    from evenhand.cli.evaltables import show
    from evenhand.cli.files import write, write_json

    if html is not None:
        from evenhand.evaluation.page import page

        write(html, page(report))
    if json is None or write_json(json, report.as_dict()):
        show(report)
