"""One public door, and an import that costs nothing."""

from __future__ import annotations

import subprocess
import sys

import evenhand

HEAVY = ("numpy", "onnxruntime", "sqlalchemy", "fastapi", "pydantic", "PIL", "typer", "rich", "httpx")


def test_the_door_is_sorted_and_whole() -> None:
    assert evenhand.__all__ == sorted(evenhand.__all__)
    for name in evenhand.__all__:
        assert getattr(evenhand, name) is not None


def test_unknown_names_are_unknown() -> None:
    assert not hasattr(evenhand, "nothing_of_the_kind")


def test_importing_it_imports_nothing_heavy() -> None:
    code = f"import sys, evenhand; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
