"""Single sign-on in a real browser, by the pages of a certified provider: from the first login to sign out."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from evenhand.store import open_store
from tests.browser import WAIT_MS, axe, chromium, needs_chromium, open_page  # noqa: F401  (a fixture)
from tests.people import make
from tests.provider import free_port, needs_provider, providing
from tests.server import quick, serving

expect.set_options(timeout=WAIT_MS)
_BACK = "/v1/sessions/oidc/callback"


def _at_the_provider(page: Page, person: str) -> None:
    """Sign in and consent on the provider's own pages."""
    page.locator("input[name=login]").fill(person)
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


@needs_chromium
@needs_provider
def test_people_come_in_by_the_providers_page_and_go_again(chromium: Browser, tmp_path: Path) -> None:  # noqa: F811
    """First login makes an account, groups are roles and decide what the navigation shows, and signing out ends it."""
    port = free_port()
    settings = quick(
        tmp_path,
        oidc_issuer=f"http://127.0.0.1:{port}",
        oidc_client_id="evenhand",
        oidc_client_secret="not a secret: a test's",
        oidc_roles={"moderators": "reviewer", "audit": "auditor"},
    )
    store = open_store(settings=settings)
    store.migrate()
    make(store, "ada")
    with serving(settings, console=True) as client:
        base = str(client.base_url).rstrip("/")
        with providing(port, base + _BACK):
            page, faults = open_page(chromium, base)
            # What somebody asked for before they signed in is where they come out.
            page.goto("/console/review/wellness")
            button = page.get_by_role("link", name="Sign in with")
            expect(button).to_be_visible()
            assert axe(page) == []
            button.click()
            assert page.url.startswith(f"http://127.0.0.1:{port}/")
            _at_the_provider(page, "eve@moderators+golf")
            page.wait_for_url(f"{base}/console/review/wellness")
            navigation = page.get_by_role("navigation").first
            expect(navigation.get_by_role("link", name="Review", exact=True)).to_be_visible()
            expect(navigation.get_by_role("link", name="Audit log")).to_have_count(0)
            eve = store.accounts.get("eve")
            assert (eve.has_password, "review" in eve.scopes, "audit" in eve.scopes) == (False, True, False)
            refused = page.goto("/console/auditlog")
            assert refused is not None
            assert refused.status == 403

            # The session's cookie is out of reach of scripts, and does not go along from other sites' forms.
            (cookie,) = [one for one in page.context.cookies(base) if one["name"] == "evenhand_session"]
            assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")

            page.goto("/console/accounts/me")
            expect(page.get_by_text("eve").first).to_be_visible()
            assert axe(page) == []
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_url(f"{base}/console/accounts/login**")
            assert store.sessions.of_user(eve.id) == []
            page.goto("/console/review")
            page.wait_for_url(f"{base}/console/accounts/login**")
            page.context.close()

            # Who has none of the groups is told so on the login page, and has no account.
            other, more_faults = open_page(chromium, base)
            other.goto("/console/accounts/login")
            other.get_by_role("link", name="Sign in with").click()
            _at_the_provider(other, "mallory@golf")
            expect(other.get_by_role("alert")).to_contain_text("None of your groups")
            other.context.close()
        assert [user.name for user in store.accounts.users()] == ["ada", "eve"]
        assert store.audit.verify().problems == ()
        # (The provider's own pages are not ours to judge.)
        assert [fault for fault in (*faults, *more_faults) if base in fault] == []
    store.close()
