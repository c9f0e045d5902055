"""`evenhand worker`: works on jobs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from evenhand.cli.common import Libraries, PolicyFile, read_settings


def worker(
    processes: Annotated[int, typer.Option(min=1, max=256, help="Worker processes; each has its own models.")] = 1,
    slots: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="Segments at a time in a process; else EVENHAND_JOBS_SLOTS, else 2."),
    ] = None,
    policy: PolicyFile = None,
    libraries: Libraries = None,
) -> None:
    """Work on jobs and follow live streams until told to stop: any number of workers, on any number of machines that
    share a database.

    On SIGTERM or Ctrl-C what is in hand is ended, or given to the other workers.
    """
    from evenhand.api.compat.kinds import all_kinds
    from evenhand.intake.keeper import Keeper
    from evenhand.jobs import process
    from evenhand.jobs.engine import require
    from evenhand.telemetry import set_up_logs, set_up_traces

    settings = read_settings(jobs_slots=slots, policy=policy, libraries=libraries)
    set_up_logs(settings)
    require()
    if processes == 1:
        set_up_traces(settings)
        process.run(settings, kinds=all_kinds(), beside=Keeper)
    given = {"--slots": slots, "--policy": policy, "--libraries": libraries}
    more = [word for name, value in given.items() if value is not None for word in (name, str(value))]
    process.supervise([sys.executable, "-m", "evenhand", "worker", *more], processes)
