"""What tests of dialects share: a server with the text model, key pairs, golden request and response pairs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evenhand.settings import Settings

SECRET_KEY = "0123456789abcdef0123456789abcdef"
NODE = Path(__file__).parent / "node"
_NUMBERS = frozenset({"value", "score", "confidence", "Confidence"})


def with_model(folder: Path, **overrides: object) -> Settings:
    """Give settings for a server with all text detectors, on a database of its own, that can keep key pairs."""
    values = {
        "database_url": f"sqlite:///{folder / 'test.db'}",
        "plugins": False,
        "secret_key": SECRET_KEY,
        "detector_timeout_s": 180.0,  # a model that is read for the first time, on a busy machine
        **overrides,
    }
    return Settings(**values)  # type: ignore[arg-type]


def golden(path: Path, name: str, pair: Mapping[str, Any]) -> None:
    """Compare a request and its response with the pair recorded under `name`; scores only by being there.

    With EVENHAND_RECORD_GOLDEN=1 the pair is recorded instead.
    """
    recorded: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    seen = json.loads(json.dumps(masked(pair)))
    if os.environ.get("EVENHAND_RECORD_GOLDEN"):
        recorded[name] = seen
        path.write_text(json.dumps(recorded, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    assert seen == recorded.get(name), f"{name} is not as recorded in {path.name}"


def masked(value: Any, numbers: frozenset[str] = _NUMBERS) -> Any:
    """Put 0.5 in the place of every score: they change with each model, their shape must not."""
    if isinstance(value, Mapping):
        return {
            key: 0.5 if key in numbers and isinstance(inner, int | float) else masked(inner, numbers)
            for key, inner in value.items()
        }
    return [masked(inner, numbers) for inner in value] if isinstance(value, list) else value
