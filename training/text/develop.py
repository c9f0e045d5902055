"""Measure on the development tests of `quality/development`, which nothing was trained or calibrated on."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score

from evenhand.matching.normalise_tables import load_tables
from training.text.disguise import KINDS, disguise
from training.text.measure import entry, interval, wilson
from training.text.rows import LABELS, Row

FOLDER = Path(__file__).parents[2] / "quality" / "development"
SAFETY = ("sexual", "hate", "harassment", "violence", "self_harm", "extremism")  # what "any" means in harm_en
CHINESE = {
    "contraband.gambling": ("contraband.gambling",),
    "sexual": ("sexual.explicit", "sexual.suggestive", "sexual.solicitation"),
    "harassment": ("harassment", "harassment.insult", "harassment.threat", "harassment.profanity", "hate.attack"),
    "spam.scam": ("spam.scam",),
    "ads.promotion": ("ads.promotion",),
}
EMOJI = {"kill": "🔪", "gun": "🔫", "pig": "🐷", "pigs": "🐷", "rat": "🐀", "rats": "🐀", "shit": "💩", "dog": "🐶",
         "money": "💰", "sex": "🍆", "die": "💀", "dead": "💀", "monkey": "🐒", "hate": "🤬", "trash": "🗑️",
         "snakes": "🐍", "cash": "💵", "clown": "🤡", "love": "❤️", "women": "👩", "blood": "🩸"}  # fmt: skip
OTHERS = (
    "Hola amigos, ¿qué tal?",
    "今天天气真好。",
    "Alors, écoutez bien.",
    "Also, mal ehrlich:",
    "यार सुनो,",
    "Слушайте,",
)
SPAM = ("spam.bulk", "spam.scam", "ads.promotion")
F32 = NDArray[np.float32]


def rows() -> dict[str, list[Row]]:
    """The tests by the name of their file; `group` holds the function, `family` the case."""
    out = {}
    for path in sorted(FOLDER.glob("*.jsonl")):
        own = []
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            own.append(
                Row(
                    text=row["text"],
                    language=row["lang"],
                    source=path.stem,
                    labels=dict.fromkeys(row["labels"], 1),
                    group=row["function"],
                    family=row["case"],
                    identity=row.get("group", ""),
                )
            )
        out[path.stem] = own
    return out


def figures(tests: dict[str, list[Row]], scores: dict[str, F32], limits: F32) -> list[dict[str, Any]]:
    """Every figure, from calibrated scores float32[n, labels] of each test and the recommended thresholds."""
    out: list[dict[str, Any]] = []
    for name, own in tests.items():
        kind = name.partition("_")[0]
        if kind == "hate":
            out += _hate(name, own, scores[name], limits)
        elif kind == "everyday":
            alarms = (scores[name] >= limits)[:, _columns(lambda label: label != "politics")].any(1)
            out.append(_share("false alarm of any label", name, alarms))
        elif name == "harm_en":
            out += _any(name, own, scores[name])
        elif name == "harm_zh":
            out += _chinese(name, own, scores[name])
        else:
            truth = np.array([any(label in SPAM for label in row.labels) for row in own])
            best = scores[name][:, _columns(lambda label: label in SPAM)].max(1)
            out.append(_f1("spam: F1 at 0.5", name, truth, best >= 0.5))
    return out


def disguised(tests: dict[str, list[Row]], seed: int = 3) -> dict[str, list[Row]]:
    """The harmful English (for pinyin the Chinese) tests, disguised in each way."""
    rng = random.Random(seed)
    harmful = [row for name in ("hate_en", "harm_en", "spam_en") for row in tests[name] if row.labels]
    chinese = [row for name in ("hate_zh", "harm_zh") for row in tests[name] if row.labels]
    out = {"as written": harmful, "Chinese as written": chinese}
    for kind in KINDS:
        out[kind] = [replace(row, text=disguise(row.text, rng, kind)) for row in harmful]
    out["emoji for words"] = [replace(row, text=_emoji(row.text)) for row in harmful]
    out["code-switching"] = [replace(row, text=f"{rng.choice(OTHERS)} {row.text}") for row in harmful]
    out["pinyin"] = [replace(row, text=_pinyin(row.text, rng)) for row in chinese]
    return out


def robustness(tests: dict[str, list[Row]], flagged: dict[str, NDArray[np.bool_]]) -> list[dict[str, Any]]:
    """Recall of any harm label under each disguise."""
    return [_share("recall of any label at 0.5", f"disguise: {kind}", flagged[kind]) for kind in tests]


def _emoji(text: str) -> str:
    return re.sub(r"[A-Za-z]+", lambda found: EMOJI.get(found[0].lower(), found[0]), text)


def _pinyin(text: str, rng: random.Random) -> str:
    """A third of the Chinese characters as toneless syllables."""
    tables = load_tables()
    names = {number: syllable for syllable, number in tables.syllables.items()}
    out = []
    for character in text:
        number = int(tables.pinyin[ord(character)])
        out.append(f" {names[number - 1]} " if number and rng.random() < 1 / 3 else character)
    return "".join(out)


def _hate(name: str, own: list[Row], p: F32, limits: F32) -> list[dict[str, Any]]:
    j = LABELS.index("hate.attack")
    truth = np.array(["hate.attack" in row.labels for row in own])
    out = []
    for at, what in ((0.5, "at 0.5"), (float(limits[j]), "at the recommended threshold")):
        right = (p[:, j] >= at) == truth
        out.append(_share(f"hate: accuracy {what}", name, right))
        out.append(_share(f"hate: accuracy {what}, hateful", name, right[truth]))
        out.append(_share(f"hate: accuracy {what}, harmless", name, right[~truth]))
    functions: dict[str, list[int]] = defaultdict(list)
    cases: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(own):
        functions[row.group].append(i)
        cases[row.family].append(i)
    found = p[:, j] >= 0.5
    right = found == truth
    if name == "hate_en":
        for function, at_rows in sorted(functions.items()):
            out.append(_share(f"hate: accuracy at 0.5, {function}", name, right[at_rows]))
        for group in sorted({row.identity for row in own if row.identity}):
            mine = np.array([row.identity == group for row in own]) & ~truth
            if mine.sum() >= 8:
                out.append(_share("hate: false alarms at 0.5 by group", f"{name}: {group}", found[mine]))
    flips = [i for at_rows in cases.values() if len(at_rows) > 1 for i in _minority(found, at_rows)]
    n = sum(len(at_rows) for at_rows in cases.values() if len(at_rows) > 1)
    if n:
        out.append(entry("hate: flip rate at 0.5", name, n, len(flips) / n, wilson(len(flips), n)))
    return out


def _minority(found: NDArray[np.bool_], at: list[int]) -> list[int]:
    usual = found[at].mean() >= 0.5
    return [i for i in at if bool(found[i]) != usual]


def _any(name: str, own: list[Row], p: F32) -> list[dict[str, Any]]:
    truth = np.array([bool(row.labels) for row in own])
    best = p[:, _columns(lambda label: label.startswith(SAFETY))].max(1)

    def ap(i: NDArray[np.int64]) -> float:
        return float(average_precision_score(truth[i], best[i])) if truth[i].any() else float("nan")

    everything = np.arange(len(own))
    out = [entry("any harm: average precision", name, len(own), ap(everything), interval(ap, len(own)))]
    for function in sorted({row.group for row in own}):
        at = np.array([row.group == function for row in own])
        out.append(_share(f"any harm: flagged at 0.5, {function}", name, best[at] >= 0.5))
    return out


def _chinese(name: str, own: list[Row], p: F32) -> list[dict[str, Any]]:
    """Macro F1 of six classes: the class with the highest score, none when all are under one half."""
    table = np.stack([p[:, _columns(lambda label, mine=mine: label in mine)].max(1) for mine in CHINESE.values()], 1)
    said = np.where(table.max(1) >= 0.5, table.argmax(1), len(CHINESE))
    truth = np.full(len(own), len(CHINESE))
    for i, row in enumerate(own):
        for c, mine in enumerate(CHINESE.values()):
            if any(label in mine or label == list(CHINESE)[c] for label in row.labels):
                truth[i] = c

    def macro(i: NDArray[np.int64]) -> float:
        return float(f1_score(truth[i], said[i], average="macro", labels=range(len(CHINESE) + 1), zero_division=0))

    return [entry("six classes: macro F1", name, len(own), macro(np.arange(len(own))), interval(macro, len(own)))]


def _f1(metric: str, name: str, truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> dict[str, Any]:
    def value(i: NDArray[np.int64]) -> float:
        return float(f1_score(truth[i], said[i], zero_division=0))

    return entry(metric, name, len(truth), value(np.arange(len(truth))), interval(value, len(truth)))


def _share(metric: str, name: str, hits: NDArray[np.bool_]) -> dict[str, Any]:
    n, found = len(hits), int(hits.sum())
    return entry(metric, name, n, found / max(n, 1), wilson(found, n))


def _columns(keep: Any) -> NDArray[np.bool_]:
    return np.array([bool(keep(label)) for label in LABELS])
