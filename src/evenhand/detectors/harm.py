"""Harmful text in many languages: calibrated scores of a model that is asked for by its version.

Long texts are read in windows of whole sentences; a finding stands where its evidence is: on the words, where the model
can tell, else on the sentence that carries most of it. The model never sees which group of people a text names: every
such name is replaced before it reads (see evenhand.fairness.neutral); places and findings speak of the text as written.
The messages before a short text may move its scores a little (see evenhand.detectors.harm_context), and words of a
receipt in a picture are held less to be spam or advertising (see evenhand.detectors.receipts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evenhand.detectors import receipts
from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.harm_context import Bent, bend, told
from evenhand.detectors.harm_models import LATEST, HarmModel, open_model
from evenhand.domain import TAXONOMY, Finding, PartKind, TextPart
from evenhand.domain.location import Span
from evenhand.inference.windows import sample, sentences, windows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAME = "text.harm"
_MANY = 256  # windows of one text that are read in full; of more, those that look worst
_CARRIES = 0.8  # a sentence stands for its window when it has this share of the window's score
_TOXIC = ("harassment", "hate")  # labels whose words a model may point at
_WINDOWS = 4  # windows of one text in which a label's evidence is looked for, the worst first
_SPANS = 4  # most findings of one label in one window


def _example(title: str, text: str, *labels: str) -> Example:
    return Example(title=title, part=lambda: TextPart(text=text), labels=frozenset(labels))


_EXAMPLES = (
    _example("an insult", "You are such a complete idiot", "harassment"),
    _example("a scam", "Congratulations! You have won $1,000, claim your prize at the link below", "spam.scam"),
    _example("an everyday sentence", "Thanks for your help yesterday, see you at the library at five"),
    _example("naming a group", "My best friend is a Muslim and my teacher is a lesbian"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubt:
    """A label of a part that reached its threshold, with the window that has it."""

    part: int
    label: str
    score: float
    window: Span
    moved: str  # what the conversation before it did to the score
    doubt: str = ""  # what the receipt that it stands in did to it


class HarmDetector:
    """A version of the harm model over windows; its weights are loaded on the first text.

    Args:
        model: the model; None: the latest.
        threads: threads that the model may use when None is given; 0: one per core.
    """

    def __init__(self, model: HarmModel | None = None, *, threads: int = 0) -> None:
        self._model = model or open_model(LATEST, threads=threads)
        self._info = DetectorInfo(
            name=_NAME,
            version=self._model.version,
            reads=PartKind.TEXT,
            labels=self._model.labels,
            cost=Cost.MODEL,
            description="Scores a text, or each window of a long one, for abuse, hate, threats, sexual content, "
            "violence, self-harm, extremism, scams and more.",
            examples=_EXAMPLES,
        )

    @property
    def info(self) -> DetectorInfo:
        """The declaration."""
        return self._info

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        """Give one detection for each part, in order, with the score of every label."""
        labels, limits = self._model.labels, self._model.thresholds()
        reach = self._model.reach
        covered = [windows(part.text, size=reach.window, longest=reach.longest) for part in parts]
        spans = [sample(own, reach.most) for own in covered]
        spans = [
            self._worst(part.text, own) if len(own) > _MANY else own for part, own in zip(parts, spans, strict=True)
        ]
        rows = self._model.scores([part.text[a:b] for part, own in zip(parts, spans, strict=True) for a, b in own])
        bent = self._bent(parts, spans, rows)
        alone = self._alone(parts)
        out: list[Detection] = []
        doubts: list[_Doubt] = []
        start = 0
        for i, own in enumerate(spans):
            if not own:
                out.append(NOTHING)
                continue
            table = rows[start : start + len(own)]
            start += len(own)
            notes: tuple[str, ...] = ()
            moved: dict[str, str] = {}
            doubt: dict[str, str] = {}
            if i in bent:
                moved = {label: told(bent[i], j) for j, label in enumerate(labels)}
                cleared = (table[0] >= limits) & (bent[i].scores < limits)
                notes = tuple(f"{label} {moved[label]}" for j, label in enumerate(labels) if cleared[j])
                table = bent[i].scores[None]
            if i in alone:
                read, table = table, receipts.lowered(table, alone[i], labels)
                doubt = {label: receipts.told(read[:, j].max(), table[:, j].max()) for j, label in enumerate(labels)}
                cleared = (read.max(axis=0) >= limits) & (table.max(axis=0) < limits)
                notes += tuple(f"{label} {doubt[label]}" for j, label in enumerate(labels) if cleared[j])
            best = table.argmax(axis=0)
            scores = {label: float(table[best[j], j]) for j, label in enumerate(labels)}
            partial = _partial(min(len(covered[i]), reach.most), len(covered[i]))
            out.append(Detection(scores=scores, partial=partial, notes=notes))
            doubts += [
                _Doubt(
                    part=i,
                    label=label,
                    score=float(table[w, j]),
                    window=own[w],
                    moved=moved.get(label, ""),
                    doubt=doubt.get(label, ""),
                )
                for j, label in enumerate(labels)
                if scores[label] >= limits[j]
                for w in (-table[:, j]).argsort(kind="stable")[:_WINDOWS]
                if table[w, j] >= limits[j]
            ]
        for i, findings in self._explain(parts, doubts).items():
            out[i] = replace(out[i], findings=tuple(findings))
        return out

    def _bent(
        self, parts: Sequence[TextPart], spans: Sequence[list[Span]], rows: NDArray[np.float32]
    ) -> dict[int, Bent]:
        """What the conversation does to texts of one window; a longer text brings its own context."""
        asked: dict[int, TextPart] = {}
        alone: dict[int, NDArray[np.float32]] = {}
        start = 0
        for i, own in enumerate(spans):
            if len(own) == 1 and parts[i].before:
                asked[i], alone[i] = parts[i], rows[start]
            start += len(own)
        return bend(self._model, asked, alone) if asked else {}

    def _alone(self, parts: Sequence[TextPart]) -> dict[int, NDArray[np.float32]]:
        """The highest scores of what stands in a receipt beside what a till prints."""
        import numpy as np

        reach = self._model.reach
        read = {i: receipts.rest(part.text) for i, part in enumerate(parts) if receipts.doubted(part)}
        own = {i: sample(windows(text, size=reach.window, longest=reach.longest), _MANY) for i, text in read.items()}
        asked = [(i, span) for i, spans in own.items() for span in spans]
        out = {i: np.zeros(len(self._model.labels), np.float32) for i in read}
        rows = self._model.scores([read[i][a:b] for i, (a, b) in asked])
        for (i, _), row in zip(asked, rows, strict=True):
            out[i] = np.maximum(out[i], row)
        return out

    def _worst(self, text: str, spans: list[Span]) -> list[Span]:
        """Of very many windows, skim all and keep those that look worst, in order."""
        import numpy as np

        looks = self._model.skim([text[a:b] for a, b in spans])
        chosen = np.sort(np.argsort(-looks, kind="stable")[:_MANY])
        return [spans[i] for i in chosen]

    def _explain(self, parts: Sequence[TextPart], doubts: Sequence[_Doubt]) -> dict[int, list[Finding]]:
        """Make the findings by part, each where its evidence is."""
        pointed = {(d.part, d.window): list[Span]() for d in doubts if d.label.startswith(_TOXIC)}
        for i, (a, b) in pointed:
            pointed[i, (a, b)] = [(a + start, a + end) for start, end in self._model.toxic(parts[i].text[a:b])]
        rest = [d for d in doubts if not (d.label.startswith(_TOXIC) and pointed[d.part, d.window])]
        split = {(d.part, d.window): sentences(parts[d.part].text, *d.window) for d in rest}
        asked = [(i, s) for (i, _), own in split.items() if len(own) > 1 for s in own]
        table = dict(zip(asked, self._model.scores([parts[i].text[a:b] for i, (a, b) in asked]), strict=True))
        places: dict[tuple[int, Span], list[_Doubt]] = {}
        for doubt in rest:
            span = self._sentence(doubt, split[doubt.part, doubt.window], table)
            places.setdefault((doubt.part, span), []).append(doubt)
        out: dict[int, list[Finding]] = {}
        for doubt in doubts:
            for span in pointed.get((doubt.part, doubt.window), ())[:_SPANS] if doubt.label.startswith(_TOXIC) else ():
                out.setdefault(doubt.part, []).append(self._finding(parts[doubt.part], doubt, span))
        for (i, (start, end)), own in places.items():
            found = self._model.spans(parts[i].text[start:end], [doubt.label for doubt in own])
            for doubt in own:
                spans = [(start + a, start + b) for a, b in found[doubt.label]] or [(start, end)]
                out.setdefault(i, []).extend(self._finding(parts[i], doubt, span) for span in spans)
        order = {label: j for j, label in enumerate(self._model.labels)}
        return {i: sorted(own, key=lambda found: (order[found.label], -found.score)) for i, own in out.items()}

    def _sentence(self, doubt: _Doubt, own: list[Span], table: Mapping[tuple[int, Span], NDArray[np.float32]]) -> Span:
        """The sentence that carries a window's label by itself, or the window."""
        if len(own) < 2:
            return doubt.window
        j = self._model.labels.index(doubt.label)
        top = max(own, key=lambda span: float(table[doubt.part, span][j]))
        return top if table[doubt.part, top][j] >= _CARRIES * doubt.score else doubt.window

    def _finding(self, part: TextPart, doubt: _Doubt, span: Span) -> Finding:
        reason = f"Reads like: {TAXONOMY[doubt.label].description}"
        for why in filter(None, (doubt.moved, doubt.doubt)):
            reason += f" The score was {why}."
        return Finding(
            label=doubt.label,
            score=doubt.score,
            location=part.locate(*span),
            detector=_NAME,
            version=self._model.version,
            reason=reason,
            context=doubt.moved or None,
        )


def _partial(read: int, of: int) -> str | None:
    return f"only {read} of {of} stretches of the text were read; send it in pieces" if read < of else None


def make(context: DetectorContext) -> HarmDetector:
    """Make the detector with the model version and the threads that the settings name.

    Raises:
        SettingsError: there is no such version.
    """
    settings = context.settings
    models = context.models
    return HarmDetector(models.get(settings.text_model, threads=settings.threads, cascade=settings.text_cascade))
