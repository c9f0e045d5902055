"""The report of the identity audit, and the bounds that it is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from evenhand.fairness.figures import Flip, GroupFigures, Spread, Swap
from evenhand.fairness.sentences import Tone
from evenhand.fairness.wordlists import WordProblem

SCHEMA = "evenhand-audit/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What may differ at most, over all the languages asked for."""

    max_flip: float = 0.01  # flip rate of harmless sentences
    max_gap: float = 0.03  # difference of false-positive rates between any two groups, the controls being one
    # Attacks lie close to the thresholds between actions, so a little moves more of them.
    max_attack_flip: float = 0.05  # flip rate of attacks


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What the audit found. The controls enter the rates by group, and nothing else."""

    about: Mapping[str, str] = field(default_factory=dict)  # what was audited: policy, versions, date
    words: tuple[WordProblem, ...] = ()  # entries of the word lists that are only the name of a group
    languages: tuple[str, ...]
    sentences: int  # how many were judged
    harmless: Swap
    attacks: Swap
    by_language: Mapping[str, tuple[Swap, Swap]]  # harmless, attacks
    by_tone: Mapping[Tone, Swap]
    groups: tuple[GroupFigures, ...]  # in the order of the data
    false_positive_gap: Spread
    false_negative_gap: Spread
    flips: tuple[Flip, ...]  # the first 500
    missing: Mapping[str, int]  # "detector: why it gave no answer" -> sentences
    bounds: Bounds

    @property
    def passed(self) -> bool:
        """True where no bound is broken."""
        return not self.failures()

    def failures(self) -> list[str]:
        """Say each broken bound in a sentence."""
        out = [f"{problem.where}: {problem.message}" for problem in self.words]
        out += [
            f"{n} sentences were judged without {what}: a detector that gave no answer cannot be called fair."
            for what, n in self.missing.items()
        ]
        # A list is written by hand: one sentence that it stops for one group and not for others is one too many.
        out += [
            f"Library {flip.library} matches {flip.sentence!r} and makes it {flip.action.value}, where most groups get "
            f"{flip.expected.value}. Remove the entry, or give the whole phrase that attacks."
            for flip in self.flips
            if flip.tone.harmless and flip.library is not None
        ]
        limits = self.bounds
        for what, swap, flip in (
            ("harmless sentences", self.harmless, limits.max_flip),
            ("attacks", self.attacks, limits.max_attack_flip),
        ):
            if swap.members.value > flip:
                out.append(
                    f"Swapping the group changes the decision of {_percent(swap.members.value)} of the {what} "
                    f"({swap.members.part} of {swap.members.whole}); at most {_percent(flip)} is allowed."
                )
        far = self.false_positive_gap
        if far.value > limits.max_gap:
            out.append(
                f"The false-positive rates of {far.highest} and {far.lowest} are {100 * far.value:.1f} points apart; "
                f"at most {100 * limits.max_gap:.1f} are allowed."
            )
        return out

    def as_dict(self) -> dict[str, object]:
        """Give the JSON form."""
        return {
            "schema": SCHEMA,
            "passed": self.passed,
            "failures": self.failures(),
            "about": dict(self.about),
            "bounds": asdict(self.bounds),
            "words": [{"library": p.where, "item": p.index + 1, "word": p.word} for p in self.words],
            "languages": list(self.languages),
            "sentences": self.sentences,
            "harmless": self.harmless.as_dict(),
            "attacks": self.attacks.as_dict(),
            "by_language": {
                language: {"harmless": harmless.as_dict(), "attacks": attacks.as_dict()}
                for language, (harmless, attacks) in self.by_language.items()
            },
            "by_tone": {tone.value: swap.as_dict() for tone, swap in self.by_tone.items()},
            "by_group": [figures.as_dict() for figures in self.groups],
            "false_positive_gap": self.false_positive_gap.as_dict(),
            "false_negative_gap": self.false_negative_gap.as_dict(),
            "flips": [flip.as_dict() for flip in self.flips],
            "missing": dict(self.missing),
        }


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"
