"""Setting type for rendered pictures: fonts found through fontconfig, text as a layer to be turned and blended."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

KEYCAP = "\ufe0f\u20e3"  # behind a digit: drawn as the white digit on a blue key that phones show
_SYMBOLS = ("DejaVu Sans", "Symbola", "Noto Sans Symbols")  # families that have hearts, arrows and the like

Colour = tuple[int, int, int]


class Fonts:
    """The fonts of this machine, by language.

    Raises:
        RuntimeError: there is no font for English or none for Chinese.
    """

    def __init__(self) -> None:
        self.files = {"en": _found(":lang=en:scalable=true"), "zh": _found(":lang=zh-cn:scalable=true")}
        for language, files in self.files.items():
            if not files:
                raise RuntimeError(
                    f"No font for {language}: install one that fontconfig finds (fc-list :lang={language})."
                )
        latin = [file for file in self.files["en"] if file not in self.files["zh"]]
        self.files["en"] = latin or self.files["en"]
        named = [_found(f":family={family}:style=Book") or _found(f":family={family}") for family in _SYMBOLS]
        self.symbols = next((files[0] for files in named if files), self.files["en"][0])

    def pick(self, random: Random, language: str) -> str:
        """Give the file of a font for a language."""
        return random.choice(self.files[language])

    def runs(self, text: str, font: str) -> list[tuple[str, str]]:
        """Cut a text into stretches, each with the file of a font that has its characters; a keycap stands alone."""
        runs: list[tuple[str, str]] = []
        i = 0
        while i < len(text):
            if text.startswith(KEYCAP, i + 1):
                runs.append((text[i] + KEYCAP, font))
                i += 3
                continue
            file = self._for(text[i], font)
            if runs and runs[-1][1] == file and not runs[-1][0].endswith(KEYCAP):
                runs[-1] = (runs[-1][0] + text[i], file)
            else:
                runs.append((text[i], file))
            i += 1
        return runs

    def _for(self, character: str, font: str) -> str:
        if ord(character) < 0x250:
            return font
        if 0x2E80 <= ord(character) < 0xA000 or 0xFF00 <= ord(character) < 0xFFF0 or 0x2460 <= ord(character) < 0x24FF:
            return self.files["zh"][0]
        return self.symbols


def layer(
    fonts: Fonts,
    lines: Sequence[str],
    *,
    font: str,
    sizes: Sequence[int],
    ink: Colour,
    edge: Colour | None = None,
    weight: int = 0,
    centred: bool = False,
    gap: float = 0.35,
) -> Image.Image:
    """Set lines of text, one below the other.

    Args:
        fonts: where characters are looked up.
        lines: the text.
        font: file of the font.
        sizes: px, one a line, or one for all.
        ink: colour of the letters.
        edge: colour of their outline; None: none.
        weight: px added to the strokes.
        centred: lines in the middle, not at the left.
        gap: between lines, in letter heights.

    Returns:
        Pillow RGBA, transparent but for the letters.
    """
    heights = [sizes[i] if i < len(sizes) else sizes[-1] for i in range(len(lines))]
    widths = [max(1, round(_width(fonts, line, font, size))) for line, size in zip(lines, heights, strict=True)]
    pad = 4 + max(heights) // 10
    across, down = max(widths) + 2 * pad, round(sum(h * (1 + gap) for h in heights)) + 2 * pad
    image = Image.new("RGBA", (across, down), (*(edge or ink), 0))
    draw = ImageDraw.Draw(image)
    y = float(pad)
    for line, size, width in zip(lines, heights, widths, strict=True):
        x = pad + ((max(widths) - width) / 2 if centred else 0)
        for run, file in fonts.runs(line, font):
            x += _run(draw, run, file, (x, y), size=size, ink=ink, edge=edge, weight=weight)
        y += size * (1 + gap)
    return image


def _run(
    draw: ImageDraw.ImageDraw,
    run: str,
    file: str,
    at: tuple[float, float],
    *,
    size: int,
    ink: Colour,
    edge: Colour | None,
    weight: int,
) -> float:
    font = _font(file, size)
    x, y = at
    if run.endswith(KEYCAP):
        box = (x, y + size * 0.08, x + size * 1.1, y + size * 1.18)
        draw.rounded_rectangle(box, radius=size * 0.18, fill=(59, 136, 195, 255))
        small = _font(file, round(size * 0.85))
        draw.text((x + size * 0.55, y + size * 0.63), run[0], font=small, fill=(255, 255, 255, 255), anchor="mm")
        return size * 1.25
    outline = max(1, size // 14) if edge else weight
    draw.text(at, run, font=font, fill=(*ink, 255), stroke_width=outline, stroke_fill=(*(edge or ink), 255))
    return font.getlength(run)


def _width(fonts: Fonts, line: str, font: str, size: int) -> float:
    return sum(
        size * 1.25 if run.endswith(KEYCAP) else _font(file, size).getlength(run)
        for run, file in fonts.runs(line, font)
    )


@lru_cache(maxsize=256)
def _font(file: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size)


def _found(pattern: str) -> list[str]:
    """Give the files that fontconfig has for a pattern, in a fixed order."""
    try:
        listed = subprocess.run(
            ["fc-list", "--format", "%{file}\n", pattern], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise RuntimeError("Fonts are looked for with fc-list: install fontconfig.") from error
    upright = sorted(set(listed.stdout.split("\n")) - {""})
    return [file for file in upright if Path(file).suffix.lower() in {".ttf", ".ttc", ".otf"} and "Math" not in file]
