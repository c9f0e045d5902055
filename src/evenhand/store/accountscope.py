"""What people may see of others' work: limits to queues and labels, and to a tenant; and who they are by name."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, or_, select

from evenhand.accounts.roles import scopes_of
from evenhand.errors import NotFoundError
from evenhand.store.accountrows import login_name, of_tenant
from evenhand.store.accounttables import users
from evenhand.store.reviewrecords import Person
from evenhand.store.schema import api_keys
from evenhand.store.schema import review_items as items

_REVIEWS, _SENIOR = {"review", "senior", "admin"}, {"senior", "admin"}


def within(person: Person | None) -> list[ColumnElement[bool]]:
    """Give what a review item must meet so that somebody may see it; None: they may see all."""
    if person is None:
        return []
    found: list[ColumnElement[bool]] = []
    if person.queues:
        found.append(items.c.queue.in_(person.queues))
    if person.labels:
        found.append(or_(*(_at_or_below(label) for label in person.labels)))
    if person.tenant is not None:
        found.append(of_tenant(items.c.tenant, person.tenant))
    return found


def has_label(person: Person, label: str) -> bool:
    """Say whether somebody reviews a label."""
    return not person.labels or any(f"{label}.".startswith(f"{own}.") for own in person.labels)


def find_person(connection: Connection, name: str) -> Person:
    """Give a person by the id or the name of their account, or of their API key.

    Raises:
        NotFoundError: there is none, they may not review or are no longer good, or several have that name.
    """
    now = datetime.now(UTC)
    try:
        login = login_name(name)
    except ValueError:
        login = name
    keys = select(api_keys).where(or_(api_keys.c.id == name, api_keys.c.name == name), api_keys.c.revoked_at.is_(None))
    people = select(users).where(or_(users.c.id == name, users.c.login == login), users.c.disabled_at.is_(None))
    found = [
        (_senior(row.scopes), row, False)
        for row in connection.execute(keys).all()
        if (row.expires_at is None or row.expires_at > now) and _REVIEWS & set(row.scopes)
    ]
    for row in connection.execute(people).all():
        scopes = scopes_of(row.roles, tenant=row.tenant is not None)
        if _REVIEWS & set(scopes):
            found.append((_senior(scopes), row, True))
    # An id names one of them only, whatever others call themselves.
    exact = [one for one in found if one[1].id == name] or found
    if len(exact) != 1:
        what = "several people or API keys have" if exact else "no person and no API key that may review has"
        raise NotFoundError(
            f"{what} the id or name {name[:80]!r}; `evenhand accounts list` and `evenhand keys list` show them"
        )
    senior, row, is_user = exact[0]
    limits = {"queues": tuple(row.queues), "labels": tuple(row.labels)} if is_user else {}
    return Person(id=row.id, name=row.name, senior=senior, tenant=row.tenant, **limits)


def _at_or_below(label: str) -> ColumnElement[bool]:
    return or_(items.c.label == label, items.c.label.startswith(label + ".", autoescape=True))


def _senior(scopes: object) -> bool:
    return bool(_SENIOR & set(scopes)) if isinstance(scopes, list | tuple) else False
