"""Signing in, in the store: tries counted before they are judged, codes taken once, secrets sealed."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import Update, text, update

from evenhand.accounts.lockout import LockedError
from evenhand.errors import AuthError, ConflictError, NotFoundError, UserError
from evenhand.store import Store
from evenhand.store.accounttables import login_failures, login_steps
from tests.people import PASSWORD, make
from tests.unit.store.conftest import OpenStore


def _tries(store: Store, name: str, address: str, most: int = 60) -> int:
    """Give how many tries are taken before one must wait."""
    for number in range(most):
        try:
            store.logins.attempt(name, address)
        except LockedError:
            return number
    return most


def _run(store: Store, statement: Update) -> None:
    store.database.write(lambda connection: connection.execute(statement))


def test_an_account_and_an_address_are_slowed_down(store: Store) -> None:
    assert _tries(store, "ada", "192.0.2.1") == 5
    assert _tries(store, "ADA ", "192.0.2.99") == 0  # the same account from anywhere
    assert _tries(store, "eve", "192.0.2.2") == 5  # others are not
    for number in range(25):
        store.logins.attempt(f"name {number}", "192.0.2.1")
    assert _tries(store, "another", "192.0.2.1") == 0
    assert _tries(store, "another", "::ffff:192.0.2.1") == 0
    assert _tries(store, "another", "192.0.2.3") == 5


def test_an_ipv6_customer_is_one_address(store: Store) -> None:
    for number in range(30):
        store.logins.attempt(f"name {number}", f"2001:db8::{number:x}")
    with pytest.raises(LockedError):
        store.logins.attempt("x", "2001:db8::ffff:1")
    store.logins.attempt("x", "2001:db8:0:1::1")


def test_pauses_grow_and_are_forgotten(store: Store) -> None:
    waits = []
    for _ in range(12):
        try:
            store.logins.attempt("ada", "192.0.2.1")
        except LockedError as error:
            waits.append(error.retry_after_s)
            ended = update(login_failures).values(blocked_until=datetime.now(UTC) - timedelta(seconds=1))
            _run(store, ended)
    assert waits[0] <= 30 < waits[1] <= 60 < waits[2] <= 120
    assert max(waits) <= 900
    store.logins.succeeded("ada", "192.0.2.1")
    assert _tries(store, "ada", "192.0.2.1") == 5
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    store.database.write(lambda c: c.execute(update(login_failures).values(at=long_ago)))
    assert _tries(store, "ada", "192.0.2.1") == 5


def test_a_hundred_at_once_are_not_a_hundred_guesses(store: Store) -> None:
    taken: list[int] = []
    start = threading.Barrier(12)

    def run() -> None:
        start.wait()
        try:
            store.logins.attempt("ada", "192.0.2.1")
            taken.append(1)
        except LockedError:
            pass

    threads = [threading.Thread(target=run) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 5


def test_passwords_open_accounts_and_ids_do_not(store: Store) -> None:
    ada = make(store, "Ada")
    assert store.logins.by_password(" aDa ", PASSWORD).id == ada
    store.accounts.create("sso", actor="local", roles=["reviewer"])
    for name, password in (("ada", PASSWORD + "x"), (ada, PASSWORD), ("nobody", PASSWORD), ("sso", ""), ("\x00", "")):
        with pytest.raises(AuthError, match="name or the password"):
            store.logins.by_password(name, password)


@pytest.mark.parametrize("secret_key", [None, "a secret key of thirty-two characters"])
def test_codes_are_taken_once(open_here: OpenStore, secret_key: str | None) -> None:
    store = open_here(secret_key=secret_key)
    ada = make(store, "ada")
    secret = store.logins.prepare_totp(ada)
    totp, now = pyotp.TOTP(secret), datetime.now(UTC)
    with pytest.raises(AuthError):
        store.logins.by_code(ada, totp.at(now))  # nothing is asked for before it is confirmed
    first = totp.at(now)
    recovery = store.logins.confirm_totp(ada, first)
    with pytest.raises(UserError, match="already"):
        store.logins.prepare_totp(ada)
    with pytest.raises(AuthError):
        store.logins.by_code(ada, first)
    later = totp.at(now + timedelta(seconds=30))
    assert store.logins.by_code(ada, later) == "totp"
    for used in (later, first):
        with pytest.raises(AuthError):
            store.logins.by_code(ada, used)
    assert store.logins.by_code(ada, recovery[3]) == "recovery"
    with pytest.raises(AuthError):
        store.logins.by_code(ada, recovery[3])
    stored = str(store.database.read(lambda c: c.execute(text("SELECT totp, recovery FROM users")).all()))
    assert recovery[0] not in stored
    assert (secret in stored) is (secret_key is None)
    if secret_key is not None:
        with pytest.raises(AuthError, match="EVENHAND_SECRET_KEY"):
            open_here().logins.by_code(ada, recovery[0])
    assert store.logins.remove_totp(ada, actor="local").has_totp is False


def test_steps_are_of_one_kind_for_a_while_and_spent(store: Store) -> None:
    token = store.logins.begin("oidc", minutes=5, data={"state": "x"})
    with pytest.raises(AuthError):
        store.logins.resume("code", token, spend=True)
    assert store.logins.resume("oidc", token, spend=False).data == {"state": "x"}
    store.logins.resume("oidc", token, spend=True)
    for wrong in (token, "", "\x00", "\ud800"):
        with pytest.raises(AuthError, match="begin again"):
            store.logins.resume("oidc", wrong, spend=True)
    old = store.logins.begin("oidc", minutes=5, data={})
    store.database.write(lambda c: c.execute(update(login_steps).values(expires_at=datetime.now(UTC))))
    with pytest.raises(AuthError):
        store.logins.resume("oidc", old, spend=True)


def test_only_one_is_first(store: Store) -> None:
    problems: list[Exception] = []
    start = threading.Barrier(2)

    def run(name: str) -> None:
        start.wait()
        try:
            store.accounts.create(name, actor="setup", roles=["admin"], password=PASSWORD, first=True)
        except ConflictError as error:
            problems.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("ada", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.accounts.users()) == 1
    assert len(problems) == 1


def test_two_admins_cannot_disable_each_other_at_once(store: Store) -> None:
    make(store, "ada")
    make(store, "eve")
    start = threading.Barrier(2)

    def run(name: str) -> None:
        start.wait()
        with contextlib.suppress(ConflictError):
            store.accounts.change(name, actor="local", disabled=True)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("ada", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(user.disabled_at is None for user in store.accounts.users()) == 1


def test_people_are_found_by_name_as_keys_are(store: Store) -> None:
    make(store, "spare")
    ann = make(store, "Ann", "reviewer", queues=["children"], labels=["ads"])
    found = store.reviews.person("ann")
    assert (found.id, found.name, found.senior, found.queues, found.labels) == (
        ann, "Ann", False, ("children",), ("ads",)
    )  # fmt: skip
    assert store.reviews.person(ann).id == ann
    make(store, "clerk", "auditor")
    store.keys.create("twin", scopes=("review",))
    make(store, "Twin", "senior")
    for name in ("clerk", "twin", "nobody"):
        with pytest.raises(NotFoundError):
            store.reviews.person(name)
    store.accounts.change("ann", actor="local", disabled=True)
    with pytest.raises(NotFoundError):
        store.reviews.person("ann")
