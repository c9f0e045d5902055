"""The words of an HTML document. One pass, whatever the document holds; what is never closed is kept as words."""

from __future__ import annotations

import html
import re
import string

_SILENT = ("script", "style")  # elements whose content nobody reads
_TAG = re.compile(r"/?([A-Za-z][A-Za-z0-9:-]*)")
_BREAKING = re.compile(
    "address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|footer|form|h[1-6]|header|hr|li|main|nav|ol|option|p|pre"
    "|section|table|td|th|title|tr|ul"
)
_BLANKS = re.compile(r"[ \t\r\f\v]+")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)  # (lower() changes the length of some texts)


def plain(document: str) -> str:
    """Give the text of a document, a line for each of its blocks.

    Args:
        document: HTML, whole or in part.
    """
    out: list[str] = []
    find = _Finder(document)
    place = 0
    while (start := document.find("<", place)) >= 0:
        out.append(document[place:start])
        place = start + 1
        tag = _TAG.match(document, place)
        name = tag[1].lower() if tag else ""
        if document.startswith("<!--", start):
            end = find.after("-->", start + 4)
        elif tag or document.startswith(("!", "?"), place):
            end = find.after(">", place)
        else:
            end = None
        if end is not None and name in _SILENT and document[place] != "/":
            end = find.after(f"</{name}", end)
            end = None if end is None else find.after(">", end)
        if end is None:
            out.append("<")
            continue
        if _BREAKING.fullmatch(name):
            out.append("\n")
        place = end
    out.append(document[place:])
    lines = (_BLANKS.sub(" ", line).strip() for line in html.unescape("".join(out)).split("\n"))
    return "\n".join(line for line in lines if line)


class _Finder:
    """Searches forward in a text; what does not come any more is searched for but once."""

    def __init__(self, text: str) -> None:
        self._text, self._missing = text.translate(_LOWER), set[str]()

    def after(self, what: str, place: int) -> int | None:
        found = -1 if what in self._missing else self._text.find(what, place)
        if found < 0:
            self._missing.add(what)
            return None
        return found + len(what)
