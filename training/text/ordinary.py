"""Writes the ordinary texts that custom classes of texts are taught against: detectors/data/ordinary.txt.

`python -m training.text.ordinary` makes the same file again: one filling of harmless templates that name no group.
"""

from __future__ import annotations

import random
from pathlib import Path

from training.text.generate import FOLDER, _fill, load

TARGET = Path(__file__).parents[2] / "src/evenhand/detectors/data/ordinary.txt"
MOST = {"en": 160, "zh": 80}  # lines of a language; of the others OTHERS
OTHERS = 22
LONGEST = 220  # characters


def lines() -> list[str]:
    """Give the lines, by language."""
    by_language: dict[str, list[str]] = {}
    for path in sorted(FOLDER.glob("*.txt")):
        if path.stem.partition("_")[2] not in {"plain", "everyday", "forum", "comments"}:
            continue
        phrases, rng = load(path), random.Random(path.stem)
        own = by_language.setdefault(phrases.language, [])
        for template in phrases.templates:
            free = template.heading == "" and not template.unknown
            if free and "{group}" not in template.text and "{member}" not in template.text:
                text = _fill(template.text, phrases.slots, rng)
                if 8 <= len(text) <= LONGEST and "{" not in text:
                    own.append(text.replace("\n", "\\n"))
    out: list[str] = []
    for language, own in by_language.items():
        rng = random.Random(language)
        chosen = sorted(set(own))
        rng.shuffle(chosen)
        out += chosen[: MOST.get(language, OTHERS)]
    return out


if __name__ == "__main__":
    TARGET.write_text("\n".join(lines()) + "\n", "utf-8")
