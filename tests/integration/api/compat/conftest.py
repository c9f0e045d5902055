"""A server with the text model, which tests of dialects share."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.compat import with_model
from tests.server import serving


@pytest.fixture(scope="module")
def model_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Give a client of a server with all text detectors."""
    with serving(with_model(tmp_path_factory.mktemp("compat"))) as opened:
        yield opened
