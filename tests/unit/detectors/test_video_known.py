"""Copies of videos, found in longer ones: re-encoded, resized, mirrored; strangers and blank frames are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from evenhand.detectors.builtin import BUILTINS
from evenhand.detectors.video_enrol import print_video
from evenhand.detectors.video_known import KnownVideoDetector
from evenhand.domain import Finding, Library, LibraryItem, LibraryKind, ListColour
from evenhand.errors import InputError, LibraryError
from evenhand.facade import Moderator
from evenhand.matching.videoprint import as_text, from_text, joined
from evenhand.settings import Settings
from tests.compositions import Scene, around, scenes
from tests.recordings import sound, tone, video

OTHERS = tuple(one.name for one in BUILTINS if one.name != "video.known")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    path = tmp_path_factory.mktemp("sample") / "sample.mp4"
    path.write_bytes(video(scenes(1), seconds=16, fps=10))
    item = LibraryItem(value=as_text(print_video(path)))
    return Library(name="ours", kind=LibraryKind.VIDEOS, colour=ListColour.BLACK, items=(item,))


@pytest.fixture(scope="module")
def moderator(library: Library) -> Moderator:
    return Moderator(
        Settings(plugins=False, disabled_detectors=OTHERS, media_segment_s=5, detector_timeout_s=300),
        libraries=[library],
    )


def found_in(moderator: Moderator, data: bytes) -> list[Finding]:
    result = moderator.check(data)
    assert result.incomplete == {}
    return list(result.findings)


def small(scene: Scene) -> Scene:
    return lambda moment: scene(moment).resize((208, 116))


def mirrored(scene: Scene) -> Scene:
    return lambda moment: ImageOps.mirror(scene(moment))


@pytest.mark.parametrize(
    ("edit", "options"),
    [
        (lambda scene: scene, {"options": {"crf": "36"}}),
        (small, {"fmt": "webm", "codec": "libvpx-vp9", "fps": 7}),
        (mirrored, {}),
    ],
)
def test_a_copied_stretch_is_found_with_its_time_in_both(
    moderator: Moderator, edit: Callable[[Scene], Scene], options: dict[str, object]
) -> None:
    def part(moment: float) -> Image.Image:
        return scenes(1)(moment + 3)  # from 3 s of the sample

    data = video(edit(around(part, 12, 9, scenes(2))), seconds=30, **{"fps": 10, **options})  # type: ignore[arg-type]
    (one,) = found_in(moderator, data)
    begin, end = one.location.time or (0, 0)
    facts = one.facts or {}
    assert (one.label, one.library, facts["sample"]) == ("known.black", "ours", 1)
    assert 12 <= begin <= 14.1
    assert 18.9 <= end <= 21.1
    assert float(facts["sample_start"]) == pytest.approx(begin - 9, abs=1.1)
    assert float(facts["sample_end"]) == pytest.approx(end - 9, abs=1.1)
    assert one.score > 0.75


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_strangers_are_not_found(moderator: Moderator, seed: int) -> None:
    assert found_in(moderator, video(scenes(seed), seconds=20, fps=10)) == []


def test_blank_frames_count_for_nothing(moderator: Moderator, tmp_path: Path) -> None:
    def blank(moment: float) -> Image.Image:
        return Image.new("RGB", (320, 180), (int(moment) * 9, 20, 60))

    path = tmp_path / "blank.mp4"
    path.write_bytes(video(blank, seconds=8, fps=5))
    assert len(print_video(path)) == 0
    assert found_in(moderator, path.read_bytes()) == []


def test_prints_survive_text_and_wrong_ones_are_refused(library: Library) -> None:
    text = library.items[0].value
    made = from_text(text)
    assert as_text(made) == text
    assert len(made) >= 8
    for wrong in ("s1:abc", text[:-5], "v1:", "v1:!!!!"):
        with pytest.raises(ValueError, match="video"):
            from_text(wrong)
    with pytest.raises(LibraryError, match="ours"):
        KnownVideoDetector(
            [Library(name="ours", kind=LibraryKind.VIDEOS, colour=ListColour.BLACK, items=(LibraryItem(value="x"),))]
        )


def test_frames_that_hardly_differ_are_one_entry() -> None:
    one, other = np.zeros(4, np.uint64), np.full(4, 2**64 - 1, np.uint64)
    made = joined([(0.0, one), (0.5, one ^ np.uint64(3)), (1.0, other), (9.0, other)])
    assert made.times.tolist() == [[0.0, 0.5], [1.0, 1.0], [9.0, 9.0]]
    assert made.seconds == 2.0


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(sound(tone(2.0)))
    (tmp_path / "a.txt").write_text("words")
    for name, told in (("a.wav", "no moving pictures"), ("a.txt", "no video"), ("b.mp4", "cannot be read")):
        with pytest.raises(InputError, match=told):
            print_video(tmp_path / name)
