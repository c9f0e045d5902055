"""A transparency report over a period: sections of tables, in the words of a language; written out elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from evenhand.accounting import figures
from evenhand.accounting.figures import ACTIONS, LEAST, Period, Rate
from evenhand.accounting.words import Words, words
from evenhand.errors import UserError
from evenhand.plots import bars
from evenhand.store import Store

MOST_DAYS = 400
_ROWS = 40  # of a table


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table of a report."""

    key: str  # the same in every language
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # as they are printed
    note: str = ""
    svg: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a period amounts to."""

    language: str
    title: str
    period: str
    made: str
    about: str
    sections: tuple[Section, ...]


def report(store: Store, period: Period, *, language: str = "en", platform: str = "") -> Report:
    """Make a report.

    Args:
        store: counted up to now, see `dashboards.refresh`.
        period: at most 400 days.
        language: one of words.LANGUAGES.
        platform: named in the title.

    Raises:
        InputError: there are no words in that language.
        UserError: the period is too long, or ends before it begins.
        StoreError: the database refused or cannot be reached.
    """
    told = words(language)
    if not 1 <= (period.until - period.since).days + 1 <= MOST_DAYS:
        raise UserError(f"a report takes 1 to {MOST_DAYS} days")
    actions = figures.totals(store, "action", period)
    judged = store.reports.judged(*period.moments())
    sections = (
        _actions(told, actions),
        _counts(told, "section_labels", "label", figures.totals(store, "label", period).most_common(_ROWS), named=True),
        _counts(told, "section_lines", "line", figures.totals(store, "action", period, by="line").most_common(_ROWS)),
        _counts(
            told,
            "section_languages",
            "language_column",
            figures.totals(store, "action", period, by="language").most_common(_ROWS),
        ),
        _automation(told, store, period, sum(actions.values()), len(judged), actions["review"]),
        _errors(told, "label", figures.error_rates([row for row in judged if row.label], lambda row: row.label)),
        _errors(told, "line", figures.error_rates(judged, lambda row: row.line)),
        _errors(told, "language_column", figures.error_rates(judged, lambda row: row.language)),
        _appeals(told, store, period),
        _times(told, store, period, [row.seconds for row in judged]),
    )
    title = told.tell("title")
    return Report(
        language=told.language,
        title=f"{title}: {platform}" if platform else title,
        period=told.tell("period", since=period.since.isoformat(), until=period.until.isoformat()),
        made=told.tell("made", at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        about=told.tell("about", least=LEAST),
        sections=sections,
    )


def _actions(told: Words, counts: dict[str, int]) -> Section:
    total = sum(counts.values())
    rows = [(told.tell(action), counts.get(action, 0)) for action in ACTIONS]
    return Section(
        key="actions",
        title=told.tell("section_actions"),
        columns=(told.tell("action"), told.tell("count"), told.tell("share")),
        rows=tuple((name, f"{count:,}", _percent(count, total)) for name, count in rows),
        svg=bars(told.tell("section_actions"), rows),
    )


def _counts(told: Words, title: str, column: str, rows: Sequence[tuple[str, int]], *, named: bool = False) -> Section:
    total = sum(count for _, count in rows)
    shown = [(f"{name} ({told.label(name)})" if named else name or told.tell("none"), count) for name, count in rows]
    return Section(
        key=title.removeprefix("section_"),
        title=told.tell(title),
        columns=(told.tell(column), told.tell("count"), told.tell("share")),
        rows=tuple((name, f"{count:,}", _percent(count, total)) for name, count in shown),
        svg=bars(told.tell(title), [(name, count) for name, count in rows]) if rows else "",
    )


def _automation(told: Words, store: Store, period: Period, total: int, judged: int, asked: int) -> Section:
    incomplete = sum(figures.totals(store, "incomplete", period).values())
    waiting = max(0, asked - judged)
    rows = [
        (told.tell("automated"), total - asked),
        (told.tell("by_people"), min(judged, asked)),
        (told.tell("waiting"), waiting),
        (told.tell("incomplete"), incomplete),
    ]
    return Section(
        key="automation",
        title=told.tell("section_automation"),
        columns=(told.tell("figure"), told.tell("count"), told.tell("share")),
        rows=tuple((name, f"{count:,}", _percent(count, total)) for name, count in rows),
    )


def _errors(told: Words, column: str, rates: Sequence[Rate]) -> Section:
    rows = []
    for rate in rates[:_ROWS]:
        name = rate.name or told.tell("none")
        if rate.rate is None or rate.interval is None:
            rows.append((name, f"{rate.judged:,}", "", told.tell("too_few"), ""))
        else:
            low, high = rate.interval
            rows.append((name, f"{rate.judged:,}", f"{rate.wrong:,}", f"{rate.rate:.1%}", f"{low:.1%} – {high:.1%}"))
    return Section(
        key=f"errors_{column.removesuffix('_column')}",
        title=f"{told.tell('section_errors')}: {told.tell(column)}",
        columns=tuple(told.tell(name) for name in (column, "judged", "wrong", "error_rate", "interval")),
        rows=tuple(rows),
    )


def _appeals(told: Words, store: Store, period: Period) -> Section:
    made = store.reports.appeals(*period.moments())
    decided = [one for one in made if one.state != "open"]
    changed = [one for one in decided if one.state in ("overturned", "partly")]
    rows = [
        (told.tell("appeals_made"), f"{len(made):,}", ""),
        (told.tell("appeals_decided"), f"{len(decided):,}", _percent(len(decided), len(made))),
        (told.tell("appeals_granted"), f"{len(changed):,}", _percent(len(changed), len(decided))),
    ]
    return Section(
        key="appeals",
        title=told.tell("section_appeals"),
        columns=(told.tell("figure"), told.tell("value"), told.tell("share")),
        rows=tuple(rows) if made else (),
        note="" if made else told.tell("appeals_none"),
    )


def _times(told: Words, store: Store, period: Period, judged: Sequence[float]) -> Section:
    first, after = period.moments()
    decide = [ms / 1_000 for ms in store.reports.timings(first, after)]
    appealed = [one.seconds for one in store.reports.appeals(first, after) if one.seconds is not None]
    rows = [
        (told.tell(name), _span(told, figures.median(values)), f"{len(values):,}")
        for name, values in (("time_decide", decide), ("time_review", judged), ("time_appeal", appealed))
    ]
    return Section(
        key="times",
        title=told.tell("section_times"),
        columns=(told.tell("figure"), told.tell("value"), told.tell("count")),
        rows=tuple(rows),
    )


def _span(told: Words, seconds: float | None) -> str:
    if seconds is None:
        return told.tell("too_few")
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return told.tell(unit, n=f"{seconds / size:.1f}")
    return told.tell("seconds", n=f"{seconds:.3g}")


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""
