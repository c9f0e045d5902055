"""The report as one HTML file: tables and plots, no scripts, nothing loaded from anywhere, light and dark.

Everything that came from data (names of groups, ids, messages) is escaped, and the page's own policy forbids scripts
and requests, should one slip through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from evenhand.evaluation.intervals import Interval
from evenhand.evaluation.labelreport import At, LabelReport
from evenhand.evaluation.plots import pr_plot, reliability_plot
from evenhand.evaluation.report import Report
from evenhand.evaluation.slices import DecisionRow, Slice

_STYLE = """
:root{color-scheme:light dark;--back:#fff;--ink:#1c2024;--dim:#5b6470;--rule:#d9dee4;--line:#0b62b3;--dot:#b3400b;
--warn:#a1155f}
@media(prefers-color-scheme:dark){:root{--back:#14171a;--ink:#e8eaed;--dim:#9aa4b0;--rule:#353c44;--line:#6db3f2;
--dot:#f2a36d;--warn:#f28fc4}}
body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--back);color:var(--ink);
font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .4rem}
p,caption,dt{color:var(--dim)}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}
dd{margin:0;overflow-wrap:anywhere}.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;padding:.3rem 0}
th,td{padding:.2rem .7rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}small{color:var(--dim)}.warn{color:var(--warn);font-weight:600}
td.long{white-space:normal;text-align:left;overflow-wrap:anywhere}figure{display:inline-block;margin:.3rem 1rem .3rem 0}
svg{max-width:100%;height:auto}svg text{fill:var(--dim);font-size:11px}svg .title{fill:var(--ink);font-size:12px}
.grid{stroke:var(--rule);fill:none}.faint{stroke:var(--dim);stroke-dasharray:4 4;fill:none}
.line{stroke:var(--line);stroke-width:2;fill:none}circle{fill:var(--dot)}
"""
_FORBID = "default-src 'none'; style-src 'unsafe-inline'"


def page(report: Report) -> str:
    """Give the report as a self-contained HTML document."""
    body = "".join(_body(report))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_FORBID}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation of {_text(report.origin.data)}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    yield f"<h1>Evaluation of {_text(report.origin.data)}</h1>"
    yield from _head(report)
    yield _ranking(report.labels)
    yield _thresholds(report.labels)
    yield _plots(report.labels)
    for title, own in (("language", report.languages), ("group", report.groups)):
        if own:
            yield _slices(title, own)
    yield "<h2>Decisions</h2>"
    yield _decisions(
        "What the policy did, by what is true. Incomplete and failed rows are never counted as clean.", report.by_truth
    )
    if report.by_expectation:
        yield _decisions("What the policy did, by what was expected.", report.by_expectation)
    if report.as_expected is not None:
        right, of = report.as_expected
        yield f"<p>As expected: {right:,} of {of:,}.</p>"
    yield from _trouble(report)


def _head(report: Report) -> Iterator[str]:
    origin = report.origin
    speed = f"; {report.rows_per_second:,.0f} rows a second" if report.rows_per_second is not None else ""
    facts = {
        "rows": f"{report.rows:,} in {report.seconds:,.1f} s{speed}",
        "SHA-256 of the data": origin.sha256 or "not known: not read to its end",
        "policy": origin.policy,
        "evenhand": origin.evenhand,
        "date": origin.date.isoformat(timespec="seconds"),
        "detectors": ", ".join(f"{name} {version}" for name, version in report.models),
        "settings given": ", ".join(f"{name}={value}" for name, value in origin.settings.items()) or "none",
    }
    yield "<dl>" + "".join(f"<dt>{_text(name)}</dt><dd>{_text(fact)}</dd>" for name, fact in facts.items()) + "</dl>"
    if report.failed or report.incomplete or report.skipped:
        lost = f"{report.failed:,} failed, {report.incomplete:,} incomplete, {report.skipped:,} lines skipped"
        yield f'<p class="warn">Not measured: {lost}.</p>'
    if report.any_partly_known:
        yield f"<p>any: {report.any_partly_known:,} rows count as harmless with some labels unknown.</p>"


def _ranking(labels: Sequence[LabelReport]) -> str:
    rows = [
        (
            _text(one.label) + ("" if one.scored_as else " <small>(nothing here scores it)</small>"),
            f"{one.n:,}",
            f"{one.positives:,}",
            f"{one.unscored:,}",
            _with(one.ap, one.ap_ci95),
            _with(one.auc, one.auc_ci95),
            _number(one.ece),
            _number(one.brier),
        )
        for one in labels
    ]
    head = ("label", "rows", "positive", "not scored", "AP", "AUC", "ECE", "Brier")
    about = (
        "AP: average precision. AUC: area under the ROC curve. ECE: expected calibration error over 15 bins of equal "
        "mass. In small: 95% intervals by bootstrap."
    )
    return "<h2>Ranking and calibration</h2>" + _table(about, head, rows)


def _thresholds(labels: Sequence[LabelReport]) -> str:
    rows = [
        (_text(one.label), shown, *_at(at))
        for one in labels
        for shown, at in (("found", one.own), ("at 0.5", one.half), ("best F1", one.best))
        if at is not None
    ]
    about = (
        "found: at the detectors' own thresholds. best F1: the threshold that suits these very rows best, which "
        "others will not reach. 95% intervals: bootstrap for F1, Wilson for the others."
    )
    head = ("label", "flagged", "threshold", "precision", "recall", "F1", "FPR")
    return "<h2>Where it flags</h2>" + _table(about, head, rows)


def _at(at: At) -> tuple[str, ...]:
    got = at.outcomes
    return (
        _number(at.threshold),
        _number(got.precision),
        _with(got.recall, at.recall_ci95),
        _with(got.f1, at.f1_ci95),
        _with(got.fpr, at.fpr_ci95),
    )


def _plots(labels: Sequence[LabelReport]) -> str:
    drawn = [pr_plot(one) + reliability_plot(one) for one in labels]
    return "<h2>Curves</h2>" + "".join(f"<figure>{own}</figure>" for own in drawn if own)


def _slices(title: str, own: Sequence[Slice]) -> str:
    rows = [
        (
            _text(one.name),
            _text(one.label),
            f"{one.n:,}",
            f"{one.positives:,}",
            _with(one.outcomes.fpr, one.fpr_ci95),
            _with(one.outcomes.fnr, one.fnr_ci95),
            _with(one.ap, one.ap_ci95),
            _with(one.auc, one.auc_ci95),
            _with(one.acted.fpr, one.acted_fpr_ci95),
        )
        for one in own
    ]
    head = (title, "label", "rows", "positive", "FPR", "FNR", "AP", "AUC", "acted FPR")
    about = (
        "FPR: rows without the label that are flagged all the same. FNR: rows with it that are missed. acted: the "
        "policy said review or block. 95% intervals: Wilson for rates, bootstrap for AP and AUC."
    )
    return f"<h2>By {title}</h2>" + _table(about, head, rows)


def _decisions(about: str, rows: Sequence[DecisionRow]) -> str:
    actions = [action for action, _ in rows[0].actions] if rows else []
    cells = [
        (_text(row.truth), *(f"{n:,}" for _, n in row.actions), f"{row.incomplete:,}", f"{row.failed:,}")
        for row in rows
    ]
    return _table(about, ("", *actions, "incomplete", "failed"), cells)


def _trouble(report: Report) -> Iterator[str]:
    rows = [(f"{row.line:,}", _text(row.id or ""), _text(row.code), _text(row.message)) for row in report.trouble]
    rows += [(f"{line.line:,}", "", "skipped", _text(line.message)) for line in report.skipped_lines]
    if rows:
        of = report.failed + report.incomplete + report.skipped
        about = f"{len(rows):,} of {of:,} lines that are in no metric."
        yield "<h2>Not measured</h2>" + _table(about, ("line", "id", "what", "why"), rows, long=True)


def _table(about: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, long: bool = False) -> str:
    """Make a table; cells are HTML already."""
    cell = '<td class="long">' if long else "<td>"
    lines = "".join("<tr>" + "".join(f"{cell}{value}</td>" for value in row) + "</tr>" for row in rows)
    names = "".join(f'<th scope="col">{_text(name)}</th>' for name in head)
    return (
        f'<div class="wide"><table><caption>{_text(about)}</caption><thead><tr>{names}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _with(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return _number(value)
    return f"{_number(value)} <small>{interval[0]:.3f}&ndash;{interval[1]:.3f}</small>"


def _number(value: float | None) -> str:
    return "&ndash;" if value is None else f"{value:.3f}"


def _text(value: str) -> str:
    """Escape, and take out control and direction characters, with which a name could disguise another."""
    return escape("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in value))
