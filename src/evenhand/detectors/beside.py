"""What the words of a picture say about a symbol in it: on display, condemned, or taught about.

Detectors do not see each other. So this comes after them: it reads what was found and what was read out of the same
picture, and gives the symbol's finding the fact `words`. Scores do not change, and neither does what the policy that
ships does (a person looks); a policy may ask for the fact. Words are cheap to add, so no answer here means "harmless".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from evenhand.domain import Finding, Source, TextPart, is_under
from evenhand.domain.facts import CONDEMNING, HATEFUL, MIXED, OTHER, TEACHING

LABEL = "extremism.symbol"
_HATEFUL_LABELS = ("hate", "extremism.promotion", "violence.threat")
_SURE = 0.5  # score of such a finding in the words, from which they are hateful
_SEEN = (Source.IMAGE, Source.FRAME)
_SAID = {
    HATEFUL: "hateful words stand beside it",
    CONDEMNING: "words beside it condemn it",
    TEACHING: "words beside it speak of history or teach",
    MIXED: "words beside it are hateful, and others condemn or teach: read them",
    OTHER: "words beside it do not say why it is shown",
}

_Place = tuple[int | None, tuple[float, float] | None]


def tell(findings: Sequence[Finding], texts: Sequence[TextPart]) -> list[Finding]:
    """Give the findings, those of symbols with what the words beside them say.

    Args:
        findings: all of one content.
        texts: what was read out of its pictures.
    """
    if not any(_symbol(finding) for finding in findings):
        return list(findings)
    said: dict[_Place, list[str]] = {}
    for text in texts:
        if text.origin.source is Source.OCR and text.text.strip():
            said.setdefault((text.origin.frame, text.origin.time), []).append(text.text)
    hated = {
        _place(finding)
        for finding in findings
        if finding.location.source is Source.OCR
        and finding.score >= _SURE
        and any(is_under(finding.label, label) for label in _HATEFUL_LABELS)
    }
    out = []
    for finding in findings:
        words = said.get(_place(finding)) if _symbol(finding) else None
        if words is None:
            out.append(finding)
            continue
        kind = stance("\n".join(words), hateful=_place(finding) in hated)
        facts = {**(finding.facts or {}), "words": kind}
        out.append(replace(finding, facts=facts, reason=f"{finding.reason}; {_SAID[kind]}"))
    return out


def stance(words: str, *, hateful: bool = False) -> str:
    """Say what words are about, as one of `domain.facts.STANCES`.

    Args:
        words: all words of a picture.
        hateful: a text detector took some of them for hate, a threat or a call.
    """
    text = re.sub(r"\s+", " ", words.casefold().replace("’", "'"))
    found = {kind for kind, pattern in _patterns().items() if pattern.search(text)}
    # "Stop white power" holds the words that it is against; whether it is, is not for a word list to say.
    bad, good = hateful or HATEFUL in found, found - {HATEFUL}
    if bad:
        return MIXED if good else HATEFUL
    return next((kind for kind in (CONDEMNING, TEACHING) if kind in good), OTHER)


def _symbol(finding: Finding) -> bool:
    return finding.label == LABEL and finding.location.source in _SEEN


def _place(finding: Finding) -> _Place:
    return finding.location.frame, finding.location.time


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    table = json.loads(files("evenhand.detectors.data").joinpath("symbol_words.json").read_text("utf-8"))
    # Latin words are whole words; Chinese has no spaces to go by.
    return {
        kind: re.compile("|".join(f"(?<![a-z]){words}" if words.isascii() else words for words in table[kind]))
        for kind in (HATEFUL, CONDEMNING, TEACHING)
    }
