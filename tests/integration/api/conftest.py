"""A server that all tests of the API share."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.server import quick, serving


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(quick(tmp_path_factory.mktemp("api"))) as opened:
        yield opened
