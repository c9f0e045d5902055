"""Takes the pictures of the console in docs/images/ from a fresh demo: `python scripts/screenshots.py [NAME...]`.

Needs Chromium and the development environment. Light and dark, English and Chinese, wide and narrow.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

TARGET = Path(__file__).parents[1] / "docs" / "images"
MOST_BYTES = 150_000
_COLOURS = 96  # of a picture's palette: flat pages need no more
_WAIT_MS = 60_000


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture."""

    name: str
    who: str
    path: str
    click: str | None = None  # selector of what is opened on that page
    options: dict[str, Any] = field(default_factory=dict)  # of the browser's context
    height: int = 800  # pixels


_PHONE = {"viewport": {"width": 390, "height": 800}, "device_scale_factor": 1}
SHOTS = (
    Shot(name="console-queues", who="sam", path="/console/review"),
    Shot(name="console-item", who="sam", path="/console/review/items?state=waiting", click="tbody a"),
    Shot(name="console-dashboards", who="odo", path="/console/dashboards", height=1100),
    Shot(name="console-policies", who="pia", path="/console/policies"),
    Shot(name="console-classes", who="pia", path="/console/classes"),
    Shot(name="console-class", who="pia", path="/console/classes/essay_mill", height=1500),
    Shot(name="console-class-new", who="pia", path="/console/classes/new", options={"color_scheme": "dark"}),
    Shot(name="console-class-zh", who="pia", path="/console/classes/essay_mill", options={"locale": "zh-CN"}),
    Shot(
        name="console-item-phone",
        who="sam",
        path="/console/review/items?state=waiting",
        click="tbody a",
        options=_PHONE,
    ),
)


def main() -> None:
    """Take all, or those that are named."""
    wanted = [shot for shot in SHOTS if not sys.argv[1:] or shot.name in sys.argv[1:]]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "evenhand", "demo", "--port", "0", "--folder", f"{folder}/demo"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            told = ""
            for line in server.stdout or ():
                told += line
                if "Ctrl-C" in line:
                    break
            address = re.findall(r"http://127\.0\.0\.1:\d+", told)[0]
            logins = dict(re.findall(r"^  (\w+) +\w+ +([0-9a-f-]{19})$", told, re.MULTILINE))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
                )
                for shot in wanted:
                    _take(browser, address, logins, shot)
                browser.close()
        finally:
            server.terminate()
            server.wait(60)


def _take(browser: Browser, address: str, logins: dict[str, str], shot: Shot) -> None:
    options = {"viewport": {"width": 1280, "height": shot.height}, "color_scheme": "light", **shot.options}
    context = browser.new_context(base_url=address, **options)
    page = context.new_page()
    page.set_default_timeout(_WAIT_MS)
    _sign_in(page, shot.who, logins[shot.who])
    page.goto(shot.path)
    if shot.click:
        page.locator(shot.click).first.click()
        page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    held = Image.open(io.BytesIO(page.screenshot())).convert("RGB").quantize(_COLOURS)
    held.save(TARGET / f"{shot.name}.png", optimize=True)
    size = (TARGET / f"{shot.name}.png").stat().st_size
    sys.stdout.write(f"{shot.name}: {size // 1000} kB{' TOO LARGE' if size > MOST_BYTES else ''}\n")
    context.close()


def _sign_in(page: Page, name: str, password: str) -> None:
    for _ in range(60):
        try:
            page.goto("/console/accounts/login")
            break
        except Exception:  # (the server listens a moment later)
            page.wait_for_timeout(1_000)
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("#login button").click()
    page.wait_for_url(lambda url: "/login" not in url)


if __name__ == "__main__":
    main()
