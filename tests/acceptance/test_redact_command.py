"""`evenhand redact` as a user meets it: files in, files out, nothing overwritten unasked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.media import drawn, encode
from tests.turned_off import MODELS

OFF = json.dumps(MODELS)


def evenhand(*arguments: str | Path, off: str = OFF) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evenhand", *map(str, arguments)]
    env = {**os.environ, "EVENHAND_DISABLED_DETECTORS": off, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, check=False, env=env, text=True)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    tags = Image.Exif()
    tags[0x0112], tags[0x010E] = 6, "my garden, 52.1 N"
    (tmp_path / "photo.jpg").write_bytes(encode(drawn(), "JPEG", exif=tags))
    return tmp_path / "photo.jpg"


def test_boxes_are_covered_and_metadata_goes(photo: Path) -> None:
    out = photo.with_name("out.jpg")
    done = evenhand("redact", photo, out, "--no-check", "--box", "5,5,30,30", "--style", "box")
    assert (done.returncode, done.stderr) == (0, "")
    assert "image/jpeg, 1 region covered" in done.stdout
    with Image.open(out) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (64, 96), {})
        assert max(image.getpixel((15, 15))) < 12  # type: ignore[arg-type]
    assert b"garden" not in out.read_bytes()
    assert oct(out.stat().st_mode & 0o777) == oct(photo.stat().st_mode & 0o777)


def test_a_contact_in_a_text_file_is_found_and_masked(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Hello, call me: +1 415 555 2671\n")
    done = evenhand("redact", tmp_path / "in.txt", tmp_path / "out.txt", "--label", "ads")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ads.contact" in done.stdout
    masked = (tmp_path / "out.txt").read_text()
    assert "555" not in masked
    assert masked.startswith("Hello")


def test_nothing_is_overwritten_unasked(photo: Path) -> None:
    out = photo.with_name("out.jpg")
    out.write_bytes(b"mine")
    done = evenhand("redact", photo, out, "--no-check")
    assert (done.returncode, out.read_bytes()) == (2, b"mine")
    assert "--force" in done.stderr
    assert evenhand("redact", photo, photo, "--no-check").returncode == 2
    assert evenhand("redact", photo, out, "--no-check", "--force").returncode == 0
    assert out.read_bytes()[:2] == b"\xff\xd8"
    assert sorted(path.name for path in photo.parent.iterdir()) == ["out.jpg", "photo.jpg"]


def test_user_errors_are_2_and_leave_nothing_behind(photo: Path) -> None:
    out = photo.with_name("out.jpg")
    cases = [
        (("--box", "1,2,3"), "left,top,right,bottom"),
        (("--box", "0,0,900,10"), "64 x 96"),
        (("--style", "paint"), "pixelate, blur, box"),
        (("--label", "ads", "--no-check"), "leave one out"),
        (("--line", "nowhere"), "nowhere"),
    ]
    for arguments, message in cases:
        done = evenhand("redact", photo, out, *arguments, *(() if "--line" in arguments else ("--no-check",)))
        assert done.returncode == 2, done.stderr
        assert message in " ".join((done.stdout + done.stderr).split()), done.stderr
        assert not out.exists()
    assert "no such file" in evenhand("redact", photo.with_name("none"), out, "--no-check").stderr.lower()
    assert evenhand("redact", photo, photo / "nowhere" / "out.jpg", "--no-check").returncode == 2
