"""Counterfactual copies of public rows: the same text with the group of people swapped, and the same labels.

Only names of groups that stand alone as a noun in the plural (English) or without inflection (Chinese) are swapped, so
that the copy stays grammatical; slurs are not, since they have no neutral twin.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from training.text.rows import Row

ENGLISH = [
    "muslims",
    "jews",
    "christians",
    "hindus",
    "sikhs",
    "buddhists",
    "atheists",
    "women",
    "men",
    "gays",
    "lesbians",
    "blacks",
    "whites",
    "asians",
    "arabs",
    "mexicans",
    "africans",
    "indians",
    "americans",
    "immigrants",
    "refugees",
    "russians",
    "turks",
    "poles",
    "pakistanis",
    "koreans",
    "uyghurs",
    "roma",
    "rohingya",
    "dalits",
    "kurds",
    "tibetans",
]
CHINESE = [
    "黑人",
    "白人",
    "女人",
    "男人",
    "女性",
    "男性",
    "犹太人",
    "穆斯林",
    "基督徒",
    "同性恋",
    "河南人",
    "东北人",
    "上海人",
    "广东人",
    "山东人",
    "外地人",
    "农村人",
    "印度人",
    "非洲人",
    "日本人",
    "韩国人",
    "难民",
    "移民",
    "残疾人",
    "老人",
    "维吾尔人",
    "藏族人",
    "回族人",
]
_FIND = {
    "en": re.compile(r"\b(" + "|".join(ENGLISH) + r")\b", re.IGNORECASE),
    "zh": re.compile("|".join(CHINESE)),
}
_NAMES = {"en": ENGLISH, "zh": CHINESE}
COPIES = 3


def swapped(rows: Iterable[Row], *, seed: int = 11, most: int = 1500) -> Iterator[Row]:
    """Give families of copies for up to `most` rows a language that name exactly one group; the row itself is in it."""
    rng = random.Random(seed)
    by_language: dict[str, list[tuple[Row, str]]] = {"en": [], "zh": []}
    for row in rows:
        finder = _FIND.get(row.language)
        if finder is None or row.source.startswith("identity"):
            continue
        found = {name.lower() for name in finder.findall(row.text)}
        if len(found) == 1:
            by_language[row.language].append((row, found.pop()))
    for language, candidates in by_language.items():
        chosen = rng.sample(candidates, min(most, len(candidates)))
        for number, (row, name) in enumerate(chosen):
            others = [other for other in _NAMES[language] if other != name]
            for other in (name, *rng.sample(others, COPIES)):
                text = _FIND[language].sub(other, row.text)
                yield replace(
                    row,
                    text=text,
                    source="swapped",
                    group=f"{row.source} {row.group or row.text}",
                    family=f"{language} {number}",
                    identity=other,
                    weight=row.weight / 2,
                )
