"""Where only the texts' part is installed: texts are judged, the server serves, and what needs an extra says which."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
EXTRAS = (
    *("av", "boto3", "cryptography", "ctranslate2", "cv2", "dbos", "evenhand_models_audio", "evenhand_models_vision"),
    *("faster_whisper", "jellyfish", "opentelemetry.sdk", "PIL", "psycopg", "rapidocr", "tokenizers", "zxingcpp"),
)
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r}));"  # None there is what is not installed


def without(code: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that has none of the extras."""
    command = [sys.executable, "-c", WITHOUT + code, *arguments]
    quick = {"EVENHAND_PLUGINS": "false", "EVENHAND_DISABLED_DETECTORS": '["text.harm"]'}
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **quick, **env})


def evenhand(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return without("from evenhand.cli import main; sys.argv[0] = 'evenhand'; main()", *arguments, **env)


def test_texts_are_judged_all_the_same() -> None:
    assert evenhand("check", "--text", "good morning to you all").returncode == 0
    assert evenhand("check", "--text", "Message me on WhatsApp +1 415 555 2671").returncode == 1


@pytest.mark.parametrize(
    ("name", "extra"),
    [("pictures/landscape.jpg", "image"), ("recordings/voice.ogg", "audio"), ("recordings/clip.mp4", "video")],
)
def test_what_cannot_be_read_says_which_extra_is_missing(name: str, extra: str) -> None:
    done = evenhand("check", str(EXAMPLES / name), COLUMNS="200")
    assert done.returncode == 2
    assert f"pip install 'evenhand[{extra}]'" in done.stdout


def test_commands_say_which_extra_is_missing(tmp_path: Path) -> None:
    here = {"EVENHAND_DATA_DIR": str(tmp_path)}
    done = evenhand("worker", **here)
    assert (done.returncode, "pip install 'evenhand[jobs]'" in done.stderr) == (2, True)
    done = evenhand("check", "--text", "a", EVENHAND_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (done.returncode, "pip install 'evenhand[postgres]'" in done.stderr) == (2, True)
    assert evenhand("labels").returncode == 0
    assert "pip install 'evenhand[image]'" in evenhand("detectors", COLUMNS="200").stdout


def test_the_server_serves_texts(tmp_path: Path) -> None:
    code = """
from fastapi.testclient import TestClient
from evenhand.api.application import create_app
from evenhand.settings import Settings
with TestClient(create_app(Settings(), warm=False), base_url="http://localhost") as client:
    said = client.post("/v1/check", json={"text": "Message me on WhatsApp +1 415 555 2671"})
    print(said.status_code, said.json()["action"])
    said = client.post("/v1/jobs", files={"file": ("a.jsonl", b'{"text": "a"}')})
    print(said.status_code, said.json()["error"]["message"])
"""
    done = without(code, EVENHAND_DATA_DIR=str(tmp_path))
    assert "200 mark" in done.stdout, done.stderr
    assert "pip install 'evenhand[jobs]'" in done.stdout
