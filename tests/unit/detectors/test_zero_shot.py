"""image.zero-shot: a real pair of small encoders, made here, whose texts and pictures meet in the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from evenhand.detectors.base import Detection, DetectorContext
from evenhand.detectors.models_pictures import ZeroShotModel
from evenhand.detectors.zero_shot import ZeroShotDetector, make
from evenhand.domain import ImagePart
from evenhand.errors import ModelError, RefusedLabelError
from evenhand.settings import Settings
from evenhand.testing import DetectorContract
from tests.unit.detectors.tinypictures import BLUE, GREEN, RED, plain, save_config, save_towers, save_vision

LABELS = {
    "violence.graphic": ["a red thing"],
    "contraband.drugs": {"prompts": ["a photo of a green thing", "green"], "threshold": 0.9},
}
CONTRAST = ["a blue thing", "a grey thing"]


def entry(folder: Path, **fields: Any) -> ZeroShotModel:
    given = {"kind": "zero-shot", "name": "ours", "path": folder, "labels": LABELS, "contrast": CONTRAST, **fields}
    return ZeroShotModel.model_validate(given)


def made(folder: Path, *, settings: Settings | None = None, **fields: Any) -> ZeroShotDetector:
    return make(entry(folder, **fields), DetectorContext(settings=settings or Settings(plugins=False, threads=1)))


def look(detector: ZeroShotDetector, colour: tuple[int, int, int]) -> Detection:
    (answer,) = detector.detect([plain(colour)])
    return answer


def cosine(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    a, b = np.array(one), np.array(other)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


class TestColours(DetectorContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = save_towers(tmp_path / "m")
        plain(RED).image.save(tmp_path / "red.png")
        plain(BLUE).image.save(tmp_path / "blue.png")

    def make(self) -> ZeroShotDetector:
        base = self.folder.parent
        shown = [{"file": base / "red.png", "labels": ["violence.graphic"]}, {"file": base / "blue.png"}]
        return made(self.folder, examples=shown)


@pytest.mark.parametrize(("colour", "labels"), [(RED, ["violence.graphic"]), (GREEN, ["contraband.drugs"]), (BLUE, [])])
def test_pictures_meet_their_prompts(tmp_path: Path, colour: tuple[int, int, int], labels: list[str]) -> None:
    answer = look(made(save_towers(tmp_path / "m")), colour)
    assert [finding.label for finding in answer.findings] == labels
    assert set(answer.scores) == set(LABELS)


def test_the_score_is_the_margin_over_the_contrast(tmp_path: Path) -> None:
    """A dim red, so that nothing is certain: written out by hand."""
    answer = look(made(save_towers(tmp_path / "m"), logit_scale=4.0), (150, 100, 100))
    seen = tuple(2 * v / 255 - 1 for v in (150, 100, 100))
    label = 4 * cosine(seen, (1, -1, -1))
    beside = np.logaddexp(4 * cosine(seen, (-1, -1, 1)), 4 * cosine(seen, (1, 1, 1)))
    assert answer.scores["violence.graphic"] == pytest.approx(1 / (1 + np.exp(beside - label)), abs=1e-4)


def test_a_label_is_calibrated_by_itself(tmp_path: Path) -> None:
    folder, dim = save_towers(tmp_path / "m"), (150, 100, 100)

    def scores(**how: float) -> dict[str, float]:
        labels = {**LABELS, "violence.graphic": {"prompts": ["a red thing"], **how}}
        return dict(look(made(folder, labels=labels, logit_scale=4.0), dim).scores)

    plain_, humble, lower = scores(), scores(temperature=3.0), scores(bias=-1.0)
    logit = {name: np.log(one / (1 - one)) for name, one in plain_.items()}["violence.graphic"]
    assert humble["violence.graphic"] == pytest.approx(1 / (1 + np.exp(-logit / 3)), abs=1e-4)
    assert lower["violence.graphic"] == pytest.approx(1 / (1 + np.exp(1 - logit)), abs=1e-4)
    assert plain_["contraband.drugs"] == humble["contraband.drugs"] == lower["contraband.drugs"]


def test_siglip_judges_each_label_for_itself(tmp_path: Path) -> None:
    folder = save_towers(tmp_path / "m", output="pooler_output", model_type="siglip")
    answer = look(made(folder, contrast=[], logit_scale=10.0, logit_bias=-8.0), RED)
    want = 1 / (1 + np.exp(-(10 - 8)))
    assert answer.scores["violence.graphic"] == pytest.approx(want, abs=1e-4)


def test_a_long_picture_is_seen_in_pieces(tmp_path: Path) -> None:
    long = Image.new("RGB", (4000, 500), BLUE)
    long.paste(RED, (3000, 0, 4000, 500))
    (answer,) = made(save_towers(tmp_path / "m"), max_pieces=16).detect([ImagePart(image=long)])
    (found,) = answer.findings
    assert found.location.box is not None
    assert found.location.box[0] > 2900


@pytest.mark.parametrize(
    "prompt",
    [
        "a photo of a muslim woman",
        "a gay couple kissing",
        "a photo of a black man",
        "an asian person",
        "a person with a disability",
        "a celebrity",
        "a man",
    ],
)
@pytest.mark.parametrize("place", ["label", "contrast"])
def test_prompts_that_ask_what_a_person_is_are_refused(tmp_path: Path, prompt: str, place: str) -> None:
    """Whatever the label is called, the prompt says what is looked for; a contrast of two groups says it as well."""
    fields: dict[str, Any] = (
        {"labels": {"spam.bulk": [prompt]}} if place == "label" else {"contrast": ["a photo", prompt]}
    )
    with pytest.raises(RefusedLabelError):
        entry(tmp_path, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"labels": {"violence.graphic": ["an angry face"]}},
        {"contrast": ["smiling faces"]},
        {"labels": {"face.smile": ["a smile"]}},
        {"labels": {"known.black": ["x"]}},
        {"labels": {"nonsense": ["x"]}},
        {"labels": {"violence.graphic": []}},
        {"labels": {}},
        {"image_file": "../x.onnx"},
        {"text_file": "x.bin"},
    ],
)
def test_what_the_models_file_may_not_say(tmp_path: Path, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"face|taxonomy|at least 1|onnx|judged"):
        entry(tmp_path, **fields)


@pytest.mark.parametrize("prompt", ["a black gun on a table", "a photo of a child", "people in the street", "a photo"])
def test_things_and_scenes_may_be_asked_for(tmp_path: Path, prompt: str) -> None:
    assert entry(tmp_path, labels={"violence.weapon": [prompt]}).labels["violence.weapon"].prompts == (prompt,)


@pytest.mark.parametrize(
    ("spoil", "fields", "message"),
    [
        (lambda f: (f / "tokenizer.json").unlink(), {}, "no tokenizer.json"),
        (lambda f: (f / "onnx" / "text_model.onnx").unlink(), {}, "no text_model.onnx nor onnx/text_model.onnx"),
        (lambda f: None, {"image_file": "other.onnx"}, "no other.onnx"),
        (lambda f: None, {"contrast": []}, "needs contrast"),
        (lambda f: save_config(f, model_type="siglip"), {}, "needs logit_scale"),
        (lambda f: (f / "preprocessor_config.json").unlink(), {}, "say pixels"),
    ],
)
def test_what_cannot_be_used_is_said_at_once(tmp_path: Path, spoil: Any, fields: Any, message: str) -> None:
    folder = save_towers(tmp_path / "m")
    spoil(folder)
    with pytest.raises(ModelError, match=message):
        made(folder, **fields)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "onnx" / "text_model.onnx").write_bytes(b"x"), "cannot be loaded"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), "tokenizer.json"),
        (lambda f: save_vision(f / "onnx" / "vision_model.onnx", columns=2), "do not belong together"),
        (lambda f: (f / "onnx" / "vision_model.onnx").rename(f / "vision_model.onnx"), "changed"),
    ],
)
def test_what_cannot_be_loaded_fails_and_never_reads_as_clean(tmp_path: Path, spoil: Any, message: str) -> None:
    folder = save_towers(tmp_path / "m")
    if message == "changed":
        detector = made(folder)
        (folder / "config.json").write_text("{}")
    else:
        spoil(folder)
        detector = made(folder)
    with pytest.raises(ModelError, match=message):
        look(detector, RED)


def test_the_version_changes_with_the_prompts(tmp_path: Path) -> None:
    folder = save_towers(tmp_path / "m")
    first = made(folder).info.version
    assert made(folder).info.version == first
    assert made(folder, contrast=["a blue thing"]).info.version != first
