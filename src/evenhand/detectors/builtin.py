"""The detectors that ship, listed explicitly and in order. Modules are imported only when a content needs them."""

from __future__ import annotations

from dataclasses import dataclass

from evenhand.domain import PartKind


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIn:
    """Where a detector that ships is made."""

    name: str  # the detector's name
    reads: PartKind  # known without importing it, so that a missing extra is noticed for the right contents
    factory: str  # "module:function" of a DetectorFactory
    extra: str | None = None  # the optional extra it needs
    setting: str | None = None  # there only where the operator has set this setting


BUILTINS: tuple[BuiltIn, ...] = (
    BuiltIn(name="text.language", reads=PartKind.TEXT, factory="evenhand.detectors.language:make"),
    BuiltIn(name="text.words", reads=PartKind.TEXT, factory="evenhand.detectors.words:make"),
    BuiltIn(name="text.known", reads=PartKind.TEXT, factory="evenhand.detectors.text_known:make"),
    BuiltIn(name="text.voice", reads=PartKind.TEXT, factory="evenhand.detectors.voice:make", extra="audio"),
    BuiltIn(name="text.contact", reads=PartKind.TEXT, factory="evenhand.detectors.contact:make"),
    BuiltIn(name="text.flood", reads=PartKind.TEXT, factory="evenhand.detectors.flood:make"),
    BuiltIn(name="text.harm", reads=PartKind.TEXT, factory="evenhand.detectors.harm:make"),
    BuiltIn(name="text.classes", reads=PartKind.TEXT, factory="evenhand.detectors.classes_text:make"),
    BuiltIn(name="image.hash", reads=PartKind.IMAGE, factory="evenhand.detectors.imagehash:make", extra="image"),
    BuiltIn(name="video.known", reads=PartKind.IMAGE, factory="evenhand.detectors.video_known:make", extra="image"),
    BuiltIn(
        name="video.fight",
        reads=PartKind.IMAGE,
        factory="evenhand.detectors.fight:make",
        extra="image",
        setting="fight_interval_s",
    ),
    BuiltIn(name="image.likeness", reads=PartKind.IMAGE, factory="evenhand.detectors.likeness:make", extra="image"),
    BuiltIn(name="image.classes", reads=PartKind.IMAGE, factory="evenhand.detectors.classes:make", extra="image"),
    BuiltIn(name="image.code", reads=PartKind.IMAGE, factory="evenhand.detectors.code:make", extra="image"),
    BuiltIn(name="image.nudity", reads=PartKind.IMAGE, factory="evenhand.detectors.nudity:make", extra="image"),
    BuiltIn(name="image.symbol", reads=PartKind.IMAGE, factory="evenhand.detectors.symbol:make", extra="image"),
    BuiltIn(name="image.weapon", reads=PartKind.IMAGE, factory="evenhand.detectors.weapon:make", extra="image"),
    BuiltIn(name="image.face", reads=PartKind.IMAGE, factory="evenhand.detectors.face:make", extra="image"),
    BuiltIn(name="image.ocr", reads=PartKind.IMAGE, factory="evenhand.detectors.ocr:make", extra="image"),
    BuiltIn(name="audio.known", reads=PartKind.AUDIO, factory="evenhand.detectors.sound_known:make", extra="audio"),
    BuiltIn(name="audio.events", reads=PartKind.AUDIO, factory="evenhand.detectors.sound:make", extra="audio"),
    BuiltIn(name="audio.speech", reads=PartKind.AUDIO, factory="evenhand.detectors.speech:make", extra="audio"),
)
