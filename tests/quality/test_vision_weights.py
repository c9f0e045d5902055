"""The shipped picture weights keep the contract their cards state."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ort = pytest.importorskip("onnxruntime")
FOLDER = Path(__file__).parents[2] / "models" / "vision" / "src" / "evenhand_models_vision"
NAMES = (
    "blade", "face-attributes", "face-detector", "face-mesh", "fights", "fire", "flames", "image-safety", "lite0",
    "opennsfw", "symbol-finder", "symbol-reader", "text-glance", "weapon",
)  # fmt: skip
DATA = ("picture-space",)  # arrays, no model
DTYPES = {"uint8": np.uint8, "float32": np.float32}
FREE = {"height": 64, "width": 96}  # px; for models that take any size


def _card(name: str) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((FOLDER / f"{name}.card.json").read_text("utf-8"))
    return card


def _sides(entry: dict[str, Any]) -> list[int]:
    """Give an entry's shape less its batch; "height/16" is a sixteenth of the height that is tried here."""
    found = []
    for side in entry["shape"][1:]:
        named, _, part = str(side).partition("/")
        found.append(FREE[named] // int(part or 1) if named in FREE else int(side))
    return found


def _run(name: str, count: int) -> dict[str, Any]:
    card = _card(name)
    session = ort.InferenceSession(str(FOLDER / card["file"]), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(5)
    feed = {
        entry["name"]: rng.integers(0, 256, [count, *_sides(entry)]).astype(DTYPES[entry["dtype"]])
        for entry in card["inputs"]
    }
    names = [entry["name"] for entry in card["outputs"]]
    return dict(zip(names, session.run(names, feed), strict=True))


def test_every_file_has_a_card_and_no_other_model_is_shipped() -> None:
    assert sorted(path.name.removesuffix(".card.json") for path in FOLDER.glob("*.card.json")) == sorted(
        [*NAMES, *DATA]
    )
    assert sorted(path.stem for path in FOLDER.glob("*.onnx")) == list(NAMES)


@pytest.mark.parametrize("name", [*NAMES, *DATA])
def test_the_card_describes_the_file(name: str) -> None:
    card = _card(name)
    files = {card["file"]: card["sha256"], **card["files"]}
    assert {file: hashlib.sha256((FOLDER / file).read_bytes()).hexdigest() for file in files} == files
    assert card["bytes"] == (FOLDER / card["file"]).stat().st_size


@pytest.mark.parametrize("name", NAMES)
def test_shapes_are_those_of_the_card_for_any_batch(name: str) -> None:
    found = {key: list(value.shape) for key, value in _run(name, 3).items()}
    assert found == {entry["name"]: [3, *_sides(entry)] for entry in _card(name)["outputs"]}


@pytest.mark.parametrize("name", ["image-safety", "opennsfw"])
def test_the_mean_of_a_map_is_the_logit(name: str) -> None:
    out = _run(name, 2)
    raised = np.exp(out["maps"].mean((2, 3)))
    np.testing.assert_allclose(raised / raised.sum(1, keepdims=True), out["probabilities"], atol=1e-5)


def test_face_attributes_inspects_eyewear_smile_and_covers_and_nothing_else() -> None:
    card = _card("face-attributes")
    assert sorted(card["labels"]) == ["face.glasses", "face.smile", "face.sunglasses"]
    assert {entry["name"]: entry["shape"] for entry in card["outputs"]} == {
        "eyewear": ["n", 3],
        "eyes_covered": ["n"],
        "smile": ["n"],
        "mouth_covered": ["n"],
    }
