"""Changes made in the text of a document."""

from __future__ import annotations

import pytest

from evenhand.errors import InputError
from evenhand.policy import Change, check_document, compare, edit, load_policy, template, write_document
from evenhand.policy.yamltree import read_tree

DOCUMENT = """# Kept.
name: house
version: 1.10
lines:
  default:
    extends: evenhand  # and this
    rules:
      - name: links
        when: {label: ads.link, score: {min: 0.5}}
        action: review
      # about the second
      - name: many
        when:
          label: ads.link
          count: 4
        action: block
  avatars:
    skip: [image.ocr]
"""


def value(text: str) -> object:
    return read_tree(text).value


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Change(path=("lines", "default", "rules", 0, "action"), what="set", value="mark"), "        action: mark"),
        (
            Change(path=("lines", "default", "rules", 0, "when", "score", "min"), what="set", value=0.7),
            "        when: {label: ads.link, score: {min: 0.7}}",
        ),
        (Change(path=("lines", "avatars", "skip"), what="set", value=["image.code"]), "    skip: [image.code]"),
        (Change(path=("lines", "kids"), what="set", value={"extends": "default"}), "  kids:"),
        (Change(path=("description",), what="set", value="no: #1"), "description: 'no: #1'"),
        (
            Change(path=("lines", "default", "rules", 2), what="insert", value={"name": "x", "when": {"label": "ads"}}),
            "      - name: x",
        ),
    ],
)
def test_a_change_leaves_the_rest_as_it_is(change: Change, line: str) -> None:
    made = edit(DOCUMENT, [change])
    assert line in made.splitlines()
    assert all(kept in made for kept in ("# Kept.", "# and this", "# about the second", "1.10"))
    gone = [row for row in DOCUMENT.splitlines() if row not in made.splitlines()]
    assert len(gone) <= 1


def test_a_block_is_replaced_and_removed_in_place() -> None:
    path = ("lines", "default", "rules", 1)
    made = edit(DOCUMENT, [Change(path=(*path, "when"), what="set", value={"label": "spam"})])
    assert value(made)["lines"]["default"]["rules"][1]["when"] == {"label": "spam"}  # type: ignore[index]
    assert "# Kept." in made
    made = edit(DOCUMENT, [Change(path=path, what="remove")])
    assert [rule["name"] for rule in value(made)["lines"]["default"]["rules"]] == ["links"]  # type: ignore[index]
    assert "# and this" in made


def test_what_cannot_be_changed_in_place_is_written_anew_with_the_same_values() -> None:
    document = "{name: a, version: 1.10, lines: {default: {rules: []}}}"
    made = edit(document, [Change(path=("lines", "default", "rules", 0), what="insert", value={"name": "no"})])
    assert value(made) == {"name": "a", "version": "1.10", "lines": {"default": {"rules": [{"name": "no"}]}}}


def test_a_place_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"lines\.default\.rules\.9"):
        edit(DOCUMENT, [Change(path=("lines", "default", "rules", 9), what="set", value={})])
    with pytest.raises(InputError, match="at most 500"):
        edit(DOCUMENT, [Change(path=("name",), what="set", value="x")] * 501)


def test_a_document_written_anew_reads_back() -> None:
    text = template("childrens-game").document
    again = write_document(value(text))  # type: ignore[arg-type]
    assert value(again) == value(text)
    assert load_policy(again) == load_policy(text)


def test_problems_have_lines_and_columns() -> None:
    checked = check_document(DOCUMENT.replace("action: block", "action: blok"))
    assert checked.policy is None
    assert [(problem.line, problem.column) for problem in checked.problems] == [(16, 9)]
    assert checked.places["lines.default.rules.1.action"] == 16
    broken = check_document("name: [a\nversion: 1")
    assert broken.value is None
    assert broken.problems[0].line == 2
    assert check_document(DOCUMENT).policy == load_policy(DOCUMENT)


def test_two_documents_side_by_side() -> None:
    new = edit(
        DOCUMENT,
        [
            Change(path=("lines", "default", "rules", 0, "action"), what="set", value="mark"),
            Change(path=("lines", "kids"), what="set", value={"thresholds": {"hate": {"review": 0.4}}}),
            Change(path=("lines", "avatars", "skip"), what="remove"),
        ],
    )
    found = compare(DOCUMENT, new)
    assert [(row["line"], row["what"], row["name"]) for row in found["changes"]] == [
        ("default", "rule", "links"),
        ("avatars", "setting", "skip"),
        ("kids", "line", "kids"),
    ]
    assert {"op": "out", "old": 10, "new": None, "text": "        action: review"} in found["text"]
    assert compare(DOCUMENT, DOCUMENT) == {"text": [], "changes": []}
