"""People of the demo, who do not exist: an account for each role, with a random password."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from evenhand.store import Store
from evenhand.store.reviewrecords import LOCAL, Person

_PEOPLE = (
    ("ada", "admin"),
    ("sam", "senior"),
    ("rosa", "reviewer"),
    ("ravi", "reviewer"),
    ("pia", "policy"),
    ("odo", "auditor"),
)


@dataclass(frozen=True, slots=True)
class Login:
    """How somebody signs in."""

    name: str
    role: str
    password: str
    person: Person


def settle(store: Store) -> list[Login]:
    """Make the accounts.

    Raises:
        StoreError: nothing was made.
    """
    made: list[Login] = []
    for name, role in _PEOPLE:
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        user = store.accounts.create(
            name, actor=LOCAL, roles=[role], password=password, must_change=False, first=not made
        )
        person = Person(id=user.id, name=name, senior=role in ("senior", "admin"))
        made.append(Login(name, role, password, person))
    return made
