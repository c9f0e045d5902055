"""Roles of people, and the scopes that they stand for. An API key has scopes itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

SCOPES = ("check", "read", "review", "senior", "policy", "audit", "accounts", "admin")  # "admin" stands for all

ROLES: Mapping[str, tuple[str, ...]] = {
    "reviewer": ("read", "review"),
    "senior": ("read", "review", "senior"),
    "policy": ("read", "policy"),
    "auditor": ("read", "audit"),
    "admin": ("admin",),
}

# What a tenant's own people may be. Everything that they may, they may with what is their tenant's.
TENANT_ROLES: Mapping[str, tuple[str, ...]] = {
    "reviewer": ROLES["reviewer"],
    "senior": ROLES["senior"],
    "policy": ROLES["policy"],
    "admin": ("check", "read", "review", "senior", "policy", "accounts"),
}


def read_roles(roles: Iterable[str], *, tenant: bool) -> tuple[str, ...]:
    """Check roles and give them once each, in their order.

    Args:
        roles: names of them.
        tenant: whether they are for a person who belongs to a tenant.

    Raises:
        ValueError: there is no such role, none was given, or a tenant's people cannot have it.
    """
    wanted, known = set(roles), TENANT_ROLES if tenant else ROLES
    if unknown := sorted(wanted - set(ROLES)):
        raise ValueError(f"there is no role {', '.join(unknown)[:80]}; there are {', '.join(ROLES)}")
    if wide := sorted(wanted - set(known)):
        raise ValueError(f"{', '.join(wide)} sees the whole server, and cannot be a role of a tenant's people")
    if not wanted:
        raise ValueError(f"give a role: {', '.join(known)}")
    return tuple(role for role in ROLES if role in wanted)


def scopes_of(roles: Iterable[str], *, tenant: bool) -> tuple[str, ...]:
    """Give what roles may do, as scopes of `SCOPES`; unknown roles may do nothing."""
    known = TENANT_ROLES if tenant else ROLES
    may = {scope for role in roles for scope in known.get(role, ())}
    return tuple(scope for scope in SCOPES if scope in may)
