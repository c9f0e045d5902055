"""Similar past items by meaning and by look, with the models that ship; by hash on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.review.similar import similar, text_print
from evenhand.settings import Settings
from evenhand.store import Store, open_store
from tests.media import encode
from tests.recordings import landscape, qr
from tests.reviewing import ask

OFFER = "Sell your old phone today, we pay the best price in town, just ring the number on our page."
SAME_IN_GERMAN = (
    "Verkaufe heute dein altes Handy, wir zahlen den besten Preis der Stadt, "
    "ruf einfach die Nummer auf unserer Seite an."
)
OTHER = "The ferry leaves at nine on weekdays and at ten on Sundays, weather permitting, from the pier."


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Store, Settings]]:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'e.db'}", keep_originals_days=9)
    store = open_store(settings=settings)
    store.migrate()
    yield store, settings
    store.close()


def test_a_translation_is_alike_and_something_else_is_not(kept: tuple[Store, Settings]) -> None:
    pytest.importorskip("evenhand_models_text_past")
    store, settings = kept
    first, second, other = (ask(store, text) for text in (OFFER, SAME_IN_GERMAN, OTHER))
    for decision_id in (first, other):
        assert similar(store, settings, store.reviews.get(decision_id)) == []
    (found,) = similar(store, settings, store.reviews.get(second))
    assert (found["decision_id"], found["how"], found["excerpt"]) == (first, "alike", OFFER)
    assert 0.6 <= found["similarity"] < 1


def test_a_like_picture_is_alike_though_no_copy(kept: tuple[Store, Settings]) -> None:
    pytest.importorskip("evenhand_models_vision")
    store, settings = kept
    pictures = [landscape(0.0, (320, 180)), landscape(6.0, (320, 180)), qr("https://example.com", (320, 180))]
    first, second, code = (ask(store, encode(one, "PNG"), kind="image", media_type="image/png") for one in pictures)
    for decision_id in (first, code):
        assert similar(store, settings, store.reviews.get(decision_id)) == []
    (found,) = similar(store, settings, store.reviews.get(second))
    assert found["decision_id"] == first
    assert found["how"] in ("near", "alike")


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        (OFFER.upper(), 0),
        (OFFER.replace("o", "\u043e"), 0),  # Cyrillic
        (OFFER.replace("today", "tоdaу!!"), 6),
        (OTHER, 64),
    ],
)
def test_the_print_of_a_text_sees_through_disguise(text: str, bits: int) -> None:
    mine, theirs = text_print(OFFER), text_print(text)
    assert mine is not None
    assert theirs is not None
    differ = (int(mine, 16) ^ int(theirs, 16)).bit_count()
    assert differ <= bits
    assert bits < 64 or differ > 15


def test_a_short_text_has_no_print() -> None:
    assert text_print("hello") is None
    assert text_print("") is None
