"""Signing in: passwords and codes, one try at a time, with a back-off by account and by address.

A try is counted before it is judged, so that a hundred at once are not a hundred guesses; whoever completes a login
takes their tries back. Names that nobody has are counted and hashed for like any other: an answer never tells whether
there is such an account.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from evenhand.accounts import codes, passwords
from evenhand.accounts.lockout import LockedError
from evenhand.errors import AuthError, NotFoundError, UserError
from evenhand.settings import Settings
from evenhand.store.accountrecords import LoginStep, User
from evenhand.store.accountrows import find_user, login_name, user_of
from evenhand.store.accounttables import login_failures, login_steps, users
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database
from evenhand.store.sealing import Seal

_FREE_ACCOUNT, _FREE_ADDRESS = 5, 30  # tries without a pause
_FIRST, _LONGEST = timedelta(seconds=30), timedelta(minutes=15)  # pauses; each is twice the one before
_FORGET = timedelta(hours=1)  # after the last failure
_PLAIN, _SEALED = b"\x00", b"\x01"  # what a stored secret of codes begins with


class Logins:
    """Judges passwords and codes, and keeps what is between the steps of a login.

    Args:
        database: where.
        settings: the key that secrets of codes are sealed with.
        audit: is told when codes are set up and taken away.
    """

    def __init__(self, database: Database, settings: Settings, audit: AuditLog) -> None:
        self._database, self._audit = database, audit
        self._seal = Seal(settings) if settings.secret_key is not None else None

    def attempt(self, name: str, address: str) -> None:
        """Count a try, before it is judged.

        Args:
            name: as it was typed.
            address: where from.

        Raises:
            LockedError: too many were tried.
            StoreError: the database refused or cannot be reached: no login then.
        """
        now = datetime.now(UTC)
        never = now - _FORGET  # others' clocks may be behind: not a moment that they would wait for
        pairs = ((_account(name), _FREE_ACCOUNT), (_address(address), _FREE_ADDRESS))

        def work(connection: Connection) -> int:
            connection.execute(delete(login_failures).where(login_failures.c.at < now - _FORGET))
            waits, counted = 0.0, {}
            for key, _ in sorted(pairs):  # in one order for all, so that none waits for another in a circle
                row = {"key": key, "failures": 0, "blocked_until": never, "at": now}
                new = self._database.insert(login_failures).values(row)
                connection.execute(new.on_conflict_do_nothing(index_elements=["key"]))
                query = select(login_failures).where(login_failures.c.key == key).with_for_update()
                found = connection.execute(query).one()
                counted[key] = found.failures
                waits = max(waits, (found.blocked_until - now).total_seconds())
            if waits > 0:
                return int(waits) + 1
            for key, free in pairs:
                failures = counted[key] + 1
                pause = min(_FIRST * 2.0 ** min(failures - free, 20), _LONGEST)
                fields = {"failures": failures, "at": now, "blocked_until": now + pause if failures >= free else never}
                connection.execute(update(login_failures).where(login_failures.c.key == key).values(**fields))
            return 0

        if waits := self._database.write(work):
            raise LockedError(retry_after_s=waits)

    def succeeded(self, name: str, address: str) -> None:
        """Take the tries of a completed login back: all of the account's, and one of the address."""
        account, where = _account(name), login_failures.c.key == _address(address)

        def work(connection: Connection) -> None:
            connection.execute(delete(login_failures).where(login_failures.c.key == account))
            lower = {"failures": login_failures.c.failures - 1}
            connection.execute(update(login_failures).where(where, login_failures.c.failures > 0).values(**lower))

        self._database.write(work)

    def by_password(self, name: str, password: str) -> User:
        """Give the user that a name and a password belong to. It takes as long whoever is asked for.

        Raises:
            AuthError: they do not fit, or the account may not sign in.
            BusyError: too many sign in at this moment.
            StoreError: the database refused or cannot be reached.
        """
        try:
            row = self._database.read(lambda connection: find_user(connection, login_name(name)))
        except (NotFoundError, ValueError):
            row = None
        if row is not None and row.login != _folded(name):
            row = None  # an id is no name to sign in with
        good = passwords.verify_password(None if row is None else row.password, password)
        if row is None or not good or row.disabled_at is not None:
            raise AuthError("The name or the password is wrong.")
        if passwords.is_old(row.password):
            fresh = update(users).where(users.c.id == row.id, users.c.password == row.password)
            hashed = passwords.hash_password(password)
            self._database.write(lambda connection: connection.execute(fresh.values(password=hashed)))
        return user_of(row)

    def by_code(self, user_id: str, code: str) -> str:
        """Take a one-time code or a recovery code; neither is ever taken twice. Gives "totp" or "recovery".

        Raises:
            AuthError: it is wrong, or was used.
            SettingsError: the secret cannot be read with EVENHAND_SECRET_KEY.
            StoreError: the database refused or cannot be reached.
        """
        now = datetime.now(UTC)

        def work(connection: Connection) -> str | None:
            row = find_user(connection, user_id, lock=True)
            mine = users.c.id == row.id
            if row.totp_at is None or row.totp is None:
                return None
            step = codes.matched_step(self._open(row.totp, row.id), code, now)
            if step is not None and step > (row.totp_step or 0):
                connection.execute(update(users).where(mine).values(totp_step=step))
                return "totp"
            spent = codes.recovery_hash(code, owner=row.id)
            if spent not in row.recovery:
                return None
            left = [one for one in row.recovery if one != spent]
            connection.execute(update(users).where(mine).values(recovery=left))
            after = {"recovery_left": len(left)}
            self._audit.append(connection, "account.recovery", f"user:{row.id}", actor=row.id, after=after)
            return "recovery"

        taken = self._database.write(work)
        if taken is None:
            raise AuthError("That code is wrong or was used; wait for the next one.")
        return taken

    def prepare_totp(self, user_id: str) -> str:
        """Give a new secret for one-time codes; it counts once it is confirmed.

        Raises:
            NotFoundError: there is no such account.
            UserError: codes are set up already.
            SettingsError: the extra `console` is not installed.
            StoreError: nothing was changed.
        """
        secret = codes.new_secret()

        def work(connection: Connection) -> None:
            row = find_user(connection, user_id, lock=True)
            if row.totp_at is not None:
                raise UserError("One-time codes are set up already; take them away first.")
            fields = {"totp": self._shut(secret, row.id), "totp_step": None}
            connection.execute(update(users).where(users.c.id == row.id).values(**fields))

        self._database.write(work)
        return secret

    def confirm_totp(self, user_id: str, code: str) -> tuple[str, ...]:
        """Confirm the new secret with its first code, and give the recovery codes, which cannot be read again.

        Raises:
            UserError: the code is wrong, or nothing waits to be confirmed.
            NotFoundError, StoreError: as `prepare_totp`.
        """
        now, made = datetime.now(UTC), codes.new_recovery_codes()

        def work(connection: Connection) -> None:
            row = find_user(connection, user_id, lock=True)
            if row.totp is None or row.totp_at is not None:
                raise UserError("There is no secret to confirm: ask for one first.")
            step = codes.matched_step(self._open(row.totp, row.id), code, now)
            if step is None:
                raise UserError("That code is wrong; check that the clock of the device is right, and try the next.")
            hashes = [codes.recovery_hash(one, owner=row.id) for one in made]
            fields = {"totp_at": now, "totp_step": step, "recovery": hashes}
            connection.execute(update(users).where(users.c.id == row.id).values(**fields))
            self._audit.append(connection, "account.totp", f"user:{row.id}", actor=row.id, after={"totp": True})

        self._database.write(work)
        return made

    def remove_totp(self, name: str, *, actor: str) -> User:
        """Take one-time codes and recovery codes away.

        Raises:
            NotFoundError, StoreError: as `prepare_totp`.
        """

        def work(connection: Connection) -> User:
            row = find_user(connection, name, lock=True)
            fields: dict[str, object] = {"totp": None, "totp_at": None, "totp_step": None, "recovery": []}
            connection.execute(update(users).where(users.c.id == row.id).values(**fields))
            self._audit.append(connection, "account.totp", f"user:{row.id}", actor=actor, after={"totp": False})
            return user_of(find_user(connection, row.id))

        return self._database.write(work)

    def begin(self, kind: str, *, minutes: int, user_id: str | None = None, data: Mapping[str, str]) -> str:
        """Keep what a login knows so far, and give the token that its browser comes back with.

        Raises:
            StoreError: nothing was kept.
        """
        now, token = datetime.now(UTC), secrets.token_urlsafe(32)
        row = {
            "token_sha256": _hash(token),
            "kind": kind,
            "user_id": user_id,
            "data": dict(data),
            "expires_at": now + timedelta(minutes=minutes),
        }

        def work(connection: Connection) -> None:
            connection.execute(delete(login_steps).where(login_steps.c.expires_at <= now))
            connection.execute(insert(login_steps), row)

        self._database.write(work)
        return token

    def resume(self, kind: str, token: str, *, spend: bool) -> LoginStep:
        """Give what was kept.

        Args:
            kind: of the step.
            token: of `begin`.
            spend: whether it is good for this once only.

        Raises:
            AuthError: there is nothing, or no longer: the login begins anew.
            StoreError: the database refused or cannot be reached.
        """
        mine = (login_steps.c.token_sha256 == _hash(token)) & (login_steps.c.kind == kind)

        def work(connection: Connection) -> LoginStep | None:
            row = connection.execute(select(login_steps).where(mine).with_for_update()).one_or_none()
            if row is None or row.expires_at <= datetime.now(UTC):
                return None
            if spend:
                connection.execute(delete(login_steps).where(mine))
            return LoginStep(user_id=row.user_id, data=dict(row.data))

        found = self._database.write(work)
        if found is None:
            raise AuthError("This login took too long; begin again.")
        return found

    def _shut(self, secret: str, user_id: str) -> bytes:
        if self._seal is None:
            return _PLAIN + secret.encode()
        return _SEALED + self._seal.seal(secret, owner=f"totp/{user_id}")

    def _open(self, stored: bytes, user_id: str) -> str:
        kind, body = bytes(stored[:1]), bytes(stored[1:])
        if kind == _PLAIN:
            return body.decode()
        if self._seal is None:
            raise AuthError("One-time codes are sealed, and EVENHAND_SECRET_KEY is not set: the operator must set it.")
        return self._seal.open(body, owner=f"totp/{user_id}")


def _folded(name: str) -> str:
    try:
        return login_name(name)
    except ValueError:
        return name[:500]


def _account(name: str) -> str:
    return _hash(f"account\0{_folded(name)}")


def _address(address: str) -> str:
    """Give the key of an address; IPv6 by its network of 64 bits, which one customer has whole."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return _hash(f"address\0{address}")
    if parsed.version == 6 and parsed.ipv4_mapped is None:
        return _hash(f"address\0{ipaddress.ip_network((int(parsed) >> 64 << 64, 64))}")
    return _hash(f"address\0{getattr(parsed, 'ipv4_mapped', None) or parsed}")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
