"""The multilingual text encoder: texts to vectors, batched without padding.

The model reads many texts laid end to end with gaps between them, so a batch costs the sum of its texts and a text's
vector does not depend on its neighbours.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from evenhand.errors import ModelError
from evenhand.inference.packages import TEXT_PAST
from evenhand.inference.sessions import LazySession

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sentencepiece import SentencePieceProcessor

NAME = "encoder"
TOKENIZER = "tokenizer.model"
MAX_CHARS = 4096  # code points read of one text; longer texts are for `windows`
MAX_TOKENS = 512  # tokens read of one text
_UNKNOWN, _BEGIN, _END = 0, 1, 2
_GAP = 2  # the widest n-gram reaches two tokens to either side
_BUDGET = 512  # tokens a run: larger runs fall out of the cache and are slower


class TextEncoder:
    """The encoder and its tokenizer, loaded on first use, once.

    Args:
        threads: threads inside one run; 0: one per core that this process may use.
    """

    def __init__(self, *, threads: int = 0) -> None:
        self._model = LazySession(TEXT_PAST, NAME, threads=threads)
        self._lock = threading.Lock()
        self._tokenizer: SentencePieceProcessor | None = None

    @property
    def version(self) -> str:
        """The model's version, from its card."""
        return self._model.card.version

    def load(self) -> None:
        """Load model and tokenizer now, side by side, if they were not.

        Raises:
            ModelError: a file is missing or not what the card describes.
        """
        if self._tokenizer is not None:
            return
        with self._lock:
            if self._tokenizer is None:
                warm = threading.Thread(target=self._try_session, daemon=True)
                warm.start()
                tokenizer = self._load_tokenizer()
                warm.join()
                _ = self._model.session  # raises here what the thread could not
                self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts for comparison by meaning.

        Args:
            texts: any number of texts; of each at most the first 4,096 code points and 512 tokens are read.

        Returns:
            float32[n, 512], each row of length 1; the dot product of two rows is their cosine similarity.
        """
        return self._run(texts, ["embedding"])

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give what classifiers read, float32[n, 1792]: the embedding (512), then the mean token features (1280)."""
        return self._run(texts, ["embedding", "pooled"])

    def _run(self, texts: Sequence[str], outputs: list[str]) -> NDArray[np.float32]:
        import numpy as np

        parts: list[Any] = []
        for batch in self._batches(texts):
            ids, segments = [0] * _GAP, [-1] * _GAP
            for place, own in enumerate(batch):
                ids += own
                ids += [0] * _GAP
                segments += [place] * len(own)
                segments += [-1] * _GAP
            feed = {"ids": np.array(ids, np.int64), "segments": np.array(segments, np.int64)}
            found = self._model.run(outputs, feed)
            parts.append(found[0] if len(found) == 1 else np.concatenate(found, axis=1))
        if not parts:
            return np.zeros((0, 512 if len(outputs) == 1 else 1792), np.float32)
        joined: NDArray[np.float32] = np.concatenate(parts)
        return joined

    def _batches(self, texts: Sequence[str]) -> Iterator[list[list[int]]]:
        """Token ids of the texts, in runs of bounded size."""
        self.load()
        tokenizer: Any = self._tokenizer
        batch: list[list[int]] = []
        size = 0
        for text in texts:
            # lone surrogates cannot be written as UTF-8; they read as unknown characters
            clean = text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8")
            ids = [_BEGIN, *(tokenizer.encode(clean)[:MAX_TOKENS] or [_UNKNOWN]), _END]
            if batch and size + len(ids) > _BUDGET:
                yield batch
                batch, size = [], 0
            batch.append(ids)
            size += len(ids)
        if batch:
            yield batch

    def _try_session(self) -> None:
        try:
            _ = self._model.session
        except ModelError:
            return

    def _load_tokenizer(self) -> SentencePieceProcessor:
        from sentencepiece import SentencePieceProcessor

        tokenizer = SentencePieceProcessor()
        if not tokenizer.Load(str(self._model.card.path(TOKENIZER))):
            raise ModelError("The tokenizer of the text encoder cannot be read; reinstall the model package.")
        return tokenizer
