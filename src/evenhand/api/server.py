"""Runs the HTTP application."""

from __future__ import annotations

import errno
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from evenhand.api.application import create_app
from evenhand.api.auth import is_loopback
from evenhand.api.state import State
from evenhand.errors import SettingsError
from evenhand.settings import Settings
from evenhand.store.auditlogsettings import note_settings
from evenhand.telemetry import set_up_logs, set_up_traces


def run(settings: Settings, *, extend: Callable[[FastAPI], None] | None = None) -> None:
    """Serve until told to stop.

    Args:
        settings: of the server.
        extend: as for `create_app`.

    Raises:
        SettingsError: the server would be open to the network and no API key exists, or settings cannot be used.
        StoreError: the database cannot be reached.
    """
    set_up_logs(settings)
    set_up_traces(settings)
    app = create_app(settings, work=settings.jobs_in_server, extend=extend)
    store = app.state.evenhand.store
    note_settings(store.audit, settings, role="serve")
    people = store.accounts.exist()
    if not is_loopback(settings.host) and not (people or store.keys.list() or store.dialect_keys.list()):
        raise SettingsError(
            f"{settings.host} can be reached from other machines and there is neither an account nor an API key yet; "
            "make one with `evenhand accounts create-admin NAME` or `evenhand keys create NAME`."
        )
    listeners = _listen(settings.host, settings.port)
    host, port = listeners[0].getsockname()[:2]
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    structlog.get_logger().info("listening", address=address, docs=f"{address}/docs")
    if not people and is_loopback(settings.host) and extend is not None:
        # Whoever reads this log runs the server. After the fragment's sign, so that no other log gets it.
        app.state.evenhand.setup = token = secrets.token_urlsafe(24)
        first = f"{address}/console/accounts/setup#{token}"
        structlog.get_logger().info("no account yet; the first one is made here, once", address=first)
    # Uvicorn raises the signal that stopped it once more at its end: leave by the door, so that exit hooks run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_timeout_s,
    )
    # Detectors' threads run Python too; at the default of 5 ms each of them would hold up every answer that long.
    sys.setswitchinterval(0.0005)
    _Server(config, app.state.evenhand).run(sockets=listeners)


class _Server(uvicorn.Server):
    """A server that says at once that it stops: streams of events end, instead of being waited for."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note it, and stop."""
        self._state.stopping = True
        super().handle_exit(sig, frame)


def _listen(host: str, port: int) -> list[socket.socket]:
    """Take the port now, on every address of the host: a port in use is told before models are loaded.

    Raises:
        SettingsError: the address is not of this machine, the port is in use or may not be used.
    """
    listeners: list[socket.socket] = []
    absent: OSError | None = None  # localhost has two addresses, and one of them (IPv6) may be switched off here
    try:
        for family, *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            # Port 0 stands for one free port, the same on all addresses.
            chosen = listeners[0].getsockname()[1] if listeners else port
            try:
                listener = socket.create_server((address[0], chosen), family=family, backlog=2048)
                # Accepted connections inherit this. Head and body of an answer are two writes, and the second would
                # wait some 40 ms for the caller's delayed acknowledgement of the first.
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                listeners.append(listener)
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                absent = error
        if absent is not None and not listeners:
            raise absent
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise SettingsError(
            f"Cannot listen on {host}, port {port}: {error.strerror or error}. "
            "Set EVENHAND_HOST and EVENHAND_PORT (or --host, --port)."
        ) from error
    return listeners
