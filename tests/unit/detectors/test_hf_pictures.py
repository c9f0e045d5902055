"""image.hf: a real small ONNX model, made here, loaded from a folder as an operator's would be."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from PIL import Image

from evenhand.detectors.base import Detection, DetectorContext
from evenhand.detectors.hf_pictures import HfPictures, make
from evenhand.detectors.models_pictures import ImageModel
from evenhand.domain import ImagePart
from evenhand.errors import ModelError
from evenhand.settings import Settings
from evenhand.testing import DetectorContract, image_part
from tests.unit.detectors.tinypictures import (
    BLUE,
    GREEN,
    RED,
    SIDE,
    plain,
    save_classifier,
    save_config,
    save_picture_model,
    save_processor,
)

MAP = {"blood": "violence.graphic", "grass": {"label": "contraband.drugs", "threshold": 0.9}}
PIXELS = {"width": SIDE, "height": SIDE, "mean": [0.5] * 3, "std": [0.5] * 3}


def entry(folder: Path | None, **fields: Any) -> ImageModel:
    given = {"kind": "image-classification", "name": "colours", "path": folder, "labels": MAP, **fields}
    return ImageModel.model_validate(given)


def made(folder: Path | None, *, settings: Settings | None = None, **fields: Any) -> HfPictures:
    return make(
        entry(fields.pop("path", folder), **fields),
        DetectorContext(settings=settings or Settings(plugins=False, threads=1)),
    )


def look(detector: HfPictures, part: ImagePart) -> Detection:
    (answer,) = detector.detect([part])
    return answer


def softmax(*logits: float) -> list[float]:
    powers = np.exp(logits)
    return list(powers / powers.sum())


class TestColours(DetectorContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = save_picture_model(tmp_path / "m")
        plain(RED).image.save(tmp_path / "red.png")
        plain(BLUE).image.save(tmp_path / "blue.jpg")

    def make(self) -> HfPictures:
        base = self.folder.parent
        shown = [{"file": base / "red.png", "labels": ["violence.graphic"]}, {"file": base / "blue.jpg"}]
        return made(self.folder, examples=shown)


# The model's logits: red, seen as (1, -1, -1), gives -4 + 6 + 6 + 6 for blood, -6 for grass, and 2.
LOGITS = {RED: (14.0, -6.0, 2.0), GREEN: (-10.0, 6.0, 2.0), BLUE: (-10.0, -6.0, 2.0)}


@pytest.mark.parametrize("colour", LOGITS)
def test_scores_are_those_of_the_model(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    answer = look(made(save_picture_model(tmp_path / "m")), plain(colour))
    blood, grass, _ = softmax(*LOGITS[colour])
    assert answer.scores == pytest.approx({"violence.graphic": blood, "contraband.drugs": grass}, abs=1e-5)
    assert [f.label for f in answer.findings] == {RED: ["violence.graphic"], GREEN: ["contraband.drugs"], BLUE: []}[
        colour
    ]
    assert all(f.detector == "image.hf:colours" and f.location.box is None for f in answer.findings)


@pytest.mark.parametrize(
    ("config", "fields", "want"),
    [
        ({"problem_type": "multi_label_classification"}, {}, 1 / (1 + np.exp(10))),
        ({}, {"activation": "sigmoid"}, 1 / (1 + np.exp(10))),
        ({}, {"temperature": 4.0}, softmax(-2.5, -1.5, 0.5)[0]),
        ({}, {"labels": {"blood": "hate", "other": "hate"}}, 1 - softmax(-10, -6, 2)[1]),
    ],
)
def test_activation_and_map(tmp_path: Path, config: Any, fields: Any, want: float) -> None:
    answer = look(made(save_picture_model(tmp_path / "m", **config), **fields), plain(BLUE))
    assert next(iter(answer.scores.values())) == pytest.approx(want, abs=1e-5)


@pytest.mark.parametrize(
    "shape", [("n", SIDE, SIDE, 3), (1, 3, SIDE, SIDE), ("n", 3, "h", "w"), (1, SIDE, SIDE, 3), ("n", "c", "h", "w")]
)
def test_layouts_and_batches(tmp_path: Path, shape: tuple[Any, ...]) -> None:
    folder = save_picture_model(tmp_path / "m")
    save_classifier(folder / "model.onnx", shape=shape)
    answers = made(folder).detect([plain(RED), plain(GREEN), plain(BLUE)])
    assert [len(answer.findings) for answer in answers] == [1, 1, 0]


def test_half_precision(tmp_path: Path) -> None:
    folder = save_picture_model(tmp_path / "m")
    save_classifier(folder / "model.onnx", kind=TensorProto.FLOAT16)
    assert look(made(folder), plain(RED)).findings


def test_a_bare_onnx_file_is_enough_where_the_models_file_says_the_rest(tmp_path: Path) -> None:
    save_classifier(tmp_path / "mine.onnx", softmax=True)
    fields: dict[str, Any] = {
        "outputs": ["blood", "grass", "other"],
        "pixels": PIXELS,
        "file": "mine.onnx",
        "probabilities": True,
    }
    answer = look(made(tmp_path, **fields), plain(GREEN))
    assert answer.scores["contraband.drugs"] == pytest.approx(softmax(*LOGITS[GREEN])[1], abs=1e-5)


def test_channels_can_be_the_other_way_round(tmp_path: Path) -> None:
    folder = save_picture_model(tmp_path / "m")
    assert look(made(folder, pixels={**PIXELS, "channels": "bgr"}), plain(BLUE)).findings


def test_what_a_long_picture_shows_in_one_place_is_found_there(tmp_path: Path) -> None:
    long = Image.new("RGB", (4000, 500), BLUE)
    long.paste(RED, (3000, 0, 4000, 500))
    answer = look(made(save_picture_model(tmp_path / "m"), max_pieces=16), ImagePart(image=long))
    (found,) = answer.findings
    assert answer.partial is None
    assert found.location.box is not None
    assert found.location.box[0] > 2900


def test_a_long_picture_that_is_only_sampled_says_so(tmp_path: Path) -> None:
    answer = look(made(save_picture_model(tmp_path / "m"), max_pieces=2), image_part(8000, 400))
    assert answer.partial is not None
    assert answer.partial.startswith("only 2 of ")


def test_the_version_changes_with_all_that_matters(tmp_path: Path) -> None:
    folder = save_picture_model(tmp_path / "m")
    first = made(folder).info.version
    assert made(save_picture_model(tmp_path / "copy")).info.version == first
    versions = {first, made(folder, threshold=0.6).info.version}
    save_processor(folder, resample=3)
    versions.add(made(folder).info.version)
    save_classifier(folder / "model.onnx", bias=(0, 0, 0))
    versions.add(made(folder).info.version)
    assert len(versions) == 4


def test_a_file_that_changed_after_it_was_hashed_is_not_run(tmp_path: Path) -> None:
    folder = save_picture_model(tmp_path / "m")
    detector = made(folder)
    save_classifier(folder / "model.onnx", bias=(9, 0, 0))
    with pytest.raises(ModelError, match="changed while"):
        look(detector, plain(BLUE))


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was loaded",))


def pickled(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))


@pytest.mark.parametrize(
    ("spoil", "fields", "message"),
    [
        (pickled, {}, "pickled weights"),
        (lambda f: (f / "config.json").unlink(), {}, "config.json is missing"),
        (lambda f: save_config(f, auto_map={"AutoModel": "x.Y"}), {}, "code of its own"),
        (lambda f: (f / "preprocessor_config.json").unlink(), {}, "say pixels in the models file"),
        (lambda f: save_processor(f, image_processor_type="LevitImageProcessor"), {}, "LevitImageProcessor"),
        (lambda f: save_processor(f, size={"longest_edge": 9}), {}, "no fixed size"),
        (lambda f: save_processor(f, size={"height": 10**9, "width": 8}), {}, "unusual way"),
        (lambda f: save_processor(f, image_std=[0, 1, 1]), {}, "unusual way"),
        (lambda f: None, {"labels": {"bloot": "violence.graphic"}}, "maps bloot; the model has blood, grass, other"),
        (lambda f: None, {"path": None, "hub": "a/b", "revision": "0" * 40}, "EVENHAND_MODELS_DOWNLOAD"),
    ],
)
def test_what_cannot_be_used_is_said_at_once(tmp_path: Path, spoil: Any, fields: Any, message: str) -> None:
    folder = save_picture_model(tmp_path / "m")
    spoil(folder)
    with pytest.raises(ModelError, match=message):
        made(**{"folder": folder, "settings": Settings(plugins=False, data_dir=tmp_path), **fields})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "model.onnx").write_bytes(b"not a model"), "cannot be loaded"),
        (lambda f: save_classifier(f / "model.onnx", bias=(0, 0), weights=((0, 0),) * 3), "names other outputs"),
        (lambda f: save_classifier(f / "model.onnx", bias=(float("nan"), 0, 0)), "NaN"),
        (lambda f: save_classifier(f / "model.onnx", shape=("n", 3, 16, 16)), "takes 16 x 16 px"),
        (lambda f: save_classifier(f / "model.onnx", shape=(4, 3, SIDE, SIDE)), "4 pictures at a time"),
        (lambda f: save_classifier(f / "model.onnx", kind=TensorProto.INT32), "floating point"),
    ],
)
def test_what_cannot_be_loaded_fails_and_never_reads_as_clean(tmp_path: Path, spoil: Any, message: str) -> None:
    folder = save_picture_model(tmp_path / "m")
    spoil(folder)
    detector = made(folder)
    with pytest.raises(ModelError, match=message):
        look(detector, plain(RED))


def test_logits_are_not_taken_for_probabilities(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="logits"):
        look(made(save_picture_model(tmp_path / "m"), probabilities=True), plain(RED))


def test_an_example_that_is_no_picture_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("words")
    detector = made(save_picture_model(tmp_path / "m"), examples=[{"file": tmp_path / "x.txt"}])
    with pytest.raises(ModelError, match="no picture"):
        detector.info.examples[0].part()


def test_safetensors_are_run_by_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="the extra 'transformers' is not installed")
    torch = pytest.importorskip("torch", reason="the extra 'transformers' is not installed")
    torch.manual_seed(7)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    config = transformers.ViTConfig(**sizes, image_size=SIDE, patch_size=4, id2label={0: "blood", 1: "grass"})
    transformers.ViTForImageClassification(config).save_pretrained(tmp_path / "m")
    save_processor(tmp_path / "m")
    answer = look(made(tmp_path / "m", labels={"blood": "violence.graphic"}), plain(RED))
    assert 0 < answer.scores["violence.graphic"] < 1
