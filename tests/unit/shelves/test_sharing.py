"""Libraries in and out: what is written is read again, and STIX is what the standard's own package takes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import stix2  # type: ignore[import-untyped]
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from evenhand.domain import LibraryItem, Match
from evenhand.errors import EvenhandError, LibraryError
from evenhand.shelves.entries import read_entries
from evenhand.shelves.sharing import Form, guess, read, write
from evenhand.store.libraryrecords import Head, Kept
from evenhand.store.libraryrows import digest_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
HASH = "2e184439875c1e3807dc1e3c88cc1ebddfc40ff8e95aabf87726ebe1607b5005"


def kept(kind: str = "words", colour: str = "review") -> Kept:
    """Give a library without entries."""
    head = Head(colour=colour)
    return Kept(name="house", kind=kind, head=head, version=3, size=0, created_at=NOW, changed_at=NOW)


_values = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")) | st.sampled_from(" ,\"'=+@\\|"),
    min_size=3,
    max_size=40,
).map(str.strip)
_items = st.builds(
    LibraryItem,
    value=_values.filter(lambda value: len(value) >= 3 and not value.startswith("#") and value.strip("*") != ""),
    label=st.sampled_from([None, "spam.scam", "ads.resellers"]),
    score=st.sampled_from([1.0, 0.25, 0.8]),
    match=st.sampled_from([Match.PLAIN, Match.EXACT]),
    languages=st.sampled_from([(), ("en",), ("de", "zh-Hant")]),
    expires=st.none() | st.integers(0, 10_000).map(lambda hours: NOW + timedelta(hours=hours)),
    note=st.sampled_from(["", "a case", "=1+1", "'quoted', twice"]),
)


@given(st.lists(_items, max_size=6, unique_by=digest_of), st.sampled_from([Form.CSV, Form.JSON, Form.STIX]))
@settings(max_examples=120, deadline=None)
def test_what_is_written_is_read_again(items: list[LibraryItem], form: Form) -> None:
    text, _ = write(kept(), items, form, now=NOW)
    try:
        read_entries([{"value": item.value} for item in items], kept())
    except EvenhandError:
        reject()  # such values never come in: a group's name, "a*"
    found = read(text, kept(), form)
    assert list(found.items) == items
    assert found.left_out == {}
    assert not items or guess(text) is form


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_whatever_is_pasted_is_read_or_refused_with_advice(text: str) -> None:
    for form in (None, *Form):
        try:
            read(text, kept(), form)
        except EvenhandError:  # anything else is a fault
            continue


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("words", LibraryItem(value="it's a \\ trap", note="one", expires=NOW - timedelta(days=40))),
        ("words", LibraryItem(value=r"win \d+ 'coins'", match=Match.REGEX, label="spam.scam", languages=("en",))),
        ("words", LibraryItem(value="scoundrel", match=Match.FUZZY, score=0.5)),
        ("images", LibraryItem(value=HASH, expires=NOW + timedelta(days=3))),
        ("texts", LibraryItem(value="t1:" + "A" * 683)),
    ],
)
def test_stix_is_valid_and_says_everything(kind: str, item: LibraryItem) -> None:
    text, media_type = write(kept(kind), [item], Form.STIX, now=NOW)
    assert media_type == "application/json"
    parsed = stix2.parse(text)  # refuses what the standard does not allow; custom properties are not allowed here
    (indicator,) = [one for one in parsed.objects if one.type == "indicator"]
    stix2.pattern_visitor.create_pattern_object(indicator.pattern, version="2.1")
    assert indicator.pattern_type == "stix"
    assert read(text, kept(kind)).items == (item,)


def test_stix_of_others() -> None:
    def indicator(pattern: str, **more: object) -> dict[str, object]:
        return {"type": "indicator", "spec_version": "2.1", "pattern": pattern, "pattern_type": "stix", **more}

    other = "f" * 63 + "0"
    bundle = {
        "type": "bundle",
        "objects": [
            indicator(f"[file:hashes.PDQ = '{HASH}' OR file:hashes.'PDQ' = '{other}']", confidence=50),
            indicator("[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']"),
            indicator("[ipv4-addr:value = '1.2.3.4'] FOLLOWEDBY [ipv4-addr:value = '1.2.3.5']"),
            indicator(f"[file:hashes.PDQ = '{'0f' * 32}']", revoked=True),
            indicator("rule x {}", pattern_type="yara"),
        ],
    }
    found = read(json.dumps(bundle), kept("images"))
    assert [(item.value, item.score) for item in found.items] == [(HASH, 0.5), (other, 0.5)]
    assert found.gone == {digest_of(LibraryItem(value="0f" * 32))}
    assert sum(found.left_out.values()) == 3


def test_lists_of_others() -> None:
    page = {
        "data": [
            {"indicator": HASH.upper(), "type": "HASH_PDQ", "tags": ["case-7"], "status": "MALICIOUS"},
            {"indicator": "0f" * 32, "type": "HASH_PDQ", "should_delete": True},
            {"indicator": "x", "type": "HASH_MD5"},
        ]
    }
    found = read(json.dumps(page), kept("images"))
    assert (found.form, [item.value for item in found.items]) == (Form.THREATEXCHANGE, [HASH])
    assert (found.items[0].note, len(found.gone), sum(found.left_out.values())) == ("case-7", 1, 1)
    out, _ = write(kept("images"), found.items, Form.STOPNCII, now=NOW)
    assert read(out, kept("images")).items == (replace(found.items[0], note="Active"),)
    with pytest.raises(LibraryError, match="no place for sounds"):
        write(kept("sounds"), [], Form.THREATEXCHANGE)


def test_a_table_calculation_takes_no_entry_for_a_formula() -> None:
    items = [LibraryItem(value="=HYPERLINK(1)"), LibraryItem(value="'=kept"), LibraryItem(value="-minus")]
    text, _ = write(kept(), items, Form.CSV)
    assert "\r\n=" not in text
    assert [item.value for item in read(text, kept()).items] == [item.value for item in items]
