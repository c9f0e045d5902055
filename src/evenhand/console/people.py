"""Names of those who acted, for pages: records hold their ids."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.store import Store


def names_of(store: Store) -> Mapping[str, str]:
    """Give the name of every account and API key by its id.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    keys = {key.id: key.name for key in store.keys.list()}
    return keys | {user.id: user.name for user in store.accounts.users()}
