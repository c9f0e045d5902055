"""What `text-glance` learns from: pictures as the search for text is shown them, and where it saw letters in them.

    python -m training.vision.glance_data --out FOLDER [--media FOLDER]      (needs the extra 'image'; 10 minutes)

The teacher is the network that image.ocr looks for text with, so nothing is labelled by hand. Pictures: rendered
adverts and their twins (an even seed, so that what `adverts_measure` measures on stays unseen), sheets of photos with
small and faint words strewn over them, sheets without words, receipts and scans. Of photos only those with an even
check sum of their name are used; the others are kept for measuring.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from evenhand.domain import ImagePart
from evenhand.inference.pictures import working_array
from evenhand.inference.textlines import LineReader
from training.vision.adverts import Renderer
from training.vision.adverts_ids import contact

ROOT = Path(__file__).parents[2]
MEDIA = ROOT.parent / "shared" / "data" / "media"
CELL = 8  # px of the array that text is looked for in to a cell of what is kept
SIZES = ((1920, 1080), (1080, 1920), (1600, 1200), (960, 544), (1280, 720), (1440, 1440))
_PHOTOS = (
    "image/guns/images",
    "image/guns/train",
    "image/fire_smoke/images",
    "image/fire_smoke/train",
    "image/neutral",
)
_WORDS = (
    "now",
    "call",
    "free",
    "VX",
    "QQ",
    "WeChat",
    "open",
    "sale",
    "Exit",
    "No. 4",
    "微信",
    "加我",
    "扫码",
    "出口",
    "电话",
    "优惠",
)


def split(path: Path) -> str:
    """Give `learn` or `measure`, by the check sum of a photo's name."""
    return "measure" if zlib.crc32(path.stem.encode()) % 2 else "learn"


def photos(media: Path, use: str) -> list[Path]:
    """Give the photos of a use."""
    found = chain.from_iterable(sorted((media / folder).rglob("*")) for folder in _PHOTOS)
    return [path for path in found if path.suffix.lower() in {".jpg", ".jpeg", ".png"} and split(path) == use]


def sheet(random: Random, files: list[Path], size: tuple[int, int]) -> Image.Image:
    """Lay photos of a few hundred pixels side by side, little enlarged, so that a large picture has real detail."""
    out = Image.new("RGB", size)
    side = random.choice((260, 400, 520, 760))
    for y in range(0, size[1], side):
        for x in range(0, size[0], side):
            photo = Image.open(random.choice(files)).convert("RGB")
            photo = photo.resize((side, side * photo.height // photo.width or 1), Image.Resampling.BICUBIC)
            for below in range(y, min(y + side, size[1]), photo.height):
                out.paste(photo, (x, below))
    return out


def strewn(random: Random, renderer: Renderer, ground: Image.Image) -> Image.Image:
    """Draw some short lines on a picture: small, faint, turned, blurred, in any colour."""
    out = ground.copy()
    for _ in range(random.randint(1, 7)):
        language = random.choice(("en", "zh"))
        told = contact(random, language)
        words = random.choice(_WORDS) if random.random() < 0.4 else told.lead + told.id
        if not words.isascii():
            language = "zh"
        size = int(max(out.size) / 960 * random.choice((9, 10, 12, 14, 16, 20, 26, 36)))
        font = ImageFont.truetype(renderer.studio.fonts.pick(random, language), size)
        box = font.getbbox(words)
        mask = Image.new("L", (int(box[2]) + 8, int(box[3]) + 8), 0)
        ImageDraw.Draw(mask).text((4, 4), words, fill=255, font=font)
        if random.random() < 0.4:
            mask = mask.rotate(random.choice((90, 180, 270, random.uniform(-35, 35))), expand=True)
        x, y = (random.randint(0, max(1, a - b)) for a, b in zip(out.size, mask.size, strict=True))
        colour = tuple(random.randint(0, 255) for _ in range(3))
        if random.random() < 0.4:  # close to its ground
            behind = np.asarray(out.crop((x, y, x + mask.width, y + mask.height))).reshape(-1, 3).mean(0)
            colour = tuple(int(np.clip(v + random.choice((-1, 1)) * random.randint(20, 60), 0, 255)) for v in behind)
        out.paste(Image.new("RGB", mask.size, colour), (x, y), mask)
    if random.random() < 0.3:
        out = out.filter(ImageFilter.GaussianBlur(random.uniform(0.4, 1.3)))
    return out


def worn(random: Random, image: Image.Image) -> Image.Image:
    """Save as a camera or a messenger would."""
    if random.random() < 0.3:
        return image
    stream = BytesIO()
    image.save(stream, "JPEG", quality=random.randint(20, 92))
    return Image.open(stream).convert("RGB")


def pictures(media: Path) -> Iterator[Image.Image]:
    """Give all pictures that are learnt from, in an order that mixes the kinds."""
    files = photos(media, "learn")
    random, drawn = Random(5), Renderer(10, files)
    samples = [drawn.adverts(1), drawn.twins(1), drawn.hidden(1)]
    every = [list(some) for some in (samples[0], samples[1], samples[2])]
    rendered = [sample.data for some in every for sample in some]
    random.shuffle(rendered)
    scans = [p for p in sorted((media / "image/ocr").rglob("*")) if p.suffix.lower() in {".jpg", ".jpeg", ".png"}]
    scans = [path for path in scans if split(path) == "learn"]
    for i, data in enumerate(rendered):
        image = Image.open(BytesIO(data)).convert("RGB")
        if max(image.size) <= 3 * min(image.size):
            yield image
        ground = sheet(random, files, random.choice(SIZES))
        yield worn(random, strewn(random, drawn, ground) if i % 3 else ground)
        if i < len(scans):
            yield Image.open(scans[i]).convert("RGB")


def seen(reader: LineReader, image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Give the array in which text is looked for, RGB, and how sure the teacher is of letters a cell, 0 to 255."""
    pixels = reader.fitted(working_array(ImagePart(image=image)))
    sure = reader.map(pixels)
    high, wide = sure.shape
    cells = sure.reshape(high // CELL, CELL, wide // CELL, CELL).max((1, 3))
    return np.ascontiguousarray(pixels[:, :, ::-1]), np.round(cells * 255).astype(np.uint8)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--media", type=Path, default=MEDIA)
    parser.add_argument("--most", type=int, default=900)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    reader = LineReader(threads=1)
    for i, image in enumerate(islice(pictures(given.media), given.most)):
        pixels, cells = seen(reader, image)
        np.savez(given.out / f"{i:04}.npz", pixels=pixels, cells=cells)


if __name__ == "__main__":
    main()
