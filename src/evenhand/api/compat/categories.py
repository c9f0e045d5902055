"""Categories of vendors that group several labels of the taxonomy, and what a missing detector means for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evenhand.api.compat.calls import Call
from evenhand.domain import ItemError, Result, is_under
from evenhand.errors import DetectorError


class IncompleteError(DetectorError):
    """A detector that the answer rests on gave none; no answer must never read as a low score."""

    code = "incomplete"
    status = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One category of a vendor's."""

    name: str  # as the vendor writes it
    labels: tuple[str, ...]  # each with all below it
    without: tuple[str, ...] = ()  # labels below those that are not meant
    _known: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)  # label -> whether it is meant

    def takes(self, label: str) -> bool:
        """Say whether a label belongs to it."""
        found = self._known.get(label)
        if found is None:
            found = any(is_under(label, root) for root in self.labels)
            found = found and not any(is_under(label, root) for root in self.without)
            self._known[label] = found
        return found

    def score(self, labels: Mapping[str, float]) -> float | None:
        """Give the highest score of its labels, in [0, 1]; None: no detector that ran can give one of them."""
        return max((score for label, score in labels.items() if self.takes(label)), default=None)


def unanswered(
    call: Call,
    answers: Iterable[Result | ItemError],
    categories: Sequence[Category],
    *,
    besides: Sequence[Category] = (),
) -> frozenset[str]:
    """Give the names of the categories that a detector which gave no answer could have spoken for.

    Args:
        call: the request.
        answers: what was checked for it.
        categories: of the vendor.
        besides: what else the answer rests on.

    Returns:
        Names; not empty only where the operator wants to be answered with the worst (EVENHAND_DIALECT_INCOMPLETE).

    Raises:
        IncompleteError: there are such categories, and the operator wants an error; or nothing that runs here can
            speak for any category at all.
    """
    results = [answer for answer in answers if isinstance(answer, Result)]
    missing = {name: why for result in results for name, why in result.incomplete.items()}
    if not missing:
        if all(any(one.takes(label) for one in categories for label in result.labels) for result in results):
            return frozenset()
        raise IncompleteError("No detector that runs here judges this content; see which with `evenhand detectors`.")
    detectors = {slot.name: slot.detector for slot in call.state.moderator.registry.slots()}
    names: set[str] = set()
    asked = (*categories, *besides)
    for missed in missing:
        detector = detectors.get(missed)
        # Nobody knows what one that could not be built, or those who read what this one emits, would have said.
        if detector is None or detector.info.emits:
            names.update(one.name for one in asked)
        else:
            labels = detector.info.labels
            names.update(one.name for one in asked if any(one.takes(label) for label in labels))
    if names and call.settings.dialect_incomplete == "error":
        why = "; ".join(f"{name}: {reason}" for name, reason in sorted(missing.items()))
        raise IncompleteError(f"The content could not be judged completely, so it is not answered for ({why}).")
    return frozenset(names)
