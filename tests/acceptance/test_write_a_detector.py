"""The how-to's code runs as it stands, and stays as short as it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-detector.md"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write each Python block of the page to the file that its first line names."""
    blocks = re.findall(r"```python\n# (\S+\.py)\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    assert [name for name, _ in blocks] == ["shouting.py", "test_shouting.py", "use.py"]
    for name, source in blocks:
        (tmp_path / name).write_text(source)
    return tmp_path


def test_it_passes_its_contract(files: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "test_shouting.py"]
    done = subprocess.run(command, cwd=files, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


def test_it_works_in_a_moderator(files: Path) -> None:
    done = subprocess.run([sys.executable, "use.py"], cwd=files, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(0.5)


def test_it_is_as_short_as_promised(files: Path) -> None:
    assert len((files / "shouting.py").read_text().strip().splitlines()) < 60
    assert len((files / "test_shouting.py").read_text().strip().splitlines()) <= 20
