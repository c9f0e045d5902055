"""The report of `evenhand eval`, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evenhand.cli.output import plain
from evenhand.evaluation.intervals import Interval
from evenhand.evaluation.labelreport import At, LabelReport
from evenhand.evaluation.report import Report
from evenhand.evaluation.slices import DecisionRow, Slice

_WIDE = 120  # characters of a line where no terminal says how many there are
_SHOWN = 20  # rows of trouble and of slices shown; the JSON form has all


def show(report: Report) -> None:
    """Print the report."""
    console = new_console()
    origin = report.origin
    speed = f", {report.rows_per_second:,.0f} rows/s" if report.rows_per_second is not None else ""
    console.print(Text(plain(f"{origin.data}: {report.rows:,} rows in {report.seconds:.1f} s{speed}"), style="bold"))
    console.print(Text(f"sha256 {origin.sha256 or 'not known: not read to its end'}"))
    console.print(Text(plain(f"policy {origin.policy}; evenhand {origin.evenhand}; {origin.date.isoformat()}")))
    console.print(Text(plain("models " + ", ".join(f"{name} {version}" for name, version in report.models))))
    if report.failed or report.incomplete or report.skipped:
        lost = f"{report.failed:,} failed, {report.incomplete:,} incomplete, {report.skipped:,} lines skipped"
        console.print(Text(f"not measured: {lost}", style="bold magenta"))
    console.print(_ranking(report.labels), _thresholds(report.labels))
    for title, own in (("by language", report.languages), ("by group", report.groups)):
        if own:
            console.print(_slices(title, own))
    console.print(_decisions("what the policy did", report.by_truth))
    if report.by_expectation:
        console.print(_decisions("by expected action", report.by_expectation))
    if report.as_expected is not None:
        right, of = report.as_expected
        console.print(f"as expected: {right:,} of {of:,} ({right / of:.1%})")
    if report.any_partly_known:
        console.print(f"any: {report.any_partly_known:,} rows count as harmless with some labels unknown")
    _trouble(console, report)


def _ranking(labels: Sequence[LabelReport]) -> Table:
    table = new_table("ranking and calibration", ("label", "rows", "positive", "AP", "AUC", "ECE", "Brier"))
    for one in labels:
        name = one.label if one.scored_as else f"{one.label} (not scored)"
        ap, auc = with_interval(one.ap, one.ap_ci95), with_interval(one.auc, one.auc_ci95)
        table.add_row(
            Text(plain(name)), f"{one.n:,}", f"{one.positives:,}", ap, auc, number(one.ece), number(one.brier)
        )
    return table


def _thresholds(labels: Sequence[LabelReport]) -> Table:
    columns = ("label", "flagged", "precision", "recall", "F1", "FPR")
    table = new_table("where it flags (best: the threshold of the highest F1 on these very rows)", columns)
    for one in labels:
        for name, at in (("found", one.own), (">= 0.5", one.half), ("best", one.best)):
            if at is not None:
                shown = name if name != "best" or at.threshold is None else f"best >= {at.threshold:.3f}"
                table.add_row(Text(plain(one.label)), shown, *_at(at))
    return table


def _at(at: At) -> tuple[str, ...]:
    got = at.outcomes
    f1, fpr = with_interval(got.f1, at.f1_ci95), with_interval(got.fpr, at.fpr_ci95)
    return number(got.precision), with_interval(got.recall, at.recall_ci95), f1, fpr


def _slices(title: str, own: Sequence[Slice]) -> Table:
    label = own[0].label
    kept = [one for one in own if one.label == label]
    more = f"; the first {_SHOWN} of {len(kept)}, the rest in --json" if len(kept) > _SHOWN else ""
    columns = ("", "rows", "positive", "FPR", "FNR", "AP", "AUC", "acted FPR")
    table = new_table(f"{title}: {plain(label)} (found; acted: review or block){more}", columns)
    for one in kept[:_SHOWN]:
        got = one.outcomes
        rates = (with_interval(got.fpr, one.fpr_ci95), with_interval(got.fnr, one.fnr_ci95))
        ranks = (number(one.ap), number(one.auc), number(one.acted.fpr))
        table.add_row(Text(plain(one.name)), f"{one.n:,}", f"{one.positives:,}", *rates, *ranks)
    return table


def _decisions(title: str, rows: Sequence[DecisionRow]) -> Table:
    actions = [action for action, _ in rows[0].actions] if rows else []
    table = new_table(title, ("", *actions, "incomplete", "failed"))
    for row in rows:
        table.add_row(row.truth, *(f"{n:,}" for _, n in row.actions), f"{row.incomplete:,}", f"{row.failed:,}")
    return table


def _trouble(console: Console, report: Report) -> None:
    for row in islice(report.trouble, _SHOWN):
        name = f" ({row.id})" if row.id is not None else ""
        console.print(Text(plain(f"line {row.line}{name}: {row.code}: {row.message}"), style="magenta"))
    for line in islice(report.skipped_lines, _SHOWN):
        console.print(Text(plain(f"line {line.line}: skipped: {line.message}"), style="magenta"))


def new_console() -> Console:
    """Give a console that is wide enough for tables: a log or a pipe folds nothing by itself."""
    console = Console()
    return console if console.is_terminal else Console(width=max(_WIDE, console.width))


def new_table(title: str, columns: Sequence[str]) -> Table:
    """Give an empty table; the first column holds names, the others numbers."""
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left", no_wrap=i > 0, overflow="fold", min_width=4)
    return table


def number(value: float | None) -> str:
    """Write a number with three places, "-" where it is not defined."""
    return "-" if value is None else f"{value:.3f}".removeprefix("0")


def with_interval(value: float | None, interval: Interval | None) -> str:
    """Write a number with its 95% interval, such as ".972 (.943-.991)"."""
    return number(value) if interval is None else f"{number(value)} ({number(interval[0])}-{number(interval[1])})"
