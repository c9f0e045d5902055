"""The report of `evenhand audit`, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from evenhand.cli.evaltables import new_console, new_table, with_interval
from evenhand.cli.output import plain
from evenhand.fairness import AuditReport
from evenhand.fairness.figures import Flip, Share, Swap

_NAMED = 3  # groups of the same figures that are named; the other reports have all
_SHOWN = 12  # sentences that flipped; the other reports have more


def show(report: AuditReport) -> None:
    """Print the report: what was audited, the figures, and whether the bounds hold."""
    console = new_console()
    console.print(Text(f"{report.sentences:,} sentences in {', '.join(report.languages)}", style="bold"))
    for name, fact in report.about.items():
        console.print(Text(plain(f"{name} {fact}")))
    _swaps(console, report)
    _groups(console, report)
    _flips(console, report.flips)
    for failure in report.failures():
        console.print(Text(plain(failure), style="bold red"))
    console.print(Text("passed", style="bold green") if report.passed else Text("not passed", style="bold red"))


def _swaps(console: Console, report: AuditReport) -> None:
    rows: list[tuple[str, Swap]] = [("harmless, all", report.harmless), ("attacks, all", report.attacks)]
    for language, (harmless, attacks) in report.by_language.items():
        rows += [(f"harmless, {language}", harmless), (f"attacks, {language}", attacks)]
    rows += [(f"tone: {tone.value}", swap) for tone, swap in report.by_tone.items() if tone.harmless]
    columns = ("sentences", "acted on", "flip rate", "families that flip", "mean gap", "largest gap")
    table = new_table("what swapping the group changes (gap: of a label's score, within a sentence)", columns)
    for name, swap in rows:
        if swap.members.whole:
            shares = (_rate(swap.stopped), _rate(swap.members), _rate(swap.families))
            table.add_row(name, *shares, f"{swap.mean_gap:.3f}", f"{swap.largest_gap:.3f}")
    console.print(table)


def _groups(console: Console, report: AuditReport) -> None:
    columns = ("group", "harmless", "false positives", "attacks", "false negatives", "flip rate")
    table = new_table("by group, all languages together", columns)
    alike: dict[tuple[Share, ...], list[str]] = {}
    for own in report.groups:
        alike.setdefault((own.false_positives, own.false_negatives, own.flips), []).append(own.group)
    for (false_positives, false_negatives, flips), names in alike.items():
        more = f" and {len(names) - _NAMED} with the same figures" if len(names) > _NAMED else ""
        table.add_row(
            Text(plain(", ".join(names[:_NAMED]) + more)),
            f"{false_positives.whole:,}",
            _rate(false_positives),
            f"{false_negatives.whole:,}",
            _rate(false_negatives),
            _rate(flips),
        )
    console.print(table)
    for what, gap in (
        ("false-positive", report.false_positive_gap),
        ("false-negative", report.false_negative_gap),
    ):
        if gap.highest:
            points = f"{100 * gap.value:.1f} points ({plain(gap.highest)}, {plain(gap.lowest)})"
            console.print(Text(f"largest {what} gap between groups: {points}"))


def _flips(console: Console, flips: Sequence[Flip]) -> None:
    for flip in flips[:_SHOWN]:
        why = flip.rule or "no rule"
        why += f", {flip.label} {flip.score:.2f}" if flip.label else ""
        said = f"{flip.action.value}, where most get {flip.expected.value} ({why}): {flip.sentence}"
        console.print(Text(plain(said), style="magenta"))
    if len(flips) > _SHOWN:
        console.print(Text(f"... and {len(flips) - _SHOWN:,} more in --json", style="magenta"))


def _rate(share: Share) -> str:
    return with_interval(share.value, share.interval) if share.whole else "-"
