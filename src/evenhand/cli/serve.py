"""`evenhand serve`: the HTTP API."""

from __future__ import annotations

from typing import Annotated

import typer

from evenhand.cli.common import Libraries, PolicyFile, read_settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address; else EVENHAND_HOST, else 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; else EVENHAND_PORT, else 8000.")] = None,
    policy: PolicyFile = None,
    libraries: Libraries = None,
) -> None:
    """Serve the HTTP API, with interactive docs at /docs."""
    from evenhand.api.server import run

    run(read_settings(host=host, port=port, policy=policy, libraries=libraries))
