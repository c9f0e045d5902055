"""Banks of known pictures as an operator meets them: commands, files, and what a check then says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw

from evenhand import Moderator, Settings
from evenhand.detectors.imagehash import hash_image
from evenhand.matching.floods import QuarantineFile
from evenhand.matching.pdq import from_hex
from tests.turned_off import PICTURE_MODELS


def evenhand(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evenhand", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, text=True)


def drawn(path: Path, seed: int) -> Path:
    image = Image.radial_gradient("L").resize((400, 300)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for step in range(6):
        x, y = (seed * 97 + step * 61) % 300, (seed * 53 + step * 37) % 200
        draw.rectangle((x, y, x + 90, y + 70), fill=((seed * 40 + step * 70) % 255, 90, 200 - 30 * step))
    image.save(path)
    return path


def test_from_a_shared_list_to_a_decision_and_back(tmp_path: Path) -> None:
    known, other = (drawn(tmp_path / f"{seed}.png", seed) for seed in (1, 2))
    digest, _ = hash_image(known)
    later, _ = hash_image(other)
    folder = tmp_path / "libraries"
    folder.mkdir()
    bank = folder / "shared.bank"
    shared = tmp_path / "list.json"
    shared.write_text(json.dumps({"data": [{"id": "1", "indicator": digest, "type": "HASH_PDQ", "tags": ["case"]}]}))
    done = evenhand("library", "import", bank, shared)
    assert (done.returncode, done.stdout) == (0, "list.json: 1 added, 0 removed\nshared.bank: 1 hashes\n"), done.stderr
    (folder / "shared.yaml").write_text("name: shared\nkind: images\nlist: black\nbank: shared.bank\n")
    assert evenhand("library", "check", folder).stdout == "shared: images, black, 1 items, in order\n"

    with Moderator(Settings(libraries=folder, disabled_detectors=PICTURE_MODELS)) as moderator:
        found = moderator.check(known)
        (finding,) = [finding for finding in found.findings if finding.detector == "image.hash"]
        assert (found.action, finding.label, finding.library) == ("block", "known.black", "shared")
        assert finding.reason == "0 of 256 bits from a sample listed as case"
        # Another process changes the bank; this one sees it at the next picture
        assert not [f for f in moderator.check(other).findings if f.library]
        assert evenhand("library", "add", bank, later, "--tag", "new").stdout == "1 added, 2 in all\n"
        assert evenhand("library", "remove", bank, digest).stdout == "1 removed, 1 in all\n"
        assert [f.label for f in moderator.check(other).findings if f.library] == ["known.black"]
        assert not [f for f in moderator.check(known).findings if f.library]

    assert evenhand("library", "export", bank).stdout == later + "\n"
    table = evenhand("library", "export", bank, "--format", "ncmec", "--csv").stdout
    assert table == f"id,member_id,entry_type,deleted,classification,pdq\n1,0,image,False,new,{later}\n"
    assert evenhand("library", "compact", bank).stdout == "shared.bank: 1 hashes\n"


def test_quarantine_is_shown_and_released(tmp_path: Path) -> None:
    digest, _ = hash_image(drawn(tmp_path / "a.png", 3))
    bank = tmp_path / "bank"
    evenhand("library", "add", bank, digest)
    QuarantineFile(bank).put(from_hex(digest).tobytes(), pictures=50)
    shown = evenhand("library", "show", bank).stdout
    assert "bank: 1 hashes" in shown
    assert "in quarantine: 1" in shown
    assert digest in shown
    assert evenhand("library", "release", bank, digest).stdout == "1 released\n"
    assert "in quarantine: 0" in evenhand("library", "show", bank).stdout
    assert evenhand("library", "release", bank, digest).returncode == 2


def test_faults_are_the_users_and_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("0" * 64 + "\n")
    for arguments, message in (
        (("show", tmp_path), "is no hash bank"),
        (("remove", tmp_path / "none", "0" * 64), "is no hash bank"),
        (("add", tmp_path / "bank", "abc"), "64 hexadecimal digits"),
        (("import", tmp_path / "bank", tmp_path / "none.csv"), "cannot be read"),
        (("import", tmp_path / "bank", tmp_path / "list.txt", "--format", "xml"), "is no format"),
    ):
        done = evenhand("library", *arguments)
        assert done.returncode == 2, arguments
        assert message in " ".join(done.stderr.split()), done.stderr
        assert "Traceback" not in done.stderr
    blank = evenhand("library", "import", tmp_path / "bank", tmp_path / "list.txt")
    assert "1 left out: a blank picture's hash" in blank.stdout
