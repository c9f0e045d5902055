"""What must hold for any text whatever."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.matching.normalise import Folded, fold_texts
from evenhand.matching.normalise_readings import read
from evenhand.matching.normalise_tables import SPACE_BYTE, Kind, load_tables
from evenhand.matching.phrases import Disguise, Phrase, PhraseIndex

TABLES = load_tables()
PATTERNS = ("badword", "kill joy", "加微信", "плохой", "أحمق", "rare*", "c++", "👉", "ass")
INDEX = PhraseIndex(
    [Phrase(value=value) for value in PATTERNS]
    + [Phrase(value="微信", pinyin=True), Phrase(value="inside", substring=True), Phrase(value="inside out*")],
    tables=TABLES,
)

# Any code points, lone surrogates included, and many of those that have a part to play here
ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
TRICKY = st.text(
    st.sampled_from(
        "abdorwskilj 0134$!|@*.-_'’/,。，\n\t\x00\x1e\u200b\u202e\u00ad\ufe0f\u0301\u3099"
        "ßﬁ㎏ｂаѕіо加微信wexin👉й+\ud800"
    ),
    max_size=80,
)


def folded(texts: list[str]) -> Folded:
    """Fold with the shared tables."""
    return fold_texts(texts, TABLES)


@settings(max_examples=150, deadline=None)
@given(st.lists(ANY_TEXT | TRICKY, max_size=5))
def test_offsets_go_up_and_stay_inside(texts: list[str]) -> None:
    one = folded(texts)
    assert len(one.joined) == sum(map(len, texts)) + len(texts) + 1 if texts else True
    source = np.arange(len(one.joined)) if one.source is None else one.source
    assert len(source) == len(one.buffer) == len(one.kind) == len(one.codes)
    assert (np.diff(source) >= 0).all()
    assert source[0] == 0
    assert source[-1] == len(one.joined) - 1
    assert not ((one.buffer != SPACE_BYTE) & (one.kind != Kind.WORD)).any()
    readings = read(one, TABLES, around=2)
    if readings.elements is not None:
        assert len(readings.elements) == len(readings.buffer)
        assert readings.elements.min() >= 0
        assert readings.elements.max() < len(one.buffer)


@settings(max_examples=250, deadline=None)
@given(st.lists(ANY_TEXT | TRICKY, max_size=4))
def test_any_text_is_searched_and_spans_stay_inside(texts: list[str]) -> None:
    answers = INDEX.search(texts)
    assert len(answers) == len(texts)
    for text, hits in zip(texts, answers, strict=True):
        assert INDEX.search([text]) == [hits]
        for hit in hits:
            assert 0 <= hit.start < hit.end <= len(text)


@settings(max_examples=200, deadline=None)
@given(before=ANY_TEXT, after=ANY_TEXT, pattern=st.sampled_from(["badword", "加微信", "плохой", "👉"]))
def test_a_pattern_anywhere_is_found_with_its_span(before: str, after: str, pattern: str) -> None:
    text = f"{before} {pattern} {after}"
    start = len(before) + 1
    (hits,) = INDEX.search([text])
    wanted = (PATTERNS.index(pattern), start, start + len(pattern), Disguise.NONE)
    assert wanted in [(hit.phrase, hit.start, hit.end, hit.disguise) for hit in hits]


@settings(max_examples=100, deadline=None)
@given(
    data=st.data(),
    word=st.text(st.sampled_from("bcdfghjkmnpqrtuvwxyz"), min_size=4, max_size=10),
    sign=st.sampled_from([" ", ".", "*", "-", "\u200b", "  ", "_", "🔥", "\u00ad"]),
)
def test_any_word_set_apart_is_found(data: st.DataObject, word: str, sign: str) -> None:
    disguised = sign.join(word)
    if sign == "*" and len(word) > 4 and data.draw(st.booleans()):
        disguised = word[:2] + "*" + word[3:]
    text = f"so, {disguised} then"
    (hits,) = PhraseIndex([Phrase(value=word)], tables=TABLES).search([text])
    assert (4, 4 + len(disguised)) in [(hit.start, hit.end) for hit in hits]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x1e",
        "\ud800",
        "a b " * 5000,
        "a*b " * 5000,
        "a.a.a." * 5000,
        "aaa" * 9000,
        "$!|" * 5000,
        "加 微 " * 5000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_hostile_text_is_searched(text: str) -> None:
    assert len(INDEX.search([text, "a badword", text])[1]) == 1


def test_texts_of_a_batch_do_not_touch() -> None:
    assert INDEX.search(["kill", "joy", "加微", "信", "b a d", "w o r d"]) == [()] * 6


@pytest.mark.parametrize("neighbour", ["x a", "b", "a.b", "baaa", "加", "b*"])
def test_neighbours_in_a_batch_hide_nothing(neighbour: str) -> None:
    for text in ("b a d w o r d", "b.a.d.w.o.r.d", "baaaadword", "加*微*信", "b*dword"):
        assert len(INDEX.search([neighbour, text, neighbour])[1]) >= 1


def test_text_longer_than_one_group() -> None:
    long = "plain words and more of them. " * 20_000
    texts = [long + "badword", "badword", long]
    assert [[(hit.start, hit.end) for hit in hits] for hits in INDEX.search(texts)] == [
        [(len(long), len(long) + 7)],
        [(0, 7)],
        [],
    ]


def test_index_without_phrases() -> None:
    assert PhraseIndex([], tables=TABLES).search(["any text", ""]) == [(), ()]
    assert PhraseIndex([Phrase(value=" ")], tables=TABLES).search(["any text"]) == [()]


def test_one_pattern_of_two_lists_gives_two_hits() -> None:
    index = PhraseIndex([Phrase(value="badword"), Phrase(value="BADWORD", exact=True)], tables=TABLES)
    (hits,) = index.search(["badword"])
    assert sorted(hit.phrase for hit in hits) == [0, 1]


def test_tables_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        TABLES.kind[0] = 1
