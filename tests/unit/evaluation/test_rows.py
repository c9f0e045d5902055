"""Rows in the shapes that data sets come in, and clear words about those that cannot be used."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import orjson
import pytest

from evenhand.domain import Action, Author, Content, ItemError, Message
from evenhand.errors import InputError, RefusedLabelError, TooLargeError
from evenhand.evaluation import Fields, LabelMap, Row, Rows, lines
from evenhand.evaluation.labels import parse_pair, read_map
from evenhand.evaluation.lines import Lines

TOXIC = LabelMap({"toxic": ("harassment",), "nice": (), "both": ("hate.attack", "harassment"), "rude": ("harassment",)})


def rows(path: Path, *given: object, **options: object) -> Rows:
    path.write_bytes(b"\n".join(row if isinstance(row, bytes) else orjson.dumps(row) for row in given))
    return Rows(Lines(str(path)), **{"max_bytes": 1_000, "labels": TOXIC, **options})  # type: ignore[arg-type]


def one(path: Path, row: object, **options: object) -> Row:
    (read,) = rows(path, row, **options)
    return read


@pytest.mark.parametrize(
    ("labels", "expected", "closed"),
    [
        (["spam.scam", "toxic"], {"spam.scam": True, "harassment": True}, True),
        ([], {}, True),
        (["nice"], {}, True),
        ("toxic", {"harassment": True}, True),
        ({"toxic": 1, "spam": 0, "hate": None}, {"harassment": True, "spam": False}, False),
        ({"toxic": True, "ads.own_label": False}, {"harassment": True, "ads.own_label": False}, False),
        ({"both": 1, "rude": 0}, {"hate.attack": True, "harassment": True}, False),
        ({"toxic": 0, "rude": None}, {"harassment": False}, False),
        ({"nice": "whatever it says"}, {}, False),
        (None, {}, False),
    ],
)
def test_labels(tmp_path: Path, labels: object, expected: dict[str, bool], closed: bool) -> None:
    truth = one(tmp_path / "d", {"text": "a", "labels": labels}).truth
    assert (dict(truth.labels), truth.closed) == (expected, closed)


def test_classes_by_name_and_by_number(tmp_path: Path) -> None:
    names = LabelMap({"class:hate": ("hate",), "class:neither": (), "2": ("spam",), "true": ("any",)})
    cases = [
        ({"class": "hate"}, {"hate": True}),
        ({"class": "neither"}, {}),
        (2, {"spam": True}),
        (2.0, {"spam": True}),
        (True, {"any": True}),
    ]
    for labels, expected in cases:
        truth = one(tmp_path / "d", {"text": "a", "labels": labels}, labels=names).truth
        assert (dict(truth.labels), truth.closed) == (expected, True)


def test_columns_and_shares(tmp_path: Path) -> None:
    fields = Fields(columns={"bad": ("harassment", "any"), "threat": ("violence.threat",)}, at_least=0.5)
    truth = one(tmp_path / "d", {"text": "a", "bad": 0.6, "threat": 0.49}, fields=fields).truth
    assert truth.labels == {"harassment": True, "any": True, "violence.threat": False}
    assert not truth.closed


def test_the_rest_of_a_row(tmp_path: Path) -> None:
    row = one(
        tmp_path / "d",
        {"content": "a", "id": 7, "labels": [], "lang": "pt-BR", "group": 3, "expect": "allow", "context": {"x": 1}},
    )
    assert isinstance(row.content, Content)
    assert (row.content.text, row.content.id, row.content.language) == ("a", "7", "pt-BR")
    assert row.content.context == {"x": 1}
    assert (row.line, row.language, row.group, row.expect) == (1, "pt-BR", "3", Action.PASS)
    unhinted = one(tmp_path / "d", {"text": "a", "labels": [], "lang": "en"}, fields=Fields(hint=False))
    assert (unhinted.language, getattr(unhinted.content, "language", "")) == ("en", None)
    words = one(tmp_path / "d", {"text": "a", "labels": [], "lang": "Old English!"})
    assert (words.language, getattr(words.content, "language", "")) == ("Old English!", None)


def test_a_row_without_labels_may_say_what_is_expected(tmp_path: Path) -> None:
    assert one(tmp_path / "d", {"text": "a", "expect": "block"}).expect is Action.BLOCK


def test_files_are_read_and_missing_ones_are_failures_not_bad_lines(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"data")
    there, missing = rows(
        tmp_path / "d",
        {"path": str(tmp_path / "picture"), "labels": []},
        {"path": str(tmp_path / "none"), "labels": [], "id": "x"},
    )
    assert getattr(there.content, "data", None) == b"data"
    assert isinstance(missing.content, ItemError)
    assert (missing.content.id, missing.line) == ("x", 2)


BAD: list[tuple[object, str]] = [
    (b"{", "Not JSON"),
    (b"\xff\xfe", "Not JSON"),
    (["text"], "Not an object"),
    ({"text": "a"}, "--labels-field"),
    ({"labels": []}, "exactly one of"),
    ({"text": "a", "path": "b", "labels": []}, "exactly one of"),
    ({"text": 3, "labels": []}, "text must be a string"),
    ({"text": "a", "labels": ["wicked"]}, "--map 'wicked=LABEL'"),
    ({"text": "a", "labels": {"wicked": 1}}, "--map 'wicked=LABEL'"),
    ({"text": "a", "labels": {"class": "odd"}}, "--map 'class:odd=LABEL'"),
    ({"text": "a", "labels": {"spam": 2}}, "'spam' must be 0, 1"),
    ({"text": "a", "labels": {"spam": 0.3}}, "--at-least"),
    ({"text": "a", "labels": [["spam"]]}, "A label must be"),
    ({"text": "a", "labels": [0.5]}, "A label must be"),
    ({"text": "a", "labels": [], "expect": "explode"}, "expect must be one of"),
    ({"text": "a", "labels": [], "lang": ["en"]}, "lang must be a string"),
    ({"text": "a", "labels": [], "context": 3}, "context must be"),
]


@pytest.mark.parametrize(("row", "message"), BAD)
def test_a_line_that_cannot_be_used_stops_with_its_number(tmp_path: Path, row: object, message: str) -> None:
    good = {"text": "a", "labels": []}
    with pytest.raises(InputError, match="line 3: ") as caught:
        list(rows(tmp_path / "d", good, b"", row, good))
    assert message in caught.value.message
    assert "--skip-bad" in caught.value.message
    patient = rows(tmp_path / "d", good, b"", row, good, skip_bad=True)
    assert [kept.line for kept in patient] == [1, 4]
    assert [bad.line for bad in patient.skipped] == [3]


def test_a_missing_text_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--text-field"):
        one(tmp_path / "d", {"text": "a", "labels": []}, fields=Fields(text="body"))
    content = one(tmp_path / "d", {"body": "b", "labels": []}, fields=Fields(text="body")).content
    assert isinstance(content, Content)
    assert content.text == "b"


def test_limit_plain_and_gzip_give_the_same_and_the_hash_of_the_file(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf{"text":"a","labels":[]}\n\n{"text":"b","labels":[]}\n{"text":"c","labels":[]}'
    for name, stored in (("plain", data), ("packed", gzip.compress(data) + gzip.compress(b"\n"))):
        (tmp_path / name).write_bytes(stored)
        for limit, numbers in ((None, [1, 3, 4]), (2, [1, 3])):
            read = Rows(Lines(str(tmp_path / name)), max_bytes=1, limit=limit)
            assert [row.line for row in read] == numbers
            assert read.lines.sha256 == hashlib.sha256(stored).hexdigest()


def test_sources_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cut").write_bytes(gzip.compress(b"x" * 10_000)[:-9])
    (tmp_path / "wrong").write_bytes(b"\x1f\x8bnonsense")
    for name in ("none", "cut", "wrong", "."):
        with pytest.raises(InputError, match="cannot be read"):
            list(Lines(str(tmp_path / name)))
    monkeypatch.setattr(lines, "_MAX_LINE", 8)
    (tmp_path / "long").write_bytes(b"1234567\n12345678\n")
    with pytest.raises(TooLargeError, match="Line 2"):
        list(Lines(str(tmp_path / "long")))


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ("toxic=harassment", ("toxic", ("harassment",))),
        ("a=b=hate, spam", ("a=b", ("hate", "spam"))),
        ("none=", ("none", ())),
    ],
)
def test_pairs(pair: str, expected: tuple[str, tuple[str, ...]]) -> None:
    assert parse_pair(pair) == expected


def test_maps(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text("toxic: harassment\n1: [hate.attack, harassment]\nno: null\n")
    assert read_map(file) == {"toxic": ("harassment",), "1": ("hate.attack", "harassment"), "no": ()}
    file.write_text('{"toxic": "harassment"}')
    assert read_map(file) == {"toxic": ("harassment",)}
    for text, message in (("- a", "mapping"), ("a: {b: c}", "'a' must be"), ("a: &x b", "line 1"), ("a: [1]", "'a'")):
        file.write_text(text)
        with pytest.raises(InputError, match=message):
            read_map(file)


def test_maps_lead_to_labels_only() -> None:
    with pytest.raises(InputError, match="evenhand labels"):
        LabelMap({"toxic": ("toxicity",)})
    for refused in ("face.ethnicity", "hate.religion"):
        with pytest.raises(RefusedLabelError):
            LabelMap({"toxic": (refused,)})
    with pytest.raises(InputError, match="no pair"):
        parse_pair("toxic")


def test_a_conversation_and_facts_about_the_author_are_handed_on(tmp_path: Path) -> None:
    row = {"text": "a", "labels": [], "conversation": [{"text": "b"}], "author": {"violations": 1}}
    assert one(tmp_path / "a", row).content == Content(
        text="a", conversation=(Message(text="b"),), author=Author(violations=1)
    )
    named = {"text": "a", "labels": [], "author": "mary", "conversation": "thread 7"}
    assert one(tmp_path / "b", named).content == Content(text="a")
