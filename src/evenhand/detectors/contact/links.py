"""Links: URLs with and without a scheme, internationalised and defanged ones ("hxxp://", "example [dot] com")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evenhand.detectors.contact.domains import DOMAIN, DomainCheck, plain_domain
from evenhand.detectors.contact.view import Hit, Kind

SCORE_SCHEME = 0.95  # scheme and host
SCORE_WWW = 0.93
SCORE_DISGUISED = 0.93  # defanged or with a dot in disguise: hidden on purpose
SCORE_PATH = 0.9  # bare domain with a path
SCORE_CHAT = 0.95  # the host of a messenger: the link is a contact

_SCHEME = re.compile(r"(?<![a-z0-9])(?:https?|hxxps?|h\*\*ps?|h__ps?|ftp)\s?(?:\[:\]|:)\s?(?://|\\\\)")
_TAIL = re.compile(r"(?::\d{1,5})?(?:[/?#][!#-;=?-~]{0,2048})?")
_BARE = re.compile(r"(?<![a-z0-9@._%+\-\u00df-\u024f\u0400-\u04ff])[a-z0-9\u00df-\u024f\u0400-\u04ff]")
_CJK_HOST = re.compile(
    r"[^\s,，。!！?？、;；:：()（）<>\"'《》【】/]{1,63}(?:\.[^\s,，。!！?？、;；:：()（）<>\"'《》【】/]{1,63}){1,4}"
)
_IDN = re.compile(
    r"(?<![\w.])(?!\d{1,30}\.)[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af0-9a-z-]{2,20}\.(?:中国|中國|公司|网络|在线|网址|集团|商城|コム|닷컴|한국)(?!\w)"
)
_PRIVATE = re.compile(r"(?:localhost|127\.|10\.|192\.168\.|169\.254\.|0\.0\.0\.0|172\.(?:1[6-9]|2\d|3[01])\.)")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_TRIM = ".,;:!?'\")]}>*_~…"
_CHAT = re.compile(
    r"(?:t\.me|telegram\.(?:me|dog)|wa\.me|(?:chat|api)\.whatsapp\.com|line\.me|lin\.ee|m\.me|discord\.gg|discord\.com/invite"
    r"|u\.wechat\.com|weixin\.qq\.com/r|join\.skype\.com|signal\.(?:me|group)|invite\.viber\.com|zalo\.me|open\.kakao\.com"
    r"|snapchat\.com/add|kik\.me|qm\.qq\.com)\b"
)


def find(text: str, domains: DomainCheck) -> Iterator[tuple[Hit, bool]]:
    """Give the links in a folded text, each with whether its host belongs to a messenger."""
    done = 0
    for scheme in _SCHEME.finditer(text):
        if scheme.start() < done:
            continue
        host_end = _host(text, scheme.end())
        if host_end is None or _PRIVATE.match(text, scheme.end(), host_end):
            continue
        done = _trim(text, _TAIL.match(text, host_end), host_end)
        host = plain_domain(text[scheme.end() : done])
        score = SCORE_SCHEME if text.startswith(("http", "ftp"), scheme.start()) else SCORE_DISGUISED
        yield Hit(kind=Kind.LINK, start=scheme.start(), end=done, score=score, reason="a web address"), _chat(host)
    yield from _bare(text, domains)


def _host(text: str, start: int) -> int | None:
    found = _IPV4.match(text, start) or DOMAIN.match(text, start) or _CJK_HOST.match(text, start)
    return found.end() if found else None


def _trim(text: str, tail: re.Match[str] | None, host_end: int) -> int:
    end = tail.end() if tail else host_end
    while end > host_end and text[end - 1] in _TRIM:
        end -= 1
    return end


def _chat(host: str) -> bool:
    return _CHAT.match(host.removeprefix("www.")) is not None


def _bare(text: str, domains: DomainCheck) -> Iterator[tuple[Hit, bool]]:
    place = 0
    while (start := _BARE.search(text, place)) is not None:
        found = DOMAIN.match(text, start.start())
        place = found.end() if found else start.end()
        if found is None or text[found.start() - 3 : found.start()] == "://" or text[place : place + 1] == "@":
            continue
        end = _trim(text, _TAIL.match(text, found.end()), found.end())
        host, has_path = found.group(), end > found.end()
        score = domains.certainty(host)
        if found["dot"]:
            score = SCORE_DISGUISED if score >= 0.85 else 0.0
        elif host.startswith("www.") and host.count(".") >= 2:
            score = SCORE_WWW
        elif has_path and domains.is_host(host):
            score = SCORE_PATH
        chat = _chat(plain_domain(text[found.start() : end]))
        if chat and has_path:
            score = SCORE_CHAT
        place = max(place, end)
        if score:
            reason = "a domain with its dot in disguise" if found["dot"] else "a domain name"
            yield Hit(kind=Kind.LINK, start=found.start(), end=end, score=score, reason=reason), chat
    for idn in _IDN.finditer(text):
        yield Hit(kind=Kind.LINK, start=idn.start(), end=idn.end(), score=0.85, reason="a domain name"), False
