"""Results: what was found in a content, what the policy makes of it, and what people said about the same content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from evenhand.detectors.registry import Registry
from evenhand.domain import Action, Finding, ImagePart, Options, Result, Seen, new_id
from evenhand.policy import Policy, decide, heard
from evenhand.publishing.course import Course, Facts
from evenhand.review.alike import Asked, raised
from evenhand.review.corrections import Corrections, corrected
from evenhand.review.near import Query
from evenhand.rounds import Item
from evenhand.shadowing import Shadowing
from evenhand.shelves.embedding import text_of

MOST_FINDINGS = 2_000  # listed in a result; hours of video have more


class Results:
    """Makes results.

    Args:
        registry: the detectors, for the labels that they can give.
        shadowing: told of each decision on lines with a version in shadow mode.
        corrections: content that people marked, and what is answered about it; None: nothing is.
        course: gives what there is to a business line besides: a version that is rolled out, or in shadow mode.
        revision: gives the number of the last change of the store's libraries that is in force; 0: it keeps none.
    """

    def __init__(
        self,
        registry: Registry,
        shadowing: Shadowing,
        *,
        corrections: Corrections | None,
        course: Callable[[str], Course | None],
        revision: Callable[[], int],
    ) -> None:
        self._registry, self._shadowing, self._corrections = registry, shadowing, corrections
        self._course, self._revision = course, revision

    def of(
        self,
        item: Item,
        options: Options,
        policy: Policy,
        models: Mapping[str, str],
        timing: Mapping[str, float],
        query: Query | None = None,
        asked: Asked | None = None,
        *,
        tenant: str | None,
    ) -> Result:
        """Decide about one content, and tell a version in shadow mode of it.

        Args:
            item: the content, with what was found in it.
            options: the business line, and whether all labels' scores are wanted.
            policy: decides.
            models: detector -> version of those that ran.
            timing: milliseconds by stage.
            query: what near-same content is looked for by; None: only what is marked to the letter counts.
            asked: the marks that ask for a person about content alike; None: none does.
            tenant: whose content it is.

        Raises:
            PolicyError: the business line does not exist.
        """
        findings = tuple(sorted(item.findings, key=_strictest_first)) if item.findings else ()
        if findings and policy.line(options.line).libraries is not None:
            findings = tuple(heard(policy.line(options.line), findings))  # others' lists are nobody's business here
        facts = Facts(
            findings=findings,
            context=item.content.told(),
            kind=item.decoded.kind.value,
            languages=tuple(item.languages),
            incomplete=item.incomplete,
            incidents=item.incidents,
        )
        decision, decision_id, course = (
            decide(policy, options.line, **facts.given()),
            new_id(),
            self._course(options.line),
        )
        if course is not None and options.record:
            line = policy.line(options.line)
            self._shadowing.note(course, line, item, decision_id, decision, policy, facts)
        mark = None
        if self._corrections is not None:
            mark = self._corrections.find(item.decoded.content_hash, query, tenant=tenant)
        if mark is not None:
            least = policy.line(options.line).incomplete if item.incomplete else Action.PASS
            before, kind = decision, item.decoded.kind.value
            text = None if mark.exact else text_of(item.decoded.parts)
            findings, decision = corrected(mark, findings, decision, kind, least=least, text=text)
            if not mark.exact and (decision.action, decision.rule) == (before.action, before.rule):
                mark = None  # it changed nothing
        if asked is not None and not (mark is not None and mark.exact):
            decision = raised(decision, asked)
        if revision := self._revision():
            models = {**models, "libraries": str(revision)}  # which versions decided: for replay
        labels: dict[str, float] = {}
        if options.all_scores:
            labels = self._all_labels(models)
            if mark is None:  # what a person marked, no detector's score speaks against
                labels.update(item.scores)
        for finding in findings:
            if finding.score > labels.get(finding.label, 0.0):
                labels[finding.label] = finding.score
        return Result(
            id=item.content.id,
            decision_id=decision_id,
            action=decision.action,
            labels=labels,
            findings=findings[:MOST_FINDINGS],
            rule=decision.rule,
            reason=decision.reason,
            incomplete=item.incomplete,
            policy=f"{decision.policy}@{decision.policy_version}/{decision.line}",
            models=models,
            content_hash=item.decoded.content_hash,
            kind=item.decoded.kind.value,
            languages=tuple(item.languages),
            notes=(*item.decoded.notes, *item.notes, *_left_out(findings)),
            timing_ms=timing,
            incidents=item.incidents,
            media=item.media,
            seen=_seen(item),
        )

    def _all_labels(self, models: Mapping[str, str]) -> dict[str, float]:
        detectors = (slot.detector for slot in self._registry.slots() if slot.name in models)
        return {label: 0.0 for detector in detectors if detector is not None for label in detector.info.labels}


def _seen(item: Item) -> Seen | None:
    first = next((part for part in item.decoded.parts if isinstance(part, ImagePart)), None)
    return None if first is None else Seen(size=first.size, scores=item.pictured, words=tuple(item.words))


def _left_out(findings: Sequence[Finding]) -> tuple[str, ...]:
    many = len(findings) - MOST_FINDINGS
    return (f"{many} weaker findings are not listed; they were counted for the decision",) if many > 0 else ()


def _strictest_first(finding: Finding) -> tuple[float, str]:
    return (-finding.score, finding.label)
