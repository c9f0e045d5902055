"""Sessions: logins that last a while. Only a hash of the cookie is stored, and every login gets a new one."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from evenhand.domain import new_id
from evenhand.errors import AuthError, NotFoundError, StoreError
from evenhand.settings import Settings
from evenhand.store.accountrecords import NewSession, Session, User
from evenhand.store.accountrows import find_user, session_of, user_of
from evenhand.store.accounttables import sessions as table
from evenhand.store.accounttables import users
from evenhand.store.auditlog import AuditLog
from evenhand.store.database import Database

_SEEN_EVERY = timedelta(minutes=1)
_AGENT = 200  # characters kept of what a browser says it is


class Sessions:
    """Opens, finds, lists and ends sessions.

    Args:
        database: where.
        settings: how long sessions last, used and unused.
        audit: is told of logins and of sessions that are ended.
    """

    def __init__(self, database: Database, settings: Settings, audit: AuditLog) -> None:
        self._database, self._audit = database, audit
        self._idle, self._most = timedelta(seconds=settings.session_idle_s), timedelta(seconds=settings.session_max_s)

    def open(
        self, user_id: str, *, how: str, address: str = "", agent: str = "", instead: str | None = None
    ) -> NewSession:
        """Open a session. Its cookie is in the answer and can never be read again.

        Args:
            user_id: whose it is.
            how: they signed in: "password", "totp", "recovery", "oidc" or "setup".
            address: where from.
            agent: what the browser says it is.
            instead: cookie of a session that ends with this: whatever the browser had before is worth nothing after.

        Raises:
            AuthError: the account was disabled meanwhile.
            NotFoundError: there is no such account.
            StoreError: nothing was opened.
        """
        now, token = datetime.now(UTC), secrets.token_urlsafe(32)
        made = Session(
            id=new_id(),
            user_id=user_id,
            how=how,
            address=address[:100],
            agent=agent[:_AGENT],
            created_at=now,
            seen_at=now,
            expires_at=now + self._most,
        )
        row = {name: getattr(made, name) for name in made.__slots__} | {"token_sha256": _hash(token)}

        def work(connection: Connection) -> NewSession:
            user = user_of(find_user(connection, user_id, lock=True))
            if user.disabled_at is not None:
                raise AuthError("this account may not sign in")
            connection.execute(delete(table).where((table.c.expires_at <= now) | (table.c.seen_at <= now - self._idle)))
            if instead is not None:
                connection.execute(delete(table).where(table.c.token_sha256 == _hash(instead)))
            connection.execute(insert(table), row)
            connection.execute(update(users).where(users.c.id == user_id).values(last_login_at=now))
            after = {"how": how, "session": made.id}
            self._audit.append(connection, "session.open", f"user:{user_id}", actor=user_id, after=after)
            return NewSession(token=token, session=made, user=user)

        return self._database.write(work)

    def find(self, token: str) -> tuple[Session, User] | None:
        """Give the session of a cookie and whose it is; None: it is unknown, over, or its account is disabled.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        mine = select(table).where(table.c.token_sha256 == _hash(token))

        def work(connection: Connection) -> tuple[Session, User] | None:
            row = connection.execute(mine).one_or_none()
            if row is None:
                return None
            user = connection.execute(select(users).where(users.c.id == row.user_id)).one_or_none()
            return None if user is None or user.disabled_at is not None else (session_of(row), user_of(user))

        found = self._database.read(work)
        if found is None:
            return None
        now, session = datetime.now(UTC), found[0]
        if session.expires_at <= now or session.seen_at + self._idle <= now:
            return None
        if now - session.seen_at >= _SEEN_EVERY:
            self._seen(session.id, now)
        return found

    def of_user(self, user_id: str) -> list[Session]:
        """List the sessions of a user that are not over, oldest first.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        now = datetime.now(UTC)
        live = (table.c.expires_at > now) & (table.c.seen_at > now - self._idle)
        query = select(table).where(table.c.user_id == user_id, live).order_by(table.c.id)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [session_of(row) for row in rows]

    def end(self, session_id: str, *, actor: str, user_id: str | None = None) -> None:
        """End a session, from the next request on.

        Args:
            session_id: which.
            actor: id of who ends it.
            user_id: only if it is this user's; None: whosever.

        Raises:
            NotFoundError: there is no such session, or no longer.
            StoreError: nothing was changed.
        """

        def work(connection: Connection) -> None:
            row = connection.execute(select(table).where(table.c.id == session_id)).first()
            if row is None or (user_id is not None and row.user_id != user_id):
                raise NotFoundError("there is no such session, or no longer")
            connection.execute(delete(table).where(table.c.id == session_id))
            subject, before = f"user:{row.user_id}", {"session": session_id}
            self._audit.append(connection, "session.end", subject, actor=actor, before=before)

        self._database.write(work)

    def end_all(self, user_id: str, *, actor: str, keep: str | None = None) -> int:
        """End all sessions of a user, but for one; give how many there were.

        Raises:
            StoreError: nothing was changed.
        """

        def work(connection: Connection) -> int:
            mine = table.c.user_id == user_id
            if keep is not None:
                mine &= table.c.id != keep
            ids = list(connection.execute(select(table.c.id).where(mine)).scalars())
            connection.execute(delete(table).where(table.c.id.in_(ids)))
            if ids:
                subject, before = f"user:{user_id}", {"sessions": ids}
                self._audit.append(connection, "session.end", subject, actor=actor, before=before)
            return len(ids)

        return self._database.write(work)

    def _seen(self, session_id: str, now: datetime) -> None:
        statement = update(table).where(table.c.id == session_id).values(seen_at=now)
        try:
            self._database.write(lambda connection: connection.execute(statement))
        except StoreError:
            return  # a full disk or a lock must not sign people out


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
