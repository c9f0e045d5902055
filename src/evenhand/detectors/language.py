"""Language identification of texts, by ELD-C (package `eldc`): n-gram scores for 60 languages, in microseconds.

Only a reliable answer counts. The caller's own hint always wins; it is never overruled here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import PartKind, TextPart

_WINDOW = 1000  # code points; the library reads at most 1,000 bytes anyway
_LETTER = re.compile(r"[^\W\d_]")
_KANA = re.compile(r"[\u3041-\u30ff]")
_SCRIPT_WINDOW = 200  # code points that decide between the two scripts of Chinese
_MIN_CHARS = 3  # code points: below this nothing can be reliable

# Frequent characters that exist in one script of Chinese only, in matching order.
_HANS = re.compile(
    "[们来个这时为会对说没开关见问间东车马长门还过进现动经应电话请谢谁让认识语头买卖钱钟岁乐欢爱听写读书学习国图]"
)
_HANT = re.compile(
    "[們來個這時為會對說沒開關見問間東車馬長門還過進現動經應電話請謝誰讓認識語頭買賣錢鐘歲樂歡愛聽寫讀書學習國圖]"
)

_INFO = DetectorInfo(
    name="text.language",
    version="1",
    reads=PartKind.TEXT,
    labels=(),
    cost=Cost.CHEAP,
    identifies_language=True,
    description="Identifies the language of a text (60 languages); says nothing when unsure.",
    examples=(
        Example(title="English", part=lambda: TextPart(text="Good morning, how was your weekend by the sea?")),
        Example(title="Traditional Chinese", part=lambda: TextPart(text="我們明天一起去圖書館讀書好嗎")),
        Example(title="too little to say", part=lambda: TextPart(text="12:30 :-)")),
    ),
)


def _chinese(text: str) -> str:
    simplified, traditional = len(_HANS.findall(text, 0, _SCRIPT_WINDOW)), len(_HANT.findall(text, 0, _SCRIPT_WINDOW))
    if simplified == traditional:
        return "zh"
    return "zh-Hans" if simplified > traditional else "zh-Hant"


class LanguageDetector:
    """Sets `Detection.language` to a BCP 47 tag: a two-letter code, or zh-Hans or zh-Hant where the script shows."""

    def __init__(self) -> None:
        self._details: Any = None
        self._answers: dict[str, Detection] = {}  # one shared answer a language, at most about sixty

    @property
    def info(self) -> DetectorInfo:
        """The declaration."""
        return _INFO

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        """Give one detection for each part, in order; parts with a language already get an empty one."""
        if self._details is None:
            self._details = _load()
        return [NOTHING if part.language is not None else self._one(part.text) for part in parts]

    def _one(self, text: str) -> Detection:
        if len(text) < _MIN_CHARS:
            return NOTHING
        tag = self.identify(text[:_WINDOW])
        if tag is None and len(text) > _WINDOW:
            # A long run of emoji, digits or rules may hide the words: look again from the first letter on.
            first = _LETTER.search(text, _WINDOW)
            tag = self.identify(text[first.start() : first.start() + _WINDOW]) if first else None
        if tag is None:
            return NOTHING
        return self._answers.setdefault(tag, Detection(language=tag))

    def identify(self, text: str) -> str | None:
        """Give the BCP 47 tag of a text of at most 1,000 code points, or None when unsure."""
        if "\0" in text:  # the library stops reading there
            text = text.replace("\0", " ")
        try:
            result = self._details(text)
        except UnicodeEncodeError:  # lone surrogates
            result = self._details(text.encode("utf-8", "replace").decode("utf-8"))
        if not result.reliable:
            return None
        tag: str = result.language
        if tag == "zh":
            return "ja" if _KANA.search(text) else _chinese(text)
        return tag


def _load() -> Any:
    import eldc

    eldc.init()  # points at tables inside the extension: well under a millisecond, safe to repeat
    instance = eldc.instance()  # own configuration, so that another user of the library cannot change our answers
    instance.set_scores(2)
    return instance.detect_details


def make(context: DetectorContext) -> LanguageDetector:
    """Make the detector; it needs nothing from the context."""
    return LanguageDetector()
