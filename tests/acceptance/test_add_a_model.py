"""docs/how-to/add-a-model.md, done as it says: its models file, a real small model, a real server, the commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evenhand.detectors.models_schema import HfModel, LlmModel
from tests.llm_server import Script, language_model
from tests.unit.detectors.tinymodel import save_model

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "add-a-model.md").read_text("utf-8")


def test_the_page_works(tmp_path: Path) -> None:
    (document,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    save_model(tmp_path / "models" / "toxic-large")
    script = Script()
    with language_model(script) as url:
        (tmp_path / "models.yaml").write_text(document.replace("http://127.0.0.1:8080/v1", url))
        env = {**os.environ, "EVENHAND_MODELS": "models.yaml", "EVENHAND_DISABLED_DETECTORS": '["text.harm"]'}

        def evenhand(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "evenhand", *arguments]
            return subprocess.run(
                command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
            )

        listed = evenhand("detectors")
        assert "text.hf:toxic-large" in listed.stdout, listed.stderr
        assert "text.llm:house-rules" in listed.stdout
        checked = evenhand("check", "--json", "--text", "you are an idiot")
        result = json.loads(checked.stdout)
    givers = {finding["detector"] for finding in result["findings"] if finding["label"] == "harassment"}
    assert givers == {"text.hf:toxic-large", "text.llm:house-rules"}
    assert not result["incomplete"]
    assert script.texts == ["you are an idiot"]


@pytest.mark.parametrize("kind", [HfModel, LlmModel])
def test_every_key_is_described(kind: type[HfModel] | type[LlmModel]) -> None:
    for name in kind.model_fields:
        assert f"`{name}`" in PAGE or f"{name}:" in PAGE, name
