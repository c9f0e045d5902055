"""Commands about recordings as an operator meets them: a sheet of what happened when, and a library of videos."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests import recordings
from tests.jobworker import OFF

pytest.importorskip("av", reason="videos need the extra 'video'")


def evenhand(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
    off = {"EVENHAND_DISABLED_DETECTORS": '["' + '","'.join(OFF) + '"]'}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EVENHAND_")}
    return subprocess.run(
        [sys.executable, "-m", "evenhand", *map(str, arguments)],
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
        env={**environment, **off, **settings},
    )


@pytest.fixture(scope="module")
def advert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a video that shows a code from its third to its fifth second."""
    path = tmp_path_factory.mktemp("recordings") / "advert.mp4"

    def seen(moment: float) -> Image.Image:
        return (
            recordings.qr("https://spin-2.example/win") if 3 <= moment < 5 else recordings.landscape(moment, (640, 360))
        )

    path.write_bytes(recordings.video(seen, seconds=8))
    return path


def shapes(moment: float) -> Image.Image:
    """Draw another composition every second."""
    dice = random.Random(int(moment))
    image = Image.new("RGB", (320, 180), (dice.randrange(256), dice.randrange(256), dice.randrange(256)))
    pen = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = dice.randrange(280), dice.randrange(150)
        colour = (dice.randrange(256), dice.randrange(256), dice.randrange(256))
        pen.rectangle((x, y, x + dice.randrange(20, 120), y + dice.randrange(20, 90)), fill=colour)
    return image


def test_a_sheet_shows_what_happened_when(advert: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.jpg"
    done = evenhand("check", advert, "--sheet", sheet)
    assert done.returncode == 1, done.stderr
    assert f"{sheet}: 1 incidents" in done.stderr
    with Image.open(sheet) as drawn:
        assert drawn.format == "JPEG"
        assert min(drawn.size) > 100


def test_a_sheet_is_of_one_recording(advert: Path, tmp_path: Path) -> None:
    two = evenhand("check", advert, advert, "--sheet", tmp_path / "sheet.jpg")
    assert two.returncode == 2
    assert "give one file" in two.stderr
    picture = tmp_path / "picture.png"
    recordings.landscape(0.0).save(picture)
    none = evenhand("check", picture, "--sheet", tmp_path / "sheet.jpg")
    assert none.returncode == 2, none.stderr
    assert "Traceback" not in none.stderr
    assert not (tmp_path / "sheet.jpg").exists()


def test_a_library_of_videos_is_made_and_matches(tmp_path: Path) -> None:
    known = tmp_path / "known.mp4"
    known.write_bytes(recordings.video(shapes, seconds=10))
    made = evenhand("library", "from-videos", "seen-before", known, "--list", "review")
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "libraries"
    folder.mkdir()
    (folder / "videos.yaml").write_text(made.stdout)
    assert evenhand("library", "check", folder).stdout.startswith("seen-before: videos, review, 1 items")
    found = evenhand("check", known, "--libraries", folder)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "known.review" in found.stdout
    still = tmp_path / "still.mp4"
    plain = Image.new("RGB", (320, 180), "white")
    still.write_bytes(recordings.video(lambda _: plain, seconds=2))
    refused = evenhand("library", "from-videos", "plain", still)
    assert refused.returncode == 2
    assert "too plain or too still" in refused.stderr
