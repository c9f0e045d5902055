"""Library documents: what is read, and what is refused with a line and advice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.domain import LibraryItem, LibraryKind, ListColour
from evenhand.errors import LibraryError
from evenhand.matching.libraries import load_libraries, load_library, parse_library

HEAD = "name: house\nkind: words\nlist: black\n"
HASH = "0f" * 32


def test_whole_document() -> None:
    library = parse_library(
        'name: house-rules\nkind: words\nlist: review\nlabel: ads.promotion\nversion: "2026-11"\n'
        "languages: [en, zh-Hant]\noptions: [pinyin]\nitems:\n  - badword\n"
        "  - {value: no, label: spam.scam, score: 0.5}\n  - 'null'\n",
        "house.yaml",
    )
    assert (library.name, library.kind, library.colour) == ("house-rules", LibraryKind.WORDS, ListColour.REVIEW)
    assert (library.label, library.version, library.languages) == ("ads.promotion", "2026-11", ("en", "zh-Hant"))
    assert library.options == ("pinyin",)
    assert library.items == (
        LibraryItem(value="badword"),
        LibraryItem(value="no", label="spam.scam", score=0.5),
        LibraryItem(value="null"),
    )


def test_pictures() -> None:
    library = parse_library(f"name: p\nkind: images\nlist: black\nitems: [{HASH.upper()}]\n", "p.yaml")
    assert library.items == (LibraryItem(value=HASH),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the document is empty"),
        ("- a\n", "line 1: a library begins with keys"),
        ("name: [\n", "not valid YAML"),
        ("name: a\x00\n", "not valid YAML"),
        ("kind: words\nlist: black\nitems: []\n", "line 1: 'name' is missing"),
        ("name: House Rules\nkind: words\nlist: black\nitems: []\n", "line 1: a name is 1 to 64"),
        (
            "name: a\nkind: smells\nlist: black\nitems: []\n",
            "line 2: 'smells' is no kind; it is one of words, images, sounds, videos",
        ),
        ("name: a\nkind: words\nlist: grey\nitems: []\n", "line 3: 'grey' is no list; it is one of black, white"),
        (HEAD + "colour: red\nitems: []\n", "line 4: 'colour' is no key"),
        (HEAD + "name: again\nitems: []\n", "line 4: 'name' is given twice"),
        (HEAD + "label: shoes.red\nitems: []\n", "line 4: label 'shoes.red' is outside the taxonomy"),
        (HEAD + "label: Ads\nitems: []\n", "line 4: label 'Ads' is outside the taxonomy"),
        (HEAD + "options: [fuzzy]\nitems: []\n", "line 4: 'fuzzy' is no option"),
        (HEAD + "options: [exact, pinyin]\nitems: []\n", "line 4: 'exact' goes with no other"),
        (HEAD + "languages: en\nitems: []\n", "line 4: 'languages' is a list"),
        (HEAD + "languages: [english language]\nitems: []\n", "is no language tag"),
        (HEAD, "line 1: give either items: (a list) or file:"),
        (HEAD + "items: []\nfile: a.txt\n", "line 1: give either items: (a list) or file:"),
        (HEAD + "items: badword\n", "line 4: items is a list"),
        (HEAD + "items:\n  - ''\n", "line 5: an empty item"),
        (HEAD + f"items:\n  - {'a' * 201}\n", "line 5: over 200 characters"),
        (HEAD + "items:\n  - ab*\n", "line 5: 'word*' needs three letters"),
        (HEAD + "items:\n  - '*'\n", "line 5: '*' alone matches everything"),
        (HEAD + "items:\n  - {value: a, score: 2}\n", "line 5: score is a number above 0 and at most 1"),
        (HEAD + "items:\n  - {value: a, score: nan}\n", "line 5: score is a number above 0 and at most 1"),
        (HEAD + "items:\n  - {value: a, weight: 2}\n", "line 5: an item is a word, or a mapping"),
        (HEAD + "items:\n  - {value: a, label: shoes}\n", "line 5: label 'shoes' is outside the taxonomy"),
        (HEAD + "items:\n  - [a]\n", "line 5: an item is a word, or a mapping"),
        (HEAD + "items:\n  - - - - a\n", "line 5: nested too deeply"),
        (HEAD + "items: " + "[" * 5000, "nested too deeply"),
        (HEAD + "items: &a [x]\nversion: *a\n", "line 4: anchors and aliases"),
        (HEAD + "items:\n  - !!python/object:os.system x\n", "line 5: tags"),
        (HEAD + "items: []\n---\nname: b\n", "more than one document"),
        (HEAD + "file: words.txt\n", "line 4: this document may not name a file"),
        ("name: a\nkind: images\nlist: black\nitems: [abc]\n", "line 4: a picture's hash is 64 hexadecimal digits"),
        ("name: a\nkind: images\nlist: black\noptions: [exact]\nitems: []\n", "line 4: 'exact' is no option"),
        ("name: a\nkind: words\nlist: white\nlabel: ads\nitems: []\n", "line 4: a white list takes no label"),
        ("name: a\nkind: words\nlist: white\nitems: [{value: b, label: ads}]\n", "line 4: items of a white list"),
    ],
)
def test_wrong_document(text: str, message: str) -> None:
    with pytest.raises(LibraryError) as caught:
        parse_library(text, "a.yaml")
    assert caught.value.message.startswith("a.yaml")
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("name", "content", "values"),
    [
        ("w.txt", "badword\n# a comment\n\n#hashtag\r\nspoil sport\n", ["badword", "#hashtag", "spoil sport"]),
        ("w.csv", 'value,label,score\n"one, two",ads,0.5\nthree,,\n', ["one, two", "three"]),
        ("w.csv", "\ufeffvalue\nfour\n", ["four"]),
    ],
)
def test_items_beside_the_document(tmp_path: Path, name: str, content: str, values: list[str]) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8", newline="")
    (tmp_path / "a.yaml").write_text(HEAD + f"file: {name}\n")
    assert [item.value for item in load_library(tmp_path / "a.yaml").items] == values


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.txt", b"ok\nbad\xff\n", "w.txt line 2: not UTF-8"),
        ("w.csv", b"word\na\n", "w.csv line 1: name the columns"),
        ("w.csv", b"value,score\na\n", "w.csv line 2: as many fields"),
        ("w.csv", b'value\n"a"b\n', "w.csv line 2: not valid CSV"),
        ("w.csv", b"value,score\na,much\n", "w.csv line 2: score is a number"),
        ("w.csv", b"value,label\na,shoes\n", "line 2: label 'shoes' is outside the taxonomy"),
        ("missing.txt", None, "cannot be read"),
        ("../a.txt", None, "line 4: file names a file of the same folder"),
        ("/etc/passwd", None, "line 4: file names a file of the same folder"),
        ("..", None, "line 4: file names a file of the same folder"),
    ],
)
def test_wrong_file(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a.yaml").write_text(HEAD + f"file: {name}\n")
    with pytest.raises(LibraryError) as caught:
        load_library(tmp_path / "a.yaml")
    assert message in caught.value.message


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret\n")
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "w.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "a.yaml").write_text(HEAD + "file: w.txt\n")
    with pytest.raises(LibraryError, match="no link elsewhere"):
        load_library(folder / "a.yaml")


def test_folder(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("name: b\nkind: words\nlist: white\nitems: [x]\n")
    (tmp_path / "a.yaml").write_text(HEAD + "items: [y]\n")
    (tmp_path / "notes.txt").write_text("not a library")
    assert [library.name for library in load_libraries(tmp_path)] == ["house", "b"]
    (tmp_path / "c.yaml").write_text(HEAD + "items: [z]\n")
    with pytest.raises(LibraryError, match=r"the name 'house' is taken by a\.yaml"):
        load_libraries(tmp_path)
    with pytest.raises(LibraryError, match="is no folder"):
        load_libraries(tmp_path / "missing")


def test_a_folder_named_like_a_document_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    assert load_libraries(tmp_path) == ()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | st.text(st.sampled_from("name: kidwrs\n-[]{},&*!'\"#|>%@`?"), max_size=80))
def test_any_text_is_a_library_or_a_clear_error(text: str) -> None:
    for document in (text, HEAD + text, HEAD + "items:\n  - " + text):
        try:
            outcome = parse_library(document, "a.yaml").name
        except LibraryError as error:
            outcome = error.message
        assert outcome == "house" or outcome.startswith("a.yaml")


def test_a_bank_instead_of_items(tmp_path: Path) -> None:
    head = "name: known\nkind: images\nlist: black\n"
    (tmp_path / "a.yaml").write_text(head + "options: [no-quarantine]\nbank: known.bank\n")
    library = load_library(tmp_path / "a.yaml")
    assert (library.bank, library.items, library.options) == (str(tmp_path / "known.bank"), (), ("no-quarantine",))
    for wrong, message in (
        (head + "bank: ../other\n", "line 4: bank names a folder of the same folder"),
        (head + "bank: a\nitems: []\n", "line 4: give one of items:, file: and bank:"),
        (head.replace("images", "words") + "bank: a\n", "line 4: only a library of kind images has a bank"),
    ):
        with pytest.raises(LibraryError, match=message):
            parse_library(wrong, "a.yaml", folder=tmp_path)
    with pytest.raises(LibraryError, match="may not name a folder"):
        parse_library(head + "bank: a\n", "a.yaml")
