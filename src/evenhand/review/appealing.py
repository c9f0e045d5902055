"""Reads the outcome of an appeal as callers write it."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.errors import InputError
from evenhand.review.verdicts import read_verdict
from evenhand.store.qualityrecords import Appeal
from evenhand.store.reviewrecords import Judged, Verdict


def read_outcome(
    appeal: Appeal,
    outcome: str,
    *,
    action: str | None = None,
    labels: Sequence[str] | None = None,
    reason: str = "",
    explanation: str = "",
) -> Verdict | None:
    """Give the verdict that an outcome comes to; None: the decision stays.

    Args:
        appeal: that is decided.
        outcome: "upheld", "overturned" or "partly".
        action: what is done with the content now. Left out, "overturned" means pass.
        labels: the right ones; left out, "overturned" means none, and "partly" those that were found.
        reason: for colleagues; left out, the explanation.
        explanation: for the appellant.

    Raises:
        InputError: it does not make sense; says what to give.
        RefusedLabelError: a label names a protected attribute or a person.
    """
    reason = reason.strip() or explanation.strip()
    if outcome == "upheld":
        if action is not None or labels is not None:
            raise InputError("An appeal that is upheld changes nothing: leave action and labels out.")
        return None
    if outcome == "overturned":
        stood = appeal.before["action"]
        if action is None and stood == "pass":
            raise InputError("The content passes already: say what is done with it instead: mark or block.")
        if action is not None and action == stood:
            raise InputError(f"The action {action} stands already: then the outcome is partly, or upheld.")
        if stood == "pass" and not labels:
            return read_verdict("overridden", action=action, reason=reason)
        return read_verdict("wrong", action=action or "pass", labels=labels or [], reason=reason)
    if outcome == "partly":
        if action is None:
            raise InputError("Say what is done with the content now: pass, mark or block.")
        judged = Judged.OVERRIDDEN if labels is None else Judged.WRONG
        return read_verdict(judged, action=action, labels=labels, reason=reason)
    raise InputError(f"There is no outcome {outcome[:40]!r}; there are upheld, overturned and partly.")
