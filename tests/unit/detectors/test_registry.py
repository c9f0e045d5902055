"""The registry: what is built, what cannot be, and what is refused at the door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.builtin import BUILTINS, BuiltIn
from evenhand.detectors.registry import Registry
from evenhand.domain import PartKind, TextPart
from evenhand.errors import RefusedLabelError, SettingsError
from evenhand.settings import Settings

INFO = DetectorInfo(
    name="text.sample",
    version="1",
    reads=PartKind.TEXT,
    labels=("spam.bulk",),
    cost=Cost.CHEAP,
    description="A test.",
    examples=(Example(title="nothing", part=lambda: TextPart(text="hello")),),
)


class Sample:
    def __init__(self, info: DetectorInfo = INFO) -> None:
        self._info = info

    @property
    def info(self) -> DetectorInfo:
        return self._info

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        return [NOTHING for _ in parts]


def context(**settings: object) -> DetectorContext:
    return DetectorContext(settings=Settings(**{"plugins": False, **settings}))  # type: ignore[arg-type]


def test_the_builtin_names_are_frozen() -> None:
    """Names stand in records and policies: one that changes breaks them. Add at will; rename never."""
    assert [builtin.name for builtin in BUILTINS] == [
        "text.language",
        "text.words",
        "text.known",
        "text.voice",
        "text.contact",
        "text.flood",
        "text.harm",
        "text.classes",
        "image.hash",
        "video.known",
        "video.fight",
        "image.likeness",
        "image.classes",
        "image.code",
        "image.nudity",
        "image.symbol",
        "image.weapon",
        "image.face",
        "image.ocr",
        "audio.known",
        "audio.events",
        "audio.speech",
    ]


def test_every_builtin_can_be_built_and_is_who_it_says() -> None:
    everything = context(fight_interval_s=10)
    for slot, builtin in zip(Registry(everything).slots(), BUILTINS, strict=True):
        detector = slot.get()
        assert detector is not None, f"{slot.name}: {slot.failure}"
        assert (detector.info.name, detector.info.reads) == (builtin.name, builtin.reads)


def test_a_detector_that_a_setting_asks_for_is_there_only_then() -> None:
    asked = {slot.name for slot in Registry(context(fight_interval_s=10)).slots()}
    assert asked - {slot.name for slot in Registry(context()).slots()} == {"video.fight"}
    disabled = context(disabled_detectors=("video.fight",))  # also where it is not there
    assert "video.fight" not in {slot.name for slot in Registry(disabled).slots()}


def test_a_detector_that_is_not_installed_says_how_to_get_it() -> None:
    missing = BuiltIn(name="image.x", reads=PartKind.IMAGE, factory="no_such_module:make", extra="image")
    (slot,) = Registry(context(), builtins=[missing]).slots()
    assert slot.get() is None
    assert "pip install 'evenhand[image]'" in (slot.failure or "")


@pytest.mark.parametrize("label", ["face.ethnicity", "hate.nationality_detector", "person.identity", "faith.religion"])
def test_labels_that_are_refused_stop_the_start(label: str) -> None:
    with pytest.raises(RefusedLabelError):
        Registry(context(), builtins=[], extra=[Sample(replace(INFO, labels=(label,)))])


def test_labels_outside_the_taxonomy_are_refused() -> None:
    with pytest.raises(SettingsError, match="outside the taxonomy"):
        Registry(context(), builtins=[], extra=[Sample(replace(INFO, labels=("weather.rain",)))])


def test_names_are_unique_and_disabled_ones_exist() -> None:
    with pytest.raises(SettingsError, match=r"named text\.sample"):
        Registry(context(), builtins=[], extra=[Sample(), Sample()])
    with pytest.raises(SettingsError, match=r"names text\.typo"):
        Registry(context(disabled_detectors=("text.typo",)))
    names = [slot.name for slot in Registry(context(disabled_detectors=("text.flood",))).slots()]
    assert "text.flood" not in names


def test_slots_are_chosen_by_kind_and_skip() -> None:
    registry = Registry(context())
    texts = [slot.name for slot in registry.slots([PartKind.TEXT], skip=["text.harm"])]
    names = ("language", "words", "known", "voice", "contact", "flood", "classes")
    assert texts == [f"text.{name}" for name in names]


PLUGIN = """
from evenhand.detectors.base import *
from evenhand.domain import PartKind, TextPart

INFO = DetectorInfo(name="text.plugin", version="1", reads=PartKind.TEXT, labels=({label!r},), cost=Cost.CHEAP,
    description="A plug-in.", examples=(Example(title="nothing", part=lambda: TextPart(text="hello")),))

class Plugin:
    info = INFO
    def detect(self, parts):
        return [NOTHING for _ in parts]

def make(context):
    return Plugin()
"""


def install_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """Put a distribution with an entry point on the path, as pip would."""
    (tmp_path / "sample_plugin.py").write_text(source)
    dist = tmp_path / "sample_plugin-1.dist-info"
    dist.mkdir()
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: sample-plugin\nVersion: 1\n")
    point = EntryPoint(name="text.plugin", group="evenhand.detectors", value="sample_plugin:make")
    (dist / "entry_points.txt").write_text(f"[{point.group}]\n{point.name} = {point.value}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "sample_plugin", raising=False)


def test_third_parties_come_in_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_plugin(tmp_path, monkeypatch, PLUGIN.format(label="spam.bulk"))
    assert "text.plugin" in [slot.name for slot in Registry(context(plugins=True)).slots([PartKind.TEXT])]


def test_a_plugin_with_a_refused_label_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_plugin(tmp_path, monkeypatch, PLUGIN.format(label="face.race"))
    with pytest.raises(RefusedLabelError):
        Registry(context(plugins=True))


def test_a_broken_plugin_is_kept_apart_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_plugin(tmp_path, monkeypatch, "raise RuntimeError('broken')")
    slots = Registry(context(plugins=True)).slots([PartKind.IMAGE])
    (broken,) = [slot for slot in slots if slot.name == "text.plugin"]
    assert "RuntimeError: broken" in (broken.failure or "")
