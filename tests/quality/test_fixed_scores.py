"""A score never changes under a fixed version: every version against the scores it had when it was made.

`python -m tests.quality.test_fixed_scores VERSION` writes a new version's scores; those of an old one are never written
again.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from evenhand.detectors.harm_models import LATEST, VERSIONS, open_model
from evenhand.inference.packages import TEXT_PAST

FOLDER = Path(__file__).parent / "fixed_scores"
CLOSE = 0.02  # other processors round other sums; a changed table or weight moves some score by far more


def texts() -> list[str]:
    """The texts that are scored."""
    own: list[str] = json.loads((FOLDER / "texts.json").read_text("utf-8"))
    return own


@pytest.mark.parametrize("version", VERSIONS)
def test_scores_are_those_of_the_version(version: str) -> None:
    if version != LATEST and importlib.util.find_spec(TEXT_PAST) is None:
        pytest.skip(f"{TEXT_PAST} is not installed")
    model = open_model(version)
    fixed = json.loads((FOLDER / f"{version}.json").read_text("utf-8"))
    assert tuple(fixed["labels"]) == model.labels
    found = model.scores(texts())
    for text, row, wanted in zip(texts(), found.tolist(), fixed["scores"], strict=True):
        assert row == pytest.approx(wanted, abs=CLOSE), text


def write(version: str) -> None:
    """Write the scores of a version that has none yet."""
    path = FOLDER / f"{version}.json"
    if path.exists():
        raise SystemExit(f"{path.name} is there: a version's scores are never written again")
    model = open_model(version)
    rows = [[round(score, 4) for score in row] for row in model.scores(texts()).tolist()]
    path.write_text(json.dumps({"labels": model.labels, "scores": rows}, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    write(sys.argv[1])
