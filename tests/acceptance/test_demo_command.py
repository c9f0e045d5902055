"""`evenhand demo`, started as a process: filled, served, signed in to with what it printed, and looked at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import needs_chromium, open_page

_PATIENT_MS = 60_000


@dataclass(frozen=True)
class Running:
    """A demo that is served."""

    address: str
    passwords: dict[str, str]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("demo") / "kept"
    command = [sys.executable, "-m", "evenhand", "demo", "--port", "0", "--folder", str(folder)]
    quiet = {**os.environ, "EVENHAND_DATABASE_URL": "sqlite:////nonexistent/other.db"}  # is not looked at
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quiet)
    if process.stdout is None:
        pytest.fail("no output")
    told = []
    for line in process.stdout:
        told.append(line)
        if "Ctrl-C" in line:
            break
    text = "".join(told)
    address = re.search(r"http://127\.0\.0\.1:\d+", text)
    if address is None:
        process.kill()
        pytest.fail(text)
    logins = dict(re.findall(r"^  (\w+) +\w+ +([0-9a-f-]{19})$", text, re.MULTILINE))
    yield Running(address[0], logins)
    process.terminate()
    process.wait(60)


@needs_chromium
def test_a_newcomer_sees_it_alive(demo: Running, chromium: Browser) -> None:
    assert set(demo.passwords) == {"ada", "sam", "rosa", "ravi", "pia", "odo"}
    page, faults = open_page(chromium, demo.address)
    page.set_default_timeout(_PATIENT_MS)
    for _ in range(60):  # the server listens a moment after the address was told
        try:
            page.goto("/console")
            break
        except Exception:  # (Playwright's own error, for a connection refused)
            page.wait_for_timeout(1_000)
    page.get_by_label("Name").fill("sam")
    page.get_by_label("Password", exact=True).fill(demo.passwords["sam"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="sam")).to_be_visible()
    page.goto("/console/review/items?state=waiting")
    expect(page.locator("tbody tr").nth(2)).to_be_visible()
    page.context.close()
    page, more = open_page(chromium, demo.address)
    page.goto("/console/classes")
    page.get_by_label("Name").fill("pia")
    page.get_by_label("Password", exact=True).fill(demo.passwords["pia"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="essay_mill").click()
    expect(page.get_by_text("fairness audit passed")).to_be_visible()
    page.context.close()
    assert not faults
    assert not more


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    command = [sys.executable, "-m", "evenhand", "demo", "--no-serve", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
