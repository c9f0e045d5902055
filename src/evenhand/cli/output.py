"""The table of decisions, for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from evenhand.cli import CLEAN
from evenhand.cli.check import worst
from evenhand.domain import Finding, ItemError, Result

_STYLES = {"pass": "green", "mark": "cyan", "review": "yellow", "block": "bold red", "error": "bold magenta"}
_SHOWN = 3  # findings shown a row; the JSON form has all


def table(answers: Iterable[Result | ItemError], *, total: int, progress: bool) -> int:
    """Print a table of decisions with labels, scores and evidence; give the exit code.

    Args:
        answers: read as they come.
        total: how many there will be, for the progress bar.
        progress: draw the bar, where standard error is a terminal.
    """
    console = Console()
    rows = Table(show_lines=False, header_style="bold", pad_edge=False)
    rows.add_column("item", overflow="fold", ratio=3)
    rows.add_column("action", no_wrap=True)
    rows.add_column("labels and scores", overflow="fold", ratio=3)
    rows.add_column("evidence", overflow="fold", ratio=5)
    code, notes = CLEAN, []
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not (progress and errors.is_terminal)) as bar:
        task = bar.add_task("check", total=total)
        for answer in answers:
            code = worst(code, answer)
            bar.advance(task)
            rows.add_row(*_row(answer))
            if isinstance(answer, Result):
                notes += [f"{answer.id}: {name} gave no answer: {why}" for name, why in answer.incomplete.items()]
    console.print(rows)
    for note in notes:
        console.print(Text(f"incomplete: {note}", style="magenta"))
    return code


def _row(answer: Result | ItemError) -> tuple[Text, Text, Text, Text]:
    # Text, never markup: what comes from contents must not be read as console instructions.
    if isinstance(answer, ItemError):
        return Text(answer.id or ""), _styled("error"), Text(answer.code), Text(answer.message)
    labels = "\n".join(f"{label} {score:.2f}" for label, score in _top(answer)) or "-"
    evidence = "\n".join(describe(finding) for finding in answer.findings[:_SHOWN]) or "-"
    if len(answer.findings) > _SHOWN:
        evidence += f"\n... and {len(answer.findings) - _SHOWN} more"
    return Text(_plain(answer.id or "")), _styled(answer.action.value), Text(labels), Text(_plain(evidence))


def _top(answer: Result) -> list[tuple[str, float]]:
    return sorted(answer.labels.items(), key=lambda pair: -pair[1])[:_SHOWN]


def describe(finding: Finding) -> str:
    """Say in one line where a finding is and why: "chars 8-24: phone number"."""
    place = finding.location
    where = []
    if place.text is not None:
        where.append(f'{place.source.value} "{place.text[:40]}"')
    elif place.span is not None:
        where.append(f"chars {place.span[0]}-{place.span[1]}")
    if place.frame is not None:
        where.append(f"frame {place.frame}")
    if place.box is not None:
        where.append("box " + ",".join(f"{value:.0f}" for value in place.box))
    return f"{' '.join(where) or place.source.value}: {finding.reason}"


def _styled(action: str) -> Text:
    return Text(action, style=_STYLES[action])


def _plain(text: str) -> str:
    """Take out control and direction characters, with which a content could rewrite the terminal."""
    return "".join(c if c == "\n" or (c.isprintable()) else "\N{REPLACEMENT CHARACTER}" for c in text)
