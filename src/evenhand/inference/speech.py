"""Speech to text: Whisper on CTranslate2, one chunk of speech at a time, each word with its time and its certainty.

Whisper was made for windows of 30 seconds and is mostly run on such, however short the speech. Here a window is as long
as the speech and five seconds more, ten at least, which is two to three times faster for short speech and no worse
(`quality/sound.md`); shorter ones make it repeat itself. The language is told from the same encoding of the window that
the words are read from.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evenhand.errors import ModelError
from evenhand.inference.speech_weights import NAME, read_weights
from evenhand.inference.vad import RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 28 * RATE  # samples of one chunk
_FRAMES = 3000  # of a full window: 10 ms each
_MORE, _LEAST = 500, 1000  # frames of silence after the speech, and frames of a window at least
_TOKENS_A_SECOND = 16  # nobody speaks faster; bounds what a model that repeats itself costs
_REPEATS = 2.4  # text that deflates to less than 1/2.4 of itself goes round in circles
_FEW = 3  # so does one in which each token comes three times and more
_OPENING, _CLOSING = "\"'\u201c\u00bf([{-", "\"'.\u3002,\uff0c!\uff01?\uff1f:\uff1a\u201d)]}\u3001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as heard, with the signs that stand at it."""

    text: str  # with the space before it, where the language writes one
    start: float  # seconds from the start of the chunk
    end: float
    probability: float  # the model's own, in [0, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was heard in one chunk."""

    words: tuple[Word, ...]
    language: str  # Whisper's code: "en", "zh"
    language_probability: float  # in [0, 1]; 1 where the caller named it
    logprob: float  # mean log probability of a token, <= 0
    no_speech: float  # the model's own probability that nobody spoke, in [0, 1]
    repeats: bool = False  # the text went round in circles, and was read a second time


class SpeechModel:
    """A Whisper model, verified and loaded on first use, once. About 370 MB in memory for the one that ships.

    Args:
        folder: a Whisper model for CTranslate2; None: the one that ships.
        threads: threads inside one run; 0: one per core that this process may use.
        device: "cpu", "cuda" or "auto".
    """

    def __init__(self, folder: Path | None = None, *, threads: int = 0, device: str = "cpu") -> None:
        self._folder, self._threads, self._device = folder, threads, device
        self._lock = threading.Lock()
        self._loaded: Any = None

    def languages(self, windows: Sequence[Window]) -> list[Mapping[str, float]]:
        """Give, for each window, the probability of each language."""
        if not self._model.model.is_multilingual:
            return [{"en": 1.0}] * len(windows)
        found = [self._model.model.detect_language(window.encoded)[0] for window in windows]
        return [{token[2:-2]: float(probability) for token, probability in one} for one in found]

    def speaks(self, language: str) -> bool:
        """Say whether the model knows a language by this code."""
        model = self._model
        return language == "en" or (
            model.model.is_multilingual and model.hf_tokenizer.token_to_id(f"<|{language}|>") is not None
        )

    def window(self, samples: NDArray[np.float32]) -> Window:
        """Encode a chunk.

        Args:
            samples: float32 [n] at 16 kHz, n up to 28 seconds.

        Raises:
            ModelError: the weights are missing or not what their card describes.
        """
        model = self._model
        features = model.feature_extractor(samples[:LONGEST])[:, :-1]
        frames = features.shape[1]
        length = min(_FRAMES, max(frames + _MORE, _LEAST))
        length += length % 2
        padded = np.pad(features, ((0, 0), (0, length - frames))).astype(np.float32)
        return Window(encoded=model.encode(padded), frames=frames)

    def hear(self, window: Window, language: str, *, probability: float = 1.0) -> Heard:
        """Read the words of a window.

        Args:
            window: of `window`.
            language: a code that the model `speaks`.
            probability: of that language.
        """
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import merge_punctuations

        model = self._model
        tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
        prompt = model.get_prompt(tokenizer, [], without_timestamps=True)
        most = min(model.max_length, len(prompt) + 16 + window.frames * _TOKENS_A_SECOND // 100)
        first = self._generate(window, prompt, most)
        repeats = _circles(tokenizer, first)
        chosen = self._generate(window, prompt, most, no_repeat_ngram_size=3, beam_size=3) if repeats else first
        tokens = [token for token in chosen.sequences_ids[0] if token < tokenizer.eot]
        timed = model.find_alignment(tokenizer, [tokens], window.encoded, window.frames)[0] if tokens else []
        merge_punctuations(timed, _OPENING, _CLOSING)
        return Heard(
            words=_words(timed, window.frames / 100),
            language=language,
            language_probability=probability,
            logprob=float(chosen.scores[0]),
            no_speech=float(chosen.no_speech_prob),
            repeats=repeats,
        )

    def _generate(self, window: Window, prompt: list[int], most: int, **options: Any) -> Any:
        asked = {"beam_size": 1, **options}
        return self._model.model.generate(
            window.encoded, [prompt], max_length=most, return_scores=True, return_no_speech_prob=True, **asked
        )[0]

    @property
    def _model(self) -> Any:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = self._load()
        return self._loaded

    def _load(self) -> Any:
        from faster_whisper import WhisperModel

        given = {"device": self._device, "compute_type": "int8", "cpu_threads": self._threads or _cores()}
        try:
            if self._folder is not None:
                return WhisperModel(str(self._folder), local_files_only=True, **given)
            return WhisperModel(NAME, files=dict(read_weights()), **given)
        except (RuntimeError, ValueError, OSError) as error:
            where = self._folder or NAME
            raise ModelError(f"Speech model {where} cannot be loaded ({str(error)[:200]}); check the files.") from error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """An encoded chunk."""

    encoded: Any  # ctranslate2.StorageView
    frames: int  # of 10 ms, of the chunk itself


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _circles(tokenizer: Any, result: Any) -> bool:
    tokens = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
    text = tokenizer.decode(tokens).encode()
    few = len(tokens) >= 8 and len(tokens) >= _FEW * len(set(tokens))
    return few or (len(text) > 40 and len(text) / len(zlib.compress(text)) > _REPEATS)


def _words(timed: Sequence[Mapping[str, Any]], seconds: float) -> tuple[Word, ...]:
    words = []
    for one in timed:
        if not one["word"].strip():
            continue
        start = min(max(0.0, float(one["start"])), seconds)
        end = min(max(start, float(one["end"])), seconds)
        words.append(Word(text=one["word"], start=start, end=end, probability=float(one["probability"])))
    return tuple(words)
