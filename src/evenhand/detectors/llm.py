"""text.llm:NAME: a language model that reads the operator's own policy, behind an OpenAI-compatible endpoint.

The text leaves this machine for the endpoint that the models file names. A text that got no usable answer, for whatever
reason (no connection, no time, no budget, a malformed answer), comes back as not looked at: its content is incomplete.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo
from evenhand.detectors.hf import examples
from evenhand.detectors.hf_outputs import reads_like
from evenhand.detectors.llm_client import LlmClient, ask_all, key_of
from evenhand.detectors.llm_prompt import VERSION, Judgement, Question, TextForm, request_body, system_prompt
from evenhand.detectors.models_schema import LlmModel
from evenhand.domain import Finding, Message, PartKind, TextPart
from evenhand.domain.location import Location, Span
from evenhand.errors import DetectorError, EvenhandError
from evenhand.inference.windows import sample, windows

_SHARE = 0.8  # of a call's time limit; what is then unanswered is given up one by one, not the whole call

_Answers = dict[Question, dict[str, Judgement] | DetectorError]


class LlmDetector:
    """Asks once for each window of each text; texts of one call are asked about together, each only once.

    Args:
        entry: what the models file says.
        key: the API key, if the endpoint wants one.
        time_limit_s: seconds that one call may take.
    """

    def __init__(self, entry: LlmModel, *, key: str | None = None, time_limit_s: float = 30.0) -> None:
        self._entry, self._within = entry, time_limit_s * _SHARE
        self._client = LlmClient(entry, form=TextForm(entry), key=key)
        self.info = DetectorInfo(
            name=entry.detector,
            version=f"{entry.model}+{_digest(entry)}",
            reads=PartKind.TEXT,
            labels=tuple(entry.labels),
            cost=Cost.HEAVY,
            description=entry.description or f"A language model ({entry.model}) that judges by the operator's policy.",
            examples=examples(entry),
        )

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        """Give one detection for each part, in order; what got no answer says so in `partial`."""
        covered = [windows(part.text, size=self._entry.window_bytes) for part in parts]
        spans = [sample(own, self._entry.max_windows) for own in covered]
        before = [_end(part.before, self._entry.window_bytes) for part in parts]
        asked = {
            Question(text=part.text[a:b], before=said): None
            for part, said, own in zip(parts, before, spans, strict=True)
            for a, b in own
        }
        answers = self._ask(list(asked)) if asked else {}
        return [
            self._answer(part, said, own, answers, len(every)) if own else NOTHING
            for part, said, own, every in zip(parts, before, spans, covered, strict=True)
        ]

    def _ask(self, questions: list[Question]) -> _Answers:
        answers = ask_all(self._client, questions, within_s=self._within)
        return dict(zip(questions, answers, strict=True))

    def _answer(
        self, part: TextPart, before: tuple[Message, ...], spans: Sequence[Span], answers: _Answers, of: int
    ) -> Detection:
        judged: dict[str, tuple[Judgement, Span]] = {}  # label -> its worst window
        failures: list[str] = []
        for a, b in spans:
            answer = answers[Question(text=part.text[a:b], before=before)]
            if isinstance(answer, EvenhandError):
                failures.append(answer.message)
                continue
            for label, one in answer.items():
                if label not in judged or one.probability > judged[label][0].probability:
                    judged[label] = (one, (a, b))
        return Detection(
            findings=tuple(self._findings(part, judged)),
            scores={label: one.probability for label, (one, _) in judged.items()},
            partial=_partial(failures, len(spans), of),
        )

    def _findings(self, part: TextPart, judged: dict[str, tuple[Judgement, Span]]) -> list[Finding]:
        findings = []
        for label, (one, span) in judged.items():
            own = self._entry.labels[label].threshold
            if one.probability >= (self._entry.threshold if own is None else own):
                findings.append(
                    Finding(
                        label=label,
                        score=one.probability,
                        location=_place(part, span, one.quote),
                        detector=self.info.name,
                        version=self.info.version,
                        reason=reads_like(label, self._entry.name),
                    )
                )
        return findings


def _end(before: Sequence[Message], size: int) -> tuple[Message, ...]:
    """Give the last messages that have at most `size` UTF-8 bytes together; each one costs money."""
    for place in range(len(before) - 1, -1, -1):
        size -= len(before[place].text.encode("utf-8", "replace"))
        if size < 0:
            return tuple(before[place + 1 :])
    return tuple(before)


def _place(part: TextPart, span: Span, quote: str | None) -> Location:
    """Give the place of a quote, where the text holds it letter by letter, or of the whole window."""
    at = part.text.find(quote, *span) if quote and quote.strip() else -1
    return part.locate(*span) if at < 0 or quote is None else part.locate(at, at + len(quote))


def _partial(failures: Sequence[str], read: int, of: int) -> str | None:
    if failures:
        much = "not judged" if len(failures) == read else f"{len(failures)} of {read} stretches not judged"
        return f"{much}: {failures[0]}"
    return f"only {read} of {of} stretches of the text were judged; send it in pieces" if read < of else None


def _digest(entry: LlmModel) -> str:
    """Give 8 hex digits for what is asked, and how."""
    body = request_body(entry, Question(text=""), system=system_prompt(entry), schema=True)
    thresholds = [entry.threshold, *(ask.threshold for ask in entry.labels.values())]
    how = [VERSION, entry.url, entry.structured, entry.window_bytes, entry.max_windows, thresholds, body]
    return hashlib.sha256(repr(how).encode()).hexdigest()[:8]


def make(entry: LlmModel, context: DetectorContext) -> LlmDetector:
    """Make the detector, with the key out of the environment variable that the entry names.

    Raises:
        DetectorError: the variable is not set, or holds no key.
    """
    return LlmDetector(entry, key=key_of(entry), time_limit_s=context.settings.detector_timeout_s)
