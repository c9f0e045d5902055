"""The fairness audit of a draft: every business line that it has, over sentences that detectors read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType
from typing import Any

from evenhand.domain import ItemError, Result
from evenhand.fairness import AuditReport, Judgement, audit_data, audit_lines
from evenhand.policy import Line, Policy, decide
from evenhand.publishing.course import runs
from evenhand.publishing.judging import judgement, neutral_rules

TOGETHER = 64  # sentences handed to the detectors at a time; between two such batches others have their turn
_MOST_TOLD = 20

Check = Callable[[list[str], Policy], Sequence[Result | ItemError]]  # line `default`, all scores, nothing recorded


def audit_policy(
    policy: Policy,
    check: Check,
    *,
    languages: Sequence[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Audit every line of a policy.

    Args:
        policy: the draft.
        check: runs the detectors over texts, under a policy that is given to it.
        languages: of the sentences; None: all.
        progress: told how many sentences of how many were judged; may raise to stop.

    Returns:
        `passed`, `failures`, `lines` (the figures of each), `sentences`, `at`.
    """
    data = audit_data(languages)
    total = sum(len(family.members) for part in data for family in part.families())
    bare, neutral = _bare(policy), {name: neutral_rules(line) for name, line in policy.lines.items()}

    def judge(texts: Iterable[str]) -> Iterator[Mapping[str, Judgement]]:
        rest, done = iter(texts), 0
        while batch := list(islice(rest, TOGETHER)):
            for answer in check(batch, bare):
                yield {name: _judged(policy, line, answer, neutral[name]) for name, line in policy.lines.items()}
            done += len(batch)
            progress(done, total)

    reports = audit_lines(judge, data=data)
    failures = [f"line {name}: {failure}" for name, report in reports.items() for failure in report.failures()]
    return {
        "passed": not failures,
        "failures": failures[:_MOST_TOLD],
        "lines": {name: _figures(report) for name, report in reports.items()},
        "sentences": total,
        "languages": [part.language for part in data],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _bare(policy: Policy) -> Policy:
    """Give a policy without rules whose one line runs every detector that some line runs."""
    lines = list(policy.lines.values())
    skip = frozenset.intersection(*(line.skip for line in lines))
    only = None if any(line.only is None for line in lines) else frozenset().union(*(line.only or () for line in lines))
    some = replace(
        policy.line("default"),
        name="default",
        rules=(),
        ranked=(),
        by_label=MappingProxyType({}),
        unlabelled=(),
        excused=None,
        skip=skip,
        only=only,
        libraries=None,
    )
    return replace(policy, lines=MappingProxyType({"default": some}))


def _judged(policy: Policy, line: Line, answer: Result | ItemError, neutral: frozenset[str]) -> Judgement:
    if isinstance(answer, ItemError):
        return judgement(answer, line, neutral)
    missing = {name: why for name, why in answer.incomplete.items() if runs(line, name)}
    findings = [finding for finding in answer.findings if runs(line, finding.detector)]
    decided = decide(
        policy, line.name, findings=findings, kind=answer.kind, languages=answer.languages, incomplete=missing
    )
    # No library that does not count for this line may be told as the cause.
    heard = tuple(one for one in findings if line.libraries is None or one.library in (None, *line.libraries))
    seen = replace(answer, action=decided.action, rule=decided.rule, findings=heard, incomplete=missing)
    return judgement(seen, line, neutral)


def _figures(report: AuditReport) -> dict[str, Any]:
    full = report.as_dict()
    names = ("passed", "failures", "harmless", "attacks", "false_positive_gap", "false_negative_gap", "missing")
    return {**{name: full[name] for name in names}, "flips": [flip.as_dict() for flip in report.flips[:_MOST_TOLD]]}
