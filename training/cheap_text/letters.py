"""Rebuild `detectors/data/letters.npz`: how plausible a run of letters is in any of many languages.

    python -m training.cheap_text.letters [--texts ../shared/data/text] [--out src/evenhand/detectors/data]

Needs Django 5.2.19 (BSD-3-Clause), Faker 40.54.0 (MIT), Babel 2.18.0 (BSD-3-Clause; CLDR data, Unicode-3.0) and
mnemonic 0.21 (MIT) in an environment of its own: their translations, word lists and names in about ninety languages are
the training text, with the docstrings and names of Python's own library (PSF-2.0). `--texts` adds everyday prose:
English (edos, CC0; wiki_gc, Apache-2.0; sms_spam, free use with notice), German (gahd, germeval2018, CC-BY-4.0),
Chinese (cold, Apache-2.0), Dutch and romanised Hindi (identity_templates, CC-BY-4.0), French (mlma, MIT). Only counts
of letter triples and frequent Chinese characters are kept; no sentence can be read back.

Method: a letter trigram model, P(c | a, b) with additive back-off to bigrams, averaged over languages so that each
weighs the same (Cavnar and Trenkle 1994 use the same unit for language identification); the plausibility of a word is
its mean log probability a letter. The threshold for each length is the 0.1% quantile of held-out real words.
"""

from __future__ import annotations

import argparse
import gettext
import gzip
import importlib
import json
import pkgutil
import random
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

LATIN = "abcdefghijklmnopqrstuvwxyz"
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
SIZE = 1 + len(LATIN) + len(CYRILLIC)  # 0 is the edge of a word
MAX_LETTERS = 24  # thresholds are given for words of 1 to this many letters
_SPECIAL = str.maketrans(
    {
        "ß": "ss",
        "ł": "l",
        "ı": "i",
        "ø": "o",
        "đ": "d",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ð": "d",
        "ё": "е",
        "і": "и",
        "ї": "и",
        "є": "е",
        "ґ": "г",
        "ў": "у",
        "ј": "й",
        "ђ": "д",
        "љ": "л",
        "њ": "н",
        "ћ": "ч",
        "џ": "ц",
        "ə": "e",
    }
)
_WORD = re.compile(rf"(?<![^\W_])(?:[{LATIN}]+|[{CYRILLIC}]+)(?![^\W_])")
_MARKUP = re.compile(r"%\(\w+\)\w|%\w|<[^>]{0,80}>|&\w+;|https?\S+|[@#]\w+|\{[^}]{0,40}\}")


def fold(text: str) -> str:
    """Lower case, base letters without marks."""
    return "".join(
        c for c in unicodedata.normalize("NFD", text.lower().translate(_SPECIAL)) if not unicodedata.combining(c)
    )


def words(text: str) -> list[str]:
    """The folded Latin or Cyrillic words of a text."""
    return _WORD.findall(fold(_MARKUP.sub(" ", text)))


def sources(texts: Path | None) -> Iterator[tuple[str, str]]:
    """Give (language, text) pairs."""
    import babel
    import django
    import mnemonic

    for path in sorted(Path(django.__file__).parent.rglob("*.mo")):
        with path.open("rb") as stream:
            catalog = gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined]
        language = path.parts[-3].split("_")[0]
        for key, value in catalog.items():
            if key and isinstance(value, str):
                yield language, value
                yield "en", key[0] if isinstance(key, tuple) else key
    for name in sorted({str(name) for name in babel.localedata.locale_identifiers()}):
        if "_" in name and "Latn" not in name:
            continue
        data = babel.Locale.parse(name)
        for table in (data.territories, data.languages, data.months["format"]["wide"], data.days["format"]["wide"]):
            for value in dict(table).values():
                yield name.split("_")[0] + "-names", value
    import faker.providers as providers

    for package in ("lorem", "person", "company", "job", "address", "color"):
        base = importlib.import_module(f"{providers.__name__}.{package}")
        for module in pkgutil.iter_modules(base.__path__):
            if not module.ispkg:
                continue
            provider = importlib.import_module(f"{base.__name__}.{module.name}").Provider
            for field in vars(provider).values():
                for value in _strings(field):
                    yield f"{module.name.split('_')[0]}-{'words' if package == 'lorem' else 'names'}", value
    for path in sorted((Path(mnemonic.__file__).parent / "wordlist").glob("*.txt")):
        yield f"{path.stem}-words", path.read_text("utf-8")
    for name in sorted(sys.stdlib_module_names):
        if name.startswith("_") or name in {"antigravity", "this", "idlelib", "turtledemo", "lib2to3", "test"}:
            continue
        spec = importlib.util.find_spec(name)
        if spec and spec.origin and spec.origin.endswith(".py"):
            yield "python", Path(spec.origin).read_text("utf-8", "replace")
    if texts is not None:
        names = {
            "edos": "en-chat",
            "wiki_gc": "en-chat",
            "sms_spam": "en-sms",
            "gahd": "de-chat",
            "germeval2018": "de-chat",
            "identity_templates_nl": "nl",
            "identity_templates_hi-Latn": "hi-Latn",
            "cold": "zh",
            "mlma": "fr-chat",
        }
        for stem, language in names.items():
            with gzip.open(texts / f"{stem}.jsonl.gz", "rt", encoding="utf-8") as stream:
                for line in stream:
                    row = json.loads(line)
                    if stem != "mlma" or row["lang"] == "fr":
                        yield language, row["text"]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key in value:
            yield from _strings(key)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def indexes(word: str) -> np.ndarray:
    """Letter classes of a word with its edges."""
    table = {c: 1 + i for i, c in enumerate(LATIN + CYRILLIC)}
    return np.array([0, *(table[c] for c in word), 0])


def trigram_table(counts: dict[str, Counter[str]]) -> np.ndarray:
    """Log2 probability of the middle-to-right letter given two before it, averaged over languages; shape (SIZE,)*3."""
    joint = np.zeros((SIZE, SIZE, SIZE))
    for counter in counts.values():
        one = np.zeros_like(joint)
        for word, count in counter.items():
            codes = indexes(word)
            np.add.at(one, (codes[:-2], codes[1:-1], codes[2:]), np.sqrt(count))  # types and tokens both count
        if one.sum() > 2000:
            joint += one / one.sum()
    bigram = joint.sum(axis=0)
    back_off = (bigram + 1e-7) / (bigram + 1e-7).sum(axis=1, keepdims=True)
    context = joint.sum(axis=2, keepdims=True)
    weight = 2e-4
    table: np.ndarray = np.log2((joint + weight * back_off[None]) / (context + weight))
    return table


def main() -> None:
    """Build the table and say how well it separates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--out", type=Path, default=Path("src/evenhand/detectors/data"))
    options = parser.parse_args()
    train: dict[str, Counter[str]] = {}
    held: dict[str, Counter[str]] = {}
    han: Counter[str] = Counter()
    for language, text in sources(options.texts):
        if language.startswith(("zh", "chinese")):
            han.update(c for c in text if "\u4e00" <= c <= "\u9fff")
        for word in words(text):
            # The word itself decides where it goes, so that no held-out word was seen in training.
            target = held if hash_of(word) % 10 == 0 else train
            target.setdefault(language, Counter())[word] += 1
    table = trigram_table(train)
    step = 1 / 12  # bits a unit: a byte holds 0 to -21 bits
    coded = np.clip(np.round(-table / step), 0, 255).astype(np.uint8)
    real = {w for c in held.values() for w, n in c.items() if n > 1}
    thresholds = fit(coded, real)
    report(coded, thresholds, held)
    frequent = "".join(c for c, _ in han.most_common(400))
    np.savez_compressed(
        options.out / "letters.npz",
        cost=coded,
        thresholds=thresholds,
        frequent=np.array([ord(c) for c in frequent], dtype=np.uint32),
    )


def hash_of(word: str) -> int:
    """A hash that is the same in every run."""
    value = 0
    for c in word:
        value = (value * 31 + ord(c)) % 1_000_003
    return value


def cost(coded: np.ndarray, word: str) -> float:
    """Mean cost a letter, in the table's units."""
    codes = indexes(word)
    return float(coded[codes[:-2], codes[1:-1], codes[2:]].mean())


def fit(coded: np.ndarray, real: Iterable[str]) -> np.ndarray:
    """Highest mean cost believed for words of 0..MAX_LETTERS letters: the 99.9% quantile of real ones, monotone."""
    by_length: dict[int, list[float]] = {}
    for word in real:
        by_length.setdefault(min(len(word), MAX_LETTERS), []).append(cost(coded, word))
    out = np.full(MAX_LETTERS + 1, 255.0, dtype=np.float32)
    for length in range(4, MAX_LETTERS + 1):
        near = [v for n in (length - 1, length, length + 1) for v in by_length.get(n, [])]
        if len(near) >= 300:
            out[length] = np.quantile(near, 0.999)
    for length in range(5, MAX_LETTERS + 1):
        out[length] = min(out[length], out[length - 1])
    return out


def report(coded: np.ndarray, thresholds: np.ndarray, held: dict[str, Counter[str]]) -> None:
    """Print the share of held-out words called implausible by language, and of random and mashed ones."""
    rng = random.Random(5)
    print("thresholds", [round(float(t), 1) for t in thresholds])
    rates = []
    for language, counter in sorted(held.items()):
        long = [w for w in counter if len(w) >= 5]
        if len(long) > 100:
            bad = [w for w in long if cost(coded, w) > thresholds[min(len(w), MAX_LETTERS)]]
            rates.append((len(bad) / len(long), language, len(long), bad[:6]))
    for rate in sorted(rates, reverse=True)[:15]:
        print(rate)
    for length in (5, 6, 8, 10, 14, 20):
        uniform = ["".join(rng.choices(LATIN, k=length)) for _ in range(2000)]
        mash = ["".join(rng.choices("asdfghjkl", k=length)) for _ in range(2000)]
        for name, made in (("uniform", uniform), ("home row", mash)):
            hit = sum(thresholds[length] < cost(coded, w) for w in made) / len(made)
            print(length, name, hit)


if __name__ == "__main__":
    main()
