"""API keys that are good for some dialects, or for the native API, only; refusals in each vendor's own shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from evenhand.api.compat import keyed_places
from evenhand.errors import InputError
from evenhand.store import NewKey, open_store
from tests.compat import stored
from tests.integration.api.compat.test_azure import TEXT as AZURE
from tests.server import quick, serving

PERSPECTIVE = "/v1alpha1/comments:analyze"
COMMENT: dict[str, Any] = {"comment": {"text": "hello"}, "requestedAttributes": {"SPAM": {}}, "languages": ["en"]}


def _ask(client: httpx.Client, place: str, token: str) -> httpx.Response:
    if place == "perspective":
        return client.post(PERSPECTIVE, params={"key": token}, json=COMMENT)
    if place == "azure":
        return client.post(AZURE, headers={"Ocp-Apim-Subscription-Key": token}, json={"text": "hello"})
    path, body = ("/v1/moderations", {"input": "hello"}) if place == "openai" else ("/v1/check", {"text": "hello"})
    return client.post(path, headers={"Authorization": f"Bearer {token}"}, json=body)


def test_a_limited_key_is_refused_elsewhere_in_the_vendors_words(tmp_path: Path) -> None:
    settings = quick(tmp_path, require_keys=True)
    store = open_store(settings=settings)
    store.migrate()
    keys: dict[str, NewKey] = {
        place: store.keys.create(place, scopes=("check", "read"), only=(place,))
        for place in ("native", "perspective", "openai", "azure")
    }
    free = store.keys.create("free", scopes=("check",))
    assert keys["azure"].info == next(key for key in store.keys.list() if key.name == "azure")
    assert (keys["azure"].info.scopes, keys["azure"].info.only, free.info.only) == (("check", "read"), ("azure",), ())
    with serving(settings) as client:
        for name, key in keys.items():
            for place in keys:
                answer = _ask(client, place, key.token)
                if place == name:
                    assert answer.status_code != 403, answer.text
                    continue
                assert answer.status_code == 403, (name, place, answer.text)
                error = answer.json()["error"]
                assert f"for {name} only" in error["message"]
                word = {
                    "native": ("code", "forbidden"),
                    "perspective": ("status", "PERMISSION_DENIED"),
                    "openai": ("code", "insufficient_permissions"),
                    "azure": ("code", "PermissionDenied"),
                }[place]
                assert error[word[0]] == word[1]
        assert all(_ask(client, place, free.token).status_code != 403 for place in keys)
        vendor = openai.OpenAI(api_key=keys["azure"].token, base_url=f"{client.base_url}/v1", max_retries=0)
        with pytest.raises(openai.PermissionDeniedError, match="for azure only"):
            vendor.moderations.create(input="hello")
        # Nor may it read what the native API shows.
        bearer = {"Authorization": f"Bearer {keys['azure'].token}"}
        assert client.get("/v1/decisions/x", headers=bearer).status_code == 403
        assert client.get("/metrics", headers=bearer).status_code == 403
    store.close()


def test_a_limited_key_makes_no_key_that_reaches_further(tmp_path: Path) -> None:
    settings = quick(tmp_path, require_keys=True)
    with stored(settings) as store:
        maker = store.keys.create("maker", scopes=("accounts", "check"), only=("native", "openai"))
    with serving(settings) as client:
        client.headers["Authorization"] = f"Bearer {maker.token}"

        def make(**more: object) -> httpx.Response:
            return client.post("/v1/keys", json={"name": "x", "scopes": ["check"], **more})

        assert make(only=["openai"]).json()["only"] == ["openai"]
        assert make().json()["only"] == ["native", "openai"]
        assert make(only=["azure"]).status_code == 403
        assert make(only=["klingon"]).status_code == 422
        assert make(only=["rekognition"]).status_code == 422
        listed = {tuple(key["only"]) for key in client.get("/v1/keys").json()["keys"]}
        assert listed == {("native", "openai"), ("openai",)}


def test_places_are_checked() -> None:
    assert keyed_places(["azure", "native", "azure"]) == ("azure", "native")
    assert "native" in keyed_places(None)
    assert not {"alibaba", "rekognition"} & set(keyed_places(None))
    with pytest.raises(InputError, match="keys create NAME --for"):
        keyed_places(["alibaba"])
