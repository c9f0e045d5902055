"""The harm reader: a small multilingual transformer in two parts, run over texts of one length together.

Embeddings and tokenizer are shared by its versions. The lower part says early what it can; the upper part reads on
where asked to. Nothing is padded and the inputs of dense layers have fixed ranges, so scores do not depend on
neighbours, but for how sums are rounded.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from evenhand.errors import ModelError
from evenhand.inference.packages import TEXT
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentencepiece import SentencePieceProcessor

    from evenhand.inference.cards import ModelCard

WORDS = "reader.words"
TOKENIZER = "reader.tokenizer.model"
MAX_TOKENS = 160  # tokens read of one text, both marks included; longer texts are for `windows`
_BEGIN, _END, _UNKNOWN = 0, 2, 3
_TOGETHER = 512  # tokens of one run: larger runs fall out of the cache and are slower
_REMEMBERED = 512  # texts whose evidence is at hand, because those just read are those that are asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the reader says of one text."""

    logits: NDArray[np.float32]  # [labels], uncalibrated; the early ones where the upper part was not asked
    early: bool  # whether only the lower part read


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where in a text its labels come from."""

    places: tuple[tuple[int, int], ...]  # each token's span of code points; both marks left out
    share: NDArray[np.float32]  # [tokens, labels]: what each token adds to each label's logit
    toxic: NDArray[np.float32]  # [tokens]: probability that the token belongs to what makes the text toxic


_Pointed: TypeAlias = "tuple[NDArray[np.float32], NDArray[np.float32]]"
"""Of one text: what each token adds to each label's logit [tokens, labels]; logits of toxic spans [tokens]."""


class TextReader:
    """A version's parts, the embeddings and the tokenizer, loaded on first use, once.

    Args:
        name: the version: its cards are `<name>.lower`, `<name>.upper` and `<name>.spans`.
        package: import name of the data package with these.
        threads: runs at a time; 0: one per core that this process may use.
    """

    _together = _TOGETHER

    def __init__(self, name: str, *, package: str = TEXT, threads: int = 0) -> None:
        self._words = LazySession(TEXT, WORDS, threads=1)
        self._lower = LazySession(package, f"{name}.lower", threads=1)
        self._upper = LazySession(package, f"{name}.upper", threads=1)
        self._spans = LazySession(package, f"{name}.spans", threads=1)
        self._threads = threads or len(os.sched_getaffinity(0))
        self._lock = threading.Lock()
        self._tokenizer: SentencePieceProcessor | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._recent: OrderedDict[tuple[int, ...], _Pointed] = OrderedDict()

    @property
    def card(self) -> ModelCard:
        """The upper part's card: labels, calibration, early rule.

        Raises:
            ModelError: the package or the card is missing.
        """
        return self._upper.card

    @property
    def sure(self) -> float:
        """The probability from which on a token belongs to a toxic span.

        Raises:
            ModelError: the package or the card is missing.
        """
        return float(self._spans.card.raw["sure"])

    def load(self) -> None:
        """Load everything that every text needs now, if it was not.

        Raises:
            ModelError: a file is missing or not what its card describes.
        """
        if self._tokenizer is None:
            with self._lock:
                if self._tokenizer is None:
                    tokenizer = self._load_tokenizer()
                    _ = self._words.session, self._lower.session, self._upper.session
                    self._tokenizer = tokenizer

    def read(
        self,
        texts: Sequence[str],
        *,
        enough: Callable[[NDArray[np.float32]], NDArray[np.bool_]] | None = None,
    ) -> list[Reading]:
        """Read texts.

        Args:
            texts: any number; of each at most the first 160 tokens are read.
            enough: says of early logits float32[texts, labels] which settle their text; None: none are settled early.

        Returns:
            One reading for each text, in order.
        """
        self.load()
        ids = [self._ids(text) for text in texts]
        cut = list(runs([len(own) for own in ids], self._together))
        if len(cut) > 1 and self._threads > 1:
            found = self._workers().map(lambda run: self._read([ids[i] for i in run], enough), cut)
        else:
            found = (self._read([ids[i] for i in run], enough) for run in cut)
        out: dict[int, Reading] = {}
        for run, readings in zip(cut, found, strict=True):
            out.update(zip(run, readings, strict=True))
        return [out[i] for i in range(len(texts))]

    def evidence(self, text: str) -> Evidence:
        """Say which tokens of a text its labels come from; of its first 160 tokens only."""
        import numpy as np

        self.load()
        tokenizer: Any = self._tokenizer
        pieces = tokenizer.encode(_clean(text), return_type="proto").pieces[: MAX_TOKENS - 2]
        if not pieces:
            empty = np.zeros((0, len(self.card.labels)), np.float32)
            return Evidence(places=(), share=empty, toxic=np.zeros(0, np.float32))
        ids = [_BEGIN, *(piece.id for piece in pieces), _END]
        with self._lock:
            found = self._recent.get(tuple(ids))
        share, spans = found or self._above(self._below(self._embedded([ids]))[1])[1][0]
        starts = _characters(_clean(text))
        places = tuple((starts[piece.begin], starts[piece.end]) for piece in pieces)
        toxic = (1 / (1 + np.exp(-np.clip(spans[1:-1], -60, 60)))).astype(np.float32)
        return Evidence(places=places, share=share[1:-1], toxic=toxic)

    def _workers(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="reader")
            return self._pool

    def _read(
        self, ids: list[list[int]], enough: Callable[[NDArray[np.float32]], NDArray[np.bool_]] | None
    ) -> list[Reading]:
        """Read texts of one length."""
        import numpy as np

        early, hidden = self._below(self._embedded(ids))
        settled = enough(early) if enough else np.zeros(len(ids), bool)
        out = [Reading(logits=row, early=True) for row in early]
        rest = np.flatnonzero(~settled)
        if len(rest):
            logits, pointed = self._above(hidden if len(rest) == len(ids) else hidden[rest])
            for i, row in zip(rest.tolist(), logits, strict=True):
                out[i] = Reading(logits=row, early=False)
            self._remember([tuple(ids[i]) for i in rest], pointed)
        return out

    def _below(self, words: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Words float32[texts, tokens, width] -> early logits [texts, labels], hidden [texts, tokens, width]."""
        early, hidden = self._lower.run(["early", "hidden"], {"words": words})
        return early, hidden

    def _above(self, hidden: NDArray[np.float32]) -> tuple[NDArray[np.float32], list[_Pointed]]:
        """Hidden [texts, tokens, width] -> logits [texts, labels], and of each text where its labels come from."""
        logits, share, last = self._upper.run(["logits", "evidence", "last"], {"hidden": hidden})
        (spans,) = self._spans.run(["spans"], {"hidden": hidden, "last": last})
        return logits, list(zip(share, spans, strict=True))

    def _remember(self, ids: list[tuple[int, ...]], pointed: list[_Pointed]) -> None:
        with self._lock:
            for own, found in zip(ids, pointed, strict=True):
                self._recent[own] = found
                self._recent.move_to_end(own)
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)

    def _embedded(self, ids: list[list[int]]) -> NDArray[np.float32]:
        import numpy as np

        words: NDArray[np.float32] = self._words.run(["words"], {"ids": np.array(ids, np.int64)})[0]
        return words

    def _ids(self, text: str) -> list[int]:
        tokenizer: Any = self._tokenizer
        return [_BEGIN, *(tokenizer.encode(_clean(text))[: MAX_TOKENS - 2] or [_UNKNOWN]), _END]

    def _load_tokenizer(self) -> SentencePieceProcessor:
        from sentencepiece import SentencePieceProcessor

        tokenizer = SentencePieceProcessor()
        if not tokenizer.Load(str(self._words.card.path(TOKENIZER))):
            raise ModelError("The tokenizer of the text reader cannot be read; reinstall the model package.")
        return tokenizer


class SoleReader(TextReader):
    """text-2026.3: every text is run alone, because its layers' ranges are those of the run."""

    _together = 0

    @property
    def sure(self) -> float:
        """See TextReader."""
        return 0.5

    def _below(self, words: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        early, hidden = self._lower.run(["early", "hidden"], {"words": words[0]})
        return early[None], hidden

    def _above(self, hidden: NDArray[np.float32]) -> tuple[NDArray[np.float32], list[_Pointed]]:
        logits, share, spans = self._upper.run(["logits", "evidence", "spans"], {"hidden": hidden})
        return logits[None], [(share, spans)]


def runs(lengths: Sequence[int], together: int) -> Iterator[list[int]]:
    """Cut texts of these lengths, in tokens, into runs of one length and at most `together` tokens, or of one text."""
    by_length: dict[int, list[int]] = {}
    for i, length in enumerate(lengths):
        by_length.setdefault(length, []).append(i)
    for length, places in by_length.items():
        step = max(1, together // length)
        yield from (places[at : at + step] for at in range(0, len(places), step))


def _clean(text: str) -> str:
    """Without lone surrogates, which cannot be written as UTF-8; they read as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _characters(text: str) -> list[int]:
    """For each byte of the text's UTF-8, and for its end, the number of the code point that it belongs to."""
    out: list[int] = []
    for i, c in enumerate(text):
        out += [i] * len(c.encode())
    return [*out, len(text)]
