"""Render adverts and their harmless twins, English and Chinese, from a seed: what `quality/pictures.md` measures on.

    python -m training.vision.adverts --out FOLDER --seed 7 --each 4 [--photos FOLDER ...]

Every picture goes to FOLDER as PNG or JPEG, with a row in FOLDER/labels.jsonl. Phrases are parted by number: pictures
of an even seed use one half of them, pictures of an odd seed the other, so that what one was tuned on is not what it
is measured on. Needs Pillow, OpenCV and zxing-cpp (extra `image`), and fontconfig with an English and a Chinese font.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import numpy as np
from PIL import Image

from training.vision.adverts_ids import DISGUISES, contact
from training.vision.adverts_scenes import SCENES, Studio, Words, poster, worn
from training.vision.adverts_type import Fonts

CONDITIONS = ("clean", "slanted", "turned", "low contrast", "noisy", "small", "askew", "large", "compressed")
TWIN_SCENES = ("poster", "overlay", "shop", "meme", "chat", "watermark", "scroll", "menu", "receipt", "sign", "code")
LANGUAGES = ("en", "zh")
_FAINT = "low contrast"
_SCROLLS = ("clean", _FAINT)  # a long picture takes seconds to read, and is a condition by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a picture was made as."""

    name: str  # file
    advert: bool  # somebody wants to sell something
    contact: bool  # a contact is drawn, or in a code
    language: str
    scene: str
    condition: str
    disguise: str  # "" where there is no contact in the letters
    payload: str = ""  # of the code in the picture
    lines: tuple[str, ...] = ()  # what was drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A rendered picture: the file's bytes and its truth."""

    data: bytes
    truth: Truth


class Renderer:
    """Makes pictures from a seed.

    Args:
        seed: an even one uses the first half of the phrases, an odd one the second.
        photos: files that serve as grounds.
        share: which pictures to make, as (i, n): every n-th by its name; the others are left out.
    """

    def __init__(self, seed: int, photos: Sequence[Path] = (), *, share: tuple[int, int] = (0, 1)) -> None:
        self._share = share
        self._seed, self.studio = seed, Studio(fonts=Fonts(), photos=tuple(sorted(photos)))
        self._words: dict[str, Any] = json.loads(Path(__file__).with_name("adverts_words.json").read_text("utf-8"))

    def adverts(self, each: int) -> Iterator[Sample]:
        """Give adverts: every language, scene and condition, `each` times."""
        scenes = (*SCENES, "code")
        for language, scene, condition, i in _grid(LANGUAGES, scenes, CONDITIONS, range(each)):
            if scene == "scroll" and condition not in _SCROLLS:
                continue
            random = self.random("advert", language, scene, condition, i)
            name = f"advert-{language}-{scene}-{condition}-{i}"
            if not self.wanted(name):
                continue
            others = [disguise for disguise in DISGUISES if disguise not in {"plain", "stacked"}]
            disguise = "plain" if random.random() < 0.6 else random.choice(others)
            yield self._advert(random, language, scene, condition, disguise, name)

    def twins(self, each: int) -> Iterator[Sample]:
        """Give harmless pictures of the same scenes and conditions, and of harmless scenes of their own."""
        for language, scene, condition, i in _grid(LANGUAGES, TWIN_SCENES, CONDITIONS, range(each)):
            if scene == "scroll" and condition not in _SCROLLS:
                continue
            random = self.random("twin", language, scene, condition, i)
            name = f"twin-{language}-{scene}-{condition}-{i}"
            if self.wanted(name):
                yield self._twin(random, language, scene, condition, name)

    def hidden(self, each: int) -> Iterator[Sample]:
        """Give contacts without much of an offer: every disguise on clean pictures, every condition with plain ids."""
        cases = [(d, "clean") for d in DISGUISES] + [("plain", c) for c in CONDITIONS if c != "clean"]
        for language, (disguise, condition), scene, i in _grid(
            LANGUAGES, cases, ("poster", "overlay", "chat", "watermark"), range(each)
        ):
            name = f"hidden-{language}-{disguise}-{condition}-{scene}-{i}"
            if not self.wanted(name):
                continue
            random = self.random("hidden", language, disguise, condition, scene, i)
            told = contact(random, language)
            lines = [self._pick(random, language, "short"), *DISGUISES[disguise](random, told)]
            messages = self._some(random, language, "chat", 3)
            words = Words(language=language, lines=lines, title=False, messages=messages)
            image = self._scene(random, scene, words, condition)
            yield self.sample(
                random, image, Truth(
                    name=name, advert=False, contact=True, language=language, scene=scene,
                    condition=condition, disguise=disguise, lines=tuple(lines),
                ),
            )  # fmt: skip

    def _advert(self, random: Random, language: str, scene: str, condition: str, disguise: str, name: str) -> Sample:
        pitch, told = list(self._pick(random, language, "pitch")), contact(random, language)
        truth = Truth(
            name=name, advert=True, contact=True, language=language, scene=scene, condition=condition, disguise=disguise
        )
        if scene == "code":
            shapes = ("https://u.wechat.com/{}", "https://t.me/{}", "https://{}/order", told.lead + "{}")
            payload = random.choice(shapes).format(told.id.strip("@"))
            lines = [*pitch, "Scan to order" if language == "en" else "扫码咨询"]
            image = self._coded(random, Words(language=language, lines=lines), payload, "QRCode", condition)
            return self.sample(random, image, _with(truth, disguise="", payload=payload, lines=tuple(lines)))
        lines = [*pitch, *DISGUISES[disguise](random, told)]
        if scene in {"meme", "watermark"}:
            lines = [pitch[0], *lines[-(len(lines) - len(pitch)) - 1 :]]
        around = "article" if scene == "scroll" else "chat"
        unit = ("${}", "from ${}") if language == "en" else ("¥{}", "{}元")
        tags = [random.choice(unit).format(random.randint(9, 399)) for _ in range(random.randint(2, 3))]
        words = Words(language=language, lines=lines, messages=self._some(random, language, around, 4), tags=tags)
        return self.sample(random, self._scene(random, scene, words, condition), _with(truth, lines=tuple(lines)))

    def _twin(self, random: Random, language: str, scene: str, condition: str, name: str) -> Sample:
        truth = Truth(
            name=name, advert=False, contact=False, language=language, scene=scene, condition=condition, disguise=""
        )
        pick = lambda key: self._pick(random, language, key)  # noqa: E731
        tags = [("{:.2f}" if language == "en" else "{:.0f}元").format(random.uniform(2, 60)) for _ in range(3)]
        if scene == "code":
            chosen = random.randrange(4)
            payload, kind = (
                ("WIFI:T:WPA;S:Reading room;P:quiet please;;", "QRCode"),
                (f"Table {random.randint(1, 40)}" if language == "en" else f"{random.randint(1, 40)}号桌", "QRCode"),
                (str(random.randint(10**11, 10**12 - 1)), "EAN13"),
                (f"TICKET-{random.randint(10**5, 10**6)}-B{random.randint(1, 40)}", "Code128"),
            )[chosen]  # fmt: skip
            words = Words(language=language, lines=pick("notice"))
            image = self._coded(random, words, payload, kind, condition)
            return self.sample(random, image, _with(truth, payload=payload, lines=tuple(words.lines)))
        if scene == "menu":
            rows = random.sample(self._half(language, "menu"), 5)
            lines = [pick("menu_title"), *(f"{dish}  {price}" for dish, price in rows)]
        elif scene == "receipt":
            lines = self._receipt(random, language)
        else:
            key = {"shop": "notice", "chat": "talk", "scroll": "talk", "overlay": "notice", "poster": "notice"}.get(
                scene, scene
            )
            chosen_lines = pick(key)
            lines = [chosen_lines] if isinstance(chosen_lines, str) else list(chosen_lines)
        around = "article" if scene == "scroll" else "chat"
        words = Words(language=language, lines=lines, messages=self._some(random, language, around, 4), tags=tags)
        contacts = scene == "receipt" and lines[-1][-1].isdigit()
        return self.sample(
            random, self._scene(random, scene, words, condition), _with(truth, contact=contacts, lines=tuple(lines))
        )

    def _receipt(self, random: Random, language: str) -> list[str]:
        number, date, total, cash, change, card, thanks, telephone = self._words[language]["receipt_words"]
        prices = [(item, random.uniform(1, 30)) for item in random.sample(self._words[language]["receipt_items"], 4)]
        summed = sum(price for _, price in prices)
        lines = [
            self._pick(random, language, "receipt_title"),
            f"{number} {random.randint(10**9, 10**10)}",
            f"{date} {_moment(random)}",
            *(f"{item}  {price:.2f}" for item, price in prices),
            f"{total}  {summed:.2f}",
            random.choice((f"{card}  {summed:.2f}", f"{cash} 100.00  {change} {100 - summed:.2f}")),
            thanks,
        ]
        if random.random() < 0.4:  # a shop's own number on its receipt is a contact, and no advert
            lines.append(f"{telephone} {'020 7946 0' if language == 'en' else '0571-8700 0'}{random.randint(100, 999)}")
        return lines

    def _scene(self, random: Random, scene: str, words: Words, condition: str) -> Image.Image:
        draw = SCENES.get(scene, poster)
        slant = random.choice((-1, 1)) * random.uniform(8, 32) if condition == "slanted" else 0.0
        return worn(random, draw(random, self.studio, words, faint=condition == _FAINT, slant=slant), condition)

    def _coded(self, random: Random, words: Words, payload: str, kind: str, condition: str) -> Image.Image:
        import zxingcpp

        code = zxingcpp.create_barcode(payload, getattr(zxingcpp.BarcodeFormat, kind))
        drawn = Image.fromarray(np.asarray(code.to_image(scale=random.randint(4, 6)))).convert("RGB")
        slant = random.choice((-1, 1)) * random.uniform(8, 32) if condition == "slanted" else 0.0
        top = poster(random, self.studio, words, faint=condition == _FAINT, slant=slant)
        image = Image.new("RGB", (max(top.width, drawn.width + 60), top.height + drawn.height + 80), (245, 245, 245))
        image.paste(top, (0, 0))
        if slant:
            drawn = drawn.rotate(slant, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255)).resize(
                drawn.size
            )
        if condition == _FAINT:
            drawn = drawn.point(lambda value: 110 + value // 5)
        image.paste(drawn, (random.randint(20, image.width - drawn.width - 20), top.height + 40))
        return worn(random, image, condition)

    def wanted(self, name: str) -> bool:
        """Say whether a picture belongs to the share to be made."""
        return crc32(name.encode()) % self._share[1] == self._share[0]

    def words(self, language: str) -> dict[str, Any]:
        """Give all phrases of a language."""
        words: dict[str, Any] = self._words[language]
        return words

    def sample(self, random: Random, image: Image.Image, truth: Truth) -> Sample:
        """Encode a picture."""
        stream, name = io.BytesIO(), truth.name.replace(" ", "_")
        if truth.condition == "compressed":
            image.save(stream, "JPEG", quality=random.randint(14, 28))
        elif image.width * image.height > 3_000_000:
            image.save(stream, "JPEG", quality=88)
        else:
            image.save(stream, "PNG", compress_level=1)
        ending = ".png" if stream.getvalue().startswith(b"\x89PNG") else ".jpg"
        return Sample(data=stream.getvalue(), truth=_with(truth, name=name + ending))

    def random(self, *parts: object) -> Random:
        """Give the chance of one picture: the same for the same seed and parts."""
        return Random("/".join(map(str, (self._seed, *parts))))

    def _half(self, language: str, key: str) -> list[Any]:
        return list(self._words[language][key][self._seed % 2 :: 2])

    def _pick(self, random: Random, language: str, key: str) -> Any:
        return random.choice(self._half(language, key))

    def _some(self, random: Random, language: str, key: str, count: int) -> list[str]:
        return random.sample(self._half(language, key), count)


def _moment(random: Random) -> str:
    day = f"2024-0{random.randint(1, 9)}-{random.randint(10, 28)}"
    return f"{day} {random.randint(10, 19)}:{random.randint(10, 59)}"


def _with(truth: Truth, **changes: Any) -> Truth:
    return Truth(**{**asdict(truth), **changes})


def _grid(*axes: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    from itertools import product

    return product(*axes)


def main() -> None:
    """Write a set of pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--each", type=int, default=1, help="pictures of each language, scene and condition")
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders of photos that serve as grounds")
    given = parser.parse_args()
    photos = [file for folder in given.photos for file in folder.rglob("*") if file.suffix in {".jpg", ".png"}]
    renderer = Renderer(given.seed, photos)
    given.out.mkdir(parents=True, exist_ok=True)
    with (given.out / "labels.jsonl").open("w", encoding="utf-8") as labels:
        for samples in (renderer.adverts(given.each), renderer.twins(given.each), renderer.hidden(given.each)):
            for sample in samples:
                (given.out / sample.truth.name).write_bytes(sample.data)
                labels.write(json.dumps(asdict(sample.truth), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
