"""What people read, in their language. English is the key; another language has a file for each area of pages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import orjson
from starlette.requests import Request

LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}
COOKIE = "evenhand_language"

_FOLDER = Path(__file__).parent / "locale"


def N_(text: str) -> str:  # noqa: N802 (the name that gettext's tools know)
    """Mark a text of Python code for translation; the template translates it."""
    return text


def translate(language: str, text: str, /, **values: object) -> str:
    """Give a text in a language, with values in its `{names}`; English where a translation is missing.

    What it gives is plain text: a template escapes it, with the values in it.
    """
    found = texts(language).get(text, text)
    return found.format(**values) if values else found


@cache
def texts(language: str) -> Mapping[str, str]:
    """Give all translations of a language: English text -> its own. None for English itself."""
    found: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.json")) if language in LANGUAGES else ():
        found |= orjson.loads(path.read_bytes())
    return found


def language_of(request: Request) -> str:
    """Choose the language of a page: the visitor's choice, else the first that their browser asks for and we have."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    for asked in request.headers.get("accept-language", "")[:200].split(","):
        language = asked.split(";")[0].strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return "en"
