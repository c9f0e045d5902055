"""Azure's own clients, Python and Node, against a real server."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.ai.contentsafety import BlocklistClient, ContentSafetyClient
from azure.ai.contentsafety.models import (
    AddOrUpdateTextBlocklistItemsOptions,
    AnalyzeImageOptions,
    AnalyzeTextOptions,
    ImageData,
    RemoveTextBlocklistItemsOptions,
    TextBlocklist,
    TextBlocklistItem,
    TextCategory,
)
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from tests.compat import NODE, stored
from tests.integration.api.compat.test_azure import NAMES, PNG, listed
from tests.server import serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Give the address and a key of a server that asks for keys."""
    settings = listed(tmp_path_factory.mktemp("clients"), require_keys=True)
    with stored(settings) as store:
        key = store.keys.create("client", scopes=("admin",)).token
    with serving(settings) as client:
        yield str(client.base_url).rstrip("/"), key


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients go to loopback themselves."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def content_safety(server: tuple[str, str], *, key: str | None = None) -> ContentSafetyClient:
    return ContentSafetyClient(server[0], AzureKeyCredential(key or server[1]), retry_total=0)


def test_the_python_client_analyzes(server: tuple[str, str]) -> None:
    with content_safety(server) as client:
        text = client.analyze_text(AnalyzeTextOptions(text="hateword and warword", output_type="FourSeverityLevels"))
        assert {one.category: one.severity for one in text.categories_analysis} == dict(
            zip(NAMES, (6, 0, 0, 2), strict=True)
        )
        assert text.blocklists_match == []
        hate = client.analyze_text(AnalyzeTextOptions(text="sexword", categories=[TextCategory.SEXUAL],
                                                      output_type="EightSeverityLevels"))  # fmt: skip
        assert [(one.category, one.severity) for one in hate.categories_analysis] == [("Sexual", 3)]
        image = client.analyze_image(AnalyzeImageOptions(image=ImageData(content=base64.b64decode(PNG))))
        assert "Sexual" in {one.category for one in image.categories_analysis}


def test_the_python_client_keeps_blocklists(server: tuple[str, str]) -> None:
    lists = BlocklistClient(server[0], AzureKeyCredential(server[1]), retry_total=0)
    with lists, content_safety(server) as client:
        made = lists.create_or_update_text_blocklist("mine", TextBlocklist(blocklist_name="mine", description="d"))
        assert (made.blocklist_name, made.description) == ("mine", "d")
        items = [TextBlocklistItem(text=f"word{number}", description="x") for number in range(7)]
        added = lists.add_or_update_blocklist_items(
            "mine", AddOrUpdateTextBlocklistItemsOptions(blocklist_items=items)
        ).blocklist_items
        assert [item.text for item in added] == [item.text for item in items]
        paged = [item.text for item in lists.list_text_blocklist_items("mine", maxpagesize=3)]
        assert paged == [item.text for item in items], "the client follows nextLink"
        some = [item.text for item in lists.list_text_blocklist_items("mine", top=4, skip=1, maxpagesize=3)]
        assert some == [item.text for item in items][1:5]
        assert "mine" in [one.blocklist_name for one in lists.list_text_blocklists()]
        assert lists.get_text_blocklist("mine").description == "d"
        one = lists.get_text_blocklist_item("mine", added[0].blocklist_item_id)
        assert (one.text, one.description) == ("word0", "x")
        options = AnalyzeTextOptions(text="here is W0rd3", blocklist_names=["mine"], halt_on_blocklist_hit=True)
        hit = client.analyze_text(options)
        assert hit.categories_analysis == []
        assert hit.blocklists_match is not None
        assert [(one.blocklist_name, one.blocklist_item_text) for one in hit.blocklists_match] == [("mine", "word3")]
        ids = [item.blocklist_item_id for item in added]
        lists.remove_blocklist_items("mine", RemoveTextBlocklistItemsOptions(blocklist_item_ids=ids))
        assert client.analyze_text(options).blocklists_match == []
        lists.delete_text_blocklist("mine")
        with pytest.raises(ResourceNotFoundError):
            lists.get_text_blocklist("mine")


def test_the_errors_that_the_client_types(server: tuple[str, str], tmp_path: Path) -> None:
    with content_safety(server, key="theirs") as stranger, pytest.raises(ClientAuthenticationError) as wrong:
        stranger.analyze_text(AnalyzeTextOptions(text="a"))
    assert wrong.value.error is not None
    assert wrong.value.error.code == "401"
    with content_safety(server) as client:
        with pytest.raises(ResourceNotFoundError) as missing:
            client.analyze_text(AnalyzeTextOptions(text="a", blocklist_names=["none"]))
        assert missing.value.error is not None
        assert missing.value.error.code == "ResourceNotFound"
        for options in (AnalyzeTextOptions(text=""), AnalyzeTextOptions(text="a", categories=["Spam"])):
            with pytest.raises(HttpResponseError) as bad:
                client.analyze_text(options)
            assert bad.value.status_code == 400
            assert bad.value.error is not None
            assert bad.value.error.code == "InvalidRequestBody"
        with pytest.raises(HttpResponseError) as both:
            client.analyze_image(AnalyzeImageOptions(image=ImageData(content=b"a", blob_url="https://a.example/b")))
        assert both.value.status_code == 400
    with (
        serving(listed(tmp_path, rate_limit=1)) as limited,
        content_safety((str(limited.base_url).rstrip("/"), "none")) as client,
    ):
        client.analyze_text(AnalyzeTextOptions(text="a"))
        with pytest.raises(HttpResponseError) as often:
            client.analyze_text(AnalyzeTextOptions(text="a"))
    assert often.value.status_code == 429


_SCRIPT = """
const { AzureKeyCredential } = require('@azure/core-auth');
const { default: make, isUnexpected, paginate } = require('@azure-rest/ai-content-safety');
const [address, key] = process.argv.slice(1);
(async () => {
  const options = {allowInsecureConnection: true, retryOptions: {maxRetries: 0}};
  const client = make(address, new AzureKeyCredential(key), options);
  const list = client.path('/text/blocklists/{blocklistName}', 'node');
  const made = await list.patch({contentType: 'application/merge-patch+json', body: {description: 'd'}});
  await client.path('/text/blocklists/{blocklistName}:addOrUpdateBlocklistItems', 'node')
    .post({body: {blocklistItems: [{text: 'badword'}, {text: 'other'}, {text: 'third'}]}});
  const first = await client.path('/text/blocklists/{blocklistName}/blocklistItems', 'node')
    .get({queryParameters: {maxpagesize: 2}});
  const items = [];
  for await (const item of paginate(client, first)) items.push(item.text);
  const hit = await client.path('/text:analyze')
    .post({body: {text: 'a badword and hateword', blocklistNames: ['node'], outputType: 'EightSeverityLevels'}});
  const bad = await client.path('/text:analyze').post({body: {}});
  const stranger = make(address, new AzureKeyCredential('theirs'), options);
  const wrong = await stranger.path('/text:analyze').post({body: {text: 'a'}});
  console.log(JSON.stringify({made: made.status, items, hit: hit.body,
    unexpected: [isUnexpected(hit), isUnexpected(bad)],
    bad: [bad.status, bad.body.error.code], wrong: [wrong.status, wrong.body.error.code]}));
})().catch(error => { console.error(error); process.exit(1); });
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.skipif(
    not (NODE / "node_modules" / "@azure-rest" / "ai-content-safety").is_dir(), reason="run: npm ci --prefix tests/node"
)
def test_the_node_client(server: tuple[str, str]) -> None:
    done = subprocess.run(
        ["node", "-e", _SCRIPT, *server], check=False, capture_output=True, timeout=180, cwd=NODE, text=True
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["made"] == "201"
    assert told["items"] == ["badword", "other", "third"]
    assert told["hit"]["blocklistsMatch"][0]["blocklistItemText"] == "badword"
    assert told["hit"]["categoriesAnalysis"][0] == {"category": "Hate", "severity": 6}
    assert told["unexpected"] == [False, True]
    assert told["bad"] == ["400", "InvalidRequestBody"]
    assert told["wrong"] == ["401", "401"]
