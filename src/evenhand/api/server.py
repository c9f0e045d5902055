"""Runs the HTTP application."""

from __future__ import annotations

import structlog
import uvicorn

from evenhand.api.application import create_app
from evenhand.api.auth import is_loopback
from evenhand.errors import SettingsError
from evenhand.settings import Settings
from evenhand.telemetry import set_up_logs, set_up_traces


def run(settings: Settings) -> None:
    """Serve until told to stop.

    Raises:
        SettingsError: the server would be open to the network and no API key exists, or settings cannot be used.
        StoreError: the database cannot be reached.
    """
    set_up_logs(settings)
    set_up_traces(settings)
    app = create_app(settings)
    if not is_loopback(settings.host) and not app.state.evenhand.store.keys.list():
        raise SettingsError(
            f"{settings.host} can be reached from other machines and there is no API key yet; "
            "make one with `evenhand keys create NAME`."
        )
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{shown}:{settings.port}"
    structlog.get_logger().info("listening", address=address, docs=f"{address}/docs")
    uvicorn.run(app, host=settings.host, port=settings.port, log_config=None, access_log=False, server_header=False)
