"""What is stored of accounts: frozen values, no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from evenhand.accounts.roles import scopes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A customer whose people see only what is theirs."""

    id: str
    name: str
    created_at: datetime
    prefix: str = ""  # names of its policies and business lines begin with it and a dot


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who may sign in, without their secrets."""

    id: str
    name: str  # what they sign in with
    roles: tuple[str, ...]
    queues: tuple[str, ...] = ()  # the only review queues they work in; none: all
    labels: tuple[str, ...] = ()  # the only labels they review, with those below; none: all
    tenant: str | None = None  # id of it
    has_password: bool  # False: signs in through single sign-on
    must_change: bool  # the password, before anything else
    has_totp: bool  # a second factor is asked for
    recovery_left: int  # recovery codes not used yet
    external: bool  # known to single sign-on
    language: str | None
    theme: str | None
    created_by: str
    created_at: datetime
    disabled_at: datetime | None
    last_login_at: datetime | None

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the roles may do."""
        return scopes_of(self.roles, tenant=self.tenant is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login that lasts, without its cookie."""

    id: str
    user_id: str
    how: str  # "password", "totp", "recovery", "oidc" or "setup"
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime  # to the minute
    expires_at: datetime  # however much it is used


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session just opened: the only time its cookie can be seen."""

    token: str = field(repr=False)
    session: Session
    user: User


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginStep:
    """What a browser that was let in half gave back."""

    user_id: str | None
    data: dict[str, str]
