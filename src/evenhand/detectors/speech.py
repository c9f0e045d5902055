"""audio.speech: writes down what is said, each word with its time, so that the text detectors judge it.

About a hundred languages. Only what sounds like speech is listened to; what the model is unsure to have heard is
dropped, because it invents words for noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.speech_text import Stretch, simplified, texts
from evenhand.domain import AudioPart, PartKind
from evenhand.inference.speech import LONGEST, Heard, SpeechModel, Window
from evenhand.inference.speech_weights import check_folder
from evenhand.inference.vad import RATE, at_16k, joined, levelled, speech_stretches

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VERSION = "1"
_GAP = 3 * RATE // 2  # stretches with less silence between them are heard together
_SURE_LANGUAGE = 0.8  # from here on a chunk's own language counts; below, that of all chunks of the part together
_DOUBT_LOGPROB, _DOUBT_NO_SPEECH = -1.0, 0.6  # both beyond: nothing was said
_DOUBT_LANGUAGE = 0.4  # no language at all, and words that the model hardly believes: music, animals
_WORST_LOGPROB, _WORST_FEW = -1.4, -1.1  # the second for up to three words, which is what noise is mostly heard as


class SpeechDetector:
    """Speech to text. The model is loaded when the first speech comes; sound without speech never loads it."""

    def __init__(self, model: SpeechModel | None = None, *, version: str = _VERSION) -> None:
        """Take a model.

        Args:
            model: None: the one that ships.
            version: told with every decision.
        """
        self._speech = model or SpeechModel()
        self.info = DetectorInfo(
            name="audio.speech",
            version=version,
            reads=PartKind.AUDIO,
            labels=(),
            cost=Cost.HEAVY,
            description="Writes down what is said, about a hundred languages; the text detectors then judge the words.",
            examples=(Example(title="A tone, in which nothing is said", part=_tone),),
            emits=frozenset({PartKind.TEXT}),
        )

    def detect(self, parts: Sequence[AudioPart]) -> list[Detection]:
        """Write down each part, one at a time.

        Raises:
            ModelError: the weights are missing or not what their card describes.
        """
        return [self._one(part) for part in parts]

    def _one(self, part: AudioPart) -> Detection:
        sound = heard_sound(part)
        chunks = joined(list(stretches_of(part)), gap=_GAP, longest=LONGEST)
        if not chunks:
            return NOTHING
        windows = [self._speech.window(sound[begin:end]) for begin, end in chunks]
        languages = self._languages(part, windows)
        stretches, doubtful = [], 0
        for (begin, end), window, (language, probability) in zip(chunks, windows, languages, strict=True):
            heard = self._speech.hear(window, language, probability=probability)
            if not heard.words:
                continue
            if _doubtful(heard):
                doubtful += 1
                continue
            stretches.append(Stretch(start=begin / RATE, end=end / RATE, heard=simplified(heard)))
        notes = ("something like speech was too unclear to be written down",) if doubtful else ()
        return Detection(parts=texts(part, stretches), notes=notes) if stretches or notes else NOTHING

    def _languages(self, part: AudioPart, windows: Sequence[Window]) -> list[tuple[str, float]]:
        """Choose the language of each window: the caller's hint, its own where it is plain, else that of them all."""
        hint = part.language.partition("-")[0].lower() if part.language else None
        if hint is not None and self._speech.speaks(hint):
            return [(hint, 1.0)] * len(windows)
        found = self._speech.languages(windows)
        together: dict[str, float] = {}
        for window, one in zip(windows, found, strict=True):
            for language, probability in one.items():
                together[language] = together.get(language, 0.0) + probability * window.frames
        most = max(together, key=lambda language: together[language])
        return [_choice(one, most) for one in found]


def make(context: DetectorContext) -> SpeechDetector:
    """Build the detector.

    Raises:
        ImportError: faster-whisper is not installed.
        SettingsError: the setting speech_model names no folder of a Whisper model.
    """
    import faster_whisper  # noqa: F401  (a missing extra is told now, not at the first speech)

    settings = context.settings
    folder = settings.speech_model
    version = _VERSION if folder is None else f"{_VERSION}+{check_folder(folder)}"
    model = SpeechModel(folder, threads=settings.threads, device=settings.speech_device)
    return SpeechDetector(model, version=version)


def heard_sound(part: AudioPart) -> NDArray[np.float32]:
    """Give the part's sound as models hear it: 16 kHz, without offset, raised where it is quiet. Made once a part."""
    return part.view("sound.16k", lambda samples: levelled(at_16k(samples, part.rate)))


def stretches_of(part: AudioPart) -> Sequence[tuple[int, int]]:
    """Give where somebody speaks in `heard_sound`, [start, end) in samples. Found once a part."""
    return part.view("sound.speech", lambda _: tuple(speech_stretches(heard_sound(part))))


def _choice(found: Mapping[str, float], most: str) -> tuple[str, float]:
    own = max(found, key=lambda language: found[language])
    return (own, found[own]) if found[own] >= _SURE_LANGUAGE else (most, found.get(most, 0.0))


def _doubtful(heard: Heard) -> bool:
    if heard.logprob < (_WORST_FEW if len(heard.words) <= 3 else _WORST_LOGPROB):
        return True
    if heard.logprob < _DOUBT_LOGPROB:
        return heard.no_speech > _DOUBT_NO_SPEECH or heard.language_probability < _DOUBT_LANGUAGE
    return False


def _tone() -> AudioPart:
    import numpy as np

    times = np.arange(2 * RATE, dtype=np.float32) / RATE
    return AudioPart(samples=(0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32))
