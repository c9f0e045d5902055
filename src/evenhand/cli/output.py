"""The table of decisions, for people."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from evenhand.cli import CLEAN
from evenhand.cli.check import worst
from evenhand.domain import Finding, Incident, ItemError, Location, Result

_STYLES = {"pass": "green", "mark": "cyan", "review": "yellow", "block": "bold red", "error": "bold magenta"}
_SHOWN = 3  # findings shown a row; the JSON form has all
_QUOTED, _LETTERS = 2, 40  # words quoted of an incident, and letters of each


def table(answers: Iterable[Result | ItemError], *, total: int, progress: bool) -> int:
    """Print a table of decisions with labels, scores and evidence; give the exit code.

    Args:
        answers: read as they come.
        total: how many there will be, for the progress bar.
        progress: draw the bar, where standard error is a terminal.
    """
    console = Console()
    rows: list[tuple[str, Text, Text, Text]] = []
    code, notes = CLEAN, []
    columns = (TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not (progress and errors.is_terminal)) as bar:
        task = bar.add_task("check", total=total)
        for answer in answers:
            code = worst(code, answer)
            bar.advance(task)
            rows.append(_row(answer))
            if isinstance(answer, Result):
                notes += [f"{answer.id}: {name} gave no answer: {why}" for name, why in answer.incomplete.items()]
    console.print(_drawn(rows))
    for note in notes:
        console.print(Text(plain(f"incomplete: {note}"), style="magenta"))
    return code


def _drawn(rows: list[tuple[str, Text, Text, Text]]) -> Table:
    # What all paths begin with says nothing about any of them, and takes room.
    folders = zip(*(name.split("/")[:-1] for name, *_ in rows), strict=False) if len(rows) > 1 else ()
    shared = "/".join(column[0] for column in itertools.takewhile(lambda column: len(set(column)) == 1, folders))
    drawn = Table(header_style="bold", pad_edge=False, title=f"in {shared}/" if shared else None, title_justify="left")
    drawn.add_column("item", overflow="fold", ratio=3)
    drawn.add_column("action", no_wrap=True)
    drawn.add_column("labels and scores", overflow="fold", ratio=3)
    drawn.add_column("evidence", overflow="fold", ratio=5)
    for name, action, labels, evidence in rows:
        drawn.add_row(Text(name[len(shared) + 1 :] if shared else name), action, labels, evidence)
    return drawn


def _row(answer: Result | ItemError) -> tuple[str, Text, Text, Text]:
    # Text, never markup: what comes from contents must not be read as console instructions.
    if isinstance(answer, ItemError):
        return plain(answer.id or ""), _styled("error"), Text(answer.code), Text(plain(answer.message))
    labels = "\n".join(f"{label} {score:.2f}" for label, score in _top(answer)) or "-"
    places = _happened(answer.incidents) + _places([] if answer.incidents else answer.findings)
    evidence = "\n".join(f"{place}: {'; '.join(reasons)}" for place, reasons in places[:_SHOWN]) or "-"
    if len(places) > _SHOWN:
        evidence += f"\n... and {len(places) - _SHOWN} more"
    return plain(answer.id or ""), _styled(answer.action.value), Text(labels), Text(plain(evidence))


def _top(answer: Result) -> list[tuple[str, float]]:
    return sorted(answer.labels.items(), key=lambda pair: -pair[1])[:_SHOWN]


def _happened(incidents: Sequence[Incident]) -> list[tuple[str, list[str]]]:
    """Give what happened when in a recording, the surest first."""
    told = []
    for one in sorted(incidents, key=lambda incident: -incident.score):
        ways = ", ".join(way.value for way in one.modalities)
        told.append((f"{one.start:.1f}-{one.end:.1f} s", [f"{one.label} {one.score:.2f}, {ways} {_shown(one)}"]))
    return told


def _shown(incident: Incident) -> str:
    """Give the words that were read or said, the strongest first; where there are none, what was seen or heard."""
    words: list[str] = []
    for finding in incident.findings:
        some = " ".join((finding.location.text or "").split())
        if some and not any(some in other for other in words):
            words.append(some)
    if words:
        return ", ".join(f'"{some[:_LETTERS]}"' for some in words[:_QUOTED])
    return f"({incident.findings[0].reason.rstrip('.')}{_facts(incident.findings[0])})"


def _places(findings: Sequence[Finding]) -> list[tuple[str, list[str]]]:
    """Give each place of evidence once, with all that was found there."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        found.setdefault(describe(finding.location), []).append(finding.reason.rstrip(".") + _facts(finding))
    return list(found.items())


def _facts(finding: Finding) -> str:
    """Give the facts in a line; scores and reasons beside an answer are in the JSON form."""
    facts = finding.facts or {}
    told = [f"{name} {value}" for name, value in facts.items() if not name.endswith(("_score", "_unseen"))]
    return f" ({', '.join(told)})" if told else ""


def describe(place: Location) -> str:
    """Say in a few words where evidence is: "chars 8-24", "ocr 'call me' box 10,20,110,40"."""
    where = []
    if place.text is not None:
        where.append(f'{place.source.value} "{" ".join(place.text[:_LETTERS].split())}"')
    elif place.span is not None:
        where.append(f"chars {place.span[0]}-{place.span[1]}")
    if place.frame is not None:
        where.append(f"frame {place.frame}")
    elif place.time is not None:
        where.append(f"at {place.time[0]:.1f} s")
    if place.box is not None:
        where.append("box " + ",".join(f"{value:.0f}" for value in place.box))
    return " ".join(where) or place.source.value


def _styled(action: str) -> Text:
    return Text(action, style=_STYLES[action])


def plain(text: str) -> str:
    """Take out control and direction characters, with which a content could rewrite the terminal."""
    return "".join(c if c == "\n" or (c.isprintable()) else "\N{REPLACEMENT CHARACTER}" for c in text)
