"""The models file: what it may say, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand.detectors.base import DetectorContext
from evenhand.detectors.models_file import read_models
from evenhand.detectors.models_pictures import ImageModel, VisionLlmModel, ZeroShotModel
from evenhand.detectors.models_schema import HfModel, LlmModel
from evenhand.detectors.registry import Registry
from evenhand.domain import PartKind
from evenhand.errors import RefusedLabelError, SettingsError
from evenhand.settings import Settings
from tests.unit.detectors.tinymodel import save_model

HF = "- {kind: hf, name: a, path: folder, labels: {toxic: harassment}"
LLM = "- {kind: llm, name: a, model: m, "
ASKS = "policy: p, labels: [harassment], "


def written(folder: Path, *entries: str) -> Path:
    file = folder / "models.yaml"
    file.write_text("\n".join(("models:", *entries)), "utf-8")
    return file


def test_both_kinds_are_read(tmp_path: Path) -> None:
    (tmp_path / "policy.txt").write_text("No insults.")
    file = written(
        tmp_path,
        HF + ", threshold: 0.7}",
        LLM
        + "url: 'https://llm.example/v1', policy_file: policy.txt, labels: {harassment: , ads.ours: {threshold: 0.9}}}",
    )
    first, second = read_models(file)
    assert isinstance(first, HfModel)
    assert isinstance(second, LlmModel)
    assert (first.detector, first.path, first.threshold) == ("text.hf:a", tmp_path / "folder", 0.7)
    assert (first.labels["toxic"].label, first.blind, first.runtime) == ("harassment", True, "auto")
    assert (second.detector, second.policy, list(second.labels)) == (
        "text.llm:a",
        "No insults.",
        ["harassment", "ads.ours"],
    )
    assert second.labels["ads.ours"].threshold == 0.9


def test_models_of_pictures_are_read(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "- {kind: image-classification, name: a, path: f, labels: {x: violence.graphic}, examples: [{file: x.png}]}",
        "- {kind: zero-shot, name: a, path: f, labels: {violence.weapon: [a gun]}, contrast: [a photo]}",
        "- {kind: vision-llm, name: a, model: m, url: 'https://x/v1', policy: p, labels: [violence.graphic]}",
    )
    models = read_models(file)
    assert [type(model) for model in models] == [ImageModel, ZeroShotModel, VisionLlmModel]
    assert [model.detector for model in models] == ["image.hf:a", "image.zero-shot:a", "image.llm:a"]
    assert {model.reads for model in models} == {PartKind.IMAGE}
    assert isinstance(models[0], ImageModel)
    assert (models[0].path, models[0].examples[0].file) == (tmp_path / "f", tmp_path / "x.png")
    settings = Settings(plugins=False, models=file)
    slots = Registry(DetectorContext(settings=settings), builtins=()).slots([PartKind.IMAGE])
    assert [slot.extra for slot in slots] == ["image,hf", "image,hf", "image"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("- {name: a}", "line 2: a model needs kind: hf or llm"),
        ("- text", "line 2: a model needs kind"),
        (HF + ", treshold: 0.7}", "line 2: treshold: Extra inputs"),
        (HF + ",\n  threshold: 7}", "line 3: threshold: Input should be less"),
        (HF + ", hub: a/b}", "either path"),
        ("- {kind: hf, name: a, hub: a/b, labels: {x: harassment}}", "hub needs revision"),
        ("- {kind: hf, name: a, hub: a/b, revision: main, labels: {x: harassment}}", "revision: String should match"),
        (HF + ", file: ../x.onnx}", "inside the model's folder"),
        (HF + ", file: model.bin}", "inside the model's folder"),
        ("- {kind: hf, name: A b, path: f, labels: {x: harassment}}", "name: String should match"),
        ("- {kind: hf, name: a, path: f, labels: {x: nonsense}}", "outside the taxonomy"),
        ("- {kind: hf, name: a, path: f, labels: {x: face.smile}}", "cannot be given by a declared model"),
        ("- {kind: hf, name: a, path: f, labels: {}}", "labels: Dictionary should have at least 1"),
        ("- {kind: hf, name: a, name: b}", "given twice"),
        (LLM + ASKS + "url: 'ftp://x'}", "url must be http"),
        (LLM + ASKS + "url: 'http://user:pw@localhost/v1'}", "no user or password"),
        (LLM + ASKS + "url: 'http://llm.example/v1'}", "plain_http: true"),
        (LLM + "url: 'https://x/v1', labels: [harassment]}", "either policy"),
        (LLM + "url: 'https://x/v1', policy_file: none.txt, labels: [harassment]}", "none.txt cannot be read"),
        (LLM + "url: 'https://x/v1', policy: p, labels: [known.black]}", "cannot be given by a declared model"),
        (LLM + ASKS + "url: 'https://x/v1', retries: 99}", "retries: Input should be less"),
        (LLM + ASKS + "url: 'https://x/v1', api_key_env: 'sk-123'}", "api_key_env: String should match"),
        (HF + "}\n" + HF + "}", "two models are named text.hf:a"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(SettingsError, match=r"models\.yaml|none\.txt") as caught:
        read_models(written(tmp_path, entry))
    assert message in caught.value.message


@pytest.mark.parametrize("text", ["", "models:", "models: {}", "other: []", "[]", "models: &a [*a]"])
def test_what_is_no_list_of_models(tmp_path: Path, text: str) -> None:
    file = tmp_path / "models.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError):
        read_models(file)


def test_a_key_that_stands_in_the_file_by_mistake_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_models(written(tmp_path, LLM + ASKS + "url: 'https://x/v1', api_key_env: 'sk-secret'}"))
    assert "sk-secret" not in caught.value.message


@pytest.mark.parametrize(
    "entry",
    [
        "- {kind: hf, name: ethnicity, path: f, labels: {x: harassment}}",
        "- {kind: hf, name: a, path: f, labels: {x: hate.ethnicity_detector}}",
        "- {kind: hf, name: a, path: f, labels: {female: spam.bulk}}",  # their label says what it really is
        LLM + "url: 'https://x/v1', policy: p, labels: [hate.nationality_of_author]}",
        "- {kind: image-classification, name: a, path: f, labels: {female: spam.bulk}}",
        "- {kind: image-classification, name: ethnicity, path: f, labels: {x: spam.bulk}}",
        "- {kind: zero-shot, name: a, path: f, labels: {spam.bulk: [a photo of a muslim woman]}, contrast: [a photo]}",
        "- {kind: zero-shot, name: a, path: f, labels: {hate.nationality_of_person: [a flag]}, contrast: [a photo]}",
        "- {kind: vision-llm, name: a, model: m, url: 'https://x/v1', policy: p, labels: [spam.race_of_person]}",
    ],
)
def test_what_asks_for_a_protected_attribute_stops_the_start(tmp_path: Path, entry: str) -> None:
    settings = Settings(plugins=False, models=written(tmp_path, entry))
    with pytest.raises(RefusedLabelError):
        Registry(DetectorContext(settings=settings), builtins=())


def test_declared_models_are_detectors_like_others(tmp_path: Path) -> None:
    save_model(tmp_path / "folder")
    file = written(tmp_path, HF + "}", HF.replace("name: a", "name: b").replace("folder", "missing") + "}")
    good, missing = Registry(DetectorContext(settings=Settings(plugins=False, models=file)), builtins=()).slots()
    detector = good.get()
    assert detector is not None
    assert detector.info.name == good.name == "text.hf:a"
    assert missing.get() is None
    assert "mend path" in (missing.failure or "")


def test_a_declared_model_can_be_disabled(tmp_path: Path) -> None:
    settings = Settings(plugins=False, models=written(tmp_path, HF + "}"), disabled_detectors=("text.hf:a",))
    assert not Registry(DetectorContext(settings=settings), builtins=()).slots()
