"""Command-line arguments and JSON lines become contents, lazily and in order."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from evenhand.cli.inputs import count, gather
from evenhand.contents import Pause
from evenhand.domain import Content, ItemError


def run(*targets: str, texts: tuple[str, ...] = (), jsonl: str | None = None) -> list[Content | ItemError]:
    found = gather(targets, texts, jsonl, language=None, max_bytes=100)
    return [item for item in found if not isinstance(item, Pause)]


def test_folders_are_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/.hidden", ".git/config", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = run(str(tmp_path))
    assert [Path(item.id or "").relative_to(tmp_path).as_posix() for item in found] == ["a/z.txt", "b.txt", "c.txt"]
    assert count([str(tmp_path), "-", "https://x.example"], ["text"]) == 6


def test_what_cannot_be_read_is_an_error_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 101)
    text, missing, large = run(str(tmp_path / "missing"), str(tmp_path / "large"), texts=("hi",))
    assert isinstance(missing, ItemError)
    assert "No such file" in missing.message
    assert isinstance(large, ItemError)
    assert large.code == "too_large"
    assert isinstance(text, Content)


def test_urls_are_left_for_the_decoder() -> None:
    (content,) = run("https://x.example/p.png")
    assert isinstance(content, Content)
    assert content.url == "https://x.example/p.png"


def test_json_lines_keep_their_order_and_their_errors(tmp_path: Path) -> None:
    (tmp_path / "pic").write_bytes(b"data")
    lines = [
        '{"id": "1", "text": "one"}',
        "",
        "not json",
        '{"id": "3"}',
        '{"id": "4", "path": "%s"}' % (tmp_path / "pic"),
        '{"id": "5", "path": "%s"}' % (tmp_path / "no"),
        '{"id": "6", "text": "six", "lang": "en", "context": {"author": {"id": "a"}}}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    one, bad, empty, four, five, six = run(jsonl=str(tmp_path / "in.jsonl"))
    assert isinstance(one, Content)
    assert isinstance(bad, ItemError)
    assert bad.message.startswith("Line 3: Not JSON")
    assert isinstance(empty, ItemError)
    assert (empty.id, empty.message.split(":")[0]) == ("3", "Line 4")
    assert isinstance(four, Content)
    assert (four.id, four.data) == ("4", b"data")
    assert isinstance(five, ItemError)
    assert five.id == "5"
    assert isinstance(six, Content)
    assert (six.language, six.context) == ("en", {"author": {"id": "a"}})


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"hello")))
    (content,) = run("-")
    assert isinstance(content, Content)
    assert (content.id, content.data) == ("-", b"hello")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b'{"text": "a"}\n{"text": "b"}')))
    assert [item.text for item in run(jsonl="-") if isinstance(item, Content)] == ["a", "b"]


def test_file_names_that_are_not_unicode_do_no_harm(tmp_path: Path) -> None:
    name = bytes(tmp_path) + b"/\xff.txt"
    Path(name.decode("utf-8", "surrogateescape")).write_text("hi")
    (content,) = run(str(tmp_path))
    assert (content.id or "").encode("utf-8")
