"""The harm reader: a small multilingual transformer in two parts, each text read alone.

The lower part embeds a text and says early what it can; the upper part reads on where asked to. Texts are never put
together in a run, so a text's scores do not depend on its neighbours.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evenhand.errors import ModelError
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentencepiece import SentencePieceProcessor

    from evenhand.inference.cards import ModelCard

TOKENIZER = "reader.tokenizer.model"
MAX_TOKENS = 160  # tokens read of one text, both marks included; longer texts are for `windows`
_BEGIN, _END, _UNKNOWN = 0, 2, 3


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


class TextReader:
    """Both parts and their tokenizer, loaded on first use, once.

    Args:
        package: import name of the data package.
        name: the model's name: its cards are `<name>.lower` and `<name>.upper`.
        threads: texts read at a time; 0: one per core that this process may use.
    """

    def __init__(self, package: str, name: str, *, threads: int = 0) -> None:
        self._lower = LazySession(package, f"{name}.lower", threads=1)
        self._upper = LazySession(package, f"{name}.upper", threads=1)
        self._threads = threads or len(os.sched_getaffinity(0))
        self._lock = threading.Lock()
        self._tokenizer: SentencePieceProcessor | None = None
        self._pool: ThreadPoolExecutor | None = None

    @property
    def card(self) -> ModelCard:
        """The upper part's card: labels, calibration, early limit.

        Raises:
            ModelError: the package or the card is missing.
        """
        return self._upper.card

    def load(self) -> None:
        """Load everything now, if it was not.

        Raises:
            ModelError: a file is missing or not what its card describes.
        """
        if self._tokenizer is None:
            with self._lock:
                if self._tokenizer is None:
                    tokenizer = self._load_tokenizer()
                    _ = self._lower.session, self._upper.session
                    self._tokenizer = tokenizer

    def read(
        self, texts: Sequence[str], *, enough: Callable[[NDArray[np.float32]], bool] | None = None
    ) -> list[Reading]:
        """Read texts.

        Args:
            texts: any number; of each at most the first 160 tokens are read.
            enough: says of the early logits float32[labels] whether they settle a text; None: none are settled early.

        Returns:
            One reading for each text, in order.
        """
        self.load()
        if len(texts) < 2 or self._threads < 2:
            return [self._read(text, enough) for text in texts]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="reader")
        chunk = max(1, min(32, -(-len(texts) // (4 * self._threads))))
        parts = [texts[i : i + chunk] for i in range(0, len(texts), chunk)]
        read = self._pool.map(lambda part: [self._read(text, enough) for text in part], parts)
        return [reading for part in read for reading in part]

    def evidence(self, text: str) -> Evidence:
        """Say which tokens of a text its labels come from; of its first 160 tokens only."""
        import numpy as np

        self.load()
        tokenizer: Any = self._tokenizer
        pieces = tokenizer.encode(_clean(text), return_type="proto").pieces[: MAX_TOKENS - 2]
        if not pieces:
            empty = np.zeros((0, len(self.card.labels)), np.float32)
            return Evidence(places=(), share=empty, toxic=np.zeros(0, np.float32))
        _, hidden = self._lower.run(["early", "hidden"], {"ids": _ids([piece.id for piece in pieces])})
        share, spans = self._upper.run(["evidence", "spans"], {"hidden": hidden})
        starts = _characters(_clean(text))
        places = tuple((starts[piece.begin], starts[piece.end]) for piece in pieces)
        toxic = 1 / (1 + np.exp(-np.clip(spans[1:-1], -60, 60)))
        return Evidence(places=places, share=share[1:-1], toxic=toxic)

    def _read(self, text: str, enough: Callable[[NDArray[np.float32]], bool] | None) -> Reading:
        tokenizer: Any = self._tokenizer
        ids = _ids(tokenizer.encode(_clean(text))[: MAX_TOKENS - 2] or [_UNKNOWN])
        early, hidden = self._lower.run(["early", "hidden"], {"ids": ids})
        if enough is not None and enough(early):
            return Reading(logits=early, early=True)
        return Reading(logits=self._upper.run(["logits"], {"hidden": hidden})[0], early=False)

    def _load_tokenizer(self) -> SentencePieceProcessor:
        from sentencepiece import SentencePieceProcessor

        tokenizer = SentencePieceProcessor()
        if not tokenizer.Load(str(self._lower.card.path(TOKENIZER))):
            raise ModelError("The tokenizer of the text reader cannot be read; reinstall the model package.")
        return tokenizer


def _ids(content: list[int]) -> NDArray[np.int64]:
    import numpy as np

    return np.array([_BEGIN, *content, _END], np.int64)


def _clean(text: str) -> str:
    """Without lone surrogates, which cannot be written as UTF-8; they read as unknown characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _characters(text: str) -> list[int]:
    """For each byte of the text's UTF-8, and for its end, the number of the code point that it belongs to."""
    out: list[int] = []
    for i, c in enumerate(text):
        out += [i] * len(c.encode())
    return [*out, len(text)]
