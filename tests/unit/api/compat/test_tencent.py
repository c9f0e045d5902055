"""Tencent Cloud's labels, and that the page shows them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evenhand.api.compat.tencent import DIALECT, labels
from evenhand.api.compat.tencent.shadow import root
from evenhand.domain import TAXONOMY

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "dialects.md"


def _section() -> str:
    return PAGE.read_text("utf-8").split("## Tencent Cloud", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize(
    ("label", "picture", "wanted"),
    [
        ("sexual.explicit", True, "Porn"),
        ("sexual.suggestive", True, "Sexy"),
        ("sexual.suggestive", False, "Porn"),
        ("violence.graphic", True, "Terror"),
        ("violence.distress", False, None),
        ("violence.fire", True, None),
        ("extremism.symbol", True, "Terror"),
        ("hate.attack", False, "Abuse"),
        ("ads.qrcode", True, "Ad"),
        ("ads.link", False, None),
        ("spam.bulk", False, "Ad"),
        ("spam.scam", False, "Illegal"),
        ("politics", False, "Polity"),
        ("known.black", True, "Custom"),
        ("known.white", True, None),
        ("face.smile", True, None),
        ("custom.thing", True, None),
    ],
)
def test_labels_in_the_vendors_words(label: str, picture: bool, wanted: str | None) -> None:
    assert labels.vendors(label, picture=picture) == wanted


def test_every_harm_has_a_word() -> None:
    without = [
        name
        for name, info in TAXONOMY.items()
        if info.harm and not (labels.vendors(name, picture=True) and labels.vendors(name, picture=False))
    ]
    assert without == ["ads.link"]


def test_the_page_shows_the_table() -> None:
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| `([A-Za-z]+)` \|", _section(), flags=re.MULTILINE))
    assert rows == {name: word for name, word in labels.PICTURE.items() if word}
    for name, word in labels.PICTURE.items():
        assert word or re.search(rf"without [^|]*`{re.escape(name)}`", _section())


def test_one_address_serves_both_of_the_vendors_services() -> None:
    assert root("https://{service}.tencentcloudapi.com", "ims") == "https://ims.tencentcloudapi.com"
    assert root("http://localhost:8000", "tms") == "http://localhost:8000"


def test_a_request_is_known_by_its_action() -> None:
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"x-tc-action", b"a")], "query_string": b""}
    assert DIALECT.claims(scope)
    assert not DIALECT.claims({**scope, "headers": [(b"x-acs-action", b"a")]})
