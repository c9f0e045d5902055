"""`evenhand audit`: what swapping the group that a sentence names changes, in the models, a policy and word lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.cli import CLEAN, FLAGGED
from evenhand.cli.common import Libraries, PolicyFile, read_settings

if TYPE_CHECKING:
    from evenhand.fairness import AuditReport


def audit(
    policy: PolicyFile = None,
    line: Annotated[str, typer.Option(help="Business line whose rules decide.")] = "default",
    library: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Word list to audit with the rest; may be given again.")
    ] = None,
    libraries: Libraries = None,
    lang: Annotated[
        list[str] | None, typer.Option(help="Language of the sentences, such as en; may be given again; else all.")
    ] = None,
    json: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Write the report as JSON.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML file.")] = None,
    max_flip: Annotated[
        float, typer.Option(min=0, max=1, help="Share of harmless sentences whose decision the swap may change.")
    ] = 0.01,
    max_attack_flip: Annotated[
        float, typer.Option(min=0, max=1, help="The same for attacks, which lie near the thresholds.")
    ] = 0.05,
    max_gap: Annotated[
        float, typer.Option(min=0, max=1, help="Difference of false-positive rates between any two groups.")
    ] = 0.03,
    progress: Annotated[bool, typer.Option(help="Show progress on a terminal.")] = True,
) -> None:
    """Audit models, policy and word lists for fairness between groups of people.

    Every group is put into the same sentences, harmless ones and attacks, and all go through the real pipeline. The
    report says how many decisions and scores change with the group, and how often each group's harmless sentences are
    stopped and attacks on it pass, with 95% intervals. Nothing is recorded.

    Exit code: 0 all bounds hold, 1 one is broken (the report says which), 2 user error, 3 system error.
    """
    from evenhand.cli.files import check_writable
    from evenhand.evaluation.identity import audit_everything
    from evenhand.fairness import Bounds, audit_languages
    from evenhand.matching.libraries import load_library

    known = audit_languages()
    asked = [tag.strip() for given in lang or () for tag in given.split(",")]
    if missing := [tag for tag in asked if tag not in known]:
        raise typer.BadParameter(f"no audit sentences in {', '.join(missing)}; there are some in {', '.join(known)}")
    check_writable([Path(file) for file in (json, html) if file is not None and str(file) != "-"])
    settings = read_settings(policy=policy, libraries=libraries)
    lists = [load_library(path) for path in library or ()]
    bounds = Bounds(max_flip=max_flip, max_gap=max_gap, max_attack_flip=max_attack_flip)
    with _bar(asked or None, show=progress) as advance:
        report = audit_everything(
            settings, line=line, libraries=lists, languages=asked or None, bounds=bounds, progress=advance
        )
    _put_out(report, json, html)
    raise typer.Exit(CLEAN if report.passed else FLAGGED)


@contextmanager
def _bar(languages: Sequence[str] | None, *, show: bool) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from evenhand.fairness import audit_data

    errors = Console(stderr=True)
    columns = (TextColumn("auditing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not (show and errors.is_terminal)) as bar:
        total = sum(len(family.members) for part in audit_data(languages) for family in part.families())
        task = bar.add_task("audit", total=total)
        yield lambda sentences: bar.advance(task, sentences)


def _put_out(report: AuditReport, json: str | None, html: Path | None) -> None:
    from evenhand.cli.audittables import show
    from evenhand.cli.files import write, write_json

    if html is not None:
        from evenhand.evaluation.auditpage import page

        write(html, page(report))
    if json is None or write_json(json, report.as_dict()):
        show(report)
