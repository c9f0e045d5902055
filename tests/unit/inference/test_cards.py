"""Model cards: a weight file that is not the one described is never loaded."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest

from evenhand.errors import ModelError, RefusedLabelError
from evenhand.inference.cards import load_card


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "evenhand_models_sample"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "tiny.onnx").write_bytes(b"weights")
    card = {
        "name": "tiny",
        "version": "1",
        "file": "tiny.onnx",
        "sha256": hashlib.sha256(b"weights").hexdigest(),
        "task": "A test.",
        "licence": "Apache-2.0",
        "files": {"vocab.txt": "0" * 64},
    }
    (folder / "tiny.card.json").write_text(json.dumps(card))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "evenhand_models_sample", raising=False)  # an earlier test's folder
    return "evenhand_models_sample"


def test_the_described_file_is_given(package: str) -> None:
    assert load_card(package, "tiny").path().read_bytes() == b"weights"


def test_a_changed_file_is_refused(package: str) -> None:
    card = load_card(package, "tiny")
    (card.folder / "tiny.onnx").write_bytes(b"weightz")
    with pytest.raises(ModelError, match="not what the card describes"):
        card.path()


def test_missing_things_are_named(package: str) -> None:
    with pytest.raises(ModelError, match="other is not installed"):
        load_card(package, "other")
    with pytest.raises(ModelError, match="install no-such-package"):
        load_card("no_such_package", "tiny")
    with pytest.raises(ModelError, match="cannot be read"):
        load_card(package, "tiny").path("vocab.txt")
    with pytest.raises(ModelError, match="names no file"):
        load_card(package, "tiny").path("../secret")


@pytest.mark.parametrize("label", ["face.age", "face.ethnicity", "hate.religion", "sexual.orientation"])
def test_a_model_that_gives_a_refused_label_is_not_loaded(package: str, label: str) -> None:
    path = load_card(package, "tiny").folder / "tiny.card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "labels": {label: 0}}))
    with pytest.raises(RefusedLabelError):
        load_card(package, "tiny")
