"""Similar past items that nobody has opened, by what was kept when they were decided."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Literal

import pytest

from evenhand.app import AsyncModerator
from evenhand.domain import Content, Options, Result
from evenhand.review.pastprints import near_past
from evenhand.review.similar import similar
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.reviewrecords import Person
from tests.recordings import landscape, qr

TEXT = (
    "The choir meets on {day} evenings in the old town hall, and everybody who likes to sing is welcome to come along; "
    "call Mary at +1 415 555 0100 to join our spring concert"
)
REWORDED = (
    "Our choir meets {day} evenings at the town hall, everyone who likes singing may come along; ring Mary at "
    "+1 415 555 0100 and join the concert in spring"
)
OTHER = "Sell your old car today: call Bob at +1 415 555 0199, best prices in the whole town"
REVIEW = """
name: people
version: "1"
lines:
  default:
    rules:
      - {name: contacts, when: {label: ads.contact, score: 0.5}, action: review}
      - {name: code, when: {label: ads.qrcode, score: 0.5}, action: review}
    incomplete: review
"""


class Here:
    """A server's moderator and store."""

    def __init__(self, moderator: AsyncModerator, settings: Settings) -> None:
        self.moderator, self.settings = moderator, settings
        assert moderator.store is not None
        self.store: Store = moderator.store

    def check(self, content: str | bytes) -> Result:
        """Check and record."""
        made = Content(text=content) if isinstance(content, str) else Content(data=content)
        return asyncio.run(self.moderator.check(made, options=Options()))

    def similar(self, result: Result, person: Person | None = None) -> list[tuple[str, str]]:
        """Give the similar items of one: id, and how."""
        item = self.store.reviews.get(result.decision_id)
        return [(one["decision_id"], one["how"]) for one in similar(self.store, self.settings, item, person)]


@pytest.fixture(params=["none", "review"])
def here(request: pytest.FixtureRequest, url: str, tmp_path: Any) -> Iterator[Here]:
    (tmp_path / "policy.yaml").write_text(REVIEW)
    embeddings: Literal["none", "review"] = request.param
    settings = Settings(
        database_url=url, plugins=False, threads=1, policy=tmp_path / "policy.yaml", embeddings=embeddings
    )
    moderator = AsyncModerator(settings)
    yield Here(moderator, settings)
    moderator.close()


def test_texts_that_nobody_opened_and_of_which_nothing_is_kept(here: Here) -> None:
    first, other = here.check(TEXT.format(day="Friday")), here.check(OTHER)
    reworded = here.check(REWORDED.format(day="Friday"))
    near = here.check(TEXT.format(day="Monday"))
    assert {one.action.value for one in (first, other, reworded, near)} == {"review"}
    found = dict(here.similar(near))
    assert found[first.decision_id] == "near"
    assert other.decision_id not in found
    # Said in other words: found by the embedding, where those of what waits for a person are kept.
    assert found.get(reworded.decision_id) == (None if here.settings.embeddings == "none" else "alike")
    stranger = Person(id="eve", name="eve", tenant="nobody")
    assert here.similar(near, stranger) == []
    assert near_past(here.store, near.content_hash, None, tenant="nobody") == {}
    here.store.delete_content(first.content_hash)
    assert first.decision_id not in dict(here.similar(near))


def test_pictures_that_nobody_opened(here: Here) -> None:
    image = landscape(0.0, (640, 360)).convert("RGB")
    image.paste(qr("https://example.com", (300, 300)).convert("RGB"), (330, 30))

    def saved(quality: int, size: tuple[int, int]) -> bytes:
        out = BytesIO()
        image.resize(size).save(out, "JPEG", quality=quality)
        return out.getvalue()

    first, again = here.check(saved(95, (640, 360))), here.check(saved(60, (480, 270)))
    assert (first.action.value, again.action.value) == ("review", "review")
    assert here.similar(again) == [(first.decision_id, "near")]
