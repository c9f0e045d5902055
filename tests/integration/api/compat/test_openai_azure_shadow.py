"""Shadow mode of OpenAI's and Azure's dialects: a second server stands for the old vendor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.compat import shadowed
from tests.integration.api.compat import test_azure, test_openai

ASKED: dict[str, tuple[str, str, dict[str, Any], str, list[float]]] = {
    "openai": ("/v1", test_openai.PATH, {"input": ["hello", "a slurword here"]}, "hate", [1.0, 1.0]),
    "azure": ("", test_azure.TEXT, {"text": "warword", "blocklistNames": ["ours"]}, "Violence", [2 / 6, 2 / 6]),
}


@pytest.mark.parametrize("dialect", ASKED)
def test_both_answers_are_written_down_and_no_content(tmp_path: Path, dialect: str) -> None:
    root, path, body, category, both = ASKED[dialect]
    listed = (test_openai if dialect == "openai" else test_azure).listed

    def first(old: httpx.Client, new: httpx.Client, key: str) -> None:
        if dialect == "azure":
            new.patch(f"{test_azure.LISTS}/ours?{test_azure.VERSION}", json={}).raise_for_status()

    row = shadowed(tmp_path, listed, (dialect, path, body), root=root, first=first)
    assert row["scores"][category] == pytest.approx(both)
