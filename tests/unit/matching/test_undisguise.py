"""Undoing disguise: what is hardly ever meant is changed, ordinary text is not, and places stay known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.matching.undisguise import undisguise


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("You are an 1d10t", "You are an idiot"),
        ("i d i o t", "idiot"),
        ("l.o.s.e.r alert", "loser alert"),
        ("idi\u200bot", "idiot"),
        ("id\u00adiot", "idiot"),
        ("idiоt", "idiot"),  # a Cyrillic о
        ("stupiiiid", "stupid"),
        ("k1ll y0urself", "kill yourself"),
        ("Ｉｄｉｏｔ", "Idiot"),
        ("𝓲𝓭𝓲𝓸𝓽", "idiot"),
        ("a$$hat", "asshat"),
        ("傻\u200b瓜", "傻瓜"),
    ],
)
def test_disguise_is_undone(disguised: str, plain: str) -> None:
    assert undisguise(disguised).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "See you at 10am or 5pm, 4th floor",
        "b2b, mp3, H2O, covid19, H1N1, 5G, i18n",
        "@user look at http://x.example/a1b2c3 and mail a.b@c.example",
        "$500 and US$20",
        "World War III, www.x.example",
        "Привет, как дела?",
        "你好，世界".replace("，", ","),
        "می\u200cخواهم",  # the joiner belongs to the word
        "👩\u200d🔧 fixed it",
        "U.S. law, e.g. this",
        "wow!!!! hi!!",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert undisguise(text).text == text
    assert undisguise(text).places is None


def test_places_are_those_of_the_original() -> None:
    text = "well, you 1d\u200b10t are l a t e"
    plain = undisguise(text)
    start = plain.text.index("idiot")
    assert text[slice(*plain.span(start, start + 5))] == "1d\u200b10t"
    start = plain.text.index("late")
    assert text[slice(*plain.span(start, start + 4))] == "l a t e"


@given(st.text(max_size=80))
def test_every_character_has_a_place(text: str) -> None:
    plain = undisguise(text)
    if plain.places is None:
        assert plain.text == text
        return
    assert len(plain.places) == len(plain.text)
    assert list(plain.places) == sorted(plain.places)
    assert all(0 <= place < len(text) for place in plain.places)


@pytest.mark.parametrize("unit", ["a ", "a1", "a.b", "a1!", "@", "aа", "\u200b", "ａ"])
def test_hostile_texts_come_back(unit: str) -> None:
    """A quadratic expression would take minutes here."""
    assert undisguise(unit * 40_000) is not None
