"""The tables of accounts: tenants, users, their sessions, and logins under way."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from evenhand.store.columns import Instant, Words, ident
from evenhand.store.schema import metadata

tenants = Table(
    "tenants",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("name", Words, nullable=False),
    Column("login", ident(), nullable=False),  # the name as it is compared
    Column("created_at", Instant, nullable=False),
    Column("prefix", ident()),  # names of its policies and business lines begin with it and a dot
)
Index("ix_tenants_login", tenants.c.login, unique=True)
Index("ix_tenants_prefix", tenants.c.prefix, unique=True)

users = Table(
    "users",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("name", Words, nullable=False),
    Column("login", ident(), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("queues", JSON, nullable=False),  # empty: all
    Column("labels", JSON, nullable=False),
    Column("tenant", ident()),
    Column("password", Text),  # Argon2id; NULL: signs in elsewhere
    Column("must_change", Boolean, nullable=False),
    Column("totp", LargeBinary),  # the secret, sealed where EVENHAND_SECRET_KEY is set
    Column("totp_at", Instant),  # NULL: not confirmed yet, and not asked for
    Column("totp_step", Integer),  # of the last code that was taken: none is taken twice
    Column("recovery", JSON, nullable=False),  # SHA-256 of codes not used yet
    Column("external", ident()),  # SHA-256 of issuer and subject of single sign-on
    Column("language", Text),
    Column("theme", Text),
    Column("created_by", ident(), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("last_login_at", Instant),
)
Index("ix_users_login", users.c.login, unique=True)
Index("ix_users_external", users.c.external, unique=True)
Index("ix_users_tenant", users.c.tenant)

sessions = Table(
    "sessions",
    metadata,
    Column("id", ident(), primary_key=True),
    Column("token_sha256", ident(), nullable=False),
    Column("user_id", ident(), nullable=False, index=True),
    Column("how", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Words, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)
Index("ix_sessions_token_sha256", sessions.c.token_sha256, unique=True)

login_steps = Table(
    "login_steps",
    metadata,
    Column("token_sha256", ident(), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("user_id", ident()),
    Column("data", JSON, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("key", ident(), primary_key=True),  # SHA-256 of an account's name or of an address
    Column("failures", Integer, nullable=False),
    Column("blocked_until", Instant, nullable=False),
    Column("at", Instant, nullable=False, index=True),
)
