"""The report of an evaluation as one HTML file, with tables and plots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evenhand.evaluation.html import document, number, table, text, with_interval
from evenhand.evaluation.labelreport import At, LabelReport
from evenhand.evaluation.plots import pr_plot, reliability_plot
from evenhand.evaluation.report import Report
from evenhand.evaluation.slices import DecisionRow, Slice


def page(report: Report) -> str:
    """Give the report as a self-contained HTML document."""
    return document(f"Evaluation of {report.origin.data}", "".join(_body(report)))


def _body(report: Report) -> Iterator[str]:
    yield f"<h1>Evaluation of {text(report.origin.data)}</h1>"
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
    yield "<dl>" + "".join(f"<dt>{text(name)}</dt><dd>{text(fact)}</dd>" for name, fact in facts.items()) + "</dl>"
    if report.failed or report.incomplete or report.skipped:
        lost = f"{report.failed:,} failed, {report.incomplete:,} incomplete, {report.skipped:,} lines skipped"
        yield f'<p class="warn">Not measured: {lost}.</p>'
    if report.any_partly_known:
        yield f"<p>any: {report.any_partly_known:,} rows count as harmless with some labels unknown.</p>"


def _ranking(labels: Sequence[LabelReport]) -> str:
    rows = [
        (
            text(one.label) + ("" if one.scored_as else " <small>(not scored)</small>"),
            f"{one.n:,}",
            f"{one.positives:,}",
            f"{one.unscored:,}",
            with_interval(one.ap, one.ap_ci95),
            with_interval(one.auc, one.auc_ci95),
            number(one.ece),
            number(one.brier),
        )
        for one in labels
    ]
    head = ("label", "rows", "positive", "not scored", "AP", "AUC", "ECE", "Brier")
    about = (
        "AP: average precision. AUC: area under the ROC curve. ECE: expected calibration error over 15 bins of equal "
        "mass. In small: 95% intervals by bootstrap."
    )
    return "<h2>Ranking and calibration</h2>" + table(about, head, rows)


def _thresholds(labels: Sequence[LabelReport]) -> str:
    rows = [
        (text(one.label), shown, *_at(at))
        for one in labels
        for shown, at in (("found", one.own), ("at 0.5", one.half), ("best F1", one.best))
        if at is not None
    ]
    about = (
        "found: at the detectors' own thresholds. best F1: the threshold that suits these very rows best, which "
        "others will not reach. 95% intervals: bootstrap for F1, Wilson for the others."
    )
    head = ("label", "flagged", "threshold", "precision", "recall", "F1", "FPR")
    return "<h2>Where it flags</h2>" + table(about, head, rows)


def _at(at: At) -> tuple[str, ...]:
    got = at.outcomes
    return (
        number(at.threshold),
        number(got.precision),
        with_interval(got.recall, at.recall_ci95),
        with_interval(got.f1, at.f1_ci95),
        with_interval(got.fpr, at.fpr_ci95),
    )


def _plots(labels: Sequence[LabelReport]) -> str:
    drawn = [pr_plot(one) + reliability_plot(one) for one in labels]
    return "<h2>Curves</h2>" + "".join(f"<figure>{own}</figure>" for own in drawn if own)


def _slices(title: str, own: Sequence[Slice]) -> str:
    rows = [
        (
            text(one.name),
            text(one.label),
            f"{one.n:,}",
            f"{one.positives:,}",
            with_interval(one.outcomes.fpr, one.fpr_ci95),
            with_interval(one.outcomes.fnr, one.fnr_ci95),
            with_interval(one.ap, one.ap_ci95),
            with_interval(one.auc, one.auc_ci95),
            with_interval(one.acted.fpr, one.acted_fpr_ci95),
        )
        for one in own
    ]
    head = (title, "label", "rows", "positive", "FPR", "FNR", "AP", "AUC", "acted FPR")
    about = (
        "FPR: rows without the label that are flagged all the same. FNR: rows with it that are missed. acted: the "
        "policy said review or block. 95% intervals: Wilson for rates, bootstrap for AP and AUC."
    )
    return f"<h2>By {title}</h2>" + table(about, head, rows)


def _decisions(about: str, rows: Sequence[DecisionRow]) -> str:
    actions = [action for action, _ in rows[0].actions] if rows else []
    cells = [
        (text(row.truth), *(f"{n:,}" for _, n in row.actions), f"{row.incomplete:,}", f"{row.failed:,}") for row in rows
    ]
    return table(about, ("", *actions, "incomplete", "failed"), cells)


def _trouble(report: Report) -> Iterator[str]:
    rows = [(f"{row.line:,}", text(row.id or ""), text(row.code), text(row.message)) for row in report.trouble]
    rows += [(f"{line.line:,}", "", "skipped", text(line.message)) for line in report.skipped_lines]
    if rows:
        of = report.failed + report.incomplete + report.skipped
        about = f"{len(rows):,} of {of:,} lines that are in no metric."
        yield "<h2>Not measured</h2>" + table(about, ("line", "id", "what", "why"), rows, long=True)
