"""A real worker in a process of its own, that can be told at which step to be killed.

    python -m tests.jobworker [ROLE:STEP]

It prints a line at each step. At the one named, it prints it and kills itself with SIGKILL: nothing is cleaned up.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from evenhand.jobs.desk import submit
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.blobs import Blobs
from evenhand.store.jobrecords import Job, Task

ROOT = Path(__file__).resolve().parents[1]
OFF = ("text.harm", "image.ocr", "image.nudity", "image.face", "image.weapon", "image.symbol", "audio.events")
PATIENCE_S = 240.0


def settings_for(url: str, folder: Path, **more: Any) -> Settings:
    """Give settings of a quick worker: no models, short heartbeats."""
    values: dict[str, Any] = {
        "database_url": url,
        "data_dir": folder,
        "plugins": False,
        "disabled_detectors": OFF,
        "jobs_chunk_items": 10,
        "jobs_heartbeat_s": 0.3,
        "jobs_backoff_s": 0.1,
        "shutdown_timeout_s": 60,
        "log_format": "console",
        **more,
    }
    return Settings(**values)


def environment(settings: Settings) -> dict[str, str]:
    """Give the environment in which a process has these settings."""
    out = {name: value for name, value in os.environ.items() if not name.startswith("EVENHAND_")}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        out[f"EVENHAND_{name.upper()}"] = orjson.dumps(value).decode() if isinstance(value, tuple) else str(value)
    return {**out, "PYTHONPATH": str(ROOT)}


@contextmanager
def started(settings: Settings, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a worker process until the block ends; its log is in the folder."""
    with (folder / f"worker-{time.monotonic_ns()}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobworker", *arguments],
            env=environment(settings),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=30)


def lines_in(folder: Path, settings: Settings, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Put JSON lines into the blob folder; give the source of a bulk job."""
    path = folder / f"{time.monotonic_ns()}.jsonl"
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    with path.open("rb") as stream:
        name, size = Blobs(settings).put(stream)
    return {"blob": name, "size": size, "media_type": None}


def hand_in(settings: Settings, store: Store, source: dict[str, Any], **more: Any) -> Job:
    """Submit a job as the command line does."""
    from evenhand.app import AsyncModerator

    moderator = AsyncModerator(settings, store=store)
    job, _ = submit(moderator, store, **{"kind": "bulk", **more}, source=source)
    return job


def until_over(store: Store, job_id: str) -> Job:
    """Wait until a job is finished."""
    job: Job = until(lambda: None if (found := store.jobs.get(job_id)).open else found)
    return job


def until(ask: Any) -> Any:
    """Wait until something is so; give it."""
    deadline = time.monotonic() + PATIENCE_S
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)
    return answer


def main() -> None:
    """Work, and die where told."""
    from evenhand.jobs import process
    from evenhand.settings import read_settings
    from evenhand.telemetry import set_up_logs

    where = sys.argv[1] if len(sys.argv) > 1 else ""

    def observe(step: str, task: Task) -> None:
        sys.stdout.write(f"{task.role}:{task.number}:{step}\n")
        sys.stdout.flush()
        if f"{task.role}:{step}" == where:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = read_settings()
    set_up_logs(settings)
    process.run(settings, observe=observe, warm=False)


if __name__ == "__main__":
    main()
