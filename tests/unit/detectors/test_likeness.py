"""image.likeness on drawn pictures, and which pictures are not enrolled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from evenhand.detectors import drawings
from evenhand.detectors.base import DetectorContext
from evenhand.detectors.face_share import MOST_FACE, FaceShare
from evenhand.detectors.imagehash import hash_image
from evenhand.detectors.likeness import LABEL, LikenessDetector, make
from evenhand.detectors.likeness_enrol import Enrolled, enrol
from evenhand.domain import ImagePart, Library, LibraryItem, LibraryKind, ListColour
from evenhand.errors import LibraryError
from evenhand.matching.bank_writer import BankWriter
from evenhand.matching.known import sample_hash
from evenhand.settings import Settings
from evenhand.testing import DetectorContract
from tests.unit.detectors.scenes import scene


class TestContract(DetectorContract):
    def make(self) -> LikenessDetector:
        return LikenessDetector(threads=1)


def _save(folder: Path, **images: Image.Image) -> list[Path]:
    paths = []
    for name, image in images.items():
        paths.append(folder / f"{name}.png")
        image.save(paths[-1])
    return paths


def _library(paths: list[Path], *, colour: ListColour = ListColour.BLACK) -> Library:
    items = tuple(LibraryItem(value=hash_image(path)[0]) for path in paths)
    return Library(name="posters", kind=LibraryKind.IMAGES, colour=colour, items=items)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Library]:
    folder = tmp_path_factory.mktemp("libraries")
    paths = _save(folder, one=scene(1), two=scene(2), three=scene(3))
    library = _library(paths)
    made = enrol(library, paths, folder=folder, settings=Settings(threads=1))
    assert made == Enrolled(added=3, rows=3, left_out=())
    return folder, library


def _detector(folder: Path, *libraries: Library) -> LikenessDetector:
    return make(DetectorContext(settings=Settings(libraries=folder, threads=1), libraries=libraries))


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda image: image,
    "crop": lambda image: image.crop((70, 50, 420, 310)),
    "frame": lambda image: ImageOps.expand(image, 50, "white"),
    "turned": lambda image: image.rotate(8),
    "mirrored": ImageOps.mirror,
    "grey": lambda image: image.convert("L").convert("RGB"),
    "banner": lambda image: _banner(image),
}


def _banner(image: Image.Image) -> Image.Image:
    out = image.copy()
    out.paste((20, 20, 20), (0, 0, image.width, image.height // 5))
    return out


@pytest.mark.parametrize("edit", EDITS)
def test_edited_copies_go_to_review(built: tuple[Path, Library], edit: str) -> None:
    folder, library = built
    (answer,) = _detector(folder, library).detect([ImagePart(image=EDITS[edit](scene(2)))])
    (finding,) = answer.findings
    assert (finding.label, finding.library) == (LABEL, "posters")
    assert 0.6 <= finding.score <= 0.95


def test_other_pictures_are_not_found(built: tuple[Path, Library]) -> None:
    folder, library = built
    parts = [ImagePart(image=scene(seed)) for seed in range(10, 16)] + [drawings.landscape(), drawings.notice()]
    assert not any(answer.findings for answer in _detector(folder, library).detect(parts))


def test_what_left_the_library_matches_no_more(built: tuple[Path, Library]) -> None:
    folder, library = built
    fewer = replace(library, items=library.items[:1])
    (answer,) = _detector(folder, fewer).detect([ImagePart(image=scene(2))])
    assert not answer.findings


def test_a_hash_bank_is_asked_at_every_match(tmp_path: Path) -> None:
    """Samples that lie in a bank are enrolled like others; what leaves it matches no more, without a restart."""
    paths = _save(tmp_path, one=scene(1), two=scene(2), stranger=scene(3))
    digests = [hash_image(path)[0] for path in paths]
    library = Library(
        name="posters", kind=LibraryKind.IMAGES, colour=ListColour.BLACK, bank=str(tmp_path / "posters.bank")
    )
    words = np.stack([sample_hash(library, digest) for digest in digests])
    with BankWriter(tmp_path / "posters.bank") as writer:
        writer.add(words[:2])
    made = enrol(library, paths, folder=tmp_path, settings=Settings(threads=1))
    assert (made.added, [name for name, _ in made.left_out]) == (2, ["stranger.png"])
    detector = _detector(tmp_path, library)
    copies = [ImagePart(image=EDITS["crop"](scene(seed))) for seed in (1, 2, 3)]
    assert [bool(answer.findings) for answer in detector.detect(copies)] == [True, True, False]
    with BankWriter(tmp_path / "posters.bank") as writer:
        writer.remove(words[1:2])
        writer.add(words[:1], expires=1)  # past its time
    copies = [ImagePart(image=EDITS["crop"](scene(seed))) for seed in (1, 2)]
    assert not any(answer.findings for answer in detector.detect(copies))


def test_a_white_library_is_not_read(built: tuple[Path, Library]) -> None:
    folder, library = built
    (answer,) = _detector(folder, replace(library, colour=ListColour.WHITE)).detect([ImagePart(image=scene(2))])
    assert not answer.findings


def test_a_damaged_bank_is_an_error_not_a_pass(tmp_path: Path) -> None:
    (paths := _save(tmp_path, one=scene(1)))
    library = _library(paths)
    (tmp_path / "posters.likeness").mkdir()
    with pytest.raises(LibraryError, match="no bank"):
        _detector(tmp_path, library).detect([ImagePart(image=scene(1))])


def test_only_fit_pictures_of_the_library_are_enrolled(tmp_path: Path) -> None:
    face = drawings.face().image
    paths = _save(tmp_path, known=scene(1), face=face, plain=Image.linear_gradient("L").convert("RGB"))
    stranger, broken = _save(tmp_path, stranger=scene(2))[0], tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG")
    made = enrol(_library(paths), [*paths, stranger, broken], folder=tmp_path, settings=Settings(threads=1))
    assert (made.added, made.rows) == (1, 1)
    why = dict(made.left_out)
    assert "mostly a face" in why["face.png"]
    assert "too plain" in why["plain.png"]
    assert "not in the library" in why["stranger.png"]
    assert set(why) == {"face.png", "plain.png", "stranger.png", "broken.png"}


@pytest.mark.parametrize("colour", [ListColour.WHITE])
def test_white_libraries_get_no_bank(tmp_path: Path, colour: ListColour) -> None:
    paths = _save(tmp_path, one=scene(1))
    with pytest.raises(LibraryError, match="black and review"):
        enrol(_library(paths, colour=colour), paths, folder=tmp_path)


def test_the_share_of_a_face() -> None:
    faces = FaceShare(threads=1)
    head = drawings.face().image
    wide = Image.new("RGB", (head.width * 5, head.height * 4), (150, 180, 200))
    wide.paste(head, (head.width * 2, head.height))
    close = head.crop((head.width // 5, head.height // 6, head.width * 4 // 5, head.height * 5 // 6))
    assert faces.of(ImagePart(image=head)) > MOST_FACE
    assert faces.of(ImagePart(image=close)) > MOST_FACE
    assert faces.of(ImagePart(image=wide)) < MOST_FACE
    assert faces.of(drawings.landscape()) == 0
