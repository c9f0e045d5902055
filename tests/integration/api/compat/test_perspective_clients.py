"""Perspective's protocol with the vendor's own clients, curl, and the npm client."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import httpx
import pytest

from tests.compat import NODE

RUDE = "What kind of idiot name is foo? Sorry, I like your name."


def _services(address: str) -> dict[str, Any]:
    from googleapiclient import discovery

    document = httpx.get(f"{address}/$discovery/rest?version=v1alpha1", trust_env=False).json()
    return {
        "by its address": discovery.build(
            "commentanalyzer",
            "v1alpha1",
            developerKey="key",
            discoveryServiceUrl=f"{address}/$discovery/rest?version=v1alpha1",
            static_discovery=False,
        ),
        "from the document": discovery.build_from_document(document, developerKey="key"),
        "with another endpoint": discovery.build_from_document(
            {**document, "rootUrl": "https://commentanalyzer.googleapis.com/"},
            developerKey="key",
            client_options={"api_endpoint": address},
        ),
    }


@pytest.mark.parametrize("way", ["by its address", "from the document", "with another endpoint"])
def test_googles_python_client(model_client: httpx.Client, way: str) -> None:
    pytest.importorskip("googleapiclient", reason="google-api-python-client is a test dependency")
    from googleapiclient.errors import HttpError

    service = _services(str(model_client.base_url).rstrip("/"))[way]
    request = {
        "comment": {"text": RUDE, "type": "PLAIN_TEXT"},
        "requestedAttributes": {"TOXICITY": {"scoreThreshold": 0.1}, "INSULT": {}},
        "languages": ["en"],
        "spanAnnotations": True,
        "doNotStore": True,
        "clientToken": "t",
        "sessionId": "s",
        "context": {"entries": [{"text": "before", "type": "PLAIN_TEXT"}]},
    }
    answer = service.comments().analyze(body=request).execute()
    assert answer["attributeScores"]["INSULT"]["summaryScore"]["value"] > 0.5
    assert len(answer["attributeScores"]["INSULT"]["spanScores"]) == 2
    assert answer["clientToken"] == "t"
    suggestion = {"comment": {"text": RUDE}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0}}}}
    assert service.comments().suggestscore(body=suggestion).execute() == {}
    with pytest.raises(HttpError) as raised:
        service.comments().analyze(body={**request, "languages": ["xx"]}).execute()
    assert raised.value.status_code == 400
    assert raised.value.reason == "Attribute TOXICITY does not support request languages: xx"
    assert raised.value.error_details[0]["languageNotSupportedByAttributeError"]["requestedLanguages"] == ["xx"]
    with pytest.raises(HttpError, match="Comment must be non-empty"):
        service.comments().analyze(body={**request, "comment": {"text": ""}}).execute()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_quick_starts_own_curl(model_client: httpx.Client) -> None:
    data = (
        '{comment: {text: "what kind of idiot name is foo?"}, languages: ["en"], requestedAttributes: {TOXICITY:{}} }'
    )
    command = ["curl", "-s", "--noproxy", "*", "-H", "Content-Type: application/json", "--data", data]
    done = subprocess.run(
        [*command, f"{str(model_client.base_url).rstrip('/')}/v1alpha1/comments:analyze?key=KEY"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["attributeScores"]["TOXICITY"]["summaryScore"]["value"] > 0.5


_SCRIPT = """
const axios = require('axios');
axios.interceptors.request.use(config => {
  config.url = config.url.replace('https://commentanalyzer.googleapis.com', process.argv[1]);
  config.proxy = false;
  return config;
});
const Perspective = require('perspective-api-client');
const perspective = new Perspective({apiKey: 'key'});
(async () => {
  const good = await perspective.analyze(process.argv[2], {attributes: ['toxicity', 'insult']});
  const bad = await perspective.analyze('a', {attributes: ['foo']}).catch(error => error);
  console.log(JSON.stringify({good, name: bad.name, message: bad.message, status: bad.response.status}));
})();
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.skipif(
    not (NODE / "node_modules" / "perspective-api-client").is_dir(), reason="run: npm ci --prefix tests/node"
)
def test_the_npm_client(model_client: httpx.Client) -> None:
    done = subprocess.run(
        ["node", "-e", _SCRIPT, str(model_client.base_url).rstrip("/"), RUDE],
        check=True,
        capture_output=True,
        timeout=60,
        cwd=NODE,
    )
    told = json.loads(done.stdout)
    assert told["good"]["attributeScores"]["INSULT"]["summaryScore"]["value"] > 0.5
    assert (told["name"], told["status"]) == ("ResponseError", 400)
    assert told["message"] == "Unknown requested attribute: FOO"
