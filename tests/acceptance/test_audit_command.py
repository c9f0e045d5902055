"""`evenhand audit` as a user meets it: a process, its reports and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

QUICK = {"EVENHAND_DISABLED_DETECTORS": '["text.harm"]'}
LIST = """
name: house
kind: words
list: black
items:
  - spoil sport
  - {0}
"""


def evenhand(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "evenhand", *arguments]
    return subprocess.run(command, capture_output=True, check=False, env={**os.environ, **QUICK})


def test_a_pipeline_that_sees_no_group_passes(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    done = evenhand("audit", "--lang", "en", "--json", "-", "--html", str(page))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["passed"], report["languages"]) == (True, ["en"])
    assert report["about"]["policy"] == "evenhand-default@1/default"
    assert report["sentences"] > 2_000
    assert "<h1>Identity audit</h1>" in page.read_text("utf-8")


def test_a_list_that_treats_groups_differently_is_found(tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    file.write_text(LIST.format("i love uyghurs"), "utf-8")
    done = evenhand("audit", "--lang", "en", "--library", str(file))
    assert done.returncode == 1, done.stderr
    said = " ".join(done.stdout.decode().split())
    assert "block, where most get pass (known-black): I love Uyghurs." in said
    assert "Library house matches 'I love Uyghurs.' and makes it block" in said


def test_a_list_that_attacks_nobody_passes(tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    file.write_text(LIST.format("i love everybody"), "utf-8")
    assert evenhand("audit", "--lang", "en", "--library", str(file)).returncode == 0


def test_bounds_are_the_callers() -> None:
    done = evenhand("audit", "--lang", "en", "--max-gap", "0", "--max-flip", "0", "--json", "-")
    assert json.loads(done.stdout)["bounds"] == {"max_flip": 0.0, "max_gap": 0.0, "max_attack_flip": 0.05}


def test_a_group_alone_in_a_list_is_named(tmp_path: Path) -> None:
    file = tmp_path / "house.yaml"
    file.write_text(LIST.format("Uyghurs"), "utf-8")
    done = evenhand("audit", "--lang", "en", "--library", str(file), "--json", str(tmp_path / "report.json"))
    assert done.returncode == 1
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["words"] == [{"library": "house", "item": 2, "word": "Uyghurs"}]
    assert report["harmless"]["members_flipped"]["part"] == 0
    assert "house: 'Uyghurs' is the name of a group of people" in done.stdout.decode()


def test_a_policy_is_audited_where_it_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        "name: shop\nversion: '1'\nlines:\n  default:\n    extends: evenhand\n  strict:\n    extends: default\n",
        "utf-8",
    )
    done = evenhand("policy", "check", str(file), "--audit")
    assert done.returncode == 0, done.stderr
    assert "line strict: the audit passed" in done.stdout.decode()


def test_user_errors_say_what_to_do(tmp_path: Path) -> None:
    for arguments, message in (
        (("--lang", "tlh"), "no audit sentences in tlh"),
        (("--lang", "en", "--line", "nowhere"), "nowhere"),
        (("--library", str(tmp_path / "none.yaml")), "none.yaml"),
        (("--html", str(tmp_path / "none" / "report.html")), "cannot be written"),
        (("--max-flip", "2"), "max-flip"),
    ):
        done = evenhand("audit", *arguments)
        assert done.returncode == 2, (arguments, done.stdout, done.stderr)
        assert message in " ".join(done.stderr.decode().split()), arguments
