"""The command line as a user meets it: a process, its output and its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.turned_off import PICTURE_MODELS

ROOT = Path(__file__).parents[2]
CONTACT = "Message me on WhatsApp +1 415 555 2671"
QUICK = {"EVENHAND_DISABLED_DETECTORS": '["text.harm"]'}


def evenhand(*arguments: str, stdin: str | bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    command = [sys.executable, "-m", "evenhand", *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=False, env={**os.environ, **env})


def rows(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_clean_is_0_flagged_is_1() -> None:
    assert evenhand("check", "--text", "good morning to you all", **QUICK).returncode == 0
    assert evenhand("check", "--text", CONTACT, **QUICK).returncode == 1


def test_user_errors_are_2_and_say_what_to_do(tmp_path: Path) -> None:
    cases: list[tuple[tuple[str, ...], dict[str, str], str]] = [
        (("check",), {}, "give files"),
        (("check", str(tmp_path / "none.txt")), {}, "No such file"),
        (("check", "--text", "a", "--line", "nowhere"), {}, "nowhere"),
        (("check", "--text", "a", "--policy", str(tmp_path / "none.yaml")), {}, "none.yaml"),
        (("check", "--text", "a"), {"EVENHAND_PORT": "many"}, "EVENHAND_PORT"),
        (("check", "--text", "a"), {"EVENHAND_DISABLED_DETECTORS": '["text.typo"]'}, "text.typo"),
        (("check", "--text", "a"), {"EVENHAND_DISABLED_DETECTORS": "text.harm"}, "written as JSON"),
        (("check", "--jsonl", str(tmp_path / "none.jsonl")), {}, "cannot be read"),
        (("check", str(tmp_path)), {}, "holds no files"),
        (("check", "--text", "a", "--lang", "<>"), {}, "language tag"),
        (("nonsense",), {}, "No such command"),
        (("keys", "create", "x", "--scope", "everything"), {}, "no scope everything"),
        (("keys", "create", "x", "--dialect", "alibaba"), {}, "sign with a key pair"),
        (("db", "delete-content", "sha256:abc"), {}, "64 hexadecimal digits"),
    ]
    for arguments, env, message in cases:
        done = evenhand(*arguments, **{**QUICK, "COLUMNS": "300", **env})
        said = " ".join((done.stdout + done.stderr).decode().split())
        assert done.returncode == 2, (arguments, said)
        assert message in said, (arguments, said)
        assert "Traceback" not in said


def test_system_errors_are_3(tmp_path: Path) -> None:
    done = evenhand("check", "--text", "a", EVENHAND_DATABASE_URL=f"sqlite:///{tmp_path}", **QUICK)
    assert done.returncode == 3, done.stderr
    assert b"Traceback" not in done.stderr


def test_json_lines_in_and_out(tmp_path: Path) -> None:
    lines = ['{"id": "1", "text": "hello"}', "nonsense", json.dumps({"id": "3", "text": CONTACT, "lang": "en"})]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    done = evenhand("check", "--jsonl", str(tmp_path / "in.jsonl"), **QUICK)
    one, two, three = rows(done)
    assert done.returncode == 2
    assert (one["id"], one["action"]) == ("1", "pass")
    assert (two["id"], two["error"]["code"]) == (None, "bad_input")
    assert (three["id"], three["languages"]) == ("3", ["en"])
    assert rows(evenhand("check", "--jsonl", "-", stdin=lines[0], **QUICK))[0]["id"] == "1"


def test_json_lines_stream_in_constant_memory() -> None:
    """A hundred thousand items must not need more memory than a thousand."""
    code = (
        "import resource, subprocess, sys\n"
        "n = int(sys.argv[1])\n"
        "p = subprocess.Popen([sys.executable, '-m', 'evenhand', 'check', '--jsonl', '-'],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "import threading\n"
        "def feed():\n"
        '    for i in range(n): p.stdin.write(b\'{"id": "%d", "text": "good morning number %d"}\\n\' % (i, i))\n'
        "    p.stdin.close()\n"
        "threading.Thread(target=feed).start()\n"
        "seen = sum(1 for _ in p.stdout)\n"
        "p.wait()\n"
        "print(seen, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    peaks = []
    for n in (1_000, 100_000):
        command = [sys.executable, "-c", code, str(n)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **QUICK})
        seen, peak = map(int, done.stdout.split())
        assert seen == n
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 40_000, f"{peaks} KiB"


def test_a_writer_that_waits_for_each_answer_gets_it() -> None:
    command = [sys.executable, "-m", "evenhand", "check", "--jsonl", "-"]
    env = {**os.environ, **QUICK}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as process:
        watch = threading.Timer(30, process.kill)
        watch.start()
        assert process.stdin is not None
        assert process.stdout is not None
        for name in ("1", "2"):
            process.stdin.write(b'{"id": "%s", "text": "hello"}\n' % name.encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline() or b"null") is not None, "no answer before the next line"
        process.stdin.close()
        assert process.wait(30) == 0
        watch.cancel()


def test_nobody_reads_the_output_or_the_run_is_interrupted() -> None:
    """Neither may look like 0 (clean) or 1 (flagged), nor end in a traceback."""
    command = [sys.executable, "-m", "evenhand", "check", "--jsonl", "-"]
    for expected in (141, 130):
        pipes: dict[str, object] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        # A shell's background job is started with interrupts turned off, and hands that on.
        pipes["preexec_fn"] = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        with subprocess.Popen(command, env={**os.environ, **QUICK}, **pipes) as process:  # type: ignore[call-overload]
            process.stdin.write(b'{"text": "hello"}\n')
            process.stdin.flush()
            assert process.stdout.readline()
            if expected == 141:
                process.stdout.close()
                process.stdin.write(b'{"text": "hello"}\n')
                process.stdin.close()
            else:
                process.send_signal(signal.SIGINT)
            assert process.wait(120) == expected
            assert process.stderr.read() == b""


def test_folders_hide_nothing_and_nothing_in_them_hangs(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("good morning")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "nowhere").symlink_to(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    done = evenhand("check", str(tmp_path), "--json", **QUICK)
    assert done.returncode == 2
    assert [(Path(row["id"]).name, "error" in row) for row in rows(done)] == [
        ("good.txt", False),
        ("nowhere", True),
        ("pipe", True),
    ]


def test_standard_input_and_all_scores() -> None:
    (result,) = rows(evenhand("check", "-", "--json", "--all-scores", stdin="good morning", **QUICK))
    assert (result["id"], result["action"]) == ("-", "pass")
    assert "ads.contact" in result["labels"]


def test_the_table_shows_what_why_and_where_and_cannot_be_hijacked() -> None:
    hostile = f"\x1b[2J[bold]\u202e {CONTACT}"
    done = evenhand("check", "--text", hostile, COLUMNS="200", **QUICK)
    shown = done.stdout.decode()
    assert "ads.contact" in shown
    assert "chars" in shown
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown


def test_arguments_that_are_not_unicode_do_no_harm() -> None:
    broken = b"\xff".decode("utf-8", "surrogateescape")
    done = evenhand("check", f"http://127.0.0.1/{broken}", "--text", f"a{broken}b", "--json", **QUICK)
    assert done.returncode == 2
    assert [row["id"] for row in rows(done)] == ["text-1", "http://127.0.0.1/\N{REPLACEMENT CHARACTER}"]


def test_lists() -> None:
    labels = json.loads(evenhand("labels", "--json").stdout)["labels"]
    assert {"name": "politics", "harm": False}.items() <= next(r for r in labels if r["name"] == "politics").items()
    detectors = json.loads(evenhand("detectors", "--json").stdout)["detectors"]
    assert all(row["available"] for row in detectors), detectors
    hidden = {"EVENHAND_DATABASE_URL": "postgresql://u:opensesame@h/d", "EVENHAND_SECRET_KEY": "opensesame" * 5}
    settings = json.loads(evenhand("settings", "--json", **hidden).stdout)
    assert "opensesame" not in json.dumps(settings)


def test_policy_check_names_the_line(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_bytes(evenhand("policy", "default").stdout)
    assert evenhand("policy", "check", str(good)).returncode == 0
    bad.write_text(good.read_text().replace("action: block", "action: explode", 1))
    done = evenhand("policy", "check", str(bad))
    assert done.returncode == 2
    line = next(n for n, text in enumerate(bad.read_text().splitlines(), 1) if "explode" in text)
    assert f"line {line}:" in done.stderr.decode()


@pytest.mark.parametrize("label", ["face.ethnicity", "hate.种族", "ads.muslim_detector"])
def test_libraries_that_ask_for_protected_attributes_are_refused(tmp_path: Path, label: str) -> None:
    (tmp_path / "l.yaml").write_text(f"name: l\nkind: words\nlist: black\nlabel: {label}\nversion: '1'\nitems: [x]\n")
    done = evenhand("library", "check", str(tmp_path))
    assert done.returncode == 2
    assert evenhand("check", "--text", "a", "--libraries", str(tmp_path), **QUICK).returncode == 2


def test_keys_and_purge(tmp_path: Path) -> None:
    env = {"EVENHAND_DATABASE_URL": f"sqlite:///{tmp_path}/e.db"}
    token = evenhand("keys", "create", "backend", **env).stdout.decode().strip()
    listed = evenhand("keys", "list", **env).stdout.decode()
    assert "backend" in listed
    assert token not in listed
    assert evenhand("keys", "revoke", listed.split()[0], **env).returncode == 0
    assert "revoked" in evenhand("keys", "list", **env).stdout.decode()
    limits = ("--dialect", "perspective", "--dialect", "native")
    assert evenhand("keys", "create", "board", *limits, **env).returncode == 0
    assert "board  (only perspective, native)" in evenhand("keys", "list", **env).stdout.decode()
    assert evenhand("db", "purge", **env).returncode == 0


def test_a_check_is_recorded_where_a_store_is_set(tmp_path: Path) -> None:
    from evenhand.store import open_store

    url = f"sqlite:///{tmp_path}/e.db"
    (result,) = rows(evenhand("check", "--json", "--text", CONTACT, EVENHAND_DATABASE_URL=url, **QUICK))
    store = open_store(url)
    kept = store.decision(result["decision_id"])
    store.close()
    assert {key: kept[key] for key in result} == result


def test_pictures_become_a_library(tmp_path: Path) -> None:
    picture = ROOT / "examples" / "pictures" / "landscape.jpg"
    done = evenhand("library", "from-pictures", "views", str(picture), "--list", "review")
    assert done.returncode == 0, done.stderr
    (tmp_path / "views.yaml").write_bytes(done.stdout)
    env = {"EVENHAND_DISABLED_DETECTORS": json.dumps(PICTURE_MODELS)}
    (result,) = rows(evenhand("check", str(picture), "--json", "--libraries", str(tmp_path), **env))
    assert (result["action"], result["findings"][0]["library"]) == ("review", "views")


def test_ids_of_jobs_are_whole_on_a_narrow_terminal(tmp_path: Path) -> None:
    here = {"EVENHAND_DATA_DIR": str(tmp_path), "COLUMNS": "60", **QUICK}
    (tmp_path / "in.jsonl").write_text('{"text": "hello"}\n')
    job = evenhand("jobs", "submit", str(tmp_path / "in.jsonl"), **here).stdout.decode().strip()
    assert len(job) == 36
    assert job in evenhand("jobs", "list", **here).stdout.decode()
