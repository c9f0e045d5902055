"""What tests of the review pages stand on: a server with the console that keeps contents, and a page on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from evenhand.store import Store, open_store
from tests.browser import open_page
from tests.reviewdesk import HOSTILE
from tests.server import quick, serving


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[httpx.Client, Store]]:
    """Give a server with the console that keeps contents, and its store."""
    settings = quick(tmp_path, keep_originals_days=30, keep_context_keys=("channel", "author", "conversation", HOSTILE))
    store = open_store(settings=settings)
    store.migrate()
    with serving(settings, console=True) as client:
        yield client, store
    store.close()


@pytest.fixture
def page(chromium: Browser, desk: tuple[httpx.Client, Store]) -> Iterator[Page]:
    """Give a page on that server; the test fails where a script failed or the page's policy was broken."""
    opened, faults = open_page(chromium, str(desk[0].base_url))
    yield opened
    opened.context.close()
    assert not faults
