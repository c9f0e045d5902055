"""Reads a verdict as callers write it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evenhand.domain import Action, is_label, parent
from evenhand.errors import InputError
from evenhand.fairness import refuse_label
from evenhand.store.reviewrecords import Judged, Verdict

_HASH = re.compile("sha256:[0-9a-f]{64}")
_LABEL = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
_MOST_LABELS = 50
_LONGEST_REASON = 4_000  # characters
FINAL = (Action.PASS, Action.MARK, Action.BLOCK)  # what a person may decide on; asking a person again is not among them


def read_verdict(
    judged: str, *, action: str | None = None, labels: Sequence[str] | None = None, reason: str = "", was: str = ""
) -> Verdict:
    """Give the verdict that was meant.

    Args:
        judged: "right", "wrong" or "overridden".
        action: what is done with the content: "pass", "mark" or "block". Left out, "right" keeps what the decision
            said (block, where it asked for a person), and "wrong" without any right label means pass.
        labels: the right ones; only for what is wrong, and then needed. None of them: the content is harmless.
        reason: for people; needed for what is wrong or overridden.
        was: action of the decision.

    Raises:
        InputError: it does not make sense; says what to give.
        RefusedLabelError: a label names a protected attribute or a person.
    """
    if judged not in tuple(Judged):
        raise InputError(f"There is no verdict {judged[:40]!r}; there are right, wrong and overridden.")
    if len(reason) > _LONGEST_REASON:
        raise InputError(f"The reason is longer than {_LONGEST_REASON} characters.")
    if judged != Judged.RIGHT and not reason.strip():
        raise InputError(f"Give a reason for the verdict {judged}.")
    if (labels is not None) != (judged == Judged.WRONG):
        raise InputError("Give the right labels with the verdict wrong, and only there; an empty list means harmless.")
    if action is not None and action not in FINAL:
        raise InputError(f"There is no final action {action[:40]!r}; there are {', '.join(FINAL)}.")
    if action is None and judged == Judged.OVERRIDDEN:
        raise InputError("Say which action takes the place of the decision's: pass, mark or block.")
    if action is None and labels:
        raise InputError("The content has other labels than were found: say what to do: pass, mark or block.")
    if action is None:
        action = "pass" if judged == Judged.WRONG else was if was in FINAL else "block"
    named = None if labels is None else _labels(labels)
    return Verdict(judged=Judged(judged), action=str(action), labels=named, reason=reason)


def read_hash(content_hash: str) -> str:
    """Give a content hash back.

    Raises:
        InputError: it is none.
    """
    if not _HASH.fullmatch(content_hash):
        raise InputError("A content hash is `sha256:` and 64 hexadecimal digits, as results have it.")
    return content_hash


def _labels(labels: Sequence[str]) -> tuple[str, ...]:
    if len(labels) > _MOST_LABELS:
        raise InputError(f"Give at most {_MOST_LABELS} labels.")
    for label in labels:
        refuse_label(label)
        root = label
        while (above := parent(root)) is not None:
            root = above
        if not is_label(label) and not (_LABEL.fullmatch(label) and is_label(root)):
            raise InputError(f"{label[:80]!r} is no label: `evenhand labels` lists them; your own stand below one.")
    return tuple(dict.fromkeys(labels))
