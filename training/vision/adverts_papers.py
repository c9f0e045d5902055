"""Election papers for the neutral mark `politics`, and votes that are nobody's politics. All names are made up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from PIL import Image, ImageDraw

from training.vision.adverts import LANGUAGES, Renderer, Sample, Truth
from training.vision.adverts_scenes import Studio, Words, poster, worn
from training.vision.adverts_type import layer

KINDS = ("ballot", "campaign", "polling", "private")
CONDITIONS = ("clean", "slanted", "noisy", "small", "askew")


def papers(renderer: Renderer, each: int) -> Iterator[Sample]:
    """Give ballots, campaign posters, polling signs and private votes: every language and condition, `each` times."""
    for language in LANGUAGES:
        for kind in KINDS:
            for condition in CONDITIONS:
                for i in range(each):
                    name = f"paper-{language}-{kind}-{condition}-{i}"
                    if not renderer.wanted(name):
                        continue
                    random = renderer.random("paper", language, kind, condition, i)
                    lines = _filled(random, renderer, language, kind)
                    image = _drawn(random, renderer.studio, language, lines, form=kind == "ballot", condition=condition)
                    yield renderer.sample(
                        random, image, Truth(
                            name=name, advert=False, contact=False, language=language, scene=kind,
                            condition=condition, disguise="", lines=tuple(lines),
                        ),
                    )  # fmt: skip


def _filled(random: Random, renderer: Renderer, language: str, kind: str) -> list[str]:
    words = renderer.words(language)["papers"]
    chosen = random.choice(words[kind])
    names = iter(random.sample(words["name"], 6))
    office = random.choice(words["office"])
    return [re.sub(r"\{name\}", lambda _: next(names), line.replace("{office}", office)) for line in chosen]


def _drawn(
    random: Random, studio: Studio, language: str, lines: list[str], *, form: bool, condition: str
) -> Image.Image:
    slant = random.choice((-1, 1)) * random.uniform(8, 25) if condition == "slanted" else 0.0
    if not form:
        return worn(random, poster(random, studio, Words(language=language, lines=lines), slant=slant), condition)
    size, font = random.randint(24, 34), studio.fonts.pick(random, language)
    text = layer(studio.fonts, lines, font=font, sizes=[round(size * 1.4), size], ink=(10, 10, 10), gap=0.8)
    sheet = Image.new("RGB", (text.width + 160, text.height + 120), (252, 252, 250))
    sheet.paste(text, (110, 60), text)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((20, 20, sheet.width - 20, sheet.height - 20), outline=(0, 0, 0), width=3)
    for row in range(3, len(lines)):
        y = 60 + round(size * 1.4 * 1.8 + (row - 1) * size * 1.8)
        draw.ellipse((60, y + 8, 96, y + 30), outline=(0, 0, 0), width=2)
    turned = sheet.rotate(slant, Image.Resampling.BICUBIC, expand=True, fillcolor=(120, 120, 120)) if slant else sheet
    return worn(random, turned, condition)
