"""Hash lists of others: read as they come, written so that they are read again."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from evenhand.errors import LibraryError
from evenhand.matching.exchange import Entry, Shape, Shared, Skipped, shape_of
from evenhand.matching.exchange_files import read_list, write_list

A, B, C = ("0123456789abcdef" * 4, "fedcba9876543210" * 4, "00ff" * 16)

THREATEXCHANGE: dict[str, Any] = {
    "data": [
        {"id": "1", "indicator": A.upper(), "type": "HASH_PDQ", "status": "MALICIOUS", "tags": ["uploaded", "b"]},
        {"id": "2", "indicator": "d41d8cd98f00b204e9800998ecf8427e", "type": "HASH_MD5", "should_delete": False},
        {"id": "3", "indicator": B, "type": "HASH_PDQ", "should_delete": True},
        {"id": "4", "indicator": C, "type": "HASH_PDQ", "status": "NON_MALICIOUS"},
        {"id": "5", "indicator": C, "type": "HASH_PDQ", "expired_on": "2030-01-01T00:00:00+0000", "tags": {"data": []}},
    ],
    "paging": {"cursors": {}},
}
NCMEC: dict[str, Any] = {
    "images": [
        {"id": "a", "member_id": 42, "classification": "A1", "fingerprints": {"md5": "0" * 32, "pdq": A}},
        {"id": "b", "member_id": 42, "classification": "B2", "fingerprints": {"md5": "0" * 32}},
        {"id": "c", "member_id": 42, "entry_type": "video", "fingerprints": {"pdq": A}},
    ],
    "deletedImages": [{"id": "d", "member_id": 42, "fingerprints": {"pdq": B}}],
}
STOPNCII: dict[str, Any] = {
    "count": 3,
    "nextPageToken": "x",
    "nextSetTimestamp": 7,
    "hasMoreRecords": True,
    "hashRecords": [
        {"lastModtimestamp": 5, "signalType": "ImagePDQ", "hashValue": A, "hashStatus": "Active", "caseNumbers": {}},
        {"lastModtimestamp": 6, "signalType": "ImagePDQ", "hashValue": B, "hashStatus": "Withdrawn"},
        {"lastModtimestamp": 6, "signalType": "VideoMD5", "hashValue": "0" * 32, "hashStatus": "Active"},
    ],
}


def read(folder: Path, name: str, text: str, shape: Shape | None = None) -> list[Entry]:
    (folder / name).write_text(text)
    return list(read_list(folder / name, shape=shape))


CASES: list[tuple[str, str, list[Entry]]] = [
    (
        "te.json",
        json.dumps(THREATEXCHANGE),
        [
            Shared(hash=A, tag="b uploaded"),
            Skipped(why="hash_md5, not PDQ"),
            Shared(hash=B, gone=True),
            Skipped(why="its source calls it harmless"),
            Shared(hash=C, expires=1_893_456_000),
        ],
    ),
    (
        "te.csv",
        f'indicator,type,tags,expired_on\n{A},HASH_PDQ,"one two",1893456000\n{B},HASH_MD5,,\n',
        [Shared(hash=A, tag="one two", expires=1_893_456_000), Skipped(why="hash_md5, not PDQ")],
    ),
    ("te.jsonl", "\n".join(json.dumps(row) for row in THREATEXCHANGE["data"][:1]), [Shared(hash=A, tag="b uploaded")]),
    (
        "ncmec.json",
        json.dumps(NCMEC),
        [
            Shared(hash=A, tag="A1"),
            Skipped(why="no PDQ hash"),
            Skipped(why="a video's hash"),
            Shared(hash=B, gone=True),
        ],
    ),
    (
        "ncmec.csv",
        f"id,member_id,entry_type,deleted,classification,md5,pdq\n1,4,image,false,A2,0,{A}\n2,4,image,true,,0,{B}\n",
        [Shared(hash=A, tag="A2"), Shared(hash=B, gone=True)],
    ),
    (
        "stopncii.json",
        json.dumps(STOPNCII),
        [Shared(hash=A, tag="Active"), Shared(hash=B, gone=True, tag="Withdrawn"), Skipped(why="VideoMD5, not PDQ")],
    ),
    ("plain.txt", f"# a list\n\n{A}\n  {B.upper()}\n", [Shared(hash=A), Shared(hash=B)]),
    ("own.csv", f"value,tag,expires\n{A},case 7,\n", [Shared(hash=A, tag="case 7")]),
]


@pytest.mark.parametrize(("name", "text", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_lists_as_they_come(tmp_path: Path, name: str, text: str, wanted: list[Entry]) -> None:
    assert read(tmp_path, name, text) == wanted


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("table", [False, True])
def test_what_is_written_is_read_again(tmp_path: Path, shape: Shape, table: bool) -> None:
    entries = [Shared(hash=A, tag="A1"), Shared(hash=B, expires=1_893_456_000), Shared(hash=C)]
    stream = io.StringIO()
    assert write_list(entries, stream, shape=shape, table=table, now=1_700_000_000) == 3
    again = read(tmp_path, f"list.{'csv' if table else 'txt' if shape is Shape.TEXT else 'json'}", stream.getvalue())
    assert [entry.hash for entry in again if isinstance(entry, Shared)] == [A, B, C]
    kept_tags = shape in {Shape.THREATEXCHANGE, Shape.NCMEC} or (shape is Shape.TEXT and table)
    assert next(entry.tag for entry in again if isinstance(entry, Shared)) == (
        "A1" if kept_tags else "Active" if shape is Shape.STOPNCII else ""
    )
    kept_times = shape is Shape.THREATEXCHANGE or (shape is Shape.TEXT and table)
    assert [entry.expires for entry in again if isinstance(entry, Shared)] == [
        None,
        1_893_456_000 if kept_times else None,
        None,
    ]


@pytest.mark.parametrize("shape", list(Shape))
def test_an_empty_list_is_a_list(tmp_path: Path, shape: Shape) -> None:
    stream = io.StringIO()
    assert write_list([], stream, shape=shape, table=False, now=1) == 0
    assert read(tmp_path, "a.txt" if shape is Shape.TEXT else "a.json", stream.getvalue()) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "{", "a.json is not valid JSON"),
        ("a.json", "3", "JSON list"),
        ("a.json", '{"other": []}', "no list of hashes found"),
        ("a.json", '{"data": {"data": []}}', "JSON list"),
        ("a.json", '[{"colour": 1}]', "entry 1: of no known shape"),
        ("a.json", '["' + A + '"]', "give a text file"),
        ("a.json", "[" * 2_000, "not valid JSON"),
        ("a.json", json.dumps([{"indicator": 7, "type": "HASH_PDQ"}]), "entry 1: a PDQ hash is 64"),
        ("a.json", json.dumps([{"indicator": A, "type": "HASH_PDQ", "expired_on": "soon"}]), "entry 1: a time is"),
        ("a.csv", f"indicator,type\n{A},HASH_PDQ\nxyz,HASH_PDQ\n", "entry 3: a PDQ hash is 64"),
        ("a.csv", f"hash\n{A}\n", "--format"),
        ("a.csv", 'value\n"' + A, "not UTF-8 text as its name says"),
        ("a.txt", f"{A}\n{A[:-1]}\n", "a.txt entry 2: a PDQ hash is 64"),
        ("a.jsonl", '{"indicator": "x"\n', "a.jsonl line 1 is not valid JSON"),
    ],
)
def test_a_wrong_list_says_where_and_what(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(LibraryError) as caught:
        read(tmp_path, name, text)
    assert message in caught.value.message


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="cannot be read"):
        list(read_list(tmp_path / "none.json"))
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(LibraryError, match="UTF-8"):
        list(read_list(tmp_path / "a.txt"))


def test_tags_are_clean_and_short(tmp_path: Path) -> None:
    (entry,) = read(tmp_path, "a.json", json.dumps([{"indicator": A, "tags": "x\x1b[31m" + "y" * 99 + "\n"}]))
    if not isinstance(entry, Shared):
        raise AssertionError
    assert entry.tag.startswith("x[31myyy")
    assert len(entry.tag) == 64


def test_shapes_are_told_apart() -> None:
    assert shape_of({"indicator": A}) is Shape.THREATEXCHANGE
    assert shape_of({"hashValue": A}) is Shape.STOPNCII
    assert shape_of({"id": 1, "fingerprints": {}}) is Shape.NCMEC
    assert shape_of({"value": A}) is None
