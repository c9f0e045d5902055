"""The documentation of the store says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from evenhand.settings import Settings
from evenhand.store.schema import REVISIONS, metadata

_DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_every_table_and_column_is_documented_in_order() -> None:
    page = (_DOCS / "reference" / "store-schema.md").read_text()
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    documented = {
        section.split("\n", 1)[0]: re.findall(r"^\| `(\w+)` \| \S", section, flags=re.MULTILINE) for section in sections
    }
    assert documented == {name: [column.name for column in table.columns] for name, table in metadata.tables.items()}
    assert f"`{REVISIONS[-1]}`" in page


def test_settings_of_retention_are_documented_with_their_defaults() -> None:
    page = (_DOCS / "how-to" / "keep-and-delete-content.md").read_text()
    rows = dict(re.findall(r"^\| `EVENHAND_(KEEP_\w+)` \| `?(\S+?)`? \|", page, flags=re.MULTILINE))
    fields = {name.upper(): field.default for name, field in Settings.model_fields.items() if name.startswith("keep_")}
    assert rows == {name: "[]" if default == () else str(default) for name, default in fields.items()}
