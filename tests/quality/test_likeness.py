"""Edited copies of real pictures: found by the hash alone, by likeness, or by both; and what is found wrongly.

`python -m tests.quality.test_likeness` prints the tables of the section "Edited copies" of quality/pictures.md; with
`--scale`, what a bank of a million pictures costs. The directions were fitted on the other half of the pictures.
"""

from __future__ import annotations

import sys
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evenhand.detectors.face_share import MOST_FACE, FaceShare
from evenhand.detectors.imagehash import hash_part
from evenhand.detectors.likeness import CANDIDATES, LEAST_AGREEING, LEAST_COSINE, landmarks_of
from evenhand.domain import ImagePart
from evenhand.fairness.intervals import wilson
from evenhand.inference.general import GeneralEmbedder
from evenhand.inference.space import PictureSpace
from evenhand.matching import landmarks, pdq
from evenhand.matching.likeness import LikenessBank, append
from tests.quality.picture_edits import EDITS
from tests.quality.test_pictures import MEDIA, read

SOURCES = (
    "image/guns",
    "image/guns_basegun",
    "image/neutral",
    "image/ocr",
    "neardup/image",
    "image/fire_smoke",
    "image/qr",
)
SPREAD = ("image/guns", "image/guns_basegun", "image/neutral")  # no two frames of one camera, no two codes of one sheet
LONGEST = 800  # px: pictures are shrunk to this first, so that the edits cost little

pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="needs the test pictures in ../shared/data/media")


def held_back(folder: str) -> list[Path]:
    """Give the pictures of a folder that the directions were not fitted on."""
    every = sorted(path for path in (MEDIA / folder).rglob("*") if path.suffix in {".jpg", ".jpeg", ".png"})
    return [path for path in every if zlib.crc32(path.name.encode()) & 1]


@cache
def models() -> tuple[GeneralEmbedder, PictureSpace]:
    return GeneralEmbedder(threads=1), PictureSpace()


def opened(path: Path) -> Image.Image:
    image = read(path)
    image.thumbnail((LONGEST, LONGEST))
    return image


@dataclass(slots=True)
class Bank:
    """Sample pictures, as the library and its bank hold them."""

    paths: list[Path]
    hashes: np.ndarray[tuple[int, ...], np.dtype[np.uint64]]
    good: list[bool]  # rich enough for a hash
    opened: LikenessBank


def bank_of(paths: Sequence[Path], folder: Path) -> Bank:
    embedder, space = models()
    parts = [ImagePart(image=opened(path)) for path in paths]
    vectors = space.compact(embedder.of_many(parts))
    marks = [landmarks_of(part) for part in parts]
    append(folder / "b", [f"{i:064x}" for i in range(len(parts))], vectors, marks, space=space.version)
    hashes = [hash_part(part) for part in parts]
    return Bank(
        list(paths),
        np.stack([h.turns[0] for h in hashes]),
        [h.quality >= pdq.MIN_QUALITY for h in hashes],
        LikenessBank(folder / "b", space=space.version),
    )


def by_hash(part: ImagePart, bank: Bank) -> set[int]:
    asked = hash_part(part)
    if asked.quality < pdq.MIN_QUALITY:
        return set()
    far = np.bitwise_count(bank.hashes[None] ^ asked.turns[:, None]).sum(-1).min(0)
    return {int(row) for row in np.flatnonzero(far <= pdq.MATCH_DISTANCE) if bank.good[int(row)]}


def by_likeness(part: ImagePart, bank: Bank) -> dict[int, int]:
    """Give row -> landmarks that agree, as the detector counts them, for those that agree enough."""
    embedder, space = models()
    (near,) = bank.opened.nearest(space.compact(embedder.of_many([part])), least=LEAST_COSINE, most=CANDIDATES)
    agreed = {}
    for row, _ in near:
        sample = bank.opened.landmarks(row)
        agreed[row] = max(landmarks.agreeing(landmarks_of(part, mirrored=side), sample) for side in (False, True))
    return {row: count for row, count in agreed.items() if count >= LEAST_AGREEING}


@dataclass(slots=True)
class Tally:
    """What was found of one edit."""

    asked: int = 0
    hashed: int = 0
    alike: int = 0
    either: int = 0
    others: list[tuple[str, str, int]] = field(default_factory=list)  # found beside the right one


def measure(folder: Path, *, step: int) -> dict[str, Tally]:
    """Put all held-back pictures into a bank and ask for edits of every `step`-th."""
    bank = bank_of([path for source in SOURCES for path in held_back(source)], folder)
    tallies: dict[str, Tally] = defaultdict(Tally)
    for row in range(0, len(bank.paths), step):
        image = opened(bank.paths[row])
        for name, edit in EDITS.items():
            part = ImagePart(image=edit(image))
            hashed, alike = by_hash(part, bank), by_likeness(part, bank)
            tally = tallies[name]
            tally.asked += 1
            tally.hashed += row in hashed
            tally.alike += row in alike
            tally.either += row in hashed or row in alike
            tally.others += [
                (bank.paths[row].name, bank.paths[other].name, count) for other, count in alike.items() if other != row
            ]
    return tallies


def strangers(folder: Path) -> tuple[int, int, list[tuple[str, str, int]]]:
    """Ask a bank of half of the unlike pictures for the other half: pictures asked, pairs, and what was found."""
    paths = [path for source in SPREAD for path in held_back(source)]
    bank = bank_of(paths[::2], folder)
    found = []
    for path in paths[1::2]:
        alike = by_likeness(ImagePart(image=opened(path)), bank)
        found += [(path.name, bank.paths[row].name, count) for row, count in alike.items()]
    return len(paths[1::2]), len(paths[1::2]) * len(bank.paths), found


def test_edited_copies_are_found(tmp_path: Path) -> None:
    tallies = measure(tmp_path, step=40)
    asked = sum(tally.asked for tally in tallies.values())
    assert sum(tally.alike for tally in tallies.values()) / asked >= 0.85
    for name in ("crop, 70% of each side", "white frame of 10%", "mirrored", "logo in a corner"):
        assert tallies[name].either / tallies[name].asked >= 0.85, name


def test_strangers_are_hardly_ever_found(tmp_path: Path) -> None:
    asked, _, found = strangers(tmp_path)
    assert len({name for name, _, _ in found}) / asked <= 0.05  # near-duplicates among the pictures themselves


def main() -> None:
    """Print the tables."""
    write = sys.stdout.write
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        if "--scale" in sys.argv:
            scale(Path(one))
            return
        tallies = measure(Path(one), step=8)
        write("| edit | n | PDQ | likeness | both |\n| --- | --- | --- | --- | --- |\n")
        for name, t in tallies.items():
            write(f"| {name} | {t.asked} | {_share(t.hashed, t)} | {_share(t.alike, t)} | {_share(t.either, t)} |\n")
        total = Tally(*(sum(getattr(t, f) for t in tallies.values()) for f in ("asked", "hashed", "alike", "either")))
        write(f"| all | {total.asked} | {_share(total.hashed, total)} | {_share(total.alike, total)} | ")
        write(f"{_share(total.either, total)} |\n\nbeside the right one:\n")
        others = {(min(a, b), max(a, b)): c for t in tallies.values() for a, b, c in t.others}
        for (a, b), count in sorted(others.items(), key=lambda item: item[1]):
            write(f"{count} {a} {b}\n")
        asked, pairs, found = strangers(Path(two))
        write(f"\nstrangers: {asked} asked, {pairs} pairs, found:\n")
        for a, b, count in sorted(found, key=lambda item: item[2]):
            write(f"{count} {a} {b}\n")
        shares = FaceShare(threads=1)
        faces = [shares.of(ImagePart(image=opened(p))) > MOST_FACE for s in SOURCES for p in held_back(s)[::4]]
        write(f"\nleft out as mostly a face: {sum(faces)} of {len(faces)}\n")


def _share(found: int, tally: Tally) -> str:
    low, high = wilson(found, tally.asked) or (0.0, 1.0)
    return f"{found / tally.asked:.0%} ({low:.0%}-{high:.0%})"


def scale(folder: Path, *, rows: int = 1_000_000) -> None:
    """Time a query of a bank of random vectors; its landmarks are a sparse file."""
    rng, chunk = np.random.default_rng(1), 50_000
    target = folder / "big"
    target.mkdir()
    with (target / "keys").open("wb") as keys, (target / "vectors").open("wb") as vectors:
        for start in range(0, rows, chunk):
            keys.write(b"".join(i.to_bytes(32, "big") for i in range(start, start + chunk)))
            block = np.zeros((chunk, 260), np.uint8)
            block[:, :4] = np.full((chunk, 1), 1 / 400, "<f4").view(np.uint8)
            block[:, 4:] = rng.integers(-60, 60, (chunk, 256), np.int8).view(np.uint8)
            vectors.write(block.tobytes())
    with (target / "landmarks").open("wb") as marks:
        marks.truncate(rows * landmarks.ROW_BYTES)
    space = models()[1].version
    (target / "meta.json").write_text(f'{{"format": 1, "space": "{space}", "rows": {rows}}}')
    bank = LikenessBank(target, space=space)
    for count in (1, 8, 32):
        queries = rng.normal(size=(count, 256)).astype(np.float32)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        bank.nearest(queries, least=LEAST_COSINE, most=CANDIDATES)
        started, spent = time.perf_counter(), time.process_time()
        bank.nearest(queries, least=LEAST_COSINE, most=CANDIDATES)
        wall, cpu = time.perf_counter() - started, time.process_time() - spent
        sys.stdout.write(f"{rows} rows, {count} queries together: {wall:.2f} s, processor {cpu:.2f} s\n")


if __name__ == "__main__":
    main()
