"""Words of statements and reports in seven languages, from data/languages: written by people, filled in by rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from evenhand.domain import parent
from evenhand.errors import InputError

LANGUAGES = ("en", "de", "es", "fr", "it", "pl", "zh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language."""

    language: str
    statement: Mapping[str, str]  # key -> sentence with {names}
    labels: Mapping[str, str]  # label -> what it is, as it stands in a list
    report: Mapping[str, str]

    def label(self, name: str) -> str:
        """Give what a label is; of one that an operator added, what the label above it is."""
        known: str | None = name
        while known is not None and known not in self.labels:
            known = parent(known)
        return name if known is None else self.labels[known]

    def say(self, key: str, **values: object) -> str:
        """Give a sentence of a statement, filled in."""
        return _filled(self.statement[key], values)

    def tell(self, key: str, **values: object) -> str:
        """Give a phrase of a report, filled in."""
        return _filled(self.report[key], values)


@cache
def words(language: str) -> Words:
    """Give the words of a language.

    Args:
        language: one of LANGUAGES, also with a region ("de-AT").

    Raises:
        InputError: there are none in it.
    """
    base = language.split("-", maxsplit=1)[0].lower()
    if base not in LANGUAGES:
        raise InputError(f"There are no words in {language[:20]!r}; there are some in {', '.join(LANGUAGES)}.")
    text = files("evenhand.accounting").joinpath("data", "languages", f"{base}.json").read_text("utf-8")
    return Words(language=base, **json.loads(text))


def _filled(text: str, values: Mapping[str, object]) -> str:
    # Not str.format: what is filled in is an operator's, and may hold braces; the text itself is ours.
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text
