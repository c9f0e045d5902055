"""Signed links of appeals: what they say, for how long, and that none can be made or bent without the key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from evenhand.domain import new_id
from evenhand.errors import InputError, NotFoundError, SettingsError
from evenhand.review.appeallinks import Links
from evenhand.settings import Settings
from tests.unit.store.factory import id_at

KEY = "a key of the tests and forty characters long"


def _links(key: str = KEY, **fields: object) -> Links:
    return Links(Settings(secret_key=SecretStr(key), **fields))  # type: ignore[arg-type]


def test_a_link_says_what_was_put_into_it() -> None:
    links, decision_id = _links(), new_id()
    link = links.read(links.make(decision_id, party="reporter:17", days=2))
    assert (link.decision_id, link.party, link.over) == (decision_id, "reporter:17", False)
    assert abs(link.until - datetime.now(UTC) - timedelta(days=2)) < timedelta(seconds=5)


def test_a_link_is_good_no_longer_than_appeals_are_taken() -> None:
    links = _links(appeal_days=30)
    old = id_at(datetime.now(UTC) - timedelta(days=29))
    assert links.read(links.make(old, days=20)).until < datetime.now(UTC) + timedelta(days=2)
    assert links.read(links.make(id_at(datetime.now(UTC) - timedelta(days=31)))).over


def test_any_change_of_a_token_is_seen() -> None:
    links = _links()
    token = links.make(new_id(), party="author")
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(NotFoundError):
            links.read(token[:place] + other + token[place + 1 :])
    for bad in ("", "x", token[:-1], token + "A", token + "=", " " + token, "ä" * 20, "A" * 1_000, "../../etc"):
        with pytest.raises(NotFoundError):
            links.read(bad)


def test_another_key_reads_nothing_and_an_older_one_still_does() -> None:
    token = _links().make(new_id())
    with pytest.raises(NotFoundError):
        _links("b" * 40).read(token)
    assert _links(f"{'b' * 40}, {KEY}").read(token).party == "author"


@pytest.mark.parametrize("key", ["", "short"])
def test_without_a_good_key_there_are_no_links(key: str) -> None:
    links = _links(key)
    with pytest.raises(SettingsError, match="EVENHAND_SECRET_KEY"):
        links.make(new_id())
    with pytest.raises(SettingsError, match="EVENHAND_SECRET_KEY"):
        links.read("AAAA")


def test_bad_input_is_told() -> None:
    links = _links()
    with pytest.raises(NotFoundError):
        links.make("x")
    with pytest.raises(InputError, match="party"):
        links.make(new_id(), party="a b")
    for days in (0, -1, 4_000):
        with pytest.raises(InputError, match="days"):
            links.make(new_id(), days=days)


def test_addresses() -> None:
    assert _links().address("T") == "/appeal/T"
    assert _links(public_url="https://mod.example/").address("T") == "https://mod.example/appeal/T"
