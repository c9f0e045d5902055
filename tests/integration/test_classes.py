"""Custom classes through the moderator and the command line: taught, used at once, kept, forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evenhand.cli.root import build
from evenhand.facade import Moderator
from evenhand.settings import Settings
from tests.turned_off import PICTURE_MODELS
from tests.unit.detectors.scenes import scene
from tests.unit.detectors.test_classes import sticker

_OTHERS = tuple(name for name in PICTURE_MODELS if name != "image.classes")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    base = tmp_path_factory.mktemp("classes")
    for name in ("with", "without"):
        (base / name).mkdir()
    for seed in range(12):
        sticker(seed).save(base / "with" / f"{seed}.png")
        scene(seed + 100, size=(320, 240)).save(base / "without" / f"{seed}.png")
    sticker(500).save(base / "new.png")
    return base / "with", base / "without", base / "new.png"


def test_a_moderator_learns_uses_and_forgets(folders: tuple[Path, Path, Path], tmp_path: Path) -> None:
    positives, negatives, new = folders
    settings = Settings(data_dir=tmp_path, disabled_detectors=_OTHERS, threads=1)
    with Moderator(settings) as moderator:
        assert moderator.classes() == []
        assert "ads.stickers" not in moderator.check(new).labels
        made = moderator.train_class(
            "stickers", sorted(positives.iterdir()), against=sorted(negatives.iterdir()), label="ads.stickers"
        )
        result = moderator.check(new)
        assert result.labels["ads.stickers"] >= 0.5
        assert not result.incomplete
        assert moderator.classes() == [made.made]
    with Moderator(settings) as later:  # a new process finds it in the store
        assert later.check(new).labels["ads.stickers"] >= 0.5
        later.remove_class("stickers")
        assert "ads.stickers" not in later.check(new).labels


def test_the_command_line(folders: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    positives, negatives, _ = folders
    monkeypatch.setenv("EVENHAND_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("EVENHAND_DISABLED_DETECTORS", json.dumps(_OTHERS))
    runner, app = CliRunner(), build()

    def run(*words: str) -> str:
        done = runner.invoke(app, list(words), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    told = run("classes", "train", "stickers", str(positives), "--against", str(negatives), "--label", "ads.stickers")
    assert "examples found" in told
    assert "95% interval" in told
    assert run("classes", "show", "stickers") in told
    assert run("classes", "list").startswith("stickers  ads.stickers")
    assert "removed" in run("classes", "remove", "stickers")
    assert run("classes", "list") == ""
