"""The auditor's pages and the dashboards in a real browser: a verification, a replay, a report, figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from evenhand.store import open_store
from evenhand.store.schema import audit_log
from tests.browser import axe, fits, open_page
from tests.server import quick, serving

_HOSTILE = "call me at +1 202 555 0143 <img src=x onerror=alert(1)> <script>alert(2)</script>"
_GROUNDS = """
platform: Example
grounds:
  - {label: ads, ground: incompatible, reference: "Terms 4.2", url: "https://example.org/terms"}
"""


@pytest.fixture
def auditing(tmp_path: Path) -> Iterator[tuple[httpx.Client, str]]:
    """Give a client of a server with some decisions, and the id of one that restricts."""
    (tmp_path / "grounds.yaml").write_text(_GROUNDS)
    settings = quick(tmp_path, grounds=tmp_path / "grounds.yaml", keep_originals_days=3)
    with serving(settings, console=True) as client:
        made = client.post("/v1/check", json={"text": _HOSTILE, "id": "<script>alert(3)</script>"}).json()
        for number in range(30):
            client.post("/v1/check", json={"text": f"good morning number {number}"})
        client.post("/v1/marks", json={"decision_id": made["decision_id"], "verdict": "right"})
        client.post("/v1/alerts", json={"name": "<b>many</b>", "figure": "volume", "threshold": 5, "least": 1})
        client.post("/v1/alerts/check")
        yield client, made["decision_id"]


def test_an_auditor_verifies_replays_and_reports(
    chromium: Browser, auditing: tuple[httpx.Client, str], tmp_path: Path
) -> None:
    client, decision = auditing
    page, faults = open_page(chromium, str(client.base_url))
    _verify(page, client, tmp_path)
    page.goto(f"/console/decisions?action={client.get(f'/v1/decisions/{decision}').json()['action']}")
    page.get_by_role("link", name=decision).click()
    expect(page.locator("pre[lang=en]")).to_contain_text("Terms 4.2")
    page.get_by_label("Language").select_option("zh")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("pre[lang=zh]")).to_contain_text("服务条款")
    page.keyboard.press("r")
    expect(page.locator("#replayed .badge.good").first).to_be_visible()
    assert not axe(page)
    page.goto("/console/reports")
    expect(page.get_by_role("heading", name="Transparency report: Example")).to_be_visible()
    assert not axe(page)
    for path in ("/console/decisions", "/console/webhooks", "/console/dashboards/alerts"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert not axe(page), path
    expect(page.get_by_role("rowheader", name="<b>many</b>")).to_be_visible()
    page.context.close()
    assert not faults


def _verify(page: Page, client: httpx.Client, folder: Path) -> None:
    noted = client.get("/v1/audit-log/head").json()["noted"]
    page.goto("/console/auditlog")
    expect(page.get_by_role("cell", name="mark.add")).to_be_visible()
    page.locator("textarea[name=expect]").fill(noted)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator("#verified")).to_contain_text("The chain holds.")
    assert not axe(page)
    # Somebody with the database in hand changes a link: the auditor sees which.
    store = open_store(f"sqlite:///{folder / 'test.db'}")
    store.database.write(lambda at: at.execute(audit_log.update().where(audit_log.c.seq == 1).values(actor="nobody")))
    store.close()
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator("#verified")).to_contain_text("The chain does not hold.")
    expect(page.locator("#verified")).to_contain_text("entry 1 was changed")


@pytest.mark.parametrize(
    "options",
    [{}, {"viewport": {"width": 390, "height": 844}}, {"color_scheme": "dark"}, {"locale": "zh-CN"}],
    ids=["wide", "narrow", "dark", "chinese"],
)
def test_dashboards_are_for_everybody(
    chromium: Browser, auditing: tuple[httpx.Client, str], options: dict[str, object]
) -> None:
    client, _ = auditing
    page, faults = open_page(chromium, str(client.base_url), **options)
    page.goto("/console/dashboards?days=7")
    expect(page.get_by_role("img").first).to_be_visible()
    page.locator("details summary").first.click()
    expect(page.get_by_role("cell", name="31", exact=True).first).to_be_visible()
    assert not axe(page)
    assert fits(page)
    page.context.close()
    assert not faults
