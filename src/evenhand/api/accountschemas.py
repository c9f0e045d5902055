"""The shapes of accounts, sessions and keys that the OpenAPI document describes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Password = Annotated[str, Field(min_length=1, max_length=1_000)]
_Names = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)]
_Role = Literal["reviewer", "senior", "policy", "auditor", "admin"]
_Scope = Literal["check", "read", "review", "senior", "policy", "audit", "accounts", "admin"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LoginIn(_In):
    """A name and a password."""

    name: _Name
    password: _Password
    code: str | None = Field(None, max_length=50, description="One-time code, where the account has them.")


class CodeIn(_In):
    """The second step of a login."""

    step: str = Field(min_length=1, max_length=200, description="As the first step gave it.")
    code: str = Field(min_length=1, max_length=50, description="One-time code or recovery code.")


class SetupIn(_In):
    """The first account: its owner may do everything."""

    token: str = Field(min_length=1, max_length=200, description="As the server wrote it to its log when it started.")
    name: _Name
    password: _Password


class PasswordIn(_In):
    """Another password of one's own."""

    old: _Password
    new: _Password


class ConfirmIn(_In):
    """The first code of a new secret."""

    code: str = Field(min_length=1, max_length=50)


class ProveIn(_In):
    """One's own password, once more."""

    password: _Password


class PreferencesIn(_In):
    """How the console looks; null: as the browser asks."""

    language: Literal["en", "zh"] | None = None
    theme: Literal["light", "dark"] | None = None


class AccountIn(_In):
    """A new account."""

    name: _Name
    roles: list[_Role] = Field(min_length=1, max_length=5)
    password: _Password | None = Field(None, description="Left out: one is made, to be changed at the first login.")
    single_sign_on: bool = Field(False, description="No password: the person signs in through OpenID Connect.")
    queues: _Names = Field([], description="The only review queues they work in; none: all.")
    labels: _Names = Field([], description="The only labels they review, with those below; none: all.")
    tenant: str | None = Field(None, max_length=200, description="Id or name of the tenant they belong to.")


class AccountChangeIn(_In):
    """What changes of an account; what is left out stays."""

    roles: list[_Role] | None = Field(None, min_length=1, max_length=5)
    queues: _Names | None = None
    labels: _Names | None = None
    disabled: bool | None = Field(None, description="true: they are signed out, and cannot sign in.")


class TenantIn(_In):
    """A new tenant."""

    name: _Name


class KeyIn(_In):
    """A new API key."""

    name: _Name
    scopes: list[_Scope] = Field(["check", "read"], min_length=1, max_length=8)
    expires_at: datetime | None = Field(None, description="With its time zone; left out: never.")
    days: int | None = Field(None, ge=1, le=3_650, description="Instead: days until it expires.")
    tenant: str | None = Field(None, max_length=200, description="Id or name of the tenant it belongs to.")
    only: list[Annotated[str, Field(max_length=40)]] = Field(
        [], max_length=40, description="`native` and dialects that it is good for; left out: all of them."
    )


class AccountOut(BaseModel):
    """A person who may sign in, without their secrets."""

    id: str
    name: str
    roles: list[str]
    scopes: list[str] = Field(description="What the roles may do.")
    queues: list[str]
    labels: list[str]
    tenant: str | None
    has_password: bool
    must_change: bool
    has_totp: bool
    recovery_left: int
    single_sign_on: bool
    language: str | None
    theme: str | None
    created_at: str
    disabled_at: str | None
    last_login_at: str | None


class NewAccountOut(AccountOut):
    """An account just made, or whose password was set anew."""

    password: str | None = Field(description="To be changed at the next login; shown this once. null: none was made.")


class AccountsOut(BaseModel):
    """Accounts, oldest first."""

    accounts: list[AccountOut]


class MeOut(BaseModel):
    """Who asks."""

    id: str
    name: str
    scopes: list[str]
    tenant: str | None
    csrf: str = Field(description='What unsafe requests of this session carry in X-CSRF-Token; "" without a session.')
    account: AccountOut | None = Field(description="null: an API key, or no login is needed.")


class LoginOut(BaseModel):
    """A login, or its first step."""

    state: Literal["open", "code"] = Field(description="code: send a one-time code, with `step`.")
    step: str | None = None
    csrf: str | None = Field(None, description="For the header X-CSRF-Token of unsafe requests.")
    account: AccountOut | None = None


class SessionOut(BaseModel):
    """A login that lasts."""

    id: str
    current: bool
    how: str
    address: str
    agent: str
    created_at: str
    seen_at: str
    expires_at: str


class SessionsOut(BaseModel):
    """Sessions, oldest first."""

    sessions: list[SessionOut]


class EndedOut(BaseModel):
    """How many sessions were ended."""

    ended: int


class TotpOut(BaseModel):
    """A new secret for one-time codes. It counts once its first code has come."""

    secret: str
    uri: str = Field(description="For authenticator apps.")
    svg: str = Field(description="The same as a QR code.")


class RecoveryOut(BaseModel):
    """Recovery codes, each good for one login; shown this once."""

    recovery_codes: list[str]


class TenantOut(BaseModel):
    """A tenant."""

    id: str
    name: str
    prefix: str = Field(description="Names of its policies and business lines begin with it and a dot.")
    created_at: str


class TenantsOut(BaseModel):
    """Tenants, oldest first."""

    tenants: list[TenantOut]


class KeyOut(BaseModel):
    """An API key, without its token."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    only: list[str]
    tenant: str | None
    created_by: str | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class NewKeyOut(KeyOut):
    """A key just made."""

    token: str = Field(description="Shown this once.")


class KeysOut(BaseModel):
    """Keys, oldest first."""

    keys: list[KeyOut]
