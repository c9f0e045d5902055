"""Libraries of similar pictures by Alibaba Cloud's own client of version 2018-05-09."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from typing import Any

import pytest

pytest.importorskip("aliyunsdkgreen", reason="the vendor's client is a test dependency")
from aliyunsdkcore.acs_exception.exceptions import ServerException

from evenhand.detectors import drawings
from evenhand.store import open_store
from tests.alibaba import Served, alibaba, hosting
from tests.compat import SECRET_KEY
from tests.rekognition import HEAVY, png
from tests.server import quick

IN_FORCE_S = 60


@pytest.fixture(scope="module")
def files() -> Iterator[str]:
    small = drawings.landscape().image.resize((240, 160))
    file = BytesIO()
    small.save(file, "PNG")
    pictures = {
        "dog.png": png(drawings.dog()),
        "landscape.png": png(drawings.landscape()),
        "small.png": file.getvalue(),
        "broken.png": b"no picture",
    }
    with hosting(pictures) as address:
        yield address


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, files: str) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("similar")
    settings = quick(
        folder,
        secret_key=SECRET_KEY,
        fetch_allow_hosts=(files.removeprefix("http://"),),
        disabled_detectors=HEAVY,
    )
    with alibaba(settings) as running:
        store = open_store(settings=settings)
        pair = store.dialect_keys.create("lists", dialect="alibaba", scopes=("check", "read", "policy"))
        yield Served(http=running.http, pair=pair, settings=settings)
        store.close()


def ask(served: Served, name: str, body: object) -> dict[str, Any]:
    """Send a request of the client's class of this name."""
    time.sleep(1.1)  # a request signed in the same second without a nonce would be the same request
    request = getattr(import_module(f"aliyunsdkgreen.request.v20180509.{name}Request"), f"{name}Request")
    return served.ask(request(), body)


def scanned(served: Served, url: str, *libraries: str, scenes: tuple[str, ...] = ("similarity",)) -> dict[str, Any]:
    """Give the row of a picture's first scene."""
    task = {"url": url, **({"similarityLibraries": list(libraries)} if libraries else {})}
    [row] = ask(served, "ImageSyncScan", {"scenes": list(scenes), "tasks": [task]})["data"]
    return dict(row["results"][-1])


def until_found(served: Served, url: str, *libraries: str, found: bool = True) -> dict[str, Any]:
    """Scan again until a change is in force."""
    deadline = time.monotonic() + IN_FORCE_S
    while True:
        row = scanned(served, url, *libraries)
        if (row["label"] == "similarity") is found:
            return row
        assert time.monotonic() < deadline, row


def test_a_library_from_its_making_to_its_end(served: Served, files: str) -> None:
    made = ask(served, "AddSimilarityLibrary", {"name": "广告图_1"})
    assert (made["code"], made["name"], made["imageCount"]) == (200, "广告图_1", 0)
    assert abs(made["createTime"] - time.time()) < 600
    assert ask(served, "AddSimilarityLibrary", {"name": "广告图_1"})["code"] == 400
    tasks: list[dict[str, Any]] = [
        {"dataId": "1", "url": f"{files}/landscape.png", "tags": ["dogs", "狗"]},
        {"dataId": "2", "url": f"{files}/broken.png"},
        {"dataId": "3", "url": f"{files}/missing.png"},
        {"dataId": "4", "url": "http://127.0.0.1:9/inside.png"},
        {"dataId": "5"},
    ]
    added = ask(served, "AddSimilarityImage", {"library": "广告图_1", "tasks": tasks})["data"]
    assert [row["code"] for row in added] == [200, 400, 480, 480, 400]
    assert (added[0]["dataId"], added[0]["url"]) == ("1", tasks[0]["url"])

    row = until_found(served, f"{files}/small.png", "广告图_1")
    assert (row["scene"], row["suggestion"]) == ("similarity", "review")
    assert row["rate"] > 60
    assert row["similarityImage"] == [{"library": "广告图_1", "rate": row["rate"]}]
    assert scanned(served, f"{files}/small.png")["label"] == "normal"  # of the library default
    assert scanned(served, f"{files}/dog.png", "广告图_1")["suggestion"] == "pass"
    assert (
        scanned(served, f"{files}/landscape.png", "广告图_1", scenes=("qrcode", "similarity"))["label"] == "similarity"
    )

    listed = ask(served, "ListSimilarityImages", {"library": "广告图_1", "pageSize": 5, "currentPage": 1})
    assert (listed["totalCount"], listed["pageSize"], listed["currentPage"]) == (1, 5, 1)
    [entry] = listed["data"]
    assert (entry["dataId"], entry["tags"]) == ("1", ["dogs", "狗"])
    by_url = ask(served, "GetSimilarityImage", {"library": "广告图_1", "url": tasks[0]["url"]})["data"]
    assert by_url == entry
    assert ask(served, "GetSimilarityImage", {"library": "广告图_1", "dataId": "9"})["code"] == 404
    assert ask(served, "GetSimilarityLibrary", {"name": "广告图_1"})["imageCount"] == 1

    full = ask(served, "DeleteSimilarityLibrary", {"name": "广告图_1"})
    assert (full["code"], "delete them first" in full["msg"]) == (400, True)
    gone = ask(served, "DeleteSimilarityImage", {"library": "广告图_1", "dataIds": ["1", "7"]})["data"]
    assert [(one["code"], one["dataId"]) for one in gone] == [(200, "1"), (404, "7")]
    until_found(served, f"{files}/small.png", "广告图_1", found=False)
    assert ask(served, "DeleteSimilarityLibrary", {"name": "广告图_1"})["code"] == 200
    assert ask(served, "GetSimilarityLibrary", {"name": "广告图_1"})["code"] == 404

    store = open_store(settings=served.settings)
    actors = {
        (entry.action, entry.actor) for entry in store.audit.page(limit=50) if entry.subject.startswith("library")
    }
    store.close()
    assert actors
    assert {actor for _, actor in actors} == {served.pair.id}


def test_the_default_library_is_there_unasked(served: Served, files: str) -> None:
    task = {"dataId": "d", "url": f"{files}/dog.png"}
    assert ask(served, "AddSimilarityImage", {"tasks": [task]})["data"][0]["code"] == 200
    until_found(served, task["url"])
    names = [one["name"] for one in ask(served, "ListSimilarityLibraries", {"pageSize": 50, "currentPage": 1})["data"]]
    assert "default" in names
    assert ask(served, "DeleteSimilarityImage", {"urls": [task["url"]]})["data"][0]["dataId"] == "d"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("AddSimilarityLibrary", {}),
        ("AddSimilarityLibrary", {"name": "a b"}),
        ("AddSimilarityLibrary", {"name": "x" * 65}),
        ("AddSimilarityImage", {"tasks": []}),
        ("AddSimilarityImage", {"tasks": [{}] * 101}),
        ("ListSimilarityLibraries", {"pageSize": 51, "currentPage": 1}),
        ("ListSimilarityImages", {"pageSize": 1, "currentPage": True}),
        ("DeleteSimilarityImage", {"dataIds": "1"}),
        ("DeleteSimilarityImage", {}),
        ("GetSimilarityImage", {}),
    ],
)
def test_what_cannot_be_is_refused(served: Served, name: str, body: dict[str, Any]) -> None:
    assert ask(served, name, body)["code"] == 400


def test_a_pair_needs_the_scopes(served: Served) -> None:
    store = open_store(settings=served.settings)
    pair = store.dialect_keys.create("plain", dialect="alibaba", scopes=("check",))
    store.close()
    plain = Served(http=served.http, pair=pair, settings=served.settings)
    with pytest.raises(ServerException) as caught:
        ask(plain, "AddSimilarityLibrary", {"name": "mine"})
    assert (caught.value.get_http_status(), caught.value.get_error_code()) == (403, "Forbidden.RAM")


def test_upload_tokens_are_refused_with_what_there_is_instead(served: Served) -> None:
    old = ask(served, "UploadCredentials", {})
    assert (old["code"], "EVENHAND_S3_BUCKETS" in old["msg"]) == (596, True)
    new = served.client_2022().describe_upload_token().body
    assert (new.code, "EVENHAND_S3_BUCKETS" in new.msg) == (408, True)
