"""The composition root: what it remembers, and every door that a refused label can come in by."""

from __future__ import annotations

from pathlib import Path

import pytest

from evenhand import AsyncModerator, Library, Moderator, Settings
from evenhand.domain import LibraryItem, LibraryKind, ListColour
from evenhand.errors import ConflictError, LibraryError, PolicyError, RefusedLabelError, StoreError
from evenhand.policy import default_policy_text
from evenhand.store import open_store

REFUSED = ["face.ethnicity", "hate.religion", "ads.uyghur", "known.person_identity", "face.age_gender", "sexual.性取向"]


def settings(folder: Path, **values: object) -> Settings:
    database = f"sqlite:///{folder / 'e.db'}"
    return Settings(**{"plugins": False, "database_url": database, **values})  # type: ignore[arg-type]


def words(*items: str, **fields: object) -> Library:
    made = {"name": "list", "kind": LibraryKind.WORDS, "colour": ListColour.BLACK, **fields}
    return Library(items=tuple(LibraryItem(value=item) for item in items), **made)  # type: ignore[arg-type]


def test_what_decides_is_remembered(tmp_path: Path) -> None:
    library = words("badword")
    with Moderator(settings(tmp_path), libraries=[library]) as opened:
        store = opened.inner.store
        assert store is not None
        kept = store.policies.get(opened.inner.policy.name, opened.inner.policy.version)
        assert kept.document == default_policy_text()
        assert [(row.name, row.version) for row in store.libraries.list()] == [("list", "1")]


def test_a_policy_that_changed_without_a_new_version_does_not_start(tmp_path: Path) -> None:
    document = 'name: p\nversion: "1"\nlines: {default: {rules: [{name: r, when: {label: spam}, action: mark}]}}\n'
    file = tmp_path / "p.yaml"
    file.write_text(document)
    Moderator(settings(tmp_path, policy=file)).close()
    file.write_text(document.replace("mark", "review"))
    with pytest.raises(ConflictError, match="raise its version"):
        Moderator(settings(tmp_path, policy=file))


@pytest.mark.parametrize("label", REFUSED)
def test_no_library_brings_in_a_refused_label(tmp_path: Path, label: str) -> None:
    with pytest.raises(RefusedLabelError):
        AsyncModerator(settings(tmp_path), libraries=[words("x", label=label)])
    item = Library(
        name="list",
        kind=LibraryKind.WORDS,
        colour=ListColour.WHITE,
        items=(LibraryItem(value="x", label=label),),
    )
    with pytest.raises(RefusedLabelError):
        AsyncModerator(settings(tmp_path), libraries=[item])


@pytest.mark.parametrize("label", REFUSED)
def test_no_policy_brings_in_a_refused_label(tmp_path: Path, label: str) -> None:
    file = tmp_path / "p.yaml"
    rule = f"{{name: r, when: {{label: {label}}}, action: mark}}"
    file.write_text(f'name: p\nversion: "1"\nlines: {{default: {{rules: [{rule}]}}}}\n')
    with pytest.raises(PolicyError) as caught:
        AsyncModerator(settings(tmp_path, policy=file))
    assert caught.value.problems[0][0] == 3


@pytest.mark.parametrize("name", ["muslims", "face-recognition", "ethnic-groups"])
def test_no_library_is_named_after_a_group_or_for_identifying(tmp_path: Path, name: str) -> None:
    with pytest.raises(RefusedLabelError):
        AsyncModerator(settings(tmp_path), libraries=[words("x", name=name)])


def test_a_list_that_would_stop_a_groups_name_is_refused_and_a_white_one_is_not(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="list"):
        AsyncModerator(settings(tmp_path), libraries=[words("badword", "muslim")])
    AsyncModerator(settings(tmp_path), libraries=[words("muslim", colour=ListColour.WHITE)]).close()


def test_a_store_that_cannot_be_reached_is_a_clear_error(tmp_path: Path) -> None:
    secret = "postgresql://u:topsecret@127.0.0.1:1/none"
    with pytest.raises(StoreError) as caught:
        AsyncModerator(settings(tmp_path, database_url=secret))
    assert "topsecret" not in str(caught.value)
    assert "topsecret" not in repr(settings(tmp_path, database_url=secret))


def test_the_same_moderator_on_postgresql(postgres_url: str) -> None:
    off = ("text.harm",)
    chosen = Settings(plugins=False, database_url=postgres_url, disabled_detectors=off)
    with Moderator(chosen) as opened:
        result = opened.check("message me on +1 415 555 2671", id="a")
        kept = dict(opened.decision(result.decision_id))
        kept.pop("created_at")
        assert kept == result.as_dict()
    store = open_store(postgres_url)
    assert len(store.decisions().items) == 1
    store.close()
