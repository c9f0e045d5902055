"""The docs are a contract: generated pages match the code, links lead somewhere, nothing is undocumented."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = ("labels.md", "detectors.md", "settings.md", "errors.md", "cli.md", "http.md")
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def test_the_generated_pages_match_the_code(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "make_reference.py"), str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    for name in GENERATED:
        fresh, kept = (folder / name for folder in (tmp_path, ROOT / "docs" / "reference"))
        assert fresh.read_text() == kept.read_text(), f"{name} is behind: python scripts/make_reference.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_the_result_document_is_described_field_by_field() -> None:
    from evenhand.testing import text_result

    described = (ROOT / "docs" / "reference" / "result.md").read_text("utf-8")
    for field in text_result().as_dict():
        assert f"`{field}`" in described, field
