"""`evenhand serve`: the HTTP API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.cli.common import Libraries, PolicyFile, read_settings
from evenhand.errors import SettingsError

if TYPE_CHECKING:
    from fastapi import FastAPI


def serve(
    host: Annotated[str | None, typer.Option(help="Address; else EVENHAND_HOST, else 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; else EVENHAND_PORT, else 8000.")] = None,
    policy: PolicyFile = None,
    libraries: Libraries = None,
    console: Annotated[bool | None, typer.Option(help="Serve the console; else EVENHAND_CONSOLE, else yes.")] = None,
) -> None:
    """Serve the HTTP API, with interactive docs at /docs, and the console at /console."""
    from evenhand.api.server import run

    settings = read_settings(host=host, port=port, policy=policy, libraries=libraries, console=console)
    run(settings, extend=_console(asked=console is True) if settings.console else None)


def _console(*, asked: bool) -> Callable[[FastAPI], None] | None:
    """Give what adds the console; None where its extra is not installed and nobody asked for it by name."""
    try:
        from evenhand.console import install
    except ModuleNotFoundError as error:
        if asked:
            raise SettingsError("The console needs its extra: pip install 'evenhand[console]'.") from error
        return None
    return install
