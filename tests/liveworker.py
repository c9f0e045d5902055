"""A real worker that follows streams, in a process of its own: python -m tests.liveworker"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evenhand.settings import Settings
from tests.jobworker import environment


@contextmanager
def following(settings: Settings, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker process until the block ends; its log is in the folder."""
    with (folder / f"live-{time.monotonic_ns()}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.liveworker"], env=environment(settings), cwd=folder, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(30)


def main() -> None:
    """Follow streams."""
    from evenhand.intake.keeper import Keeper
    from evenhand.jobs import process
    from evenhand.settings import read_settings
    from evenhand.telemetry import set_up_logs

    settings = read_settings()
    set_up_logs(settings)
    process.run(settings, warm=False, beside=Keeper)


if __name__ == "__main__":
    main()
