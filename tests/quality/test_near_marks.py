"""What marks about nearly the same text answer: rewrites that say the opposite, and harmless edits.

`python -m tests.quality.test_near_marks` prints the table of quality/text.md. The limits were chosen on another draw of
the same sets.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest

from evenhand.app import AsyncModerator
from evenhand.domain import Action, Decision, Fingerprint, Result
from evenhand.fairness.intervals import wilson
from evenhand.matching.textsketch import sketch
from evenhand.review.corrections import Correction, corrected
from evenhand.review.near import LEAST_TEXT
from evenhand.settings import Settings
from evenhand.store.reviewcarried import carried
from evenhand.store.reviewrecords import Mark
from tests.quality.test_alike import TEXTS, rewrites, strangers
from tests.quality.text_edits import EDITS

pytestmark = pytest.mark.skipif(not TEXTS.is_dir(), reason="needs the texts in ../shared/data")


@cache
def moderator() -> AsyncModerator:
    return AsyncModerator(Settings(plugins=False, threads=1))


def checked(texts: Sequence[str]) -> list[Result]:
    async def work() -> list[Result]:
        return [one async for one in moderator().check_many(texts) if isinstance(one, Result)]

    return asyncio.run(work())


def near(one: str, other: str) -> bool:
    a, b = sketch(one), sketch(other)
    return a is not None and b is not None and float((a == b).mean()) >= LEAST_TEXT


def answered(marked: str, first: Result, verdict: Mapping[str, Any], text: str, found: Result) -> Action:
    """Give what is done with a text that is near a marked one."""
    numbers = sketch(marked)
    assert numbers is not None
    mark = Mark(
        id="m",
        decision_id=first.decision_id,
        content_hash=first.content_hash,
        verdict={"reason": "", **verdict},
        person="ann",
        state="applied",
        applied_by="ann",
        applied_at=datetime.now(UTC),
        created_at=datetime.now(UTC),
        near=Fingerprint(kind="text", data=numbers.astype("<u4").tobytes()),
        carried=carried(one.as_dict() for one in first.findings),
    )
    name, _, rest = found.policy.partition("@")
    version, _, line = rest.rpartition("/")
    decision = Decision(
        action=found.action,
        rule=found.rule,
        reason=found.reason,
        findings=found.findings,
        policy=name,
        policy_version=version,
        line=line,
    )
    correction = Correction(mark=mark, alike=80, exact=False)
    return corrected(correction, found.findings, decision, "text", text=text)[1].action


PASS: dict[str, Any] = {"verdict": "wrong", "action": "pass", "labels": []}
BLOCK: dict[str, Any] = {"verdict": "overridden", "action": "block", "labels": None}


def measured(pairs: Sequence[tuple[str, str]], *, texts: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Give by case how many there are, were answered as the mark says by nearness alone, and are now.

    Args:
        pairs: insulting texts and their neutral rewrites.
        texts: unlike ones that are edited.
    """
    insults, neutral = checked([one for one, _ in pairs]), checked([one for _, one in pairs])
    wrong_clear = wrong_block = cleared = blocked = same = 0
    for (insult, plain), bad, fine in zip(pairs, insults, neutral, strict=True):
        if not near(insult, plain):
            continue
        if bad.action is not Action.PASS:
            cleared += 1
            wrong = answered(plain, fine, PASS, insult, bad) is Action.PASS
            wrong_clear, same = wrong_clear + wrong, same + (wrong and insult == plain)
        blocked += 1
        wrong_block += answered(insult, bad, BLOCK, plain, fine) is Action.BLOCK
    own = [text for text in texts if len(text.split()) >= 6]
    dice, words = random.Random(9), [word for text in own for word in text.split()]
    before, right_clear, right_block, edits = checked(own), 0, 0, 0
    for edit in EDITS.values():
        made = [edit(text, dice, words) for text in own]
        for text, other, first, found in zip(own, made, before, checked(made), strict=True):
            if near(text, other) and Action.PASS not in (first.action, found.action):
                edits += 1
                right_clear += answered(text, first, PASS, other, found) is Action.PASS
                right_block += answered(text, first, BLOCK, other, found) is Action.BLOCK
    return {
        "an insult is cleared": (len(pairs), cleared, wrong_clear),
        "the same, of which word for word": (len(pairs), same, same),
        "a neutral rewrite is blocked": (len(pairs), blocked, wrong_block),
        "an edit is cleared": (edits, edits, right_clear),
        "an edit is blocked": (edits, edits, right_block),
    }


def test_rewrites_are_not_answered_and_most_edits_are() -> None:
    made = measured(rewrites(250), texts=strangers(120))
    pairs, cleared, wrong = made["an insult is cleared"]
    assert cleared > 0.15 * pairs
    assert wrong <= 0.02 * pairs
    _, blocked, still = made["a neutral rewrite is blocked"]
    assert still <= 0.35 * blocked
    edits, _, right = made["an edit is cleared"]
    assert right >= 0.4 * edits
    edits, _, right = made["an edit is blocked"]
    assert right >= 0.75 * edits


def main() -> None:
    """Print the table."""
    known = set(rewrites(1_000))
    pairs = [pair for pair in rewrites(2_500, draw=6) if pair not in known][:1_000]
    for name, (count, before, now) in measured(pairs, texts=strangers(500, draw=7)).items():
        low, high = wilson(now, count) or (0.0, 1.0)
        share, old = 100 * now / count, 100 * before / count
        sys.stdout.write(f"| {name} | {count} | {old:.1f}% | {share:.1f}% ({100 * low:.1f}-{100 * high:.1f}) |\n")


if __name__ == "__main__":
    main()
