"""Harmful text in many languages: small calibrated heads on a multilingual sentence encoder.

Texts longer than about 25 tokens are read in windows of whole sentences; a finding's span is the sentence that carries
most of it. The model never sees which group of people a text names: every such name is replaced before it reads (see
evenhand.fairness.neutral); spans and findings speak of the text as written. Of a text with more than 1,024 windows
(some 100 kB) so many are read, evenly spread; the answer says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import TAXONOMY, Finding, PartKind, TextPart
from evenhand.domain.location import Span
from evenhand.fairness.neutral import Neutraliser
from evenhand.inference.calibration import Platt, apply, read_platt
from evenhand.inference.encoder import PACKAGE, TextEncoder
from evenhand.inference.sessions import LazySession
from evenhand.inference.windows import sample, sentences, windows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAME = "text.harm"
_VERSION = "2026.2"  # that of the card
_CHUNK = 256  # windows whose features are held in memory together
_CARRIES = 0.8  # a sentence stands for its window when it has this share of the window's score
_LABELS = (
    "harassment",
    "harassment.insult",
    "harassment.threat",
    "harassment.profanity",
    "hate.attack",
    "sexual.explicit",
    "sexual.solicitation",
    "violence.threat",
    "extremism.promotion",
    "self_harm",
    "politics",
    "spam.bulk",
    "spam.scam",
    "ads.promotion",
    "contraband.drugs",
    "contraband.gambling",
    "contraband.weapons_trade",
)


def _example(title: str, text: str, *labels: str) -> Example:
    return Example(title=title, part=lambda: TextPart(text=text), labels=frozenset(labels))


_INFO = DetectorInfo(
    name=_NAME,
    version=_VERSION,
    reads=PartKind.TEXT,
    labels=_LABELS,
    cost=Cost.MODEL,
    description="Scores a text, or each window of a long one, for abuse, hate, threats, sexual offers, scams and more.",
    examples=(
        _example("an insult", "You are such a complete idiot", "harassment"),
        _example("a scam", "Congratulations! You have won $1,000, claim your prize at the link below", "spam.scam"),
        _example("an everyday sentence", "Thanks for your help yesterday, see you at the library at five"),
        _example("naming a group", "My best friend is a Muslim and my teacher is a lesbian"),
    ),
)


class HarmDetector:
    """Encoder, heads, calibration; loaded on the first text.

    Args:
        threads: threads a model run may use; 0: one per core.
    """

    def __init__(self, *, threads: int = 0) -> None:
        self._encoder = TextEncoder(threads=threads)
        self._blind = Neutraliser()
        self._heads = LazySession(PACKAGE, "harm", threads=1)  # far too small to share out
        self._platts: tuple[Platt, ...] = ()

    @property
    def info(self) -> DetectorInfo:
        """The declaration."""
        return _INFO

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        """Give one detection for each part, in order, with the score of every label."""
        covered = [windows(part.text) for part in parts]
        spans = [sample(own) for own in covered]
        rows = self._score([part.text[a:b] for part, own in zip(parts, spans, strict=True) for a, b in own])
        out: list[Detection] = []
        doubts: list[tuple[int, str, float, Span]] = []  # what is above its threshold, with its window
        start = 0
        for i, own in enumerate(spans):
            if not own:
                out.append(NOTHING)
                continue
            table = rows[start : start + len(own)]
            start += len(own)
            best = table.argmax(axis=0)
            scores = {label: float(table[best[j], j]) for j, label in enumerate(_LABELS)}
            out.append(Detection(scores=scores, partial=_partial(len(own), len(covered[i]))))
            doubts += [
                (i, label, scores[label], own[best[j]])
                for j, label in enumerate(_LABELS)
                if scores[label] >= self._platts[j].recommended
            ]
        for i, findings in self._explain(parts, doubts).items():
            out[i] = replace(out[i], findings=tuple(findings))
        return out

    def _score(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Calibrated scores, float32[n, labels]."""
        import numpy as np

        if not self._platts:
            self._platts = read_platt(self._heads.card.calibration, _LABELS)
        tables = [np.zeros((0, len(_LABELS)), np.float32)]
        for at in range(0, len(texts), _CHUNK):
            seen = self._blind.neutral(texts[at : at + _CHUNK])
            features = self._encoder.features(seen)
            tables.append(apply(self._platts, self._heads.run(["logits"], {"features": features})[0]))
        return np.concatenate(tables)

    def _explain(
        self, parts: Sequence[TextPart], doubts: Sequence[tuple[int, str, float, Span]]
    ) -> dict[int, list[Finding]]:
        """Make the findings by part, each at the sentence of its window that carries it."""
        split = {(i, span): sentences(parts[i].text, *span) for i, _, _, span in doubts}
        asked = [(i, s) for (i, _), own in split.items() if len(own) > 1 for s in own]
        table = dict(zip(asked, self._score([parts[i].text[a:b] for i, (a, b) in asked]), strict=True))
        out: dict[int, list[Finding]] = {}
        for i, label, score, span in doubts:
            j, own = _LABELS.index(label), split[i, span]
            if len(own) > 1:
                top = max(own, key=lambda s, i=i, j=j: float(table[i, s][j]))  # type: ignore[misc]
                span = top if table[i, top][j] >= _CARRIES * score else span  # noqa: PLW2901
            reason = f"Reads like: {TAXONOMY[label].description}"
            place = parts[i].locate(*span)
            found = Finding(label=label, score=score, location=place, detector=_NAME, version=_VERSION, reason=reason)
            out.setdefault(i, []).append(found)
        return out


def _partial(read: int, of: int) -> str | None:
    return f"only {read} of {of} stretches of the text were read; send it in pieces" if read < of else None


def make(context: DetectorContext) -> HarmDetector:
    """Make the detector with the threads that the settings allow."""
    return HarmDetector(threads=context.settings.threads)
