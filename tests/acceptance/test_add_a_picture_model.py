"""docs/how-to/add-a-picture-model.md, done as it says: small real models, a real server, the commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from evenhand.detectors.builtin import BUILTINS
from evenhand.detectors.models_pictures import ImageModel, Pixels, Prompts, VisionLlmModel, ZeroShotModel
from tests.llm_server import Script, language_model
from tests.unit.detectors.tinypictures import BLUE, RED, plain, save_picture_model, save_towers

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-picture-model.md").read_text("utf-8")


def test_the_page_works(tmp_path: Path) -> None:
    (document,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    save_picture_model(tmp_path / "models" / "gore-large")
    save_towers(tmp_path / "models" / "clip")
    (tmp_path / "examples").mkdir()
    for name, colour in (("red", RED), ("blue", BLUE)):
        plain(colour).image.save(tmp_path / "examples" / f"{name}.png")
    with language_model(Script()) as url:
        (tmp_path / "models.yaml").write_text(document.replace("http://127.0.0.1:8080/v1", url))
        off = json.dumps([builtin.name for builtin in BUILTINS])
        env = {**os.environ, "EVENHAND_MODELS": "models.yaml", "EVENHAND_DISABLED_DETECTORS": off}

        def evenhand(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "evenhand", *arguments]
            return subprocess.run(
                command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240, check=False
            )

        listed = evenhand("detectors")
        names = {"image.hf:gore-large", "image.zero-shot:shop", "image.llm:house-rules"}
        assert all(name in listed.stdout for name in names), listed.stdout + listed.stderr
        red, blue = (json.loads(evenhand("check", "--json", f"examples/{name}.png").stdout) for name in ("red", "blue"))
    assert {finding["detector"] for finding in red["findings"]} == names
    assert {finding["label"] for finding in red["findings"]} == {"violence.graphic"}
    assert red["incomplete"] == blue["incomplete"] == {}
    assert blue["findings"] == []


@pytest.mark.parametrize("kind", [ImageModel, ZeroShotModel, VisionLlmModel, Pixels, Prompts])
def test_every_key_is_described(kind: type[BaseModel]) -> None:
    for name in kind.model_fields:
        assert f"`{name}`" in PAGE or f"{name}:" in PAGE, name
