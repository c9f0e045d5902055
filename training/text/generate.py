"""Written training data: templates with slots, filled by a seeded generator, for what no licensed set teaches.

A phrase file holds lists (`= slot: a|b`) and templates under a heading of labels (`== hate.attack ?politics`);
labels that a heading does not name are 0 for its templates, those after `?` are unknown. A template with `{group}`
or `{member}` gives a family: the same sentence for different groups of people, with the same labels. The loss ties a
family's scores together, and the audit measures how far apart they stay.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from training.text.rows import LABELS, Row

FOLDER = Path(__file__).parent / "phrases"
WEIGHT = 2.0  # of a written row beside a public one
_CHOICE = re.compile(r"\{([^{}]*)\}")
_KNOWN = {*LABELS, "ads.contact"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How many rows a template becomes."""

    fills: int = 6  # most fillings of a template without groups
    plain: int = 2  # copies, differently dressed, of a text without any choice
    families: int = 3  # fillings of a template with groups ...
    members: int = 3  # ... each for so many groups: most become one row once the names are taken out


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template under its heading."""

    text: str
    positive: frozenset[str]
    unknown: frozenset[str]
    heading: str  # its labels as written


@dataclass(slots=True)
class Phrases:
    """One file, "<language>.txt" or "<language>_<what>.txt"."""

    name: str  # without ".txt"
    slots: dict[str, list[str]] = field(default_factory=dict)
    templates: list[Template] = field(default_factory=list)

    @property
    def language(self) -> str:
        """BCP 47."""
        return self.name.partition("_")[0]


def load(path: Path) -> Phrases:
    """Read a phrase file.

    Raises:
        ValueError: a heading names a label that does not exist, or a template stands before any heading.
    """
    out = Phrases(path.stem)
    base = path.with_name(f"{out.language}.txt")
    if base != path and base.exists():  # a language's files share its lists; a file's own come first
        out.slots = dict(load(base).slots)
    positive: frozenset[str] | None = None
    unknown: frozenset[str] = frozenset()
    for line in path.read_text("utf-8").replace("\\n", "\r").split("\n"):  # \\n breaks a line of a template
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("= "):
            name, _, values = line[2:].partition(":")
            out.slots[name.strip()] = _split(values.strip())
        elif line.startswith("== "):
            names = [name for name in line[3:].split() if name != "clean"]
            if wrong := {name.lstrip("?") for name in names} - _KNOWN:
                raise ValueError(f"{path.name}: no such label: {sorted(wrong)}")
            positive = frozenset(name for name in names if not name.startswith("?"))
            unknown = frozenset(name[1:] for name in names if name.startswith("?"))
        elif positive is None:
            raise ValueError(f"{path.name}: a template stands before any heading: {line}")
        else:
            out.templates.append(
                Template(
                    text=line.replace("\r", "\n"),
                    positive=positive,
                    unknown=unknown,
                    heading=" ".join(sorted(positive)),
                )
            )
    return out


def _split(values: str) -> list[str]:
    """Split at the bars that stand outside braces."""
    out, depth = [""], 0
    for character in values:
        depth += (character == "{") - (character == "}")
        if character == "|" and not depth:
            out.append("")
        else:
            out[-1] += character
    return out


def _fill(text: str, slots: dict[str, list[str]], rng: random.Random) -> str:
    for _ in range(4):  # slots may hold slots
        text, count = _CHOICE.subn(lambda found: rng.choice(slots.get(found[1]) or found[1].split("|")), text)
        if not count:
            break
    return text


def _dress(text: str, rng: random.Random) -> str:
    """Vary case and punctuation the way people do; never what is said."""
    kind = rng.random() if "\n" not in text else rng.random() * 0.2  # to papers, nobody adds a smile
    if kind < 0.15:
        return text.lower()
    if kind < 0.2:
        return text.upper()
    if kind < 0.3:
        return text.rstrip(".!?。！？")
    if kind < 0.4:
        return text + rng.choice(("!", "!!", "...", " 😂", " 🙏", "?", " :)"))
    if kind < 0.45:
        return f"@user {text}"
    return text


def rows(seed: int = 7, amount: Amount | None = None) -> Iterator[Row]:
    """Give the written rows of every phrase file, the same for the same seed."""
    amount = amount or Amount()
    for phrases, folds in _folded():
        rng = random.Random(f"{seed} {phrases.name}")
        made: list[Row] = []
        for number, (template, fold) in enumerate(zip(phrases.templates, folds, strict=True)):
            made.extend(_expand(template, f"{phrases.name} {number}", fold, phrases, rng, amount))
        yield from made
        yield from _mixed(made, rng)


def _folded() -> Iterator[tuple[Phrases, list[str]]]:
    """Give each file with its templates' splits: of the templates of one heading in a file, every tenth calibrates and
    every tenth tests. A hash would leave rare labels without either; by file, a new one moves no template of another.
    """
    for path in sorted(FOLDER.glob("*.txt")):
        seen: Counter[str] = Counter()
        phrases = load(path)
        folds = []
        for template in phrases.templates:
            kind = template.heading + ("{group}" if "{group}" in template.text or "{member}" in template.text else "")
            folds.append({4: "calibrate", 9: "test"}.get(seen[kind] % 10, "train"))
            seen[kind] += 1
        yield phrases, folds


def _expand(
    template: Template, key: str, fold: str, phrases: Phrases, rng: random.Random, amount: Amount
) -> Iterator[Row]:
    labels = _labels(template)
    row = Row(text="", language=phrases.language, source="written", labels=labels, weight=WEIGHT, group=key, fold=fold)
    slot = next((name for name in ("group", "member") if "{" + name + "}" in template.text), None)
    seen: set[str] = set()
    if slot is None:
        varied = any(name in phrases.slots or "|" in name for name in _CHOICE.findall(template.text))
        for i in range(amount.fills if varied else amount.plain):
            text = _fill(template.text, phrases.slots, rng)
            text = text if i == 0 else _dress(text, rng)
            if text not in seen:
                seen.add(text)
                yield replace(row, text=text)
        return
    groups = phrases.slots[slot]
    for family in range(amount.families):
        state = rng.getrandbits(64)
        for identity in rng.sample(groups, min(amount.members, len(groups))):
            same = random.Random(state)  # every group gets the same other words
            text = _fill(template.text.replace("{" + slot + "}", identity), phrases.slots, same)
            text = text if family == 0 else _dress(text, same)
            yield replace(row, text=text, family=f"{key} {family}", identity=identity, weight=WEIGHT / 2)


def _labels(template: Template) -> dict[str, int]:
    """The labels a template says something of. Beside one kind of sexual text or violence the others are unknown,
    unless the heading names them: the kinds shade into each other.
    """
    tops = {name.partition(".")[0] for name in template.positive} & {"sexual", "violence"}
    if "harassment.threat" in template.positive or "extremism.promotion" in template.positive:
        tops.add("violence")
    return {
        name: int(name in template.positive)
        for name in LABELS
        if name in template.positive or (name not in template.unknown and name.partition(".")[0] not in tops)
    }


def _mixed(made: list[Row], rng: random.Random) -> Iterator[Row]:
    """Harm between harmless sentences, and harmless sentences together, so that length says nothing."""
    clean = [row for row in made if not row.family and not any(row.labels.values())]
    harmful = [
        row
        for row in made
        if any(row.labels.values()) and not any(hit and name.startswith("sexual") for name, hit in row.labels.items())
    ]
    joint = "" if made[0].language in {"zh", "ja"} else " "
    for row in rng.sample(harmful, len(harmful) // 8) + rng.sample(clean, len(clean) // 8):
        # both from the same split, or a held-out template would be seen in training
        other = rng.choice([c for c in rng.sample(clean, min(60, len(clean))) if c.split() == row.split()] or [row])
        parts = [row.text, other.text]
        rng.shuffle(parts)
        yield replace(
            row, text=(joint if parts[0][-1:] in ".!?。！？😂🙏)" else ". ").join(parts), family="", identity=""
        )


def audit(seed: int = 23, fills: int = 1, most: int = 2) -> Iterator[Row]:
    """Give every group of people in templates that were not trained on, for the fairness figures; `most` a file."""
    for phrases, folds in _folded():
        left = most
        rng = random.Random(f"{seed} {phrases.name}")
        for number, (template, fold) in enumerate(zip(phrases.templates, folds, strict=True)):
            slot = next((name for name in ("group", "member") if "{" + name + "}" in template.text), None)
            row = Row(text="", language=phrases.language, source="written", labels=_labels(template))
            row = replace(row, group=f"{phrases.name} {number}", fold=fold)
            if slot is None or fold != "test" or not left:
                continue
            left -= 1
            for fill in range(fills):
                state = rng.getrandbits(64)
                for identity in phrases.slots[slot]:
                    text = template.text.replace("{" + slot + "}", identity)
                    text = _fill(text, phrases.slots, random.Random(state))
                    yield replace(row, text=text, family=f"{row.group} {fill}", identity=identity)
