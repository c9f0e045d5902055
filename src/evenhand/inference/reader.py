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
_POOLED = 4096  # texts whose pooled states are at hand, once somebody has asked for any: some 20 MB
WIDTH = 384  # of one state


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

_States: TypeAlias = "tuple[NDArray[np.float32], NDArray[np.float32] | None]"
"""Of one text: mean of its embeddings and of the lower part's states [768]; of the upper's [384], where it read."""


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
        self._states: OrderedDict[tuple[int, ...], _States] | None = None

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

    def pool(self) -> None:
        """From now on keep the pooled states of what is read, for `pooled`."""
        with self._lock:
            if self._states is None:
                self._states = OrderedDict()

    def pooled(self, texts: Sequence[str], *, whole: bool = False) -> NDArray[np.float32]:
        """Give the mean state of each text: of what was read lately it is at hand, the rest is read now.

        Args:
            texts: any number; of each at most the first 160 tokens are read.
            whole: the upper part's states too, which costs as much again for texts that were settled early.

        Returns:
            float32 [texts, 768] of the embeddings and of the lower part; with `whole` [texts, 1152].
        """
        import numpy as np

        self.load()
        self.pool()
        ids = [tuple(self._ids(text)) for text in texts]
        found: dict[tuple[int, ...], NDArray[np.float32]] = {}
        with self._lock:
            kept = {own: self._states[own] for own in set(ids) if self._states is not None and own in self._states}
        for own, (rows, above) in kept.items():
            if not whole:
                found[own] = rows
            elif above is not None:
                found[own] = np.concatenate([rows, above])
        missing = [list(own) for own in dict.fromkeys(ids) if own not in found]
        cut = [[missing[i] for i in run] for run in runs([len(own) for own in missing], self._together)]
        spread = len(cut) > 1 and self._threads > 1
        read = (self._workers().map if spread else map)(lambda run: self._pool_run(run, whole), cut)
        for run, made in zip(cut, read, strict=True):
            found.update(zip(map(tuple, run), made, strict=True))
        size = WIDTH * (3 if whole else 2)
        return np.stack([found[own] for own in ids]) if ids else np.zeros((0, size), np.float32)

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

        words = self._embedded(ids)
        early, hidden = self._below(words)
        settled = enough(early) if enough else np.zeros(len(ids), bool)
        out = [Reading(logits=row, early=True) for row in early]
        rest = np.flatnonzero(~settled)
        above: dict[int, NDArray[np.float32]] = {}
        if len(rest):
            logits, pointed, last = self._above(hidden if len(rest) == len(ids) else hidden[rest])
            for i, row in zip(rest.tolist(), logits, strict=True):
                out[i] = Reading(logits=row, early=False)
            self._remember([tuple(ids[i]) for i in rest], pointed)
            if self._states is not None and last is not None:
                above = dict(zip(rest.tolist(), last.mean(axis=1), strict=True))
        if self._states is not None:
            self._keep_states(ids, np.concatenate([words.mean(axis=1), hidden.mean(axis=1)], axis=1), above)
        return out

    def _pool_run(self, ids: list[list[int]], whole: bool) -> NDArray[np.float32]:
        """Pooled states of texts of one length; they are kept."""
        import numpy as np

        words = self._embedded(ids)
        _, hidden = self._below(words)
        rows = np.concatenate([words.mean(axis=1), hidden.mean(axis=1)], axis=1)
        above: dict[int, NDArray[np.float32]] = {}
        if whole:
            (last,) = self._upper.run(["last"], {"hidden": hidden})
            above = dict(enumerate(last.mean(axis=1)))
        self._keep_states(ids, rows, above)
        return np.concatenate([rows, np.stack([above[i] for i in range(len(ids))])], axis=1) if whole else rows

    def _keep_states(
        self, ids: list[list[int]], rows: NDArray[np.float32], above: dict[int, NDArray[np.float32]]
    ) -> None:
        with self._lock:
            if self._states is None:
                return
            for i, (own, row) in enumerate(zip(ids, rows, strict=True)):
                self._states[tuple(own)] = row, above.get(i)
                self._states.move_to_end(tuple(own))
            while len(self._states) > _POOLED:
                self._states.popitem(last=False)

    def _below(self, words: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Words float32[texts, tokens, width] -> early logits [texts, labels], hidden [texts, tokens, width]."""
        early, hidden = self._lower.run(["early", "hidden"], {"words": words})
        return early, hidden

    def _above(
        self, hidden: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], list[_Pointed], NDArray[np.float32] | None]:
        """Hidden [texts, tokens, width] -> logits [texts, labels], of each text where its labels come from, states."""
        logits, share, last = self._upper.run(["logits", "evidence", "last"], {"hidden": hidden})
        (spans,) = self._spans.run(["spans"], {"hidden": hidden, "last": last})
        return logits, list(zip(share, spans, strict=True)), last

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

    def _above(
        self, hidden: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], list[_Pointed], NDArray[np.float32] | None]:
        logits, share, spans = self._upper.run(["logits", "evidence", "spans"], {"hidden": hidden})
        return logits[None], [(share, spans)], None


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
