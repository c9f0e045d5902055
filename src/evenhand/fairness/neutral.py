"""Blindness by construction: a text as the harm model may see it, every name of a group replaced by one word.

"Muslim", "gay", "Kurdish" and "deaf" all become "foreign"; "Jews" and "Nigerians" become "foreigners". What a model
reads then says that some group is named, and never which, so that swapping the group cannot change what the model
answers. Counterfactual augmentation and logit pairing (Garg et al., AIES 2019) make that likely; this makes it certain
for the names in the table (data/neutral.txt). Slurs stay: they carry harm of their own.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenhand.fairness.spelling import is_unspaced
from evenhand.fairness.terms import read_data, read_sections

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

TABLE = "neutral.txt"
FIRST_TABLE = "neutral-2026.2.txt"  # that of text-2026.2; never changed
_LETTER = r"[\w\u0300-\u036f\u064b-\u0652\u0900-\u097f]"  # \w leaves out the vowel signs
_ARABIC_PREFIX = "(?:وال|بال|كال|فال|ال|لل|و|ب|ل)?"
_NEAR = 60  # characters beside a name in which a word for people is looked for
_NOT_PERSONS = frozenset("民口类類权權")  # 人 followed by one of these is another word ("population", "human rights")
_LINKS = "with|for|in|on|of|to|the|my|a|an|from|by|at|and|or|con|para|de|mit|für|pour|avec"  # another noun follows
_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}  # full-width letters
_HAS_WIDE = re.compile("[\uff21-\uff3a\uff41-\uff5a]")
_MANY = re.compile(r"\b(?:los|las|os|as|les|des|aux|gli|i|de)\s+$", re.IGNORECASE)  # "los negros"
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_ALONE = re.compile(r"\W*")
_END = r"\s*(?:[.,;:!?\"')]|$)"
_THEY = "are|were|have|do|don't|should|can|can't|will|must|deserve|live|belong"
_NO_PLURAL = "es|eres|somos|más|mas|és|pas|suis|très|dans|plus|moins|vous|nous|us"  # end in s, but are no plurals
_BETTER = tuple(  # what reads oddly after the swap; they look at the result only, so they cannot tell groups apart
    (re.compile(pattern, re.IGNORECASE), better)
    for pattern, better in (
        (r"\bforeign(?:[ -]+foreign)+\b", "foreign"),
        (r"\bforeign(?:ers)? (?:people|peoples|persons|folks?)\b", "foreigners"),
        (r"\bforeign person\b", "foreigner"),
        (r"\bforeigners? (?=wom[ae]n|m[ae]n|girl|boy|kid|child|famil|friend|communit|histor|neighbo)", "foreign "),
        (r"\b(a)n(?= foreign)", r"\1"),
        (rf"\b(a|one|every|each) foreign(?:ers|(?={_END}|\s+(?:who|and|or|but|in|from|at|with|because)\b))",
         r"\1 foreigner"),
        (rf"\b(the|all) foreign(?={_END}|\s+(?:who|and|or|but|{_THEY})\b)", r"\1 foreigners"),
        (rf"\bforeign(?=\s+(?:{_THEY})\b)", "foreigners"),
        (rf"\b(?!(?:{_NO_PLURAL}) )(\w+s) (inmigrante|imigrante|étranger)\b", r"\1 \2s"),
        ("विदेशी लोग", "विदेशी"),
    )
)  # fmt: skip
_LATER = ((re.compile("विदेशी लोगों"), "विदेशियों"),)  # not for the first table
_GERMAN = "ausländisch"
_MARKS = ("foreign", "migrante", "étranger", "विदेशी")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """One written form of a name."""

    language: str
    form: str  # of the canon, or the replacement itself
    maybe: bool  # only where it is clearly said of people
    cased: bool  # only with a capital letter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    names: Mapping[str, _Name]  # by written form, lower case
    canon: Mapping[str, Mapping[str, str]]
    stop: Mapping[str, frozenset[str]]  # language -> its frequent words
    spaced: re.Pattern[str]
    unspaced: re.Pattern[str]
    before: re.Pattern[str]  # a text that ends so speaks of people
    after: re.Pattern[str]  # a text that begins so does
    finder: AhoCorasick
    better: tuple[tuple[re.Pattern[str], str], ...]


class Neutraliser:
    """Replaces names of groups; its tables are read on first use. Safe to share between threads.

    Args:
        table: the table of names, a file of data/. A model version keeps the one it was trained with: a score never
            changes under a fixed version.
    """

    def __init__(self, table: str = TABLE) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._tables: _Tables | None = None

    def neutral(self, texts: Sequence[str]) -> list[str]:
        """Give each text with every name of a group replaced, in order; a text that names none comes back as it is.

        Texts of one batch are searched in one pass; only those that may hold a name are looked at again.

        Args:
            texts: any texts; time is linear in their length.
        """
        out = [_plain(text) for text in texts]
        tables = self._load()
        for i in _suspects(out, tables.finder):
            out[i] = _replace(out[i], tables)
        return out

    def _load(self) -> _Tables:
        if self._tables is None:
            with self._lock:
                if self._tables is None:
                    self._tables = _read(self._table)
        return self._tables


def _plain(text: str) -> str:
    """Compose accents, make full-width letters ordinary and lone surrogates, which the finder cannot read, "?"."""
    if text.isascii():
        return text
    text = text.encode("utf-8", "replace").decode("utf-8")
    if _HAS_WIDE.search(text):
        text = text.translate(_WIDE)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def _suspects(texts: Sequence[str], finder: AhoCorasick) -> list[int]:
    """Which texts hold the letters of a name, be it inside another word."""
    joined = "\n".join(texts).lower()
    found = finder.find_matches_as_indexes(joined)
    if not found:
        return []
    if len(texts) == 1:
        return [0]
    starts, at = [], 0
    for text in texts:
        starts.append(at)
        at += len(text if text.isascii() else text.lower()) + 1  # İ is longer in lower case
    return sorted({bisect_right(starts, hit[1]) - 1 for hit in found})


def _replace(text: str, tables: _Tables) -> str:
    language: str | None = None

    def swap(found: re.Match[str]) -> str:
        nonlocal language
        surface, start = found["name"], found.start("name")
        name = tables.names.get(surface.lower())
        if name is None or (name.cased and not surface[0].isupper()):
            return found[0]
        if name.maybe and not (
            _of_people(text, start, found.end("name"), tables)
            or (name.form == "pl" and _MANY.search(text[max(0, start - _NEAR) : start]))
        ):
            return found[0]
        if language is None:
            language = _language(text, tables)
        # what a Latin text's own words say, and not which name it holds, chooses among "foreign", "extranjero", ...
        canon = tables.canon[(language if name.language in tables.stop else "") or name.language]
        form = name.form
        if form == "adj" and canon["adj"] == _GERMAN and surface[0].isupper():
            form = "sg"  # "Schwule", "Muslim": a capital makes a noun
        return found[0][: start - found.start()] + canon.get(form, form)

    def swap_unspaced(found: re.Match[str]) -> str:
        surface = found["name"]
        name = tables.names.get(surface)
        if name is None or (surface[-1] == "人" and found.string[found.end() : found.end() + 1] in _NOT_PERSONS):
            return found[0]
        return tables.canon[name.language].get(name.form, name.form)

    out = tables.spaced.sub(swap, text)
    if not out.isascii():
        out = tables.unspaced.sub(swap_unspaced, out)
    if out != text and any(mark in out for mark in _MARKS):
        for pattern, better in tables.better:
            out = pattern.sub(better, out)
    return out


def _of_people(text: str, start: int, end: int, tables: _Tables) -> bool:
    """Whether the word at text[start:end], mostly a colour, is said of people here, or is all that the text says."""
    if tables.after.match(text, end, end + _NEAR) or tables.before.search(text[max(0, start - _NEAR) : start]):
        return True
    return bool(_ALONE.fullmatch(text, 0, start) and _ALONE.fullmatch(text, end))


def _language(text: str, tables: _Tables) -> str:
    """Guess the language of a Latin text by its frequent words, none of which names a group; "" where none stands."""
    words = [word.lower() for word in _WORD.findall(text)]
    counts = {language: sum(word in own for word in words) for language, own in tables.stop.items()}
    best = max(counts, key=lambda language: counts[language])  # of equals the first
    return best if counts[best] else ""


def _read(table: str) -> _Tables:
    from ahocorasick_rs import AhoCorasick

    names: dict[str, _Name] = {}
    canon: dict[str, dict[str, str]] = {}
    words: dict[str, dict[str, set[str]]] = {"stop": {}, "person": {}, "is": {}, "who": {}}
    keep: list[str] = []
    other: set[str] = set()
    for heading, entry in read_sections(read_data(table)):
        head, _, endings = (part.strip() for part in heading.partition("|"))
        kind, _, rest = head.partition(" ")
        if kind == "canon":
            form, _, word = entry.partition("=")
            canon.setdefault(rest, {})[form] = word
        elif kind in words:
            words[kind].setdefault(rest, set()).add(entry)
        elif kind == "keep":
            keep.append(entry.lower())
        elif kind == "not":
            other.add(entry)
        else:
            language = {"ja": "zh"}.get(kind, kind)
            for surface, form in _forms(entry, kind, rest, endings):
                if rest != "cased" and surface.lower() in other:
                    continue
                name = _Name(language=language, form=form, maybe=rest == "maybe", cased=rest == "cased")
                names.setdefault(surface.lower(), name)
                if language not in {"zh", "ko", "ar", "hi", "ru"}:
                    bare = "".join(c for c in unicodedata.normalize("NFD", surface) if not 0x300 <= ord(c) <= 0x36F)
                    if bare.lower() not in other:
                        names.setdefault(bare.lower(), name)
    for surface in keep:
        names.pop(surface, None)
    wide = [surface for surface in (*names, *keep) if is_unspaced(surface)]
    narrow = [surface for surface in (*names, *keep) if not is_unspaced(surface)]
    person, being, who = ("|".join(sorted({re.escape(w) for own in words[kind].values() for w in own}))
                          for kind in ("person", "is", "who"))  # fmt: skip
    return _Tables(
        names=names,
        canon=canon,
        stop={language: frozenset(own) for language, own in words["stop"].items()},
        spaced=re.compile(rf"(?<!{_LETTER}){_ARABIC_PREFIX}(?P<name>{_trie(narrow)})(?!{_LETTER})", re.IGNORECASE),
        unspaced=re.compile(f"(?P<name>{_trie(wide)})"),
        before=re.compile(
            rf"(?<!{_LETTER})(?:(?:{person})(?:\s+(?:{being}))?|(?:{who})\s+(?:{being})|(?:{being})\s+(?:{who})|i'm|im"
            rf"|you're|they're|we're|he's|she's|eres|soy|somos|sou)(?:\s+(?:not|all|both|also|a|an|un|una))?\s+$",
            re.IGNORECASE,
        ),
        after=re.compile(
            rf"(?:\s+|-)(?:(?:and|or|y|o|e|et|und|oder|ve|и)\s+)?(?:(?!(?:{_LINKS})\s){_LETTER}+\s+)?(?:{person})"
            rf"(?!{_LETTER})",
            re.IGNORECASE,
        ),
        finder=AhoCorasick(sorted(names)),
        better=_BETTER if table == FIRST_TABLE else (*_LATER, *_BETTER),
    )


def _forms(entry: str, kind: str, rest: str, endings: str) -> Iterator[tuple[str, str]]:
    """Give the written forms of a table entry, each with its form or replacement."""
    if rest == "place":
        yield from ((entry + person, "sg") for person in (("인", " 사람") if kind == "ko" else ("人",)))
        return
    for pair in re.findall(r"(\S+)=(\S+(?: [^\s=]+(?!\S*=))*)", endings):
        yield (entry if pair[0] == "-" else entry + pair[0]), pair[1]


def _trie(surfaces: Sequence[str]) -> str:
    """Give an expression for any of the surfaces, longest first, that looks at each character once."""
    root: dict[str, dict[str, object]] = {}
    for surface in surfaces:
        node: dict[str, object] = root  # type: ignore[assignment]
        for ch in surface:
            node = node.setdefault(ch, {})  # type: ignore[assignment]
        node[""] = {}
    return _branch(root)


def _branch(node: Mapping[str, object]) -> str:
    parts = [re.escape(ch) + _branch(below) for ch, below in node.items() if ch]  # type: ignore[arg-type]
    if not parts:
        return ""
    body = parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
    if "" in node:
        return f"(?:{body})?"
    return body
