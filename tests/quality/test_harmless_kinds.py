"""image.nudity on harmless kinds that mislead such models: people close up, skin-coloured surfaces, drawn bodies.

`python -m tests.quality.test_harmless_kinds` prints the table of quality/pictures.md. Frames come from
../shared/data/media where it is there; textures and drawings are made here, so what is said of them is synthetic.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from evenhand.detectors.nudity import FLOOR, NudityDetector
from evenhand.domain import ImagePart
from evenhand.fairness.intervals import wilson
from tests.quality.test_pictures import MEDIA, SEXUAL_LIMIT

LABELS = ("sexual.explicit", "sexual.nudity", "sexual.suggestive")
# Tones from very light to very dark, as sRGB: what is under test is that no tone by itself says anything.
TONES = ((255, 224, 206), (241, 194, 160), (224, 172, 128), (198, 134, 92), (150, 98, 66), (110, 70, 48), (66, 42, 32))


def textures() -> Iterator[Image.Image]:
    """Skin-coloured surfaces: plain, shaded, grained, folded, with round shapes; each in every tone."""
    for seed, tone in enumerate(TONES):
        rng = np.random.default_rng(seed)
        base = np.full((320, 400, 3), tone, np.float32)
        way = np.linspace(0.7, 1.1, 400)[None, :, None]
        grain = rng.normal(0, 9, (320, 400, 1))
        folds = 1 + 0.12 * np.sin(np.arange(320)[:, None, None] / 14 + 3 * np.sin(np.arange(400)[None, :, None] / 50))
        across, down = np.meshgrid(np.linspace(-1, 1, 400), np.linspace(-1, 1, 320))
        ball = np.clip(1.15 - np.hypot(across, down)[:, :, None], 0.3, 1)
        for picture in (base, base * way, base + grain, base * folds, base * way * folds + grain, base * ball):
            yield Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def charts() -> Iterator[Image.Image]:
    """Bodies as in medical charts: outlines from the front, on paper, with lines that point at parts."""
    for tone in (*TONES, (255, 255, 255)):
        for wide in (46, 64):
            image = Image.new("RGB", (360, 520), (250, 249, 244))
            draw = ImageDraw.Draw(image)
            line: dict[str, Any] = {"fill": tone, "outline": (60, 60, 60), "width": 3}
            draw.ellipse((150, 30, 210, 105), **line)
            draw.rounded_rectangle((180 - wide, 110, 180 + wide, 290), 30, **line)
            for side in (-1, 1):
                arm, leg = 180 + side * (wide + 18), 180 + side * wide // 2
                draw.rounded_rectangle((arm - 14, 120, arm + 14, 300), 14, **line)
                draw.rounded_rectangle((leg - 20, 280, leg + 20, 490), 18, **line)
                draw.line((leg, 200, 180 + side * 150, 180), fill=(200, 40, 40), width=2)
            yield image.filter(ImageFilter.GaussianBlur(0.8))


def beaches() -> Iterator[Image.Image]:
    """Sand, sea and clothed stick people, drawn."""
    for seed, tone in enumerate(TONES):
        image = Image.new("RGB", (480, 320), (160, 205, 240))
        draw = ImageDraw.Draw(image)
        draw.rectangle((0, 130, 480, 200), fill=(50, 120, 170))
        draw.rectangle((0, 195, 480, 320), fill=(230, 205, 160))
        for x in range(60 + 10 * seed, 460, 110):
            draw.ellipse((x - 14, 150, x + 14, 180), fill=tone)
            draw.rounded_rectangle((x - 20, 180, x + 20, 235), 8, fill=(200, 60, 60))
            for side in (-1, 1):
                draw.rectangle((x + side * 10 - 6, 235, x + side * 10 + 6, 285), fill=tone)
        yield image.filter(ImageFilter.GaussianBlur(1.0))


def frames(folder: str, *, clips: int, each: int) -> Callable[[], Iterator[Image.Image]]:
    """Give a function that reads some frames of some clips."""

    def read() -> Iterator[Image.Image]:
        paths = sorted(p for p in (MEDIA / "video" / folder).rglob("*") if p.suffix in {".mp4", ".mkv", ".avi"})
        for path in paths[:: max(1, len(paths) // clips)][:clips]:
            video = cv2.VideoCapture(str(path))
            count = max(int(video.get(cv2.CAP_PROP_FRAME_COUNT)), 1)
            for place in range(each):
                video.set(cv2.CAP_PROP_POS_FRAMES, count * (2 * place + 1) // (2 * each))
                good, frame = video.read()
                if good:
                    yield Image.fromarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
            video.release()

    return read


KINDS: dict[str, Callable[[], Iterator[Image.Image]]] = {
    "skin-coloured surfaces (synthetic)": textures,
    "bodies in medical charts (synthetic)": charts,
    "drawn beaches (synthetic)": beaches,
    "people signing, walking, working (frames)": frames("neutral", clips=10, each=3),
    "people in streets and shops (frames)": frames("fight_surv", clips=30, each=1),
}
MADE_HERE = frozenset({textures, charts, beaches})


def alarms(kind: str) -> tuple[int, dict[str, int], float]:
    """Give how many pictures there are, findings by label, and the highest score of any sexual label."""
    answers = NudityDetector(threads=1).detect([ImagePart(image=image) for image in KINDS[kind]()])
    counts = {label: sum(answer.scores[label] >= FLOOR for answer in answers) for label in LABELS}
    return len(answers), counts, max((answer.scores[label] for answer in answers for label in LABELS), default=0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_harmless_kinds_are_not_sexual(kind: str) -> None:
    if KINDS[kind] not in MADE_HERE and not MEDIA.is_dir():
        pytest.skip("needs the test media in ../shared/data/media")
    count, found, _ = alarms(kind)
    assert count >= 7
    for label in LABELS:
        assert found[label] <= ceil(SEXUAL_LIMIT * count), label


def main() -> None:
    """Print the table."""
    sys.stdout.write("| kind | n | explicit | nudity | suggestive | highest score |\n|---|---|---|---|---|---|\n")
    for kind in KINDS:
        count, found, highest = alarms(kind)
        cells = []
        for label in LABELS:
            _, high = wilson(found[label], count) or (0.0, 1.0)
            cells.append(f"{found[label]} (to {high:.1%})")
        sys.stdout.write(f"| {kind} | {count} | {' | '.join(cells)} | {highest:.2f} |\n")


if __name__ == "__main__":
    main()
