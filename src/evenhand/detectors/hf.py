"""text.hf:NAME: a Hugging Face text-classification model that the operator declared in the models file.

Long texts are read in windows of whole sentences; a label's score is that of its worst window, and the finding says
where that is. The version is the SHA-256 of the weights and a digest of all else that an answer depends on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.hf_engines import Engine, load_engine
from evenhand.detectors.hf_folder import HfFolder, open_folder
from evenhand.detectors.hf_outputs import Outputs, reads_like
from evenhand.detectors.models_schema import HfModel, TextModel
from evenhand.domain import Finding, PartKind, TextPart
from evenhand.errors import ModelError
from evenhand.fairness.neutral import Neutraliser
from evenhand.inference.windows import sample, windows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CODE = "1"  # raised when the same files and settings may give another answer
_BATCH = 16  # windows run together


class HfDetector:
    """Tokenizer, model, activation, label map; loaded on the first call.

    Args:
        entry: what the models file says.
        folder: the model's files.
        threads: threads a model run may use; 0: one per core.
    """

    def __init__(self, entry: HfModel, *, folder: HfFolder, threads: int = 0) -> None:
        self._entry, self._folder, self._threads = entry, folder, threads
        self._outputs = Outputs(entry, names=folder.labels, sigmoid=folder.sigmoid)
        self._blind = Neutraliser()
        self._engine: Engine | None = None
        self._tokenizer: Any = None
        self.info = DetectorInfo(
            name=entry.detector,
            version=f"sha256:{folder.sha256}+{self._digest()}",
            reads=PartKind.TEXT,
            labels=self._outputs.labels,
            cost=Cost.HEAVY,
            description=entry.description or f"The text-classification model {entry.name} that the operator declared.",
            examples=examples(entry),
        )

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        """Give one detection for each part, in order, with the score of every label. No parts: only load the model.

        Raises:
            ModelError: the model's files changed or cannot be loaded.
        """
        self._load()
        covered = [windows(part.text, size=self._entry.window_bytes) for part in parts]
        spans = [sample(own, self._entry.max_windows) for own in covered]
        rows = self._score([part.text[a:b] for part, own in zip(parts, spans, strict=True) for a, b in own])
        out: list[Detection] = []
        start = 0
        for part, own, every in zip(parts, spans, covered, strict=True):
            table, start = rows[start : start + len(own)], start + len(own)
            out.append(self._answer(part, own, table, len(every)) if own else NOTHING)
        return out

    def _answer(
        self, part: TextPart, spans: Sequence[tuple[int, int]], table: NDArray[np.float32], of: int
    ) -> Detection:
        findings, scores = [], {}
        for column, label in enumerate(self._outputs.labels):
            worst = int(table[:, column].argmax())
            score = scores[label] = float(table[worst, column])
            if score >= self._outputs.thresholds[label]:
                findings.append(
                    Finding(
                        label=label,
                        score=score,
                        location=part.locate(*spans[worst]),
                        detector=self.info.name,
                        version=self.info.version,
                        reason=reads_like(label, self._entry.name),
                    )
                )
        partial = f"only {len(spans)} of {of} stretches of the text were read; send it in pieces"
        return Detection(findings=tuple(findings), scores=scores, partial=partial if len(spans) < of else None)

    def _score(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Scores of our labels, float32[n, labels]; of a text with more tokens than fit, the worst stretch counts."""
        import numpy as np

        seen = self._blind.neutral(texts) if self._entry.blind else texts
        pieces = [
            (row, piece)
            for row, encoded in enumerate(self._tokenizer.encode_batch(list(seen)))
            for piece in (encoded, *encoded.overflowing)
        ]
        pieces.sort(key=lambda pair: len(pair[1].ids))  # alike lengths together: less padding
        table = np.zeros((len(texts), len(self._outputs.labels)), np.float32)
        for at in range(0, len(pieces), _BATCH):
            batch = pieces[at : at + _BATCH]
            scores = self._outputs.scores(self._run([piece for _, piece in batch]))
            np.maximum.at(table, [row for row, _ in batch], scores)
        return table

    def _run(self, pieces: Sequence[Any]) -> NDArray[np.float32]:
        import numpy as np

        longest = max(len(piece.ids) for piece in pieces)
        shape = (len(pieces), max(longest, 1))
        ids, mask, types = np.full(shape, self._folder.pad_id), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, piece in enumerate(pieces):
            size = len(piece.ids)
            ids[row, :size], mask[row, :size], types[row, :size] = piece.ids, 1, piece.type_ids
            mask[row, 0] = 1  # attention over nothing at all would be NaN
        if self._engine is None:
            raise ModelError("The model is not loaded.")
        return self._engine.logits({"input_ids": ids, "attention_mask": mask, "token_type_ids": types})

    def _load(self) -> None:
        if self._engine is None:
            from tokenizers import Tokenizer

            engine = load_engine(self._folder, threads=self._threads)
            try:
                self._tokenizer = Tokenizer.from_file(str(self._folder.folder / "tokenizer.json"))
                self._tokenizer.no_padding()
                self._tokenizer.enable_truncation(self._folder.max_tokens)
            except Exception as error:  # (the tokenizer raises bare exceptions)
                raise ModelError(f"tokenizer.json of {self.info.name} cannot be loaded; save it again.") from error
            self._engine = engine

    def _digest(self) -> str:
        """Give 8 hex digits for what an answer depends on besides the weights."""
        said = self._entry.model_dump_json(exclude={"path", "description", "examples"})
        table = ""
        if self._entry.blind:
            from importlib import resources

            table = (resources.files("evenhand.fairness") / "data" / "neutral.txt").read_text("utf-8")
        whole = "\n".join((_CODE, said, self._folder.sha256_others, self._folder.runtime, table))
        return hashlib.sha256(whole.encode()).hexdigest()[:8]


def examples(entry: TextModel) -> tuple[Example, ...]:
    """Give the examples of the models file in the form of a detector's."""

    def example(text: str, labels: tuple[str, ...], number: int) -> Example:
        return Example(title=f"example {number}", part=lambda: TextPart(text=text), labels=frozenset(labels))

    return tuple(example(shown.text, shown.labels, place) for place, shown in enumerate(entry.examples, 1))


def make(entry: HfModel, context: DetectorContext) -> HfDetector:
    """Make the detector; hashes the model's files.

    Raises:
        ModelError: the files are missing or of a kind that is not loaded.
        ImportError: `tokenizers` is not installed.
    """
    import tokenizers  # noqa: F401  (told now, with the extra's name, and not on the first text)

    return HfDetector(entry, folder=open_folder(entry, context.settings), threads=context.settings.threads)
