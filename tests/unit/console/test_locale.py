"""Every text of the console has its translation, and no translation is left over."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import orjson
import pytest

import evenhand.console
from evenhand.console.i18n import LANGUAGES, texts, translate

_ROOT = Path(evenhand.console.__file__).parent
_MARKED = re.compile(r"""(?<![\w.])_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
OTHERS = [language for language in LANGUAGES if language != "en"]


def _used() -> set[str]:
    found = set[str]()
    for path in _ROOT.rglob("*.html"):
        found |= {ast.literal_eval(text) for text in _MARKED.findall(path.read_text())}
    for path in _ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("N_", "_")):
                continue
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
    return found


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    assert not sorted(_used() - set(texts(language)))


@pytest.mark.parametrize("language", OTHERS)
def test_values_of_a_text_are_values_of_its_translation(language: str) -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    wrong = [text for text, own in texts(language).items() if names(text) != names(own)]
    assert not wrong


@pytest.mark.parametrize("path", sorted((_ROOT / "locale").rglob("*.json")), ids=lambda path: path.stem)
def test_a_file_of_translations_is_sound(path: Path) -> None:
    document = orjson.loads(path.read_bytes())
    assert all(isinstance(text, str) and text and isinstance(own, str) and own for text, own in document.items())


def test_values_are_put_in() -> None:
    assert translate("en", "{n} items", n=3) == "3 items"
    assert translate("en", "no such text {braces}") == "no such text {braces}"


def test_templates_mark_nothing_safe() -> None:
    # What is drawn on the server (plots) comes as markupsafe.Markup from code that escapes what it was given.
    for path in _ROOT.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\|\s*safe\b|autoescape\s+false", text), path
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\son[a-z]+=|javascript:", text), path


def test_scripts_make_no_markup_out_of_text() -> None:
    for path in (_ROOT / "static").rglob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text()), path
