"""Phone numbers of any region: a cheap shape first, then Google's numbering-plan data (package `phonenumbers`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evenhand.detectors.contact.numerals import DIGIT, DISGUISED, NUMERAL, to_digits
from evenhand.detectors.contact.view import Hit, Kind

SCORE_INTERNATIONAL = 0.95  # "+", country code, valid in the country's plan
SCORE_CUED = 0.95  # valid in a region of the language, behind a word such as "call"
SCORE_DISGUISED = 0.92  # Chinese mobile number with numerals, letters or separators in it: hidden on purpose
SCORE_MOBILE_CN = 0.85  # eleven bare digits of a Chinese mobile number
SCORE_FORMATTED = 0.8  # valid in a region of the language, written in groups
SCORE_BARE = 0.6  # a bare digit string that happens to be valid in one region of the language
SCORE_SHORT_CODE = 0.7  # "text JOIN to 87121"
SCORE_CUED_SHAPE = 0.6  # a phone's shape behind a cue, valid in no region tried

MAX_PARSES = 500  # candidates of one text that are looked up; each costs tens of microseconds

_REGIONS = {
    "en": ("US", "GB", "AU", "IN"), "zh": ("CN", "HK", "TW"), "es": ("ES", "MX", "AR", "CO"), "pt": ("BR", "PT"),
    "fr": ("FR",), "de": ("DE", "AT", "CH"), "it": ("IT",), "nl": ("NL",), "ru": ("RU",), "uk": ("UA",), "pl": ("PL",),
    "tr": ("TR",), "ja": ("JP",), "ko": ("KR",), "ar": ("SA", "EG", "AE"), "fa": ("IR",), "hi": ("IN",), "ur": ("PK",),
    "bn": ("BD", "IN"), "id": ("ID",), "ms": ("MY", "ID"), "vi": ("VN",), "th": ("TH",), "tl": ("PH",), "sv": ("SE",),
    "no": ("NO",), "da": ("DK",), "fi": ("FI",), "cs": ("CZ",), "el": ("GR",), "he": ("IL",),
    "hu": ("HU",), "ro": ("RO",),
}  # fmt: skip
_UNKNOWN = ("US", "CN")  # language not known
# Plans of fixed length, where a valid number needs no leading 0 to be believed.
_FIXED = frozenset({"US", "CN", "IN", "ES", "MX", "BR", "PT", "CO", "HK", "SG", "PL", "NO", "DK", "VN", "CZ"})

_PLAIN = re.compile(
    r"(?<![0-9][.,])(?<![a-z0-9_+=$€£¥#@])(?:\+|00(?=[1-9]))?\(?\d(?:[ .()/\u2010-\u2015-]{0,3}\d){6,17}+(?![\d%°€$£¥])"
)
_CN_FIRST = "1一壹幺"
_SHAPE = re.compile(rf"[0-9一壹幺](?:[^\w\n]{{0,3}}[{NUMERAL}]){{6}}")
_CN_MOBILE = re.compile(
    rf"(?<![\d.])[{_CN_FIRST}](?:[^\w\n]|_){{0,3}}[3-9三四五六七八九叁肆伍陆陸柒捌玖]"
    rf"(?:(?:[^\w\n]|_){{0,3}}{DIGIT}){{9}}(?![\d%])"
)
_SHORT_CODE = re.compile(
    r"\b(?:text|txt|sms|send)\b[^\n]{0,40}?\bto\s{0,2}:?\s{0,2}(\d{5,6})\b"
    r"(?=\s{0,3}\Z|[.;:!?]|,\s|\s(?:now|to|for|from|and|or|by|with|eg|before|[^\w\s]))"
)
_NOT_PHONE = re.compile(
    r"(?:order|invoice|receipt|isbn|issn|tracking|parcel|ref(?:erence)?|case|ticket|issue|account|acct|iban|card|serial|version|"
    r"model|patent|doi|pmid|bug|commit|hash|timestamp|epoch|code|pin|otp|lat|lon|long|gps|id|uid|pid|sku|vat|tax|ip|part|"
    r"item|"
    r"订单|訂單|小票|单据|流水|单号|單號|编号|編號|账号|帳號|卡号|卡號|验证码|身份证|快递|运单|价格|金额|заказ|счёт|pedido|factura|bestellung)"
    r"(?:\s{0,2}(?:number|num|nr|no|id|号|是|is|was|#|:|=|[.\-№#])){0,3}\s{0,2}\Z"
)
_DATE = re.compile(
    r"\(?(?:(?:19|20)\d\d[-/. ](?:0?[1-9]|1[0-2])[-/. ]\d{1,2}\b"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d\b(?![-/.]\d)|(?:19|20)\d{6}(?:\D|\d{6}|\Z))"
)
_YEARS = re.compile(r"(?:1[5-9]|20)\d\d[ \-–—/.]{1,3}(?:1[5-9]|20)\d\d\b")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){2,3}(?:\Z|\s)")
_DECIMAL = re.compile(r"\d+\.\d+\Z")
_UNIT = re.compile(
    r"\s?(?:元|円|원|块|萬|万|亿|usd|eur|bytes?|kb|mb|ms|km|kg|dollars?|euros?|people|views|次|人|年|[+*/=×÷^]\s?\d)"
)
_GROUPS_CN = (
    (11,),
    (3, 4, 4),
    (3, 3, 5),
    (4, 3, 4),
    (4, 4, 3),
    (3, 8),
    (7, 4),
    (1,) * 11,
    (2, 2, 2, 2, 3),
    (3, 2, 2, 2, 2),
    (3, 2, 3, 3),
)


def may_hold(text: str) -> bool:
    """Say whether a folded text has a run of seven digits at all; most texts do not, and need no closer look."""
    return _SHAPE.search(text) is not None


def find(text: str, language: str | None, cue: re.Pattern[str]) -> tuple[list[Hit], bool]:
    """Give the numbers in a folded text, and whether some were left out because there are too many candidates.

    Args:
        text: folded.
        language: BCP 47; picks the regions in which national numbers are tried.
        cue: matches the words that stand before a phone number.
    """
    hits: list[Hit] = []
    for found in _CN_MOBILE.finditer(text):
        hit = _chinese_mobile(text, found, cued=_cued(text, found.start(), cue))
        if hit is not None:
            hits.append(hit)
    taken = [(hit.start, hit.end) for hit in hits]
    base = (language or "").split("-")[0].lower()
    regions = _REGIONS.get(base, _UNKNOWN)
    parses = 0
    for found in _PLAIN.finditer(text):
        start, end = found.span()
        if any(start < stop and begin < end for begin, stop in taken[-8:]) or _refused(text, found):
            continue
        if parses == MAX_PARSES:
            return hits, True
        parses += 1
        hit = _number(text, start, end, regions, cued=_cued(text, start, cue))
        if hit is not None:
            hits.append(hit)
    return hits, False


def short_codes(text: str) -> Iterator[Hit]:
    """Give the short numbers of premium texting: "txt WIN to 87121"."""
    for found in _SHORT_CODE.finditer(text):
        yield Hit(
            kind=Kind.PHONE,
            start=found.start(1),
            end=found.end(1),
            score=SCORE_SHORT_CODE,
            reason="a short number to text",
        )


def _chinese_mobile(text: str, found: re.Match[str], *, cued: bool) -> Hit | None:
    raw = found.group()
    groups = tuple(len(group) for group in re.findall(rf"[{NUMERAL}]+", raw))
    odd = sum(1 for c in raw if c in DISGUISED)
    # "1, 3, 5, 7, 9, 11, 13, 15" is a list of numbers: groups of a phone are all single digits or a usual pattern.
    if (groups not in _GROUPS_CN and not cued) or (groups == (1,) * 11 and "、" in raw):
        return None
    if "&#" in raw or _IPV4.match(raw) or (len(groups) == 1 and not odd and _identifier(text, found)):
        return None
    hidden = odd > 0 or len(groups) > 4
    score = SCORE_CUED if cued else SCORE_DISGUISED if hidden else SCORE_MOBILE_CN
    reason = "a mobile number in disguise" if hidden else "a mobile number"
    return Hit(kind=Kind.PHONE, start=found.start(), end=found.end(), score=score, reason=reason)


def _identifier(text: str, found: re.Match[str]) -> bool:
    """Say whether eleven bare digits belong to a hash, a name or an order rather than to a phone."""
    before = text[max(0, found.start() - 24) : found.start()]
    glued = before[-1:].isascii() and (before[-1:].isalpha() or before[-1:] in {"@", "_", "#"})
    return glued or _NOT_PHONE.search(before) is not None or _UNIT.match(text, found.end()) is not None


def _refused(text: str, found: re.Match[str]) -> bool:
    raw, before = found.group(), text[max(0, found.start() - 24) : found.start()]
    digits = to_digits(raw)
    shape = _DATE.match(raw) or _YEARS.match(raw) or _IPV4.match(raw) or _DECIMAL.match(raw)
    book = len(digits) == 13 and digits.startswith(("978", "979"))
    if (
        shape is not None
        or book
        or "  " in raw
        or len(digits) > 15
        or len(set(digits)) <= 2
        or _UNIT.match(text, found.end())
    ):
        return True
    if not raw.startswith("+") and (_luhn_card(digits) or _NOT_PHONE.search(before)):
        return True
    behind = text[found.end() : found.end() + 1]
    return behind in {"_", "@"} or (behind.isascii() and behind.isalpha())


def _luhn_card(digits: str) -> bool:
    """Say whether this is 15 or 16 digits with a card's check digit (ISO/IEC 7812-1)."""
    if len(digits) not in {15, 16}:
        return False
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _cued(text: str, start: int, cue: re.Pattern[str]) -> bool:
    return cue.search(text, max(0, start - 24), start) is not None


def _number(text: str, start: int, end: int, regions: tuple[str, ...], *, cued: bool) -> Hit | None:
    import phonenumbers

    raw = text[start:end]
    digits = to_digits(raw)
    international = raw.startswith(("+", "00"))
    plain = "+" + digits.removeprefix("00") if international else digits
    for region in (None,) if international else regions:
        try:
            number = phonenumbers.parse(plain, region)
        except phonenumbers.NumberParseException:
            continue
        if not phonenumbers.is_valid_number(number):
            continue
        if international:
            return Hit(
                kind=Kind.PHONE, start=start, end=end, score=SCORE_INTERNATIONAL, reason="an international phone number"
            )
        grouped = not raw.isdigit()
        believed = region in _FIXED or digits.startswith("0") or cued or (region == "RU" and digits[0] in "78")
        if believed and (cued or grouped or len(digits) >= 9):
            score = SCORE_CUED if cued else SCORE_FORMATTED if grouped else SCORE_BARE
            return Hit(kind=Kind.PHONE, start=start, end=end, score=score, reason="a phone number")
    if (
        cued
        and 7 <= len(digits) <= 15
        and re.search(r"\b(?:call|phone|tel|dial|sms|text|电话|手机|тел)\W{0,3}\Z", text[max(0, start - 16) : start])
    ):
        return Hit(
            kind=Kind.PHONE, start=start, end=end, score=SCORE_CUED_SHAPE, reason="what looks like a phone number"
        )
    return None
