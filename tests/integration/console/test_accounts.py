"""Accounts in a real browser: the first one, a login with one-time codes, people, keys, and what others may not see."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from evenhand.store import open_store
from tests.browser import WAIT_MS, axe, chromium, fits, needs_chromium, open_page  # noqa: F401  (a fixture)
from tests.people import make, sign_in
from tests.server import quick, serving

expect.set_options(timeout=WAIT_MS)
_PASSWORD = "four plain words here"
_START_S = 120


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Run the real command on an empty database; give its address, and that of the first set-up."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("EVENHAND_")}
    environment = {
        **known,
        "EVENHAND_DATABASE_URL": f"sqlite:///{tmp_path / 'evenhand.db'}",
        "EVENHAND_DATA_DIR": str(tmp_path),
        "EVENHAND_PLUGINS": "false",
        "EVENHAND_DISABLED_DETECTORS": '["text.harm"]',
        "EVENHAND_JOBS_IN_SERVER": "false",
    }
    command = [sys.executable, "-m", "evenhand", "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        base = first = ""
        deadline = time.monotonic() + _START_S
        for line in process.stdout:
            lines.append(line)
            if line.startswith("{"):
                entry = json.loads(line)
                base = entry["address"] if entry["event"] == "listening" else base
                first = entry.get("address", "") if "no account yet" in entry["event"] else first
            if first or time.monotonic() > deadline:
                break
        assert first, "".join(lines)
        threading.Thread(target=process.stdout.read, daemon=True).start()  # a full pipe would stop the server
        yield base, first
        process.terminate()


def _sign_in(page: Page, name: str, password: str) -> None:
    page.goto("/console/accounts/login?next=/console/accounts/me")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


@needs_chromium
def test_from_the_first_account_to_the_second_login(chromium: Browser, fresh: tuple[str, str]) -> None:  # noqa: F811
    base, first = fresh
    page, faults = open_page(chromium, base)

    # The first account, with the token that only the log has.
    page.goto(first)
    assert "#" not in page.url
    assert axe(page) == []
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Password").fill("ada-1-ada-2-ada")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("alert")).to_contain_text("little more than the name")
    page.get_by_label("Password").fill(_PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="My account")).to_be_visible()

    # One-time codes: the QR code is drawn, the secret is confirmed, recovery codes are shown once.
    codes = page.get_by_role("region", name="One-time codes")
    codes.get_by_label("Your password").fill(_PASSWORD)
    codes.get_by_role("button", name="Set them up").click()
    expect(page.locator("#totp-code")).to_be_visible()
    assert page.evaluate("document.getElementById('totp-code').naturalWidth") > 100
    secret = page.locator("#totp-secret").inner_text().replace(" ", "")
    assert axe(page) == []
    totp = pyotp.TOTP(secret)
    codes.get_by_label("Code", exact=True).fill(totp.now())
    codes.get_by_role("button", name="Confirm").click()
    expect(page.locator("#shown-text")).to_be_visible()
    recovery = page.locator("#shown-text").inner_text().split()
    assert len(recovery) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(codes).to_contain_text("10 recovery codes are left")

    # Signed out, pages lead to the login and back to where they were.
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/console/accounts/login"))
    page.goto("/console/accounts/users")
    expect(page).to_have_url(re.compile("login[?]next="))
    assert axe(page) == []
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("not the right one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    page.get_by_label("Password").fill(_PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Code").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("wrong or was used")
    page.get_by_label("Code").fill(totp.at(int(time.time()) + 30))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/console/accounts/users$"))

    # Another person, with a hostile name and a password for their first login.
    page.set_viewport_size({"width": 390, "height": 800})
    hostile = "<img src=x onerror=alert(1)>"
    page.get_by_role("region", name="New account").get_by_label("Name").fill(hostile)
    page.get_by_label("Reviewer", exact=True).check()
    page.get_by_label("Only these review queues").fill("default, children")
    page.get_by_role("button", name="Make the account").click()
    expect(page.locator("#shown-text")).to_be_visible()
    given = page.locator("#shown-text").inner_text()
    page.get_by_role("link", name="I have kept it").click()
    expect(page.get_by_role("row", name=re.compile("default, children"))).to_contain_text(hostile)
    assert page.locator("img").count() == 0
    assert axe(page) == []
    assert fits(page)
    page.get_by_role("link", name=hostile).click()
    expect(page.get_by_label("Only these review queues")).to_have_value("default, children")
    page.get_by_label("Only these review queues").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")
    expect(page.get_by_label("Only these review queues")).to_have_value("")
    assert axe(page) == []
    assert fits(page)

    # A key, shown once, and revoked.
    page.goto("/console/accounts/keys")
    page.get_by_label("Name").fill("shop")
    page.get_by_label("perspective").check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.locator("#shown-text")).to_contain_text("eh_")
    token = page.locator("#shown-text").inner_text()
    page.get_by_role("link", name="I have kept it").click()
    assert token not in page.content()
    expect(page.get_by_text("only perspective")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("revoked", exact=True)).to_be_visible()
    assert axe(page) == []

    # That person's first login: nothing before their own password; then their own pages only, in Chinese and dark.
    other, other_faults = open_page(chromium, base, locale="zh-CN", color_scheme="dark")
    other.goto("/console/accounts/login")
    other.get_by_label("名称").fill(hostile)
    other.get_by_label("密码").fill(given)
    other.get_by_role("button", name="登录").click()
    expect(other).to_have_url(re.compile("/console/accounts/me$"))
    assert axe(other) == []
    other.get_by_label("当前密码").fill(given)
    other.get_by_label("新密码").fill("another four plain words")
    other.get_by_role("button", name="更改").click()
    expect(other.get_by_role("status").first).to_contain_text("密码已更改")
    expect(other.get_by_role("link", name="人员")).to_have_count(0)
    refused = other.goto("/console/accounts/users")
    assert refused is not None
    assert refused.status == 403

    # Disabled, they are out at once.
    page.goto("/console/accounts/users")
    page.get_by_role("link", name=hostile).click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("disabled")).to_be_visible()
    other.goto("/console/accounts/me")
    expect(other).to_have_url(re.compile("/console/accounts/login"))
    other.context.close()
    page.context.close()
    assert faults == []
    assert other_faults == []


def test_a_tenants_people_are_shown_their_own_pages_only(tmp_path: Path) -> None:
    settings = quick(tmp_path)
    store = open_store(settings=settings)
    store.migrate()
    make(store, "nobodys")
    make(store, "boss", "admin", tenant=store.accounts.create_tenant("Shop", actor="local").id)
    store.close()
    with (
        serving(settings, console=True) as client,
        closing(sign_in(client, "nobodys")) as nobodys,
        closing(sign_in(client, "boss")) as boss,
    ):
        whole, theirs = (re.findall('<a href="(/console/[^"]+)"', one.get("/console").text) for one in (nobodys, boss))
        assert set(theirs) < set(whole)
        for path in theirs:
            assert boss.get(path).status_code == 200, path
        for path in set(whole) - set(theirs):
            assert boss.get(path).status_code == 403, path
        assert "nobodys" not in boss.get("/console/accounts/users").text
        assert boss.get("/console/accounts/users/nobodys").status_code == 404
