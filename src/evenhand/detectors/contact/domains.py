"""What counts as a domain: its shape, plain or with a disguised dot, and whether its ending exists."""

from __future__ import annotations

import re
from typing import Any

# A label is letters of the scripts that bare domains are written in; a dot may be a word, a bracketed dot or a bullet.
LABEL = r"[a-z0-9\u00df-\u024f\u0400-\u04ff][a-z0-9\u00df-\u024f\u0400-\u04ff-]{0,62}+"
DOT_WORD = (
    r"\s?[(\[{<（【_]\s?(?:dot|点|點|d0t|\.)\s?[)\]}>）】_]\s?|\s?[点點。•·]\s?(?=[a-z]{2})"
    r"|\s(?:dot|d0t|punkt|punto|ponto|точка)\s"
    r"|\s\.\s?(?=com\b|net\b|org\b|cn\b|ru\b)|\.\s(?=com\b|net\b|org\b|cn\b)"
)
DOMAIN = re.compile(rf"{LABEL}(?:(?:\.|(?P<dot>{DOT_WORD})){LABEL}){{1,5}}")
DOTS = re.compile(rf"\.|{DOT_WORD}")

# Endings that are seldom anything but an ending, so that a bare "name.com" is a link.
STRONG = frozenset({
    "com", "net", "org", "cn", "ru", "info", "biz", "xyz", "top", "vip", "cc", "tk", "cf", "gq", "tv", "co",
    "eu", "edu", "gov", "hk", "tw", "sg", "vn", "th", "ua", "jp", "kr", "br", "fr", "nl", "uk", "de", "pl",
    "cz", "se", "ch", "mx", "za", "nz", "icu", "club", "shop", "site", "online", "store", "website", "casino",
    "bet", "ltd", "app", "dev", "link", "click", "рф", "рус", "中国", "io", "gg", "公司", "网络", "在线",
})  # fmt: skip
# Real endings that are also words or file names: a bare one is a link only with a path, "www" or a digit or hyphen.
_WORDS = frozenset({
    "club", "shop", "site", "online", "store", "website", "app", "dev", "link", "click", "de", "co", "se", "cc",
    "top", "vip", "tv", "za", "nz", "ch", "io", "gg",
})  # fmt: skip
_PROSE = frozenset(
    {
        "the",
        "a",
        "an",
        "this",
        "that",
        "every",
        "one",
        "and",
        "or",
        "of",
        "to",
        "using",
        "in",
        "my",
        "your",
        "our",
        "with",
        "for",
        "is",
    }
)  # fmt: skip  ("the dot net way" is no link)
MAX_ENDINGS = 4096  # endings remembered; a hostile text can make up any number of them
_FRIENDS = frozenset(
    {"asp.net", "vb.net", "ado.net", "ml.net", "paint.net", "socket.io", "java.io", "java.net", "system.net"}
)


class DomainCheck:
    """Knows the public suffix list that ships with `tldextract`; loaded on the first ending outside the common ones."""

    def __init__(self) -> None:
        self._extract: Any = None
        self._endings: dict[str, bool] = {}

    def is_host(self, domain: str) -> bool:
        """Say whether the ending of a folded, perhaps disguised, domain exists."""
        plain = plain_domain(domain)
        ending = plain.rpartition(".")[2]
        if ending in STRONG:
            return True
        if not 2 <= len(ending) <= 24 or ending.isdigit():
            return False
        if self._extract is None:
            import tldextract

            # No addresses to fetch from and no cache on disk: the list inside the package only.
            self._extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
        if ending not in self._endings:
            if len(self._endings) >= MAX_ENDINGS:
                self._endings.clear()
            self._endings[ending] = bool(self._extract(f"a.{ending}").suffix)
        return self._endings[ending]

    def certainty(self, domain: str) -> float:
        """Give how sure a bare domain with no path is a link: 0.85, 0.45 for endings that are also words, else 0."""
        plain = plain_domain(domain)
        head, _, ending = plain.rpartition(".")
        if ending.isascii() and ending not in STRONG:
            return 0.0  # files, methods and sentences without a space end like this far more often than links
        if plain in _FRIENDS or (plain != domain and head in _PROSE) or not self.is_host(domain):
            return 0.0
        marked = any(c.isdigit() or c == "-" for c in head) or "." in head
        if ending in STRONG and (marked or ending not in _WORDS):
            return 0.85
        if not ending.isascii():
            return 0.85
        return 0.45 if ending in STRONG else 0.0


def plain_domain(domain: str) -> str:
    """Give a domain with its disguised dots made plain."""
    return DOTS.sub(".", domain)
