"""Migrations make exactly the tables that the code speaks of, from every earlier state, whoever runs them."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, select, text

from evenhand.domain import Action
from evenhand.errors import StoreError
from evenhand.store import migrate as migrating
from evenhand.store import open_store
from evenhand.store.librarytables import mark_prints
from evenhand.store.schema import REVISIONS, metadata
from tests.unit.store.factory import finding, record

_FOLDER = Path(migrating.__file__).parent / "migrations"


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def _indexes(connection: Connection) -> set[tuple[str, str, bool]]:
    made = MetaData()
    made.reflect(connection)
    return {
        (str(index.name), ",".join(column.name for column in index.columns), bool(index.unique))
        for table in made.tables.values()
        for index in table.indexes
    }


def test_makes_exactly_the_tables(empty_url: str) -> None:
    store = open_store(empty_url)
    store.migrate()
    assert store.database.read(_differences) == []
    wanted = {
        (str(index.name), ",".join(column.name for column in index.columns), bool(index.unique))
        for table in metadata.tables.values()
        for index in table.indexes
    }
    assert store.database.read(_indexes) == wanted
    store.check()
    store.close()


@pytest.mark.parametrize("revision", REVISIONS)
def test_upgrades_from_every_revision(empty_url: str, revision: str) -> None:
    store = open_store(empty_url)
    migrating.migrate(store.database, revision=revision)
    if revision != REVISIONS[-1]:
        with pytest.raises(StoreError, match="evenhand db upgrade"):
            store.check()
    store.migrate()
    store.migrate()  # nothing left to do
    assert store.database.read(migrating.current_revision) == REVISIONS[-1]
    assert store.database.read(_differences) == []
    store.close()


def test_marks_learn_what_was_found_in_their_contents(empty_url: str) -> None:
    store = open_store(empty_url)
    migrating.migrate(store.database, revision="0019")
    found = (finding(label="spam.scam", score=0.75), finding(label="spam.scam", score=0.5))
    made = record(action=Action.BLOCK, findings=found)
    store.record([made])
    hashed = made.result.content_hash
    marks: dict[str, dict[str, str | None]] = {
        "by-id": {"decision_id": made.result.decision_id, "hash": hashed},
        "by-hash": {"decision_id": None, "hash": hashed},
        "gone": {"decision_id": None, "hash": "sha256:gone"},
    }

    def old(connection: Connection) -> None:
        for mark_id, about in marks.items():
            values = {"id": mark_id, **about, "at": datetime.now(UTC).isoformat(), "verdict": "{}"}
            connection.execute(
                text(
                    "INSERT INTO marks (id, decision_id, content_hash, verdict, person, state, created_at) "
                    "VALUES (:id, :decision_id, :hash, :verdict, 'ann', 'proposed', :at)"
                ),
                values,
            )
            row = {"id": mark_id, "print": bytes(512)}
            statement = "INSERT INTO mark_prints (mark_id, kind, print) VALUES (:id, 'text', :print)"
            connection.execute(text(statement), row)

    store.database.write(old)
    store.migrate()
    carried = select(mark_prints.c.mark_id, mark_prints.c.carried)
    rows = store.database.read(lambda connection: connection.execute(carried).all())
    assert {row.mark_id: row.carried for row in rows} == {
        "by-id": {"spam.scam": 0.75},
        "by-hash": {"spam.scam": 0.75},
        "gone": None,
    }
    store.close()


def test_the_list_of_revisions_is_the_folder() -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert [script.revision for script in reversed(scripts)] == list(REVISIONS)


@pytest.mark.parametrize("path", sorted((_FOLDER / "versions").glob("r*.py")), ids=lambda path: path.stem)
def test_each_step_says_when_it_runs(path: Path) -> None:
    named = re.fullmatch(r"r(\d{4})_(pre|post)_[a-z0-9_]+", path.stem)
    assert named
    assert f'revision = "{named[1]}"' in path.read_text()
    if named[2] == "pre":
        assert "op.drop" not in path.read_text()


def test_an_empty_database_is_not_ready(empty_url: str) -> None:
    store = open_store(empty_url)
    with pytest.raises(StoreError, match="evenhand db upgrade"):
        store.check()
    with pytest.raises(StoreError, match="evenhand db upgrade"):
        store.decision("01890a5d-ac96-774b-bcce-b302099a8057")
    store.close()


def test_a_newer_database_is_used_and_left_alone(empty_url: str) -> None:
    store = open_store(empty_url)
    store.migrate()
    store.database.write(lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    store.migrate()
    store.check()
    assert store.database.read(migrating.current_revision) == "9999"
    store.close()


def test_a_migration_that_fails_leaves_nothing(empty_url: str) -> None:
    store = open_store(empty_url)
    # The last table of the first revision is already there, with other columns.
    store.database.write(lambda connection: connection.execute(text("CREATE TABLE libraries (x INTEGER)")))
    with pytest.raises(StoreError):
        store.migrate()
    tables = MetaData()
    store.database.read(tables.reflect)
    assert set(tables.tables) == {"libraries"}
    store.close()


def test_many_migrate_at_once(empty_url: str) -> None:
    problems: list[BaseException] = []
    start = threading.Barrier(6)

    def run() -> None:
        store = open_store(empty_url)
        try:
            start.wait()
            store.migrate()
            store.check()
        except BaseException as error:
            problems.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
