"""Digits in disguise: Chinese numerals, financial numerals and letters that look like digits."""

from __future__ import annotations

# Letters count as digits only inside a run that began with a true one.
_SAME = {
    "0": "零〇洞oо",
    "1": "一壹幺lі",
    "2": "二贰貳两俩",
    "3": "三叁參",
    "4": "四肆",
    "5": "五伍",
    "6": "六陆陸",
    "7": "七柒拐",
    "8": "八捌",
    "9": "九玖",
}
_TABLE = {ord(odd): digit for digit, odds in _SAME.items() for odd in odds}
DISGUISED = frozenset(map(chr, _TABLE))
NUMERAL = "0-9零〇洞oо一壹幺lі二贰貳两俩三叁參四肆五伍六陆陸七柒拐八捌九玖"  # inside a character class
# One digit of a run. A letter counts only where no word begins: "2671 or" ends with its last true digit.
DIGIT = rf"(?:(?![oоlі][a-kmnp-zа-нп-я])[{NUMERAL}])"


def to_digits(text: str) -> str:
    """Give the ASCII digits of a folded text, disguised ones included, and nothing else."""
    return "".join(c for c in text.translate(_TABLE) if c.isascii() and c.isdigit())
