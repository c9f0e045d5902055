"""Versions of policies and libraries, so that a decision can be explained after they have changed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from sqlalchemy import select

from evenhand.errors import ConflictError, NotFoundError
from evenhand.store.database import Database
from evenhand.store.records import LibraryVersion, PolicyVersion
from evenhand.store.schema import libraries, policies


class Policies:
    """The policy documents that have decided here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert(policies).on_conflict_do_nothing(index_elements=["name", "version"])

    def save(self, name: str, version: str, document: str) -> PolicyVersion:
        """Keep a policy's document. The same one again is no error.

        Raises:
            ConflictError: another document is stored under this name and version.
            StoreError: the database refused or cannot be reached.
        """
        sha256 = hashlib.sha256(document.encode(errors="surrogatepass")).hexdigest()
        row = {
            "name": name,
            "version": version,
            "sha256": sha256,
            "document": document,
            "created_at": datetime.now(UTC),
        }
        self._database.write(lambda connection: connection.execute(self._insert, row), repeatable=True)
        stored = self.get(name, version)
        if stored.sha256 != sha256:
            raise ConflictError(
                f"policy {name}@{version} is stored with another text: decisions rest on that one; raise its version"
            )
        return stored

    def get(self, name: str, version: str) -> PolicyVersion:
        """Give a policy's document.

        Raises:
            NotFoundError: it never decided here.
            StoreError: the database refused or cannot be reached.
        """
        query = select(policies).where(policies.c.name == name, policies.c.version == version)
        row = self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            raise NotFoundError(f"no policy {name}@{version} is stored")
        return PolicyVersion(**row._mapping)

    def list(self) -> list[PolicyVersion]:
        """List all, newest first, without their documents.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        c = policies.c
        query = select(c.name, c.version, c.sha256, c.created_at).order_by(c.created_at.desc(), c.name, c.version)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [PolicyVersion(**row._mapping) for row in rows]


class Libraries:
    """The versions of libraries that were loaded here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = database.insert(libraries).on_conflict_do_nothing(index_elements=["name", "version", "sha256"])

    def save(self, name: str, version: str, sha256: str) -> None:
        """Note that this version was loaded. Operators may change a list without a new version: each hash is kept.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        row = {"name": name, "version": version, "sha256": sha256, "created_at": datetime.now(UTC)}
        self._database.write(lambda connection: connection.execute(self._insert, row), repeatable=True)

    def list(self) -> list[LibraryVersion]:
        """List all, newest first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        query = select(libraries).order_by(libraries.c.created_at.desc(), libraries.c.name, libraries.c.sha256)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [LibraryVersion(**row._mapping) for row in rows]
