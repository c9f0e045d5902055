"""Where the store is: reads a database URL, and writes it without its password."""

from __future__ import annotations

import importlib.util

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from evenhand.errors import SettingsError
from evenhand.settings import Settings

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def read_url(url: str | None, settings: Settings) -> URL:
    """Read a database URL; None gives SQLite in the data folder.

    Raises:
        SettingsError: it is no URL, names another database, or PostgreSQL's driver is not installed.
    """
    if url is None:
        return URL.create("sqlite+pysqlite", database=str(settings.data_dir / "evenhand.db"))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text itself may hold a password, so it is not repeated.
        raise SettingsError(
            "EVENHAND_DATABASE_URL is not a URL: write sqlite:////folder/evenhand.db or "
            "postgresql://user:password@host/database (special characters of a password as %XX)"
        ) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise SettingsError(f"EVENHAND_DATABASE_URL names {parsed.drivername!r}: choose sqlite or postgresql")
    if driver == "postgresql+psycopg" and importlib.util.find_spec("psycopg") is None:
        raise SettingsError("PostgreSQL needs a driver that is not installed: pip install 'evenhand[postgres]'")
    return parsed.set(drivername=driver)


def masked(url: URL) -> str:
    """Write the URL for people: no password, neither before the host nor among the parameters."""
    hidden = {key: "***" for key in url.query if "password" in key.lower() or key.lower() == "passfile"}
    shown = url.update_query_dict(hidden) if hidden else url
    return shown.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
