"""Google's categories, likelihoods, fields, and the words of HTML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from evenhand.api.compat.google import DIALECT, fields, html
from evenhand.api.compat.google.categories import CATEGORIES, LEFT_OUT, LISTED
from evenhand.api.compat.google.errors import GoogleError
from evenhand.api.compat.google.language import SEVERITY
from evenhand.api.compat.google.likelihoods import NAMES, RATED, STEPS, likelihood_of, own_class
from evenhand.domain import TAXONOMY

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "dialects.md"
GOOGLES = (
    "Toxic", "Insult", "Profanity", "Derogatory", "Sexual", "Death, Harm & Tragedy", "Violent", "Firearms & Weapons",
    "Public Safety", "Health", "Religion & Belief", "Illicit Drugs", "War & Conflict", "Finance", "Politics", "Legal",
)  # fmt: skip


def _section() -> str:
    return PAGE.read_text("utf-8").split("## Google Cloud Vision", 1)[1].split("\n## ", 1)[0]


def test_a_likelihood_rises_with_the_score() -> None:
    numbers = [likelihood_of(step / 1000) for step in range(1001)]
    assert numbers == sorted(numbers)
    assert [likelihood_of(step) for step in (0.0, *STEPS)] == [1, 2, 3, 4, 5]


ROWS: list[tuple[dict[str, float], dict[str, str]]] = [
    ({"sexual.explicit": 0.96}, {"adult": "VERY_LIKELY", "racy": "VERY_LIKELY"}),
    ({"sexual.suggestive": 0.8}, {"racy": "LIKELY"}),
    ({"violence.graphic": 0.5}, {"violence": "POSSIBLE"}),
    ({"violence.weapon": 1.0}, {"violence": "POSSIBLE"}),
    ({"violence.distress": 1.0, "violence.fire": 1.0, "politics": 1.0, "ads.qrcode": 1.0, "face.present": 1.0}, {}),
    ({"extremism.symbol": 0.75, "self_harm": 0.1}, {"violence": "LIKELY"}),
    ({"self_harm": 0.1}, {"violence": "UNLIKELY"}),
    ({"known.black": 0.99}, {"adult": "VERY_LIKELY", "violence": "VERY_LIKELY", "racy": "VERY_LIKELY"}),
    ({"known.review": 0.6}, {"adult": "POSSIBLE", "violence": "POSSIBLE", "racy": "POSSIBLE"}),
    ({"known.white": 1.0, "known.black": 0.3}, {}),
]


@pytest.mark.parametrize(("labels", "wanted"), ROWS)
def test_labels_speak_for_likelihoods(labels: dict[str, float], wanted: dict[str, str]) -> None:
    scores = {**dict.fromkeys(TAXONOMY, 0.0), **labels}
    found = {one.category.name: NAMES[one.likelihood(scores)] for one in RATED}
    assert found == {**dict.fromkeys(("adult", "violence", "racy"), "VERY_UNLIKELY"), **wanted}


def test_what_nobody_looks_for_is_unknown() -> None:
    assert [one.likelihood({"politics": 1.0}) for one in RATED] == [0, 0, 0]
    assert [one.likelihood({"known.black": 0.96}) for one in RATED] == [5, 5, 5], "a hit is a hit all the same"
    assert own_class("medical", {"sexual": 1.0}) == 0
    assert own_class("medical", {"custom.medical": 0.8, "custom.other": 1.0}) == 4


def test_every_category_of_the_vendors_is_answered_or_left_out() -> None:
    assert sorted([one.name for one in CATEGORIES] + list(LEFT_OUT)) == sorted(GOOGLES)
    known = {label for one in CATEGORIES for label in (*one.labels, *one.without)}
    assert known <= set(TAXONOMY)


def test_the_page_shows_the_tables() -> None:
    section = _section()
    rows = dict(re.findall(r"^\| `([A-Z][^`]*)` \| ([^|]*) \|", section, flags=re.MULTILINE))
    for one in CATEGORIES:
        plain, _, without = rows[one.name].partition(", without ")
        more = LISTED.labels if one.name == LISTED.name else ()
        assert re.findall(r"`([^`]+)`", plain) == [*one.labels, *more], one.name
        assert re.findall(r"`([^`]+)`", without) == list(one.without), one.name
    for rated in RATED:
        row = re.search(rf"^\| `{rated.category.name}` \| ([^|]*) \| ([^|]*)\|", section, flags=re.MULTILINE)
        assert row is not None
        plain, _, without = row[1].partition(", without ")
        assert re.findall(r"`([^`]+)`", plain) == list(rated.category.labels)
        assert set(re.findall(r"`([^`]+)`", without)) == set(rated.category.without)
        assert re.findall(r"`([^`]+)`", row[2]) == list(rated.mild.labels)
    steps = re.search(r"^\| score from \| 0 \| (.*) \|$", section, flags=re.MULTILINE)
    assert steps is not None
    assert tuple(float(cell) for cell in steps[1].split(" | ")) == STEPS
    assert all(f"`{name}`" in section for name in LEFT_OUT)
    assert "0 (nothing), 0.3 (mark), 0.6 (review) or 0.9 (block)" in section
    assert list(SEVERITY.values()) == [0.0, 0.3, 0.6, 0.9]


def test_the_steps_stand_where_the_shipped_policy_acts() -> None:
    names = ("sexual-possible", "sexual-likely", "sexual-certain")  # mark, review, block
    text = (Path(__file__).parents[4] / "src/evenhand/policy/default.yaml").read_text("utf-8")
    least = [float(text.split(f"- name: {name}\n")[1].split("min: ")[1].split("}")[0]) for name in names]
    assert tuple(least) == STEPS[1:]


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ("plain", "plain"),
        ("<p>one</p><p>two <b>three</b></p>", "one\ntwo three"),
        ("a<br>b<BR/>c", "a\nb\nc"),
        ("you<!-- not -->rs &amp; mine &lt;3", "yours & mine <3"),
        ("<script>var a = '<b>';</script>said<STYLE>p {}</STYLE >!", "said!"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<a href='x'", "<a href='x'"),
        ("before <!-- never closed", "before <!-- never closed"),
        ("<script>words that are never closed", "<script>words that are never closed"),
        ("İİİ<script>x</script>İ", "İİİİ"),
        ("<!doctype html><html><title>T</title><body>b</body>", "T\nb"),
        ("", ""),
    ],
)
def test_words_of_html(document: str, wanted: str) -> None:
    assert html.plain(document) == wanted


@pytest.mark.parametrize("piece", ["<", "<a ", "<!--", "<script>", "</script", "<script></script", "&#", "<b><"])
def test_hostile_html_is_read_in_one_pass(piece: str) -> None:
    document = piece * (1_000_000 // len(piece))  # (what searched to the end for each piece would take hours)
    assert len(html.plain(document)) <= len(document)


def test_fields_are_read_as_protocol_buffers_are() -> None:
    assert fields.body_of(b"{image_uri: 'a', }") == {"image_uri": "a"}
    assert fields.get({"image_uri": "a"}, "imageUri") == "a"
    assert fields.choice({"type": 2}, "type", ("A", "B", "C"), kind="k") == "C"
    wrong: tuple[Any, ...] = (True, 7, -1, "D", [], 1.5)
    for bad in wrong:
        with pytest.raises(GoogleError, match="Invalid value at 'type'"):
            fields.choice({"type": bad}, "type", ("A", "B", "C"), kind="k")
    for packed in ("_-8=", "_-8", "/+8=", " /+\n8"):
        assert fields.decoded(packed, where="content") == b"\xff\xef"
    for packed in ("a", "é", "%%%%"):
        with pytest.raises(GoogleError, match="Base64"):
            fields.decoded(packed, where="content")


@pytest.mark.parametrize(
    ("path", "claimed"),
    [
        ("/v1/images:annotate", True),
        ("/v1/projects/p/locations/eu/images:annotate", True),
        ("/v1/projects/p/files:asyncBatchAnnotate", True),
        ("/v2/documents:moderateText", True),
        ("/v1p1beta1/images:annotate", True),
        ("/v1/jobs", False),
        ("/v1/imagesannotate", False),
        ("/v1/projects/p/q/images:annotate", False),
        ("/x/v1/images:annotate", False),
    ],
)
def test_addresses(path: str, claimed: bool) -> None:
    assert DIALECT.claims({"path": path, "headers": [], "method": "POST", "query_string": b""}) is claimed
