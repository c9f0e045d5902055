"""Schemathesis over the whole API: no request that it can think of gets a 5xx or an answer of another shape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from evenhand.store import open_store
from tests.server import quick, serving
from tests.turned_off import MODELS


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    settings = quick(folder, disabled_detectors=MODELS, fetch_urls=False, require_keys=True)
    store = open_store(settings=settings)
    store.migrate()
    # A key, so that an account that is made on the way does not shut the door on what follows.
    token = store.keys.create("fuzz", scopes=("admin",)).token
    store.close()
    with serving(settings) as client:
        client.headers["x-api-key"] = token
        yield client


def test_the_api_holds_to_its_document(served: httpx.Client) -> None:
    schema = schemathesis.openapi.from_url(f"{served.base_url}/openapi.json")
    checks = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) >= 9
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        def holds(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=checks, headers={"X-API-Key": served.headers["x-api-key"]})

        holds()
