"""Many threads and processes at once, and writers killed at work: nothing committed is lost, nothing is half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.store import Store, open_store
from tests.unit.store.factory import record

_ROOT = Path(__file__).resolve().parents[3]
_OPEN = "import sys; from evenhand.store import open_store; store = open_store(sys.argv[1]);"
_WRITE = (
    _OPEN
    + "from tests.unit.store.factory import record\n"
    + "for turn in range(int(sys.argv[2])):\n"
    + "    batch = [record(id=f'{sys.argv[3]}-{turn}-{n}') for n in range(20)]\n"
    + "    store.record(batch)\n"
    + "    print(turn, flush=True)\n"  # said only after the commit
)
_MIGRATE = _OPEN + "store.migrate(); store.check()"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'e.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def store(empty_url: str) -> Iterator[Store]:
    """Give a migrated store."""
    store = open_store(empty_url)
    store.migrate()
    yield store
    store.close()


def _start(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ids(store: Store) -> set[str]:
    seen: set[str] = set()
    after = None
    while True:
        page = store.decisions(limit=1000, after=after)
        seen |= {str(item["id"]) for item in page.items}
        after = page.after
        if after is None:
            return seen


def test_processes_migrate_at_once(empty_url: str) -> None:
    children = [_start(_MIGRATE, empty_url) for _ in range(3)]
    for child in children:
        _, problems = child.communicate(timeout=120)
        assert child.returncode == 0, problems


def test_threads_and_processes_write_at_once(store: Store, empty_url: str) -> None:
    children = [_start(_WRITE, empty_url, "15", f"p{n}") for n in range(3)]
    problems: list[BaseException] = []

    def run(name: int) -> None:
        try:
            for turn in range(15):
                store.record([record(id=f"t{name}-{turn}-{n}") for n in range(20)])
                store.decisions(limit=5)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for child in children:
        _, said = child.communicate(timeout=120)
        assert child.returncode == 0, said
    assert problems == []
    names = [f"p{n}" for n in range(3)] + [f"t{n}" for n in range(12)]
    assert _ids(store) == {f"{name}-{turn}-{n}" for name in names for turn in range(15) for n in range(20)}


def test_a_killed_writer_loses_nothing_committed(store: Store, empty_url: str) -> None:
    committed: dict[str, int] = {}
    for number, turns in enumerate((3, 17)):
        child = _start(_WRITE, empty_url, "1000000", f"p{number}")
        if child.stdout is None:
            raise RuntimeError("no pipe")
        for line in child.stdout:
            committed[f"p{number}"] = int(line)
            if int(line) >= turns:
                break
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate(timeout=60)
        committed[f"p{number}"] = max([committed[f"p{number}"], *map(int, rest.split())])
    store.check()
    turns_seen: dict[str, dict[int, int]] = {}
    for one in _ids(store):
        name, turn, _ = one.split("-")
        per_turn = turns_seen.setdefault(name, {})
        per_turn[int(turn)] = per_turn.get(int(turn), 0) + 1
    for name, last in committed.items():
        assert set(range(last + 1)) <= set(turns_seen[name])
        assert set(turns_seen[name].values()) == {20}  # batches are whole or absent
    store.record([record()])


def test_another_process_leaves_the_log_to_a_store_that_was_opened_twice_here(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'twice.db'}"
    store = open_store(url)
    store.migrate()
    open_store(url).close()  # as a command's moderator does beside a server's store
    assert (tmp_path / "twice.db-wal").exists()
    code = f"from evenhand.store import open_store; s = open_store({url!r}); s.keys.create('other'); s.close()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    # Had our locks been lost, the other would have thought itself the last one, and taken the log away under us.
    assert (tmp_path / "twice.db-wal").exists()
    assert [key.name for key in store.keys.list()] == ["other"]
    store.close()
