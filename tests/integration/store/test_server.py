"""The PostgreSQL that tests run on: it is stopped whatever happens, and its absence is not hidden in CI."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresServer, serve

_ROOT = Path(__file__).resolve().parents[3]
_SERVE = """
import time
from tests.postgres import _folders, serve
with serve(_folders()[0]) as server:
    print(server.process.pid, flush=True)
    time.sleep(600)
"""
_WITHOUT = """
import sys, pytest, tests.postgres
tests.postgres._folders = lambda: []
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", sys.argv[1]]))
"""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that the server's user can enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a process to its parent")
def test_the_server_dies_with_tests_that_are_killed(postgres_server: PostgresServer, open_folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "TMPDIR": str(open_folder)}
    parent = subprocess.Popen([sys.executable, "-c", _SERVE], env=environment, stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline()) if parent.stdout else 0
    assert _alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 30
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(pid)


def test_a_server_that_does_not_start_says_why(open_folder: Path) -> None:
    for name, body in (("initdb", "#!/bin/sh\necho no space >&2; exit 1\n"), ("postgres", "#!/bin/sh\nexit 0\n")):
        (open_folder / name).write_text(body)
        (open_folder / name).chmod(0o755)
    with pytest.raises(RuntimeError, match="no space"), serve(open_folder):
        pass


@pytest.mark.parametrize(("ci", "code", "said"), [("true", 1, "no server binaries"), ("", 0, "skipped")])
def test_without_a_server_ci_fails_and_others_skip(tmp_path: Path, ci: str, code: int, said: str) -> None:
    (tmp_path / "test_it.py").write_text(
        "pytest_plugins = ['tests.postgres']\ndef test_it(postgres_server): assert postgres_server\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(_ROOT), "CI": ci},
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout
