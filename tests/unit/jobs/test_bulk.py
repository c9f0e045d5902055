"""JSON lines are cut into chunks by the places of their bytes, and read back item by item."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from evenhand.domain import Content, ItemError
from evenhand.jobs import bulk
from evenhand.settings import Settings


def _work(path: Path, items: int = 3, spec: Any = None) -> Any:
    task = SimpleNamespace(spec=spec)
    return SimpleNamespace(blob=lambda: path, settings=Settings(jobs_chunk_items=items), task=task)


def _read(path: Path, items: int = 3) -> list[list[Content | ItemError]]:
    segments = bulk.Bulk().plan(_work(path, items)).segments
    read = [list(bulk._items(_work(path, spec=segment.spec))) for segment in segments]
    assert [len(one) for one in read] == [segment.amount for segment in segments]
    return read


ROWS = [{"id": str(n), "text": "x" * n} for n in range(1, 8)]
LINES = [orjson.dumps(row) for row in ROWS]


@pytest.mark.parametrize(
    "data",
    [
        b"\n".join(LINES),
        b"\n".join(LINES) + b"\n",
        b"\n\n" + b"\n\n\n".join(LINES) + b"\n \n",
        b"\r\n".join(LINES) + b"\r\n",
    ],
)
def test_every_item_is_in_one_chunk_and_in_order(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    chunks = _read(path)
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert [item.id for chunk in chunks for item in chunk] == [row["id"] for row in ROWS]


def test_bad_lines_are_told_by_their_number(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b'{"text": "a"}\n\nnot json\n{"id": "7", "text": 1}\n{"path": "/etc/passwd"}\n')
    (first, second) = _read(path)
    errors = [item for item in (*first, *second) if isinstance(item, ItemError)]
    assert [(error.id, error.message.split(":")[0]) for error in errors] == [
        (None, "Line 3"),
        ("7", "Line 4"),
        (None, "Line 5"),
    ]


def test_a_line_too_long_is_an_error_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_LONGEST", 100)
    path = tmp_path / "a"
    path.write_bytes(LINES[0] + b"\n" + b"x" * 1_000 + b"\n" + LINES[1] + b"\n" + b"y" * 500)
    chunks = _read(path)
    assert [item.id for chunk in chunks for item in chunk] == ["1", None, "2", None]
    assert [item.code for chunk in chunks for item in chunk if isinstance(item, ItemError)] == [
        "too_large",
        "too_large",
    ]


def test_a_chunk_ends_before_it_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_CHUNK_BYTES", 60)
    path = tmp_path / "a"
    path.write_bytes(b"\n".join(LINES))
    assert [len(chunk) for chunk in _read(path, 100)] == [2, 2, 2, 1]


def test_nothing_gives_no_chunk(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\n \n")
    assert _read(path) == []
