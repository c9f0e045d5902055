"""What is found and what is not: one row an example, patterns as mild as they can be."""

from __future__ import annotations

from functools import cache

import pytest

from evenhand.matching.normalise_tables import CharacterTables, load_tables
from evenhand.matching.phrases import Disguise, Phrase, PhraseIndex

N, L, SP, ST, M, PY = (
    Disguise.NONE,
    Disguise.LETTERS,
    Disguise.SPACED,
    Disguise.STRETCHED,
    Disguise.MASKED,
    Disguise.PINYIN,
)

# pattern, text, what is found there, how it is disguised
FOUND = [
    # English, as written
    ("badword", "a badword here", "badword", N),
    ("badword", "BadWord!", "BadWord", N),
    ("badword", "(badword's)", "badword", N),
    ("badword", "我说badword了", "badword", N),
    ("kill joy", "you KILL \n joy", "KILL \n joy", N),
    ("BadWord", "badword", "badword", N),
    ("rare*", "he rarely does", "rarely", N),
    ("c++", "I know C++ now", "C++", N),
    ("@everyone", "hey @everyone", "@everyone", N),
    ("👉", "here 👉 now", "👉", N),
    ("420", "at 420 today", "420", N),
    # other widths and forms
    ("badword", "ｂａｄｗｏｒｄ", "ｂａｄｗｏｒｄ", N),
    ("badword", "𝓫𝓪𝓭𝔀𝓸𝓻𝓭", "𝓫𝓪𝓭𝔀𝓸𝓻𝓭", L),
    ("badword", "🅱🅰🅳🆆🅾🆁🅳", "🅱🅰🅳🆆🅾🆁🅳", L),
    ("fiasco", "a ﬁasco", "ﬁasco", N),
    ("strasse", "die Straße dort", "Straße", N),
    # what is seen as nothing
    ("badword", "bad\u200bword", "bad\u200bword", N),
    ("badword", "b\u00ada\u2060d\ufe0fword", "b\u00ada\u2060d\ufe0fword", N),
    ("badword", "\u202ebad\u202cword", "bad\u202cword", N),
    ("badword", "bad\x00word", "bad\x00word", N),
    # other letters
    ("badword", "bаdwоrd", "bаdwоrd", L),
    ("badword", "ʙᴀᴅᴡᴏʀᴅ", "ʙᴀᴅᴡᴏʀᴅ", L),
    ("ass", "you аѕѕ", "аѕѕ", L),
    ("dumb", "dümb", "dümb", L),
    ("dumb", "đumb", "đumb", L),
    ("dumb", "d\u0336u\u0336m\u0336b\u0336", "d\u0336u\u0336m\u0336b\u0336", L),
    # digits and symbols
    ("badword", "b4dw0rd", "b4dw0rd", L),
    ("idiot", "1diot", "1diot", L),
    ("idiot", "!d|ot", "!d|ot", L),
    ("loser", "10ser", "10ser", L),
    ("ass", "@$$", "@$$", L),
    ("ass", "big a$$", "a$$", L),
    ("skill", "SKlLL", "SKlLL", L),
    ("kill joy", "k1ll joy", "k1ll joy", L),
    # set apart
    ("badword", "B A D W O R D", "B A D W O R D", SP),
    ("badword", "b.a.d.w.o.r.d", "b.a.d.w.o.r.d", SP),
    ("badword", "b*a*d*w*o*r*d", "b*a*d*w*o*r*d", SP),
    ("badword", "bad-word", "bad-word", SP),
    ("badword", "b🔥a🔥d🔥word", "b🔥a🔥d🔥word", SP),
    ("dumb", "you are a d u m b one", "d u m b", SP),
    ("dumb", "so d u mb", "d u mb", SP),
    ("dumb", "d u m b   d u m b", "d u m b", SP),
    ("kill joy", "a killjoy", "killjoy", SP),
    ("kill joy", "k.i.l.l joy", "k.i.l.l joy", SP),
    ("badword", "b.4.d.w.0.r.d", "b.4.d.w.0.r.d", SP | L),
    # drawn out
    ("badword", "baaaadword", "baaaadword", ST),
    ("ass", "assssss", "assssss", ST),
    ("shot", "shooot", "shooot", ST),
    ("asshole", "asssshooooole", "asssshooooole", ST),
    ("badword", "b.a.a.a.a.d.word", "b.a.a.a.a.d.word", SP | ST),
    # hidden
    ("badword", "b*dword", "b*dword", M),
    ("badword", "ba**ord", "ba**ord", M),
    ("dumb", "d-mb", "d-mb", M),
    ("ass", "a*s", "a*s", M),
    # Chinese
    ("加微信", "请加微信聊", "加微信", N),
    ("加微信", "加 微 信", "加 微 信", SP),
    ("加微信", "加*微*信", "加*微*信", SP),
    ("加微信", "加，微，信", "加，微，信", SP),
    ("台湾乌龙", "臺灣烏龍茶", "臺灣烏龍", N),
    ("臺灣", "台湾", "台湾", N),
    ("加vx", "加 VX 聊", "加 VX", SP),
    ("加vx", "请加vx聊", "加vx", N),
    # Russian, Spanish, Arabic, German, Japanese, Korean, Thai, Hindi
    ("плохой", "Очень ПЛОХОЙ день", "ПЛОХОЙ", N),
    ("плохой", "очень плoxой", "плoxой", L),
    ("плохой", "п л о х о й", "п л о х о й", SP),
    ("плохой", "плохо\u0438\u0306", "плохо\u0438\u0306", N),
    ("cabrón", "CABRÓN", "CABRÓN", N),
    ("cabrón", "cabron", "cabron", L),
    ("tonto", "t0nt0", "t0nt0", L),
    ("tonto", "¡toooonto!", "toooonto", ST),
    ("أحمق", "يا أَحْمَق", "أَحْمَق", N),
    ("أحمق", "يا أحـــمق", "أحـــمق", N),
    ("أحمق", "يا احمق", "احمق", L),
    ("schön", "SCHÖN", "SCHÖN", N),
    ("バカ", "お前はﾊﾞｶだ", "ﾊﾞｶ", N),
    ("바보", "너는 바보야", "바보", N),
    ("โง่", "คนโง่มาก", "โง่", N),
    ("मूर्ख", "वह मूर्ख है", "मूर्ख", N),
]

# pattern, text in which it must not be found
INNOCENT = [
    ("ass", "class assess assassin bass"),
    ("ass", "as shown, pass it, as s"),
    ("ass", "as as as"),
    ("ass", "a s s e s s"),
    ("ass", "Samsung A55, model 455"),
    ("ass", "assignment: a+s = b"),
    ("hell", "he'll say hello in a shell"),
    ("hell", "heil"),
    ("shell", "she'll go"),
    ("god", "good goods"),
    ("good", "oh god"),
    ("shot", "shoot the ball, shut, shott"),
    ("cant", "they can't"),
    ("sad", "it's a d-day"),
    ("butt", "but t-shirts; button"),
    ("ham", "I ha m"),
    ("kill joy", "kill. It was a long way home that day, joy"),
    ("kill joy", "joy kill"),
    ("cock", "cocktail, peacock, co-clock"),
    ("dick", "dictionary D. I. Clark"),
    ("loss", "1055 items"),
    ("bool", "8001"),
    ("ill", "III, will, 1111"),
    ("rare*", "unrarely"),
    ("bad", "b and d, bead, bd"),
    ("c++", "abc++d"),
    ("420", "14200 a2o azo"),
    ("tit", "title, it it, t-i"),
    ("fun", "f(u, n) and f[u][n+1]"),
    # one letter is another word
    ("ano", "el año pasado"),
    ("sik", "çok sık"),
    ("мой", "мои друзья"),
    ("pena", "la peña"),
    # words of another script that only look alike
    ("pot", "у него большой рот и нос"),
    ("рот", "a pot of tea in the garden"),
    ("cop", "мусор и сор на улице"),
    ("top", "тор и рок"),
    # Chinese: other words, and clauses that end between
    ("加微信", "请你加，微信不好用"),
    ("微信", "威信"),
    ("微信", "微弱的信号"),
    ("加vx", "加vxyz"),
    ("坏人", "很坏。人们都说"),
    # Russian, Spanish, Arabic, Korean
    ("суд", "судьба и рассудок"),
    ("хам", "хамелеон"),
    ("puta", "disputa, reputación, computadora"),
    ("culo", "cálculo, ridículo"),
    ("كلب", "كلباء مدينة"),
    ("바보", "나는 바다를 보았다"),
    ("나바", "하나 바다"),
]


@cache
def tables() -> CharacterTables:
    """The character tables, read once for all tests."""
    return load_tables()


def find(pattern: str, text: str, **options: bool) -> list[tuple[str, Disguise]]:
    """Words found in a text, with their disguise."""
    (hits,) = PhraseIndex([Phrase(value=pattern, **options)], tables=tables()).search([text])
    return [(text[hit.start : hit.end], hit.disguise) for hit in hits]


@pytest.fixture(scope="module")
def found_index() -> PhraseIndex:
    """All patterns together: what each row finds must not depend on the other patterns."""
    return PhraseIndex([Phrase(value=pattern) for pattern, *_ in FOUND])


@pytest.fixture(scope="module")
def innocent_index() -> PhraseIndex:
    """All patterns of the traps together."""
    return PhraseIndex([Phrase(value=pattern) for pattern, _ in INNOCENT])


@pytest.mark.parametrize("row", range(len(FOUND)), ids=lambda row: f"{FOUND[row][0]}|{FOUND[row][1]}")
def test_found(found_index: PhraseIndex, row: int) -> None:
    _, text, words, disguise = FOUND[row]
    (hits,) = found_index.search([text])
    assert (words, disguise) in [(text[hit.start : hit.end], hit.disguise) for hit in hits if hit.phrase == row]


@pytest.mark.parametrize("row", range(len(INNOCENT)), ids=lambda row: f"{INNOCENT[row][0]}|{INNOCENT[row][1]}")
def test_innocent(innocent_index: PhraseIndex, row: int) -> None:
    text = INNOCENT[row][1]
    (hits,) = innocent_index.search([text])
    assert [text[hit.start : hit.end] for hit in hits if hit.phrase == row] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("威信", "威信"),
        ("加wei xin吧", "wei xin"),
        ("weixin", "weixin"),
        ("wei信", "wei信"),
        ("w e i x i n", "w e i x i n"),
    ],
)
def test_by_sound(text: str, words: str) -> None:
    assert words in [found for found, disguise in find("微信", text, pinyin=True) if disguise & PY]
    assert find("微信", text) == []


@pytest.mark.parametrize(
    ("pattern", "text", "count"),
    [
        ("badword", "a BADWORD", 1),
        ("badword", "b4dword", 0),
        ("badword", "b a d w o r d", 0),
        ("badword", "baaadword", 0),
    ],
)
def test_exact(pattern: str, text: str, count: int) -> None:
    assert len(find(pattern, text, exact=True)) == count


@pytest.mark.parametrize(
    ("text", "words"), [("xbadwordy", "badword"), ("xb4dw0rdy", "b4dw0rd"), ("x.b.a.d.w.o.r.d.y", "b.a.d.w.o.r.d")]
)
def test_substring(text: str, words: str) -> None:
    assert words in [found for found, _ in find("badword", text, substring=True)]
