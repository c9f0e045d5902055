"""E-mail addresses, plain ("a@b.com") and disguised ("a (at) b dot com", "a艾特qq点com")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evenhand.detectors.contact.domains import DOMAIN, DomainCheck
from evenhand.detectors.contact.view import Hit, Kind

SCORE_PLAIN = 0.95  # an address that cannot be anything else
SCORE_DISGUISED = 0.93  # the same, hidden on purpose
SCORE_SPOKEN = 0.85  # "name at gmail dot com": words that could be prose, so only with a known mail provider

_AT = re.compile(
    r"(?P<plain>@)|\s?[(\[{<_]\s?(?:at|@|arroba)\s?[)\]}>_]\s?|\s?(?:艾特|собака)\s?|(?P<spoken> at )", re.IGNORECASE
)
_LOCAL = re.compile(r"[a-z0-9][a-z0-9._%+-]{0,62}\s?\Z")
_PROVIDERS = re.compile(
    r"(?:gmail|googlemail|yahoo|hotmail|outlook|icloud|proton(?:mail)?|qq|163|126|mail|yandex|aol|gmx)\b"
)
_REACH = 64  # longest local part, RFC 5321 4.5.3.1.1


def find(text: str, domains: DomainCheck) -> Iterator[Hit]:
    """Give the addresses in a folded text."""
    for at in _AT.finditer(text):
        left = _local(text, at.start())
        domain = DOMAIN.match(text, at.end())
        if left is None or domain is None or not domains.is_host(domain.group()):
            continue
        if at["spoken"] and not _PROVIDERS.match(text, at.end()):
            continue
        end = domain.end()
        if text[end : end + 1] == ":" and text[end + 1 : end + 2].isalnum():
            continue  # "git@host.com:project" is an address of a repository, not of a person
        plain = at["plain"] and "." in domain.group() and not domain["dot"]
        score = SCORE_PLAIN if plain else SCORE_SPOKEN if at["spoken"] else SCORE_DISGUISED
        reason = "an e-mail address" if plain else "an e-mail address in disguise"
        yield Hit(kind=Kind.MAIL, start=left, end=end, score=score, reason=reason)


def _local(text: str, end: int) -> int | None:
    window = text[max(0, end - _REACH) : end]
    # Walk back over the last run of address characters: a search anchored at the end would try every start.
    stop = len(window.rstrip(" "))
    start = stop
    while start > 0 and (window[start - 1].isascii() and (window[start - 1].isalnum() or window[start - 1] in "._%+-")):
        start -= 1
    while start < stop and not window[start].isalnum():
        start += 1
    return None if start == stop else end - len(window) + start
