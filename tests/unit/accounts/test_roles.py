"""What roles stand for."""

from __future__ import annotations

import pytest

from evenhand.accounts.roles import ROLES, SCOPES, TENANT_ROLES, read_roles, scopes_of


def test_scopes_of_roles() -> None:
    assert scopes_of(["reviewer"], tenant=False) == ("read", "review")
    assert scopes_of(["auditor", "policy"], tenant=False) == ("read", "policy", "audit")
    assert scopes_of(["admin"], tenant=False) == ("admin",)
    assert scopes_of(["unheard of"], tenant=False) == ()
    for table in (ROLES, TENANT_ROLES):
        assert {scope for scopes in table.values() for scope in scopes} <= set(SCOPES)


def test_a_tenants_people_never_have_the_whole_server() -> None:
    assert set(TENANT_ROLES) == set(ROLES)
    for role in ROLES:
        assert "admin" not in scopes_of([role], tenant=True)


@pytest.mark.parametrize("roles", [[], ["root"], ["reviewer", "x"]])
def test_wrong_roles_are_refused(roles: list[str]) -> None:
    with pytest.raises(ValueError, match="role"):
        read_roles(roles)


def test_roles_are_kept_once_and_in_order() -> None:
    assert read_roles(["admin", "reviewer", "admin"]) == ("reviewer", "admin")
