"""Replay with what decided then: an older text model, and lists as they were, on both databases."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from evenhand.accounting import older
from evenhand.accounting.replay import replay
from evenhand.app import AsyncModerator
from evenhand.detectors.harm_heads import HeadsModel
from evenhand.detectors.harm_models import LATEST
from evenhand.detectors.harm_reader import ReaderModel
from evenhand.domain import Content, LibraryItem, LibraryKind, Message, Options
from evenhand.settings import Settings
from evenhand.store.libraryrecords import Head
from evenhand.store.opening import open_store
from tests.postgres import PostgresServer

INSULT = "You are such a pathetic idiot, and everybody in this village knows it."
PAST = ("text-2026.4", "text-2026.3", "text-2026.2")


class Here:
    """A store, and moderators on it one after another, as an operator would set them up."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.moderator: AsyncModerator
        self.open()

    def open(self, **values: Any) -> AsyncModerator:
        """Close what is open, and open it with other settings."""
        if hasattr(self, "moderator"):
            self.moderator.close()
        given = {"database_url": self.url, "plugins": False, "threads": 1, "keep_originals_days": 3, **values}
        self.settings = Settings.model_validate(given)
        self.store = open_store(settings=self.settings)
        self.store.migrate()
        self.moderator = AsyncModerator(self.settings, store=self.store)
        return self.moderator

    def check(self, content: str | bytes, **fields: Any) -> str:
        """Check and record; give the decision's id."""
        made = Content(text=content, **fields) if isinstance(content, str) else Content(data=content, **fields)
        return asyncio.run(self.moderator.check(made, options=Options())).decision_id

    def replay(self, decision_id: str) -> dict[str, Any]:
        """Make a decision again."""
        return asyncio.run(replay(self.moderator, self.store, decision_id))


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Here]:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    if request.param == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        postgres.execute("DROP DATABASE IF EXISTS replay_older WITH (FORCE)")
        postgres.execute("CREATE DATABASE replay_older")
        url = postgres.url("replay_older")
    made = Here(tmp_path, url)
    yield made
    made.moderator.close()


def entry(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Give what is said of one detector."""
    (one,) = [one for one in found["detectors"] if one["name"] == name]
    return dict(one)


def told(found: dict[str, Any]) -> dict[str, str]:
    """Give what could not be had, with why."""
    return {one["what"]: one["why"] for one in found["cannot"]}


@pytest.mark.parametrize("version", PAST)
def test_the_text_model_that_decided_looks_again_and_is_let_go_of(here: Here, version: str) -> None:
    pytest.importorskip("evenhand_models_text_past")
    here.open(text_model=version)
    made = here.check(INSULT)
    assert here.store.decision(made)["models"]["text.harm"] == version  # type: ignore[index]
    here.open()
    found = here.replay(made)
    one = entry(found, "text.harm")
    assert (one["then"], one["now"], one["looked"], one["same"]) == (version, LATEST, version, True)
    assert found["same"] is True
    assert "detector text.harm" not in told(found)
    gc.collect()
    opened = {model.version for model in gc.get_objects() if isinstance(model, (ReaderModel, HeadsModel))}
    assert version not in opened


def test_the_latest_looks_again_where_an_older_one_is_pinned(here: Here) -> None:
    pytest.importorskip("evenhand_models_text_past")
    made = here.check(INSULT)
    here.open(text_model="text-2026.4")
    one = entry(here.replay(made), "text.harm")
    assert (one["now"], one["looked"], one["same"]) == ("text-2026.4", LATEST, True)


def test_what_differs_is_told_of_an_older_model_too(here: Here) -> None:
    pytest.importorskip("evenhand_models_text_past")
    from sqlalchemy import update

    from evenhand.store.schema import decisions

    made = here.check(INSULT)
    models = {**here.store.decision(made)["models"], "text.harm": "text-2026.4"}  # type: ignore[dict-item]
    here.store.database.write(
        lambda at: at.execute(update(decisions).where(decisions.c.decision_id == made).values(models=models))
    )
    found = here.replay(made)
    one = entry(found, "text.harm")
    assert (one["looked"], one["same"], found["same"]) == ("text-2026.4", False, False)
    assert one["missing"]
    assert one["added"]


def test_a_version_that_is_not_here_says_what_to_install(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy import update

    from evenhand.store.schema import decisions

    made = here.check(INSULT)
    for version, said in (
        ("text-2026.4", "install evenhand[past]"),
        ("text-2031.1", "install the release that has it"),
    ):
        models = {**here.store.decision(made)["models"], "text.harm": version}  # type: ignore[dict-item]
        here.store.database.write(
            lambda at, models=models: at.execute(  # type: ignore[misc]
                update(decisions).where(decisions.c.decision_id == made).values(models=models)
            )
        )
        with monkeypatch.context() as patch:
            patch.setattr(older, "TEXT_PAST", "evenhand_models_that_is_not_installed")
            found = here.replay(made)
        assert said in told(found)["detector text.harm"]
        assert entry(found, "text.harm")["same"] is None
        assert found["same"] is True  # the rest


def test_messages_before_the_text_are_used_where_they_were_kept(here: Here) -> None:
    before = (Message(text="kill", author="a"),)
    made = here.check("yourself now", conversation=before)
    moved = any(row.get("context") for row in here.store.decision(made)["findings"])  # type: ignore[attr-defined]
    assert ("conversation" in told(here.replay(made))) is moved
    here.open(keep_context_keys=("conversation",))
    found = here.replay(here.check("yourself now", conversation=before))
    assert "conversation" not in told(found)
    assert entry(found, "text.harm")["same"] is True


def test_words_in_a_picture_are_read_by_the_older_model(here: Here) -> None:
    pytest.importorskip("evenhand_models_text_past")
    image = Image.new("RGB", (900, 160), "white")
    ImageDraw.Draw(image).text((20, 50), "you are a pathetic idiot", fill="black", font_size=52)
    out = BytesIO()
    image.save(out, "PNG")
    here.open(text_model="text-2026.4")
    made = here.check(out.getvalue())
    assert any(row["detector"] == "text.harm" for row in here.store.decision(made)["findings"])  # type: ignore[attr-defined]
    here.open()
    one = entry(here.replay(made), "text.harm")
    assert (one["looked"], one["same"]) == ("text-2026.4", True)


def test_lists_look_again_as_they_were(here: Here) -> None:
    store, words = here.store, LibraryKind.WORDS
    store.shelf.create("mine", words, Head(colour="black", label="spam.scam"), actor="ann")
    store.shelf.change("mine", add=[LibraryItem(value="zorkcoins")], actor="ann")
    here.open()
    made = here.check("grab some zorkcoins before noon, or blorpcoins")
    assert here.store.decision(made)["models"]["libraries"] == "2"  # type: ignore[index]
    (item,) = store.shelf.page("mine")
    here.store.shelf.change("mine", add=[LibraryItem(value="blorpcoins")], remove=[item.id or ""], actor="ann")
    here.open()
    now = here.check("grab some zorkcoins before noon, or blorpcoins")
    assert here.store.decision(now)["findings"] != here.store.decision(made)["findings"]
    for decision_id in (made, now):
        found = here.replay(decision_id)
        one = entry(found, "text.words")
        assert one["same"] is True, found
        assert found["same"] is True
    (listed,) = here.replay(made)["libraries"]
    assert (listed["name"], listed["then"], listed["now"], listed["same"]) == ("mine", "2", "3", False)


def test_a_list_of_the_folder_that_changed_is_named(here: Here, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    text = 'name: ours\nkind: words\nlist: black\nlabel: spam.scam\nversion: "{}"\nitems: [{}]\n'
    (folder / "ours.yaml").write_text(text.format("1", "zorkcoins"))
    here.open(libraries=folder)
    made = here.check("grab some zorkcoins before noon")
    (folder / "ours.yaml").write_text(text.format("2", "blorpcoins"))
    here.open(libraries=folder)
    found = here.replay(made)
    assert "put that file back" in told(found)["detector text.words"]
    assert entry(found, "text.words")["same"] is None
