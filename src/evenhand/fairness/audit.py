"""The identity audit: the same sentence with the group swapped must get the same decision, and a name is no offence.

The method is counterfactual token fairness (Garg et al., "Counterfactual Fairness in Text Classification through
Robustness", AIES 2019), read off decisions as well as scores, with control words beside the groups, so that stopping
all groups alike is found too. Rates by group are those of Dixon et al., "Measuring and Mitigating Unintended Bias in
Text Classification", AIES 2018.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import median

from evenhand.domain import Action
from evenhand.fairness.auditreport import AuditReport, Bounds
from evenhand.fairness.figures import Flip, GroupFigures, Share, Swap, spread
from evenhand.fairness.sentences import CONTROL, AuditData, Family, Tone, audit_data

CONTROLS = "(controls)"  # all control words together, where groups are listed
_VISIBLE = 0.01  # a smaller difference of scores explains no other decision
_MOST_FLIPS = 500  # named one by one in the report; all are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was decided about one sentence."""

    action: Action  # PASS where all that followed is a neutral mark
    scores: Mapping[str, float] = field(default_factory=dict)  # harm label -> calibrated score
    rule: str | None = None  # the rule that decided
    library: str | None = None  # a library that the decision may rest on: the first that matched
    missing: Mapping[str, str] = field(default_factory=dict)  # detector -> why it gave no answer


Judge = Callable[[Iterable[str]], Iterator[Judgement]]
JudgeLines = Callable[[Iterable[str]], Iterator[Mapping[str, Judgement]]]


def audit(judge: Judge, *, data: Sequence[AuditData] | None = None, bounds: Bounds | None = None) -> AuditReport:
    """Put every group into every sentence, and measure what changes.

    Args:
        judge: gives one judgement for each text, in order; it is called once, and may read ahead.
        data: other sentences than those that ship.
        bounds: what the report is held against.

    Raises:
        ValueError: the judge gave fewer judgements than there are texts.
    """
    reports = audit_lines(_alone(judge), data=data, bounds=bounds)
    parts = audit_data() if data is None else data
    return reports.get("") or _Tally().report(tuple(part.language for part in parts), bounds or Bounds())


def audit_lines(
    judge: JudgeLines, *, data: Sequence[AuditData] | None = None, bounds: Bounds | None = None
) -> dict[str, AuditReport]:
    """Audit several business lines at once: detectors read each sentence once, whatever the number of lines.

    Args:
        judge: gives business line -> judgement for each text, in order; it is called once, and may read ahead.
        data: other sentences than those that ship.
        bounds: what the reports are held against.

    Raises:
        ValueError: the judge gave fewer judgements than there are texts.
    """
    parts = audit_data() if data is None else data
    families = [family for part in parts for family in part.families()]
    answers = iter(judge(member.text for family in families for member in family.members))
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for family in families:
        judged = list(islice(answers, len(family.members)))
        if len(judged) < len(family.members):
            raise ValueError(f"the audit got no answer for {family.members[len(judged)].text!r}")
        for line in judged[0] if judged else ():
            tallies[line].add(family, [answer[line] for answer in judged])
    languages = tuple(part.language for part in parts)
    return {line: tally.report(languages, bounds or Bounds()) for line, tally in tallies.items()}


def _alone(judge: Judge) -> JudgeLines:
    return lambda texts: ({"": answer} for answer in judge(texts))


@dataclass(slots=True)
class _Cell:
    """Counts over the families of one kind."""

    families: int = 0
    flipped: int = 0
    members: int = 0
    flips: int = 0
    stopped: int = 0
    gaps: list[float] = field(default_factory=list)

    def swap(self) -> Swap:
        return Swap(
            families=Share(part=self.flipped, whole=self.families),
            members=Share(part=self.flips, whole=self.members),
            stopped=Share(part=self.stopped, whole=self.members),
            mean_gap=sum(self.gaps) / len(self.gaps) if self.gaps else 0.0,
            largest_gap=max(self.gaps, default=0.0),
        )


@dataclass(slots=True)
class _Tally:
    """Everything counted so far; texts are kept only of sentences that flipped."""

    cells: dict[tuple[str, Tone], _Cell] = field(default_factory=lambda: defaultdict(_Cell))  # by (language, tone)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by (group, "harmless" | "false alarm" | ...)
    categories: dict[str, str] = field(default_factory=dict)  # group -> category
    flips: list[Flip] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)  # "detector: why" -> sentences

    def add(self, family: Family, judged: Sequence[Judgement]) -> None:
        """Count one family."""
        for member, answer in zip(family.members, judged, strict=True):
            self.missing.update(f"{name}: {why}" for name, why in answer.missing.items())
            control = member.group.category == CONTROL
            name = CONTROLS if control else member.group.id
            self.categories.setdefault(name, member.group.category)
            self.counts[name, "harmless" if family.tone.harmless else "attacks"] += 1
            if (answer.action is not Action.PASS) is family.tone.harmless:
                self.counts[name, "false alarms" if family.tone.harmless else "missed"] += 1
        groups = [pair for pair in zip(family.members, judged, strict=True) if pair[0].group.category != CONTROL]
        if not groups:
            return
        expected = _most_common([answer.action for _, answer in groups])
        middles, gap = _scores([answer.scores for _, answer in groups])
        cell = self.cells[family.language, family.tone]
        before = cell.flips
        for member, answer in groups:
            cell.members += 1
            cell.stopped += answer.action is not Action.PASS
            if answer.action is not expected:
                cell.flips += 1
                self.counts[member.group.id, "flips"] += 1
                label = max(answer.scores, key=lambda x: abs(answer.scores[x] - middles[x]), default="")
                if label and abs(answer.scores[label] - middles[label]) < _VISIBLE:
                    label = ""
                flip = Flip(
                    sentence=member.text,
                    group=member.group.id,
                    language=family.language,
                    tone=family.tone,
                    action=answer.action,
                    expected=expected,
                    rule=answer.rule,
                    library=answer.library,
                    label=label,
                    score=answer.scores.get(label, 0.0),
                )
                if len(self.flips) < _MOST_FLIPS:
                    self.flips.append(flip)
        cell.families += 1
        cell.flipped += cell.flips > before
        cell.gaps.append(gap)

    def report(self, languages: tuple[str, ...], bounds: Bounds) -> AuditReport:
        """Put the figures together."""
        groups = tuple(self._group(name) for name in self.categories)
        return AuditReport(
            languages=languages,
            sentences=sum(n for (_, what), n in self.counts.items() if what in {"harmless", "attacks"}),
            harmless=self._over(lambda _, tone: tone.harmless),
            attacks=self._over(lambda _, tone: not tone.harmless),
            by_language={
                language: (
                    self._over(lambda at, tone, own=language: at == own and tone.harmless),  # type: ignore[misc]
                    self._over(lambda at, tone, own=language: at == own and not tone.harmless),  # type: ignore[misc]
                )
                for language in languages
            },
            by_tone={own: self._over(lambda _, tone, own=own: tone is own) for own in Tone},  # type: ignore[misc]
            groups=groups,
            false_positive_gap=spread([(figures.group, figures.false_positives) for figures in groups]),
            false_negative_gap=spread([(figures.group, figures.false_negatives) for figures in groups]),
            flips=tuple(self.flips),
            missing=dict(self.missing),
            bounds=bounds,
        )

    def _group(self, name: str) -> GroupFigures:
        count = self.counts
        harmless, attacks = count[name, "harmless"], count[name, "attacks"]
        return GroupFigures(
            group=name,
            category=self.categories[name],
            false_positives=Share(part=count[name, "false alarms"], whole=harmless),
            false_negatives=Share(part=count[name, "missed"], whole=attacks),
            flips=Share(part=count[name, "flips"], whole=0 if name == CONTROLS else harmless + attacks),
        )

    def _over(self, chosen: Callable[[str, Tone], bool]) -> Swap:
        total = _Cell()
        for (language, tone), cell in self.cells.items():
            if chosen(language, tone):
                total.families += cell.families
                total.flipped += cell.flipped
                total.members += cell.members
                total.flips += cell.flips
                total.stopped += cell.stopped
                total.gaps += cell.gaps
        return total.swap()


def _scores(scores: Sequence[Mapping[str, float]]) -> tuple[Mapping[str, float], float]:
    """Give each label's median, and the largest difference of a label's score between two members."""
    columns = {label: [own.get(label, 0.0) for own in scores] for label in {name for own in scores for name in own}}
    gap = max((max(column) - min(column) for column in columns.values()), default=0.0)
    return {label: median(column) for label, column in columns.items()}, gap


def _most_common(actions: Sequence[Action]) -> Action:
    """Give the most frequent action; of equally frequent ones the mildest."""
    counts = Counter(actions)
    return max(counts, key=lambda action: (counts[action], -action.severity))
