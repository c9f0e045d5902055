"""Where a process gets its policy from at its start, and what it notes in the store to explain decisions later."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from evenhand.domain import Library
from evenhand.fairness import refuse_label
from evenhand.policy import Policy, default_policy, default_policy_text, load_policy
from evenhand.publishing.inforce import InForce
from evenhand.settings import Settings
from evenhand.store import Store


def in_force(settings: Settings, *, store: Store | None, policy: Policy | None = None) -> InForce:
    """Give what decides: a policy that is given, the file of the settings, or what the store says.

    Raises:
        PolicyError: the file, or a published document, is wrong.
        StoreError: the database refused or cannot be reached.
        ConflictError: the file's version stands in the store with another text.
    """
    if policy is not None:
        return InForce(settings, store=store, fixed=policy, source="given")
    if settings.policy is None:
        if store is not None:
            _remember(store, default_policy(), default_policy_text())
        return InForce(settings, store=store)
    try:
        document = settings.policy.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        document = ""  # load_policy says what is wrong with the file
    loaded = load_policy(settings.policy, check_label=refuse_label)
    if store is not None:
        _remember(store, loaded, document)
    return InForce(settings, store=store, fixed=loaded, source="file")


def remember_libraries(store: Store, libraries: Sequence[Library]) -> None:
    """Note which versions of libraries decide here."""
    for library in libraries:
        digest = hashlib.sha256(repr(library).encode(errors="surrogatepass")).hexdigest()
        store.libraries.save(library.name, library.version, digest)


def _remember(store: Store, policy: Policy, document: str) -> None:
    store.policies.save(policy.name, policy.version, document)
