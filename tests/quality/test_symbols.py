"""image.symbol on rendered pictures and on harmless photos: recall by symbol and style, false alarms by twin.

`python -m tests.quality.test_symbols` prints the tables of quality/pictures.md. Every symbol is drawn; the photos under
the drawings, and the seeds, were not trained on. The tests look at fewer pictures than the tables.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from evenhand.detectors.base import Detection
from evenhand.detectors.symbol import FLOOR, LABEL, SHAPES, SymbolDetector
from evenhand.detectors.symbol_places import overlap
from evenhand.domain import ImagePart
from tests.quality.test_pictures import FOLDERS, MEDIA, read, wilson
from training.vision.symbols_data import Row, render
from training.vision.symbols_scenes import STYLES, Backgrounds
from training.vision.symbols_twins import AGAINST, ALIKE, HELD_BACK, RELIGIOUS

SIZE, DRAWN = (800, 600), (40.0, 420.0)  # px of the pictures, and of what is drawn on them
DISPLAYS = ("textbook", "museum")  # the symbol is really there: found, but not for praise
_SIZES = ((40, 80), (80, 160), (160, 420))
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


@cache
def detector() -> SymbolDetector:
    """Give the detector as it ships."""
    return SymbolDetector()


@cache
def grounds() -> Backgrounds:
    """Give the photos that nothing was trained on; none where the optional pictures are missing."""
    return Backgrounds(MEDIA, "test")


def drawn(name: str, count: int, *, drawn_px: tuple[float, float] = DRAWN) -> list[Row]:
    """Render so many pictures of one drawing, styles in turn."""
    seed = sum(map(ord, name)) * 1000
    return [
        render(seed + i, split="test", grounds=grounds(), name=name, style=i % len(STYLES), size=SIZE, drawn=drawn_px)
        for i in range(count)
    ]


def seen(rows: Iterable[Row]) -> list[tuple[Row, Detection]]:
    """Let the detector look at rows."""
    return [(row, detector().detect([ImagePart(image=Image.fromarray(row.pixels))])[0]) for row in rows]


def found(row: Row, answer: Detection) -> bool:
    """Say whether a finding lies on the drawing."""
    boxes = [finding.location.box for finding in answer.findings]
    return any(box is not None and overlap(box, row.placed.box) > 0.2 for box in boxes)


@pytest.mark.parametrize(("name", "least"), [
    ("hooked-cross", 0.6), ("sun-wheel", 0.6), ("double-runes", 0.4), ("footed-othala", 0.5),
])  # fmt: skip
def test_symbols_are_found(name: str, least: float) -> None:
    answers = seen(drawn(name, 20, drawn_px=(90, 420)))
    assert sum(found(row, answer) for row, answer in answers) >= least * len(answers)


@pytest.mark.parametrize("name", RELIGIOUS)
def test_religious_signs_are_not_symbols_of_hate(name: str) -> None:
    """The promise of the detector: at most one false alarm in so few; the tables count them in more."""
    answers = seen(drawn(name, 20))
    assert sum(bool(answer.findings) for _, answer in answers) <= 1


def test_harmless_look_alikes_and_signs_against_hate() -> None:
    answers = seen([row for name in (*ALIKE, *AGAINST) for row in drawn(name, 5)])
    assert sum(bool(answer.findings) for _, answer in answers) <= 0.08 * len(answers)


@pytest.mark.skipif(not MEDIA.is_dir(), reason="needs the test pictures in ../shared/data/media")
def test_harmless_photos() -> None:
    paths = [path for folder in FOLDERS for path in photos(folder)][::12]
    answers = [detector().detect([ImagePart(image=read(path))])[0] for path in paths]
    assert len(answers) > 100
    assert sum(bool(answer.findings) for answer in answers) <= 0.03 * len(answers)


def photos(folder: str) -> list[Path]:
    """Give the harmless photos of a folder."""
    return [path for path in sorted((MEDIA / folder).rglob("*")) if path.suffix.lower() in _SUFFIXES]


def glyphs() -> list[Image.Image]:
    """Write the swastika characters of Unicode among Chinese words, where a font for them is installed."""
    out = []
    for i, text in enumerate(("卍", "卐", "卍字 吉祥", "佛 卍 寺", "卐 寺院", "卍卍卍", "卍", "卐")):
        try:
            font = ImageFont.truetype("wqy-microhei.ttc", 28 + 24 * i)
        except OSError:
            return []
        image = Image.new("RGB", (640, 360), (250 - 25 * (i % 3), 240, 225))
        ImageDraw.Draw(image).text((30 + 20 * i, 40 + 8 * i), text, fill=(150 if i % 2 else 20, 20, 20), font=font)
        out.append(image)
    return out


def test_swastika_characters_of_a_font() -> None:
    images = glyphs()
    if not images:
        pytest.skip("needs the font WenQuanYi Micro Hei")
    assert sum(bool(detector().detect([ImagePart(image=image)])[0].findings) for image in images) <= 1


def share(hits: Sequence[bool]) -> str:
    """Give a share with its interval, for a table."""
    low, high = wilson(sum(hits), len(hits))
    return f"{sum(hits) / len(hits):.1%} ({low:.1%}-{high:.1%})"


def tables(count: int = 60, twins: int = 50, others: int = 20) -> str:
    """Give the tables of quality/pictures.md: so many pictures of each symbol, religious twin and other twin."""
    by_style: dict[str, list[bool]] = defaultdict(list)
    by_size: dict[str, list[bool]] = defaultdict(list)
    lines = ["| symbol | n | found | found, textbook and museum |", "|---|---|---|---|"]
    for name in SHAPES:
        plain: list[bool] = []
        display: list[bool] = []
        for row, answer in seen(drawn(name, count)):
            hit = found(row, answer)
            by_style[row.placed.style].append(hit)
            (display if row.placed.style in DISPLAYS else plain).append(hit)
            x0, y0, x1, y1 = row.placed.box
            for low, high in _SIZES:
                if low <= max(x1 - x0, y1 - y0) < high:
                    by_size[f"{low}-{high} px of 800"].append(hit)
        lines.append(f"| {name} | {len(plain) + len(display)} | {share(plain)} | {share(display)} |")
    for title, groups in (("style", by_style), ("longer side", by_size)):
        lines += ["", f"| {title} | n | found |", "|---|---|---|"]
        lines += [f"| {key} | {len(hits)} | {share(hits)} |" for key, hits in groups.items()]
    lines += ["", "| twin | n | read as a symbol of hate | never trained on |", "|---|---|---|---|"]
    totals: dict[str, list[bool]] = defaultdict(list)
    for kind, names in (("religious", RELIGIOUS), ("against hate", AGAINST), ("look-alike", (*ALIKE, "ringed-cross"))):
        for name in names:
            pictures = drawn(name, twins if kind == "religious" else others)
            alarms = [bool(answer.findings) for _, answer in seen(pictures)]
            totals[kind] += alarms
            lines.append(f"| {name} | {len(alarms)} | {share(alarms)} | {'yes' if name in HELD_BACK else ''} |")
    lines += [f"| **{kind}** | {len(alarms)} | {share(alarms)} | |" for kind, alarms in totals.items()]
    written = [bool(detector().detect([ImagePart(image=image)])[0].findings) for image in glyphs()]
    lines += [f"| characters of a font | {len(written)} | {share(written)} | yes |"] if written else []
    lines += ["", "| photos | n | false alarms |", "|---|---|---|"]
    for folder in FOLDERS if MEDIA.is_dir() else ():
        hits = [bool(detector().detect([ImagePart(image=read(path))])[0].findings) for path in photos(folder)]
        lines.append(f"| {folder} | {len(hits)} | {share(hits)} |")
    return "\n".join([f"Floor {FLOOR}, label {LABEL}.", "", *lines]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(tables())
