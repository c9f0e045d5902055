"""Which of what is shared out by names is a tenant's: its policies and business lines begin with its prefix.

So no tenant can take, or hide, the name of another's thing or of one that belongs to nobody, and is told nothing of
names that are not its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sqlalchemy import Connection, select

from evenhand.errors import ForbiddenError, InputError
from evenhand.store.accounttables import tenants
from evenhand.store.policytables import policy_lines, policy_versions

_LONGEST = 24
PUBLIC = ("published", "stopped")  # versions of nobody's policies that a tenant's people may read


def new_prefix(connection: Connection, name: str, tenant_id: str) -> str:
    """Give a tenant's prefix: what its name comes to in small letters, digits and dashes, and no other's.

    Args:
        connection: within the transaction that makes the tenant.
        name: of the tenant.
        tenant_id: of the tenant.
    """
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:_LONGEST].strip("-")
    wanted = [base, *(f"{base}-{number}" for number in range(2, 100))] if base else []
    return next((one for one in wanted if not _taken(connection, one)), f"t-{tenant_id[-12:]}")


def _taken(connection: Connection, prefix: str) -> bool:
    columns = (policy_versions.c.policy, policy_lines.c.name)
    queries = [select(column).where(column.startswith(f"{prefix}.", autoescape=True)).limit(1) for column in columns]
    queries.append(select(tenants.c.id).where(tenants.c.prefix == prefix))
    return any(connection.execute(query).first() is not None for query in queries)


def owner_of(connection: Connection, name: str) -> str | None:
    """Give the id of the tenant that a name is of; None: nobody's."""
    prefix, dot, _ = name.partition(".")
    return _of_prefix(connection, prefix) if dot and "\x00" not in prefix else None


def check_name(connection: Connection, name: str, tenant: str | None) -> str | None:
    """Check that a policy or a business line may have a name; give the id of the tenant that it then is of.

    Args:
        connection: of the transaction that makes or changes it.
        name: as it is to be.
        tenant: of whoever makes it; None: whoever has no tenant, and may name what is anybody's.

    Raises:
        InputError: a tenant's people named what is not theirs, whether or not there is such a thing.
    """
    owner = owner_of(connection, name)
    if tenant is not None and owner != tenant:
        prefix = connection.execute(select(tenants.c.prefix).where(tenants.c.id == tenant)).scalar()
        raise InputError(f"Names of your tenant's policies and business lines begin with {prefix}., as {prefix}.main.")
    return owner


def check_lines(connection: Connection, policy: str, lines: Iterable[str]) -> None:
    """Check that the lines in a policy's document hide no tenant's line.

    Raises:
        InputError: a line has a tenant's prefix, and the policy is not that tenant's.
    """
    owner = owner_of(connection, policy)
    for name in lines:
        if owner_of(connection, name) not in (None, owner):
            raise InputError(f"The line {name[:80]!r} begins like a tenant's: name it otherwise.")


def may_read(owner: str | None, tenant: str | None, *, state: str = "published") -> bool:
    """Say whether a tenant's people may read something: their own; of what is nobody's what was published.

    Args:
        owner: id of the tenant that it is of; None: nobody's.
        tenant: of who reads; None: they may read all.
        state: of a version of a policy.
    """
    return tenant is None or owner == tenant or (owner is None and state in PUBLIC)


def refuse_shared(owner: str | None, tenant: str | None) -> None:
    """Refuse a tenant's people what only those without a tenant do with what is nobody's.

    Raises:
        ForbiddenError: it is not their tenant's.
    """
    if tenant is not None and owner != tenant:
        raise ForbiddenError("This belongs to no tenant: your tenant's people may use it, but not change it.")


def _of_prefix(connection: Connection, prefix: str) -> str | None:
    query = select(tenants.c.id).where(tenants.c.prefix == prefix)
    found: str | None = connection.execute(query).scalar()
    return found
