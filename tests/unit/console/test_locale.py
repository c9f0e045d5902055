"""Every text of the console has its translation, and no translation is left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import orjson
import pytest

import evenhand.console
from evenhand.accounting.alerts import FIGURES
from evenhand.accounting.dashboards import NAMES, dashboard
from evenhand.accounting.figures import Period
from evenhand.console.i18n import LANGUAGES, texts, translate
from evenhand.console.plotwords import plot_in
from evenhand.domain import ContentKind
from evenhand.fairness.sentences import CONTROL, audit_data
from evenhand.plots import Series, bars, lines
from evenhand.policy import templates
from evenhand.store import Store, open_store
from tests.server import quick

_ROOT = Path(evenhand.console.__file__).parent
_MARKED = re.compile(r"""(?<![\w.])_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
OTHERS = [language for language in LANGUAGES if language != "en"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give a database with nothing in it."""
    opened = open_store(settings=quick(tmp_path))
    opened.migrate()
    yield opened
    opened.close()


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
def test_what_other_parts_say_is_translated(language: str, store: Store) -> None:
    # Templates show these as the parts they come from say them.
    said = {figure.description for figure in FIGURES.values()} | {one.description for one in templates()}
    said |= {group.category for data in audit_data() for group in data.groups} - {CONTROL}
    said |= {kind.value for kind in ContentKind}
    for name in NAMES:
        board = dashboard(store, name, period=Period.last(7), hour_price=1.0)
        said |= {board.title, board.about, *board.columns}
    assert not sorted(said - set(texts(language)))


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_has_one_translation(language: str) -> None:
    # All files are read into one table: a second translation would replace the first on its own page, too.
    found: dict[str, set[str]] = {}
    for path in (_ROOT / "locale" / language).glob("*.json"):
        for text, own in orjson.loads(path.read_bytes()).items():
            found.setdefault(text, set()).add(own)
    assert not {text: owns for text, owns in found.items() if len(owns) > 1}


def test_names_in_plots_are_translated_and_those_of_labels_stay() -> None:
    drawn = lines("Decisions by day", ["2026-11-01"], [Series(name="block", values=[3.0])])
    drawn += bars("Contents by label", [("politics", 2.0), ("<b>decisions</b>", 1.0), ("none is named", 1.0)])
    shown = plot_in("zh", drawn)
    assert ">拦截</text>" in shown
    assert ">拦截, 2026-11-01: 3</title>" in shown
    assert 'aria-label="每天的决定数' in shown
    assert ">politics</text>" in shown
    assert "&lt;b&gt;decisions&lt;/b&gt;" in shown
    assert ">未提及群体: 1</title>" in shown
    assert plot_in("en", drawn) == drawn


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
