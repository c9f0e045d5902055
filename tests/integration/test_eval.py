"""`evenhand eval` over small files, with the real detectors."""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evenhand import Moderator, Settings
from evenhand.detectors.base import Cost, Detection, DetectorInfo
from evenhand.domain import Content, PartKind, TextPart
from evenhand.errors import SystemFault
from evenhand.evaluation import Row, evaluate
from evenhand.evaluation.running import moderator_judge
from evenhand.evaluation.truths import Truth
from evenhand.evaluation.workers import worker_judges

QUICK = {"EVENHAND_DISABLED_DETECTORS": '["text.harm"]', "EVENHAND_PLUGINS": "false"}
CONTACT = "Message me on WhatsApp +1 415 555 2671"
ROWS: list[dict[str, Any]] = [
    {"id": "a", "text": CONTACT, "labels": ["contact"], "lang": "en", "group": "x", "expect": "mark"},
    {"id": "b", "text": "Write to me: someone@example.org", "labels": ["contact"], "lang": "en", "group": "y"},
    {"id": "c", "text": "good morning to you all", "labels": [], "lang": "en", "group": "x", "expect": "allow"},
    {"id": "d", "text": "guten Morgen zusammen", "labels": ["clean"], "lang": "de", "group": "y", "expect": "block"},
]
MAP = ("--map", "contact=ads.contact", "--map", "clean=")


def run(*arguments: str, stdin: bytes = b"", code: int = 0, database: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "evenhand", "eval", *arguments]
    env = {**os.environ, **QUICK, "EVENHAND_DATABASE_URL": database}
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, env=env)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, out + err
    assert "Traceback" not in err
    return subprocess.CompletedProcess(command, done.returncode, out, err)


def lines(*rows: object) -> bytes:
    return b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)


def test_a_file_in_three_reports_out(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl.gz"
    data.write_bytes(gzip.compress(lines(*ROWS)))
    said = run(str(data), *MAP, "--json", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html")).stdout
    assert "4 rows" in said
    assert "ads.contact" in said
    assert "as expected: 2 of 3" in said
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["origin"]["sha256"] == hashlib.sha256(data.read_bytes()).hexdigest()
    assert report["origin"]["policy"] == "evenhand-default@1/default"
    ran = {f"text.{name}" for name in ("language", "words", "known", "voice", "contact", "flood")}
    assert set(report["models"]) == ran
    anything, contact = report["labels"]
    assert (anything["label"], contact["label"]) == ("any", "ads.contact")
    assert (contact["n"], contact["positives"], contact["ap"], contact["auc"]) == (4, 2, 1.0, 1.0)
    assert contact["own"]["outcomes"]["f1"] == 1.0
    assert [one["name"] for one in report["languages"] if one["label"] == "any"] == ["de", "en"]
    assert [one["name"] for one in report["groups"] if one["label"] == "any"] == ["x", "y"]
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


def test_standard_input_processes_and_settings_give_the_same_numbers() -> None:
    more = [{**row, "id": None, "text": f"{row['text']} {i}"} for i in range(5) for row in ROWS]
    plain, split = (
        json.loads(run("-", *MAP, "--json", "-", "--set", "batch_size=3", *jobs, stdin=lines(*more)).stdout)
        for jobs in ((), ("--jobs", "2"))
    )
    assert plain["rows"] == 20
    assert plain["origin"]["settings"] == {"batch_size": "3"}
    for key in ("labels", "languages", "groups", "by_truth", "by_expectation", "models"):
        assert plain[key] == split[key], key


def test_what_cannot_be_measured_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    (tmp_path / "odd.bin").write_bytes(b"\x00\x01\x02 nothing that can be read")
    unreadable = {"path": str(tmp_path / "odd.bin"), "labels": [], "expect": "allow"}
    data.write_bytes(lines(ROWS[0], b"nonsense", {"path": "none.png", "labels": []}, unreadable))
    assert "line 2: Not JSON" in run(str(data), *MAP, code=2).stderr
    done = run(str(data), *MAP, "--skip-bad", "--json", str(tmp_path / "r.json"), code=1)
    assert "line 3: bad_input: none.png cannot be read" in done.stdout
    assert "line 2: skipped: Not JSON" in done.stdout
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["rows"], report["failed"], report["skipped"]) == (3, 2, 1)
    harmless = next(row for row in report["by_truth"] if row["truth"] == "harmless")
    assert (harmless["failed"], sum(n for _, n in harmless["actions"])) == (2, 0)
    assert report["as_expected"] == [1, 1]


def test_a_policy_decides_and_nothing_is_recorded(tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text(
        'name: strict\nversion: "7"\nlines: {default: {rules: [{name: r, when: {label: ads}, action: block}]}}\n'
    )
    database = tmp_path / "e.db"
    arguments = ("-", *MAP, "--policy", str(policy), "--json", "-")
    done = run(*arguments, stdin=lines(*ROWS), database=f"sqlite:///{database}")
    report = json.loads(done.stdout)
    assert report["origin"]["policy"] == "strict@7/default"
    assert dict(report["by_truth"][0]["actions"])["block"] == 2
    assert not database.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.jsonl",), "cannot be read"),
        (("-",), "'contact' is no label"),
        (("-", "--map", "contact"), "no pair"),
        (("-", "--map", "contact=toxicity"), "no label"),
        (("-", "--any", "toxicity"), "no label"),
        (("-", "--label-map", "none.yaml"), "cannot be read"),
        (("-", *MAP, "--line", "nowhere"), "nowhere"),
        (("-", *MAP, "--set", "nonsense=1"), "evenhand settings"),
        (("-", *MAP, "--set", "threads=many"), "EVENHAND_THREADS"),
        (("-", *MAP, "--set", "disabled_detectors=[x"), "JSON"),
        (("-", *MAP, "--html", "none/r.html"), "cannot be written"),
        (("-", *MAP, "--text-field", "body"), "--text-field"),
    ],
)
def test_user_errors_say_what_to_do(arguments: tuple[str, ...], message: str) -> None:
    assert message in run(*arguments, stdin=lines(*ROWS), code=2).stderr


def test_the_data_is_not_overwritten(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_bytes(lines(*ROWS))
    assert "overwrite" in run(str(data), *MAP, "--json", str(data), code=2).stderr
    assert data.read_bytes() == lines(*ROWS)


class Flaky:
    """Fails on every text that holds "fail"."""

    info = DetectorInfo(
        name="text.flaky",
        version="1",
        reads=PartKind.TEXT,
        labels=("harassment",),
        cost=Cost.CHEAP,
        description="Fails.",
        examples=(),
    )

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        if any("fail" in part.text for part in parts):
            raise RuntimeError("broken")
        return [Detection(scores={"harassment": 0.2}) for _ in parts]


def test_a_detector_that_fails_takes_its_row_out_of_every_metric() -> None:
    settings = Settings(plugins=False, database_url=None, disabled_detectors=("text.harm",))
    row = Row(
        line=1,
        content=Content(text="all is well"),
        truth=Truth(labels={"harassment": False}, closed=True),
        language=None,
        group=None,
        expect=None,
    )
    with Moderator(settings, detectors=[Flaky()]) as moderator:
        rows = [row, replace(row, line=2, content=Content(text="this will fail"))]
        got = evaluate(rows, [moderator_judge(moderator, "default")])
    assert (got.failed, got.incomplete) == (0, 1)
    assert "text.flaky" in got.trouble[0].message
    assert got.trouble[0].line == 2
    scores = got.book.score(["harassment"])
    assert scores.tolist() == pytest.approx([0.2, float("nan")], nan_ok=True)


def test_a_worker_that_dies_is_told() -> None:
    settings = Settings(plugins=False, database_url=None, disabled_detectors=("text.harm",))
    with worker_judges(settings, "default", 1) as (judge,):
        (verdict,) = judge([Content(text=CONTACT)]).verdicts
        assert "ads.contact" in verdict.found
        for process in multiprocessing.active_children():
            process.kill()
        with pytest.raises(SystemFault, match="--jobs"):
            judge([Content(text=CONTACT)])
