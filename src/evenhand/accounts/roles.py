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
    "auditor": ROLES["auditor"],
    "admin": ("check", "read", "review", "senior", "policy", "audit", "accounts"),
}


def read_roles(roles: Iterable[str]) -> tuple[str, ...]:
    """Check roles and give them once each, in their order.

    Args:
        roles: names of them.

    Raises:
        ValueError: there is no such role, or none was given.
    """
    wanted = set(roles)
    if unknown := sorted(wanted - set(ROLES)):
        raise ValueError(f"there is no role {', '.join(unknown)[:80]}; there are {', '.join(ROLES)}")
    if not wanted:
        raise ValueError(f"give a role: {', '.join(ROLES)}")
    return tuple(role for role in ROLES if role in wanted)


def scopes_of(roles: Iterable[str], *, tenant: bool) -> tuple[str, ...]:
    """Give what roles may do, as scopes of `SCOPES`; unknown roles may do nothing."""
    known = TENANT_ROLES if tenant else ROLES
    may = {scope for role in roles for scope in known.get(role, ())}
    return tuple(scope for scope in SCOPES if scope in may)
