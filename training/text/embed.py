"""Encode training rows once; what was encoded is kept on disk by the hash of the encoder and of the texts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import sentencepiece
from numpy.typing import NDArray

from training.text.convert import GAP

BEGIN, END, UNKNOWN = 1, 2, 0
MAX_TOKENS = 128
BUDGET = 512  # tokens a run


class Embedder:
    """The converted encoder, as training uses it.

    Args:
        encoder: the ONNX file.
        tokenizer: the SentencePiece model.
        cache: folder for what was encoded.
        threads: threads of the session.
    """

    def __init__(self, encoder: Path, tokenizer: Path, *, cache: Path, threads: int = 2) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = ort.InferenceSession(str(encoder), options, providers=["CPUExecutionProvider"])
        self._tokens = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
        self._digest = hashlib.sha256(encoder.read_bytes() + tokenizer.read_bytes())
        self._cache = cache

    def ids(self, text: str) -> list[int]:
        """Token ids of a text with its begin and end marks."""
        return [BEGIN, *(self._tokens.encode(text)[:MAX_TOKENS] or [UNKNOWN]), END]

    def encode(self, texts: Sequence[str]) -> NDArray[np.float16]:
        """Give float16[n, 1792]: the embedding (512) and the pooled features (1280) of each text."""
        digest = self._digest.copy()
        for text in texts:
            digest.update(text.encode() + b"\0")
        path = self._cache / f"{digest.hexdigest()[:24]}.npy"
        if path.is_file():
            return np.load(path)  # type: ignore[no-any-return]
        out = np.empty((len(texts), 1792), np.float16)
        batch: list[tuple[int, list[int]]] = []
        size = 0
        for i, text in enumerate(texts):
            ids = self.ids(text)
            if batch and size + len(ids) > BUDGET:
                self._run(batch, out)
                batch, size = [], 0
            batch.append((i, ids))
            size += len(ids)
        if batch:
            self._run(batch, out)
        self._cache.mkdir(parents=True, exist_ok=True)
        np.save(path, out)
        return out

    def _run(self, batch: list[tuple[int, list[int]]], out: NDArray[np.float16]) -> None:
        ids: list[int] = [0] * GAP
        segments: list[int] = [-1] * GAP
        for segment, (_, own) in enumerate(batch):
            ids += [*own, *[0] * GAP]
            segments += [*[segment] * len(own), *[-1] * GAP]
        feed = {"ids": np.array(ids, np.int64), "segments": np.array(segments, np.int64)}
        embedding, pooled = self._session.run(["embedding", "pooled"], feed)
        out[[i for i, _ in batch]] = np.concatenate([embedding, pooled], 1)
