"""OpenAI's own clients, Python and Node, against a real server."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest
from openai.types import ModerationMultiModalInputParam

from tests.compat import NODE, stored
from tests.integration.api.compat.test_openai import CATEGORIES, PNG, listed
from tests.server import serving

HATE = "a slurword here"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Give the address and a key of a server that asks for keys."""
    settings = listed(tmp_path_factory.mktemp("clients"), require_keys=True)
    with stored(settings) as store:
        key = store.keys.create("client").token
    with serving(settings) as client:
        yield f"{str(client.base_url).rstrip('/')}/v1", key


def make(server: tuple[str, str], *, key: str | None = None) -> openai.OpenAI:
    http = openai.DefaultHttpxClient(trust_env=False, timeout=120)
    return openai.OpenAI(base_url=server[0], api_key=key or server[1], max_retries=0, http_client=http)


def test_the_python_client(server: tuple[str, str]) -> None:
    with make(server) as client:
        one = client.moderations.create(model="omni-moderation-latest", input=HATE)
        assert one.id.startswith("modr-")
        assert one.model == "omni-moderation-latest"
        assert one.results[0].flagged
        assert one.results[0].categories.hate
        assert one.results[0].categories.harassment_threatening is False
        assert one.results[0].category_scores.hate == 1.0
        assert set(one.results[0].categories.to_dict()) == CATEGORIES
        assert one.results[0].category_applied_input_types.hate == ["text"]
        many = client.moderations.create(input=["hello", HATE])
        assert [result.flagged for result in many.results] == [False, True]
        url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
        said: list[ModerationMultiModalInputParam] = [
            {"type": "text", "text": HATE},
            {"type": "image_url", "image_url": {"url": url}},
        ]
        parts = client.moderations.create(
            model="omni-moderation-latest",
            input=said,
        )
        assert len(parts.results) == 1
        assert parts.results[0].flagged
        assert parts.results[0].category_applied_input_types.sexual == ["image"]
        raw = client.moderations.with_raw_response.create(input="hello")
        assert raw.parse().id == f"modr-{raw.headers['x-decision-id']}"
        assert raw.request_id


def test_the_asynchronous_python_client(server: tuple[str, str]) -> None:
    async def ask() -> list[bool]:
        http = openai.DefaultAsyncHttpxClient(trust_env=False, timeout=120)
        async with openai.AsyncOpenAI(base_url=server[0], api_key=server[1], http_client=http) as client:
            jobs = [client.moderations.create(input=HATE if number % 2 else "hello") for number in range(10)]
            return [answer.results[0].flagged for answer in await asyncio.gather(*jobs)]

    assert asyncio.run(ask()) == [bool(number % 2) for number in range(10)]


def test_the_errors_that_the_client_types(server: tuple[str, str], tmp_path: Path) -> None:
    with make(server, key="sk-theirs") as stranger, pytest.raises(openai.AuthenticationError) as wrong:
        stranger.moderations.create(input="a")
    assert wrong.value.code == "invalid_api_key"
    with make(server) as client:
        with pytest.raises(openai.BadRequestError) as bad:
            client.moderations.create(input=[])
        assert (bad.value.code, bad.value.param, bad.value.type) == ("empty_array", "input", "invalid_request_error")
        with pytest.raises(openai.NotFoundError) as unknown:
            client.moderations.create(input="a", model="gpt-9")
        assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
        with pytest.raises(openai.APIStatusError) as large:
            client.moderations.create(input="a" * 1_000_001)
        assert large.value.status_code == 413
        headers = {"Idempotency-Key": "clients-1"}
        client.moderations.create(input="a", extra_headers=headers)
        with pytest.raises(openai.ConflictError):
            client.moderations.create(input="b", extra_headers=headers)
    with serving(listed(tmp_path, rate_limit=1)) as limited:
        address = f"{str(limited.base_url).rstrip('/')}/v1"
        with make((address, "none")) as client:
            client.moderations.create(input="a")
            with pytest.raises(openai.RateLimitError) as often:
                client.moderations.create(input="a")
    assert often.value.code == "rate_limit_exceeded"
    assert often.value.response.headers["retry-after"]


def test_the_client_that_is_set_up_by_the_environment(server: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server[0])
    monkeypatch.setenv("OPENAI_API_KEY", server[1])
    with openai.OpenAI(http_client=openai.DefaultHttpxClient(trust_env=False, timeout=120)) as client:
        assert client.moderations.create(input=HATE).results[0].flagged


_SCRIPT = """
const OpenAI = require('openai');
const [address, key, hate, png] = process.argv.slice(1);
const client = new OpenAI({baseURL: address, apiKey: key, maxRetries: 0});
const failing = async (work) => work.then(() => null, e => ({name: e.constructor.name, status: e.status, code: e.code,
  param: e.param, type: e.type}));
(async () => {
  const many = await client.moderations.create({input: ['hello', hate]});
  const parts = await client.moderations.create({model: 'omni-moderation-latest', input: [
    {type: 'text', text: 'hello'}, {type: 'image_url', image_url: {url: 'data:image/png;base64,' + png}}]});
  const half = await client.moderations.create({input: '\\ud83d ' + hate});
  const stranger = new OpenAI({baseURL: address, apiKey: 'sk-theirs', maxRetries: 0});
  console.log(JSON.stringify({
    many: many.results.map(r => r.categories.hate), parts: parts.results.length, half: half.results[0].flagged,
    wrong: await failing(stranger.moderations.create({input: 'a'})),
    unknown: await failing(client.moderations.create({input: 'a', model: 'gpt-9'})),
    bad: await failing(client.moderations.create({})),
  }));
})();
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
@pytest.mark.skipif(not (NODE / "node_modules" / "openai").is_dir(), reason="run: npm ci --prefix tests/node")
def test_the_node_client(server: tuple[str, str]) -> None:
    png = base64.b64encode(PNG).decode()
    command = ["node", "-e", _SCRIPT, *server, HATE, png]
    done = subprocess.run(command, check=True, capture_output=True, timeout=180, cwd=NODE)
    told = json.loads(done.stdout)
    assert told["many"] == [False, True]
    assert told["parts"] == 1
    assert told["half"] is True, "half a surrogate pair does not hide what follows it"
    assert (told["wrong"]["name"], told["wrong"]["code"]) == ("AuthenticationError", "invalid_api_key")
    assert (told["unknown"]["name"], told["unknown"]["param"]) == ("NotFoundError", "model")
    assert (told["bad"]["name"], told["bad"]["code"]) == ("BadRequestError", "missing_required_parameter")
