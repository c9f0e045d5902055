"""`evenhand replay`: a decision made again."""

from __future__ import annotations

from typing import Annotated

import typer

from evenhand.cli import CLEAN
from evenhand.cli.common import Libraries, PolicyFile, read_settings
from evenhand.cli.reviewing import dump

DIFFERS = 1  # exit code: something that could be made again came out otherwise


def replay(
    decision_id: Annotated[str, typer.Argument(help="Id of the decision.")],
    detectors: Annotated[bool, typer.Option(help="Detectors look again at kept content, as they were then.")] = True,
    policy: PolicyFile = None,
    libraries: Libraries = None,
) -> None:
    """Decide again with the stored policy about the stored findings, and say what is the same, what differs, and what
    cannot be had any more. Nothing is recorded.

    Exit code: 0 the same, 1 something differs or nothing could be made again.
    """
    import asyncio

    from evenhand.accounting.replay import replay as again
    from evenhand.app import AsyncModerator
    from evenhand.store import open_store

    settings = read_settings(policy=policy, libraries=libraries)
    store = open_store(settings=settings)
    store.migrate()
    moderator = AsyncModerator(settings, store=store)
    try:
        found = asyncio.run(again(moderator, store, decision_id, detectors=detectors))
    finally:
        moderator.close()
    dump(found)
    raise typer.Exit(CLEAN if found["same"] else DIFFERS)
