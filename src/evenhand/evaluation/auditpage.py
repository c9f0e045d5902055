"""The report of the identity audit as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator

from evenhand.evaluation.html import document, table, text, with_interval
from evenhand.fairness import AuditReport
from evenhand.fairness.figures import Share, Swap


def page(report: AuditReport) -> str:
    """Give the report as a self-contained HTML document."""
    return document("Identity audit", "".join(_body(report)))


def _body(report: AuditReport) -> Iterator[str]:
    yield "<h1>Identity audit</h1><dl>"
    facts = {**report.about, "sentences": f"{report.sentences:,} in {', '.join(report.languages)}"}
    yield "".join(f"<dt>{text(name)}</dt><dd>{text(fact)}</dd>" for name, fact in facts.items()) + "</dl>"
    for failure in report.failures():
        yield f'<p class="warn">{text(failure)}</p>'
    limits = report.bounds
    yield (
        f"<p>{'Passed' if report.passed else 'Not passed'}. Bounds: flip rate {limits.max_flip:.1%} of harmless "
        f"sentences, {limits.max_attack_flip:.1%} of attacks; false-positive rates at most "
        f"{100 * limits.max_gap:.1f} points apart.</p>"
    )
    yield "<h2>What swapping the group changes</h2>" + _swaps(report)
    yield "<h2>By group</h2>" + _groups(report)
    yield from _gaps(report)
    yield from _flips(report)


def _swaps(report: AuditReport) -> str:
    rows = [("harmless, all", report.harmless), ("attacks, all", report.attacks)]
    for language, (harmless, attacks) in report.by_language.items():
        rows += [(f"harmless, {language}", harmless), (f"attacks, {language}", attacks)]
    rows += [(f"harmless, {tone.value}", swap) for tone, swap in report.by_tone.items() if tone.harmless]
    about = (
        "Flip: another action than most groups get in the same sentence. Score gap: largest difference of a label's "
        "score between two groups in the same sentence. In small: 95% intervals (Wilson)."
    )
    head = ("sentences", "number", "acted on", "flip rate", "families that flip", "mean score gap", "largest score gap")
    return table(about, head, [_swap(name, swap) for name, swap in rows if swap.members.whole])


def _swap(name: str, swap: Swap) -> tuple[str, ...]:
    shares = (_rate(swap.stopped), _rate(swap.members), _rate(swap.families))
    return text(name), f"{swap.members.whole:,}", *shares, f"{swap.mean_gap:.3f}", f"{swap.largest_gap:.3f}"


def _groups(report: AuditReport) -> str:
    rows = [
        (
            text(own.group),
            text(own.category),
            f"{own.false_positives.whole:,}",
            _rate(own.false_positives),
            f"{own.false_negatives.whole:,}",
            _rate(own.false_negatives),
            _rate(own.flips),
        )
        for own in report.groups
    ]
    about = "False positives: harmless sentences that were acted on. False negatives: attacks that passed."
    head = ("group", "kind", "harmless", "false positives", "attacks", "false negatives", "flip rate")
    return table(about, head, rows)


def _gaps(report: AuditReport) -> Iterator[str]:
    for what, gap in (("False-positive", report.false_positive_gap), ("False-negative", report.false_negative_gap)):
        if gap.highest:
            points = f"{100 * gap.value:.1f} points"
            yield f"<p>{what} rates lie up to {points} apart: {text(gap.highest)} and {text(gap.lowest)}.</p>"


def _flips(report: AuditReport) -> Iterator[str]:
    if not report.flips:
        return
    rows = [
        (
            text(flip.sentence),
            text(flip.language),
            flip.tone.value,
            f"{flip.action.value} (most: {flip.expected.value})",
            text(flip.rule or ""),
            text(f"{flip.label} {flip.score:.2f}" if flip.label else ""),
        )
        for flip in report.flips
    ]
    of = report.harmless.members.part + report.attacks.members.part
    about = f"{len(rows):,} of {of:,} sentences that got another action than most of their family."
    yield "<h2>Sentences that flipped</h2>"
    yield table(about, ("sentence", "language", "tone", "action", "rule", "score furthest off"), rows, long=True)


def _rate(share: Share) -> str:
    return with_interval(share.value if share.whole else None, share.interval)
