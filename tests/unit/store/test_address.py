"""Database URLs: what operators write is understood, and passwords are never shown."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evenhand.errors import SettingsError, StoreError
from evenhand.settings import Settings
from evenhand.store import open_store
from evenhand.store.address import masked, read_url

_SETTINGS = Settings(data_dir=Path("/data"))


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (None, "sqlite:////data/evenhand.db"),
        ("sqlite:///rel.db", "sqlite:///rel.db"),
        ("sqlite+pysqlite:////a/b.db", "sqlite:////a/b.db"),
        ("sqlite://", "sqlite://"),
        ("postgres://u@h/d", "postgresql://u@h/d"),
        ("postgresql://u:s3cret@h:5433/d", "postgresql://u:***@h:5433/d"),
        ("postgresql+psycopg://u:s3%40cret@h/d?sslmode=require", "postgresql://u:***@h/d?sslmode=require"),
        ("postgresql:///d?host=/run/pg&password=s3cret", "postgresql:///d?host=%2Frun%2Fpg&password=%2A%2A%2A"),
        ("postgresql://h/d?sslpassword=s3cret", "postgresql://h/d?sslpassword=%2A%2A%2A"),
    ],
)
def test_is_read_and_shown_without_its_password(url: str | None, wanted: str) -> None:
    read = read_url(url, _SETTINGS)
    assert masked(read) == wanted
    assert read.drivername in {"sqlite+pysqlite", "postgresql+psycopg"}


def test_the_password_itself_is_still_used() -> None:
    assert read_url("postgres://u:s3%40cret@h/d", _SETTINGS).password == "s3@cret"


@pytest.mark.parametrize(
    "url", ["", "s3cret", "mysql://u:s3cret@h/d", "postgresql+asyncpg://u:s3cret@h/d", "postgresql://u:s3cret@h:port/d"]
)
def test_wrong_urls_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(SettingsError, match="EVENHAND_DATABASE_URL") as caught:
        read_url(url, _SETTINGS)
    assert "s3cret" not in str(caught.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SettingsError, match=r"evenhand\[postgres\]"):
        read_url("postgresql://h/d", _SETTINGS)


def test_files_are_private_to_their_owner(tmp_path: Path) -> None:
    store = open_store(settings=Settings(data_dir=tmp_path / "new" / "data"))
    store.migrate()
    store.close()
    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "new" / "data" / "evenhand.db").stat().st_mode) == 0o600


def test_a_place_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="EVENHAND_DATA_DIR"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'e.db'}")


def test_memory_is_one_database_for_all_threads() -> None:
    store = open_store("sqlite://")
    store.migrate()
    store.keys.create("x")
    assert len(store.keys.list()) == 1
    store.close()


def test_sqlalchemy_is_imported_only_to_open_a_store() -> None:
    code = "import sys, evenhand, evenhand.store; print(*[m for m in ('sqlalchemy', 'alembic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
