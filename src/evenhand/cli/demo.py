"""`evenhand demo`: a console full of synthetic contents, alive within a minute."""

from __future__ import annotations

import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.errors import SettingsError

if TYPE_CHECKING:
    from evenhand.demo.people import Login
    from evenhand.settings import Settings


def demo(
    folder: Annotated[
        Path | None, typer.Option(help="Empty or new folder to keep the demo in; else one that goes at the end.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0: a free one.", min=0, max=65_535)] = 8000,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve it; else only fill the folder.")] = True,
) -> None:
    """Fill a console with synthetic contents, people and verdicts, and serve it on this machine."""
    try:
        from evenhand.console import install
    except ModuleNotFoundError as error:
        raise SettingsError("The demo needs the console: pip install 'evenhand[console]'.") from error
    if folder is not None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise SettingsError(f"{folder} is not empty: give a new folder, or serve what is there (evenhand serve).")
        _run(folder.resolve(), port, install if serve else None)
    elif not serve:
        raise SettingsError("Give a --folder to keep the demo in.")
    else:
        with tempfile.TemporaryDirectory(prefix="evenhand-demo-") as made:
            _run(Path(made), port, install)


def _run(folder: Path, port: int, install: object) -> None:
    from evenhand.api.server import run
    from evenhand.demo.fill import POLICY, QUEUES, fill
    from evenhand.store import open_store

    started = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in (("queues.yaml", QUEUES), ("policy.yaml", POLICY)):
        (folder / name).write_text(text, "utf-8")
    settings = _settings(folder, port or _free_port())
    store = open_store(settings=settings)
    store.migrate()
    try:
        logins = fill(settings, store, lambda what: typer.echo(f"{what} ...", err=True))
    finally:
        store.close()
    _tell(settings, logins, folder, time.monotonic() - started)
    if callable(install):
        # Without the file that judged the past days, so that policies can be published in the console.
        run(settings.model_copy(update={"policy": None}), extend=install)


def _settings(folder: Path, port: int) -> Settings:
    from evenhand.settings import Settings

    # Not those of the environment: a demo never touches a real database.
    return Settings(
        host="127.0.0.1",
        port=port,
        database_url=f"sqlite:///{folder / 'demo.db'}",
        data_dir=folder,
        policy=folder / "policy.yaml",
        review_queues=folder / "queues.yaml",
        keep_originals_days=30,
        keep_context_keys=("author_id", "channel"),
        log_level="warning",
        console=True,
        plugins=False,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tell(settings: Settings, logins: list[Login], folder: Path, took_s: float) -> None:
    address = f"http://127.0.0.1:{settings.port}/console"
    print(f"The demo is ready after {took_s:.0f} s, in {folder}:  {address}")
    print("Sign in as one of these; the passwords are shown only here:")
    for login in logins:
        print(f"  {login.name:6} {login.role:10} {login.password}")
    print("Everything in it is made up. Ctrl-C ends it.", flush=True)
