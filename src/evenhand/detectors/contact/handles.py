"""Messenger ids: a cue ("微信", "telegram", "line id") with an id right behind it, or a call to move there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from evenhand.detectors.contact.cues import Cue
from evenhand.detectors.contact.numerals import DIGIT, to_digits
from evenhand.detectors.contact.view import Hit, Kind

SCORE_NUMBER = 0.95  # a messenger's name and a number long enough to be an account
SCORE_ID = 0.9  # a messenger's name and an id with a digit, "_" or "@" in it
SCORE_SPECIFIC = 0.85  # the same behind a short form such as "vx" or "tg"
SCORE_AMBIGUOUS = 0.6  # the same behind a word that means other things too ("line", "signal")
SCORE_LETTERS = 0.5  # an id that could be an ordinary word
SCORE_INVITE = 0.55  # "add me on telegram": a call to add or write elsewhere, without an id
SCORE_TALK = 0.4  # "add wechat": perhaps only talk about adding somebody
SCORE_GENERIC = 0.7  # "dm me @name"

_AMBIGUOUS = frozenset(
    {"line", "signal", "snap", "sc", "tele", "v", "wa", "disc", "飞机", "飛機", "zap", "whats", "扣", "skype"}
)
# What may stand between a cue and its id. Tokens are disjoint from ids by the separators around them.
_CONNECT = re.compile(
    r"(?:\s{0,3}(?:号码|號碼|账号|帐号|帳號|群号|同号|号|號|群|搜索|搜|是|为|為|加|→|👉|👇|➡|⬇|❤|信"
    r"|id\b|username\b|user\b|handle\b|acc(?:ount)?\b|number\b|no\b\.?"
    r"|me\b|us\b|at\b|on\b|is\b|my\b|[:=,，~+*'\"“”「」『』【】\[\]()<>|/.-])){0,5}\s{0,3}"
)
_EXPLICIT = re.compile(r"[:=@→👉👇➡⬇号號]|\bid\b|user|handle|搜")
_ID = re.compile(r"@?[a-z0-9][a-z0-9_.\-]{1,31}+(?:#\d{4})?")
_NUMBER = re.compile(rf"\+?[0-9一壹幺二三四五六七八九](?:[ ().*_\-·•—]{{0,2}}{DIGIT}){{4,14}}+")
_TEXTS = frozenset({
    "the", "this", "that", "is", "was", "and", "not", "are", "for", "with", "has", "have", "had", "app", "web",
    "www", "http", "https", "group", "chat", "call", "calls", "message", "messages", "user", "users", "account",
    "number", "down", "pay", "bot", "api", "channel", "link", "links", "here", "there", "page", "story",
    "stories", "status", "code", "your", "you", "our", "their", "his", "her", "its", "but", "from", "when",
    "what", "who", "how", "why", "can", "will", "just", "only", "also", "now",
})  # fmt: skip
_ADD = re.compile(
    r"(?:(?<![增参參附更])加(?:我|个|個|下|一下|你)?|扫(?:码|描)?(?:加)?|私|add (?:me|us|my)(?: on| in| at)?"
    r"|(?:message|text|write|find|contact|dm|pm|chat)(?: me| us)? (?:on|via|at|in)|(?:hit me up|hmu) (?:on|at)"
    r"|пиши(?:те)? в|escr[ií]beme (?:por|al)|chama no)\s{0,2}\Z"
)
_INVITES = frozenset(
    {"加v", "加微", "加薇", "加威", "+v", "+微", "+薇", "+威", "加q", "+q", "加企鹅", "加line", "加赖", "加賴"}
)


def find(text: str, cues: Iterable[tuple[Cue, int, int]]) -> Iterator[Hit]:
    """Give the ids behind the cues found in a folded text, as (cue, start, end)."""
    for cue, start, _ in cues:
        end = start + cue.length
        if not cue.messenger and cue.group != "generic":
            continue
        if (
            _alnum(text, start)
            and start
            and (text[start - 1] in "@_" or (text[start - 1].isascii() and text[start - 1].isalnum()))
        ):
            continue  # inside a longer word
        hit = _behind(text, cue, start, end) or _invite(text, cue, start, end)
        if hit is not None:
            yield hit


def _alnum(text: str, place: int) -> bool:
    return 0 <= place < len(text) and text[place].isascii() and text[place].isalpha()


def _behind(text: str, cue: Cue, start: int, end: int) -> Hit | None:
    glued = _alnum(text, end - 1) and _alnum(text, end)
    connect = _CONNECT.match(text, end)
    place = connect.end() if connect else end
    between = text[end:place]
    if cue.group == "generic":
        token = _ID.match(text, place)
        if token is None or not token.group().startswith("@") or len(token.group()) < 4:
            return None
        return Hit(kind=Kind.HANDLE, start=start, end=_stop(token), score=SCORE_GENERIC, reason="a name to write to")
    number = None if glued else _NUMBER.match(text, place)
    if number is not None and not _alnum(text, number.end()):
        return _number(text, cue, start, number)
    token = _ID.match(text, place)
    if token is None:
        return None
    name = text[token.start() : _stop(token)]
    score = _score(name, cue, text[start:end], explicit=_EXPLICIT.search(between) is not None, glued=glued)
    if not score:
        return None
    return Hit(kind=Kind.HANDLE, start=start, end=_stop(token), score=score, reason=f"an account of {cue.group}")


def _stop(token: re.Match[str]) -> int:
    return token.start() + len(token.group().rstrip(".-_"))


def _number(text: str, cue: Cue, start: int, number: re.Match[str]) -> Hit | None:
    digits = to_digits(number.group())
    least = {"qq": 5, "wechat": 6}.get(cue.group, 8)
    if len(digits) < least or cue.group in {"instagram", "snapchat", "discord"} or digits.startswith("00000"):
        return None
    if text[start : start + cue.length] in _AMBIGUOUS and cue.group != "whatsapp":
        return None  # "line: 12345678" is a line of a log
    return Hit(kind=Kind.HANDLE, start=start, end=number.end(), score=SCORE_NUMBER, reason=f"a number for {cue.group}")


def _score(name: str, cue: Cue, word: str, *, explicit: bool, glued: bool) -> float:
    bare = name.removeprefix("@")
    marked = any(c.isdigit() or c in "_#" for c in bare) and not bare.replace(".", "").replace("-", "").isdigit()
    least = 6 if cue.group == "wechat" else 4
    if len(bare) < least or bare in _TEXTS or cue.group == "qq":
        return 0.0
    if glued:  # "加vabc123": only with a run of digits, and never "加vip8888"
        return (
            SCORE_SPECIFIC
            if cue.strong and word in _INVITES and re.fullmatch(r"(?!ip)[a-z]{2,12}\d{2,8}", bare)
            else 0.0
        )
    if name.startswith("@") or marked:
        if word in _AMBIGUOUS and not (explicit or name.startswith("@")):
            return 0.0
        return SCORE_AMBIGUOUS if word in _AMBIGUOUS else SCORE_ID if cue.strong else SCORE_SPECIFIC
    return SCORE_LETTERS if explicit and word not in _AMBIGUOUS else 0.0


def _invite(text: str, cue: Cue, start: int, end: int) -> Hit | None:
    word = text[start:end]
    if not cue.strong or cue.group == "generic" or (_alnum(text, end - 1) and _alnum(text, end)):
        return None
    if word in _INVITES:
        if text[max(0, start - 1) : start] in {"增", "参", "參", "附", "更"} or (
            word[0] == "+" and start and text[start - 1].isalnum()
        ):
            return None
        return Hit(kind=Kind.INVITE, start=start, end=end, score=SCORE_INVITE, reason=f"a call to move to {cue.group}")
    before = _ADD.search(text[max(0, start - 24) : start])
    if before is None:
        return None
    begin = start - len(before.group())
    score = SCORE_INVITE if re.search(r"我|\b(?:me|us|my|hmu)\b|пиши|escr|chama", before.group()) else SCORE_TALK
    return Hit(kind=Kind.INVITE, start=begin, end=end, score=score, reason=f"a call to move to {cue.group}")
