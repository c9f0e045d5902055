"""image.hash: the operator's pictures found again, and nothing computed where there is no library."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from evenhand.detectors.base import DetectorContext
from evenhand.detectors.imagehash import HashDetector, hash_image, make
from evenhand.domain import Finding, ImagePart, Library, LibraryItem, LibraryKind, ListColour
from evenhand.errors import InputError, LibraryError, TooLargeError
from evenhand.matching.bank_writer import BankWriter
from evenhand.matching.pdq import from_hex
from evenhand.settings import Settings
from evenhand.testing import DetectorContract, image_part


def poster(colour: str = "navy") -> Image.Image:
    image = Image.radial_gradient("L").resize((480, 360)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.rectangle((30, 40, 210, 130), fill=colour)
    draw.ellipse((250, 150, 460, 330), fill="gold")
    draw.polygon([(60, 330), (140, 200), (220, 340)], fill="darkred")
    return image


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def library(*items: LibraryItem, name: str = "posters", label: str | None = None) -> Library:
    return Library(name=name, kind=LibraryKind.IMAGES, colour=ListColour.BLACK, label=label, items=items)


def item(image: Image.Image, *, label: str | None = None, score: float = 1.0) -> LibraryItem:
    return LibraryItem(value=hash_image(encoded(image))[0], label=label, score=score)


def found(detector: HashDetector, image: Image.Image) -> tuple[Finding, ...]:
    (detection,) = detector.detect([ImagePart(image=image)])
    return detection.findings


class TestWithoutLibrary(DetectorContract):
    def make(self) -> HashDetector:
        return HashDetector()


class TestWithLibrary(DetectorContract):
    def make(self) -> HashDetector:
        return HashDetector([library(item(poster()), label="ads.promotion")])


def test_the_same_picture() -> None:
    (finding,) = found(HashDetector([library(item(poster()))]), poster())
    assert (finding.label, finding.score, finding.library) == ("known.black", 1.0, "posters")
    assert finding.location.box == (0.0, 0.0, 480.0, 360.0)


@pytest.mark.parametrize(
    ("change", "least", "most"),
    [
        (lambda i: Image.open(io.BytesIO(encoded(i, "JPEG"))).convert("RGB"), 0.9, 1.0),
        (lambda i: i.resize((200, 150)), 0.6, 1.0),
        (lambda i: i.resize((2400, 1800)), 0.8, 1.0),
        (lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 0.6, 0.95),
        (lambda i: i.transpose(Image.Transpose.ROTATE_90), 0.6, 0.95),
        (lambda i: i.transpose(Image.Transpose.TRANSVERSE), 0.6, 0.95),
    ],
    ids=["jpeg", "smaller", "larger", "mirrored", "turned", "both"],
)
def test_a_changed_copy(change: object, least: float, most: float) -> None:
    if not callable(change):
        raise AssertionError
    (finding,) = found(HashDetector([library(item(poster()))]), change(poster()))
    assert least <= finding.score <= most


def test_score_falls_with_the_distance_and_ends_at_31_bits() -> None:
    digits = int(hash_image(encoded(poster()))[0], 16)
    scores = []
    for bits in (0, 1, 16, 31, 32):
        near = LibraryItem(value=f"{digits ^ ((1 << bits) - 1):064x}")
        scores.append([round(f.score, 3) for f in found(HashDetector([library(near)]), poster())])
    assert scores == [[1.0], [0.987], [0.794], [0.6], []]


def test_labels_libraries_and_sample_scores() -> None:
    libraries = [
        library(item(poster(), score=0.5), item(poster(), label="spam.scam"), name="one", label="ads.promotion"),
        library(item(poster()), item(poster()), name="two"),
    ]
    detector = HashDetector(libraries)
    got = {(f.library, f.label, f.score) for f in found(detector, poster())}
    assert got == {("one", "ads.promotion", 0.5), ("one", "spam.scam", 1.0), ("two", "known.black", 1.0)}
    assert {"ads.promotion", "spam.scam", "known.black"} <= set(detector.info.labels)


def test_other_pictures_and_flat_ones_do_not_match() -> None:
    detector = HashDetector([library(item(poster()), LibraryItem(value=hash_image(encoded(image_part().image))[0]))])
    assert found(detector, Image.linear_gradient("L").resize((400, 400)).convert("RGB")) == ()
    assert found(detector, image_part(64, 64).image) == ()


def test_without_an_image_library_no_picture_is_touched() -> None:
    words = Library(name="w", kind=LibraryKind.WORDS, colour=ListColour.BLACK, items=(LibraryItem(value="word"),))
    part = image_part()
    detector = make(DetectorContext(settings=Settings(), libraries=(words,)))
    assert [d.findings for d in detector.detect([part])] == [()]
    assert part.views == {}


@pytest.mark.parametrize("value", ["", "xyz", "0" * 63])
def test_a_wrong_sample_is_refused_with_the_name_of_its_library(value: str) -> None:
    with pytest.raises(LibraryError, match=r"library posters: .*hexadecimal"):
        HashDetector([library(LibraryItem(value=value))])


def test_hash_image_reads_paths_and_bytes_within_limits(tmp_path: Path) -> None:
    path = tmp_path / "poster.png"
    path.write_bytes(encoded(poster()))
    digest, quality = hash_image(path)
    assert (digest, quality) == hash_image(str(path)) == hash_image(path.read_bytes())
    assert len(digest) == 64
    assert quality >= 50
    assert hash_image(encoded(image_part().image))[1] < 50
    with pytest.raises(TooLargeError, match="max_file_bytes"):
        hash_image(path, settings=Settings(max_file_bytes=100))
    with pytest.raises(InputError, match="cannot be read"):
        hash_image(tmp_path / "missing.png")
    with pytest.raises(InputError, match="no picture"):
        hash_image(b"only words")


def test_a_bank_answers_like_a_document(tmp_path: Path) -> None:
    digest, _ = hash_image(encoded(poster()))
    with BankWriter(tmp_path / "bank") as writer:
        writer.add(from_hex(digest)[None], tag="A1")
    banked = Library(
        name="shared", kind=LibraryKind.IMAGES, colour=ListColour.REVIEW, label="spam.scam", bank=str(tmp_path / "bank")
    )
    detector = HashDetector([banked])
    assert "spam.scam" in detector.info.labels
    (finding,) = found(detector, poster().transpose(Image.Transpose.ROTATE_180))
    assert (finding.label, finding.library) == ("spam.scam", "shared")
    assert finding.reason.endswith("from a sample listed as A1, turned by 180 degrees")
    with BankWriter(tmp_path / "bank") as writer:
        writer.remove(from_hex(digest)[None])
    assert found(detector, poster()) == ()


def test_a_missing_bank_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="is no hash bank"):
        HashDetector([Library(name="a", kind=LibraryKind.IMAGES, colour=ListColour.BLACK, bank=str(tmp_path))])


def test_a_white_sample_that_is_nearer_denies_a_match() -> None:
    near = f"{int(hash_image(encoded(poster()))[0], 16) ^ 0xFFFFF:064x}"
    black = library(LibraryItem(value=near))
    white = Library(name="ours", kind=LibraryKind.IMAGES, colour=ListColour.WHITE, items=(item(poster()),))
    assert [f.label for f in found(HashDetector([black]), poster())] == ["known.black"]
    assert [f.label for f in found(HashDetector([black, white]), poster())] == ["known.white"]
