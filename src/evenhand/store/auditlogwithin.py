"""Which links of the audit log are a tenant's: what its keys and people did, and what was done to what is theirs."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, Table, exists, func, literal, or_, select

from evenhand.store.accountrows import of_tenant
from evenhand.store.accounttables import tenants, users
from evenhand.store.qualitytables import appeals
from evenhand.store.schema import api_keys, audit_log, decisions, marks
from evenhand.store.streamtables import streams

_NAMED = ("policy", "line")  # things whose names tell whose they are


def of_tenants(tenant: str) -> ColumnElement[bool]:
    """Give the condition that a link is a tenant's.

    Args:
        tenant: id of it.
    """
    prefix = select(tenants.c.prefix).where(tenants.c.id == tenant).scalar_subquery()
    starts = [func.substr(audit_log.c.subject, 1, func.length(literal(f"{kind}:") + prefix + ".")) for kind in _NAMED]
    named = [start == literal(f"{kind}:") + prefix + "." for start, kind in zip(starts, _NAMED, strict=True)]
    return or_(
        of_tenant(audit_log.c.actor, tenant),
        audit_log.c.subject == f"tenant:{tenant}",
        _about("decision", decisions, decisions.c.decision_id, of_tenant(decisions.c.key_id, tenant)),
        _about("mark", marks, marks.c.id, marks.c.tenant == tenant),
        _about("appeal", appeals, appeals.c.id, of_tenant(appeals.c.tenant, tenant)),
        _about("stream", streams, streams.c.id, of_tenant(streams.c.tenant, tenant)),
        _about("user", users, users.c.id, users.c.tenant == tenant),
        _about("key", api_keys, api_keys.c.id, api_keys.c.tenant == tenant),
        *named,
    )


def _about(kind: str, table: Table, column: Column[str], theirs: ColumnElement[bool]) -> ColumnElement[bool]:
    start = f"{kind}:"
    named = column == func.substr(audit_log.c.subject, len(start) + 1)
    return audit_log.c.subject.startswith(start) & exists(select(1).select_from(table).where(named, theirs))
