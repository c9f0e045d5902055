"""Policies: what decides, the editor, a version on its way, and the live one with its brake and its undo."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from evenhand.api.policieslive import rates_of, situation
from evenhand.api.state import State
from evenhand.console.base import Area, Nav, page, parts, visitor_of
from evenhand.console.i18n import N_
from evenhand.console.people import names_of
from evenhand.domain import TAXONOMY
from evenhand.policy import template, templates
from evenhand.publishing import desk
from evenhand.publishing.documents import (
    comment_document,
    live_document,
    quoting,
    run_document,
    shadow_document,
    version_document,
)

router = APIRouter(prefix="/console/policies")

STATES = (N_("draft"), N_("proposed"), N_("approved"), N_("published"), N_("stopped"), N_("withdrawn"))
_LEFT = (N_("not sampled"), N_("too many at once"), N_("a recording or stream"), N_("stopped before it ran"))
_ROLES = (N_("live"), N_("previous"), N_("candidate"), N_("shadow"))
_SOURCES = (
    N_("A policy file decides (EVENHAND_POLICY). What is published here waits until that setting is gone."),
    N_("A policy that the program was given decides; what is published here has no effect."),
    N_("What is published here decides."),
    N_("Nothing is published: the policy that ships decides."),
)
_RUNS = (N_("audit"), N_("blast"), N_("preview"), N_("undo"), N_("revert"))
_RUN_STATES = (N_("queued"), N_("running"), N_("done"), N_("failed"))
_SLICES = (N_("label"), N_("language"), N_("line"), N_("category"), N_("group"))
_SHOWN = 12  # rows of a plot
_BLANK = """name: {name}
version: "1"
description: ""

lines:
  default:
    extends: evenhand
    rules: []
"""


@router.get("")
async def overview(request: Request) -> Response:
    """Show what decides, the business lines, and the versions."""
    visitor, state = await visitor_of(request, "read"), parts(request)

    def work() -> dict[str, Any]:
        store = state.store.within(visitor.tenant)
        live, versions = store.policies_live.all(), store.policy_versions.page(limit=100)
        return {
            "now": situation(state, visitor.tenant),
            "versions": [version_document(one, live) for one in versions],
            "templates": templates(),
            "people": names_of(store),
            "names": sorted({one.policy for one in versions if one.state == "published"}),
        }

    return page(request, visitor, "policies/overview.html", **await asyncio.to_thread(work))


@router.get("/new")
async def new(request: Request) -> Response:
    """Show the editor on a template, on another version's document, or on next to nothing."""
    visitor, state = await visitor_of(request, "policy"), parts(request)
    asked = request.query_params

    def work() -> str:
        if asked.get("template"):
            return template(asked["template"]).document
        if asked.get("version"):
            return state.store.within(visitor.tenant).policy_versions.get(asked["version"]).document
        if visitor.tenant is None:
            return _BLANK.format(name="my-policy")
        return _BLANK.format(name=f"{state.store.accounts.tenant(visitor.tenant).prefix}.main")

    document = await asyncio.to_thread(work)
    values: dict[str, Any] = {"document": document, "labels": sorted(TAXONOMY), "version": None}
    return page(request, visitor, "policies/editor.html", **values)


@router.get("/versions/{version_id}")
async def version_page(request: Request, version_id: str) -> Response:
    """Show a version on its way: what it changes, what was said, what it would do, and the next steps."""
    visitor, state = await visitor_of(request, "read"), parts(request)

    def work() -> dict[str, Any]:
        store = state.store.within(visitor.tenant)
        found = store.policy_versions.get(version_id)
        live = store.policies_live.all()
        runs = [run_document(one) for one in store.policy_runs.page(version_id=found.id)]
        blast = next((one for one in runs if one["kind"] == "blast" and one["state"] == "done"), None)
        blast = None if blast is None else quoting(store, blast)
        return {
            "version": version_document(found, live),
            "own": visitor.tenant in (None, found.tenant),
            "live": next((live_document(one) for one in live if one.policy == found.policy), None),
            "diff": desk.difference(store, found.id),
            "comments": [comment_document(one) for one in store.policy_versions.comments(found.id)],
            "runs": runs,
            "open_runs": [one for one in runs if one["state"] in ("queued", "running")],
            "audit_run": next((one for one in runs if one["kind"] == "audit"), None),
            "blast": None if blast is None else blast["result"],
            "plots": [] if blast is None else _plots(blast["result"]),
            "shadow": shadow_document(store, found.id),
            "left_words": _LEFT,
            "second_person": store.policy_versions.second_person(),
            "suggested": desk.usual(store, found.policy),
            "people": names_of(store),
            "source": state.moderator.in_force.rule.source,
            "labels": sorted(TAXONOMY),
        }

    return page(request, visitor, "policies/version.html", **await asyncio.to_thread(work))


@router.get("/versions/{version_id}/edit")
async def edit(request: Request, version_id: str) -> Response:
    """Show the editor on a draft."""
    visitor, state = await visitor_of(request, "policy"), parts(request)
    found = await asyncio.to_thread(state.store.within(visitor.tenant).policy_versions.get, version_id)
    values: dict[str, Any] = {
        "document": found.document,
        "labels": sorted(TAXONOMY),
        "version": version_document(found),
    }
    return page(request, visitor, "policies/editor.html", **values)


@router.get("/live/{policy}")
async def live_page(request: Request, policy: str) -> Response:
    """Show what decides for a policy: rollout, rates, brake, rollback and undoing."""
    visitor, state = await visitor_of(request, "read"), parts(request)
    return page(request, visitor, "policies/live.html", **await asyncio.to_thread(_live, state, visitor.tenant, policy))


@router.get("/runs/{run_id}")
async def run_page(request: Request, run_id: str) -> Response:
    """Show how far a run is, and what came of it."""
    visitor, state = await visitor_of(request, "read"), parts(request)

    def work() -> dict[str, Any]:
        store = state.store.within(visitor.tenant)
        found = run_document(store.policy_runs.get(run_id))
        return {"run": found, "version": version_document(store.policy_versions.get(found["version_id"]))}

    return page(request, visitor, "policies/run.html", **await asyncio.to_thread(work))


def _live(state: State, tenant: str | None, policy: str) -> dict[str, Any]:
    store = state.store.within(tenant)
    row = store.policies_live.of(policy)
    versions = store.policy_versions.page(policy=policy, limit=100)
    named = {one.id: one.version for one in versions}
    rates = rates_of(store, policy, 60)
    now = datetime.now(UTC)
    return {
        "live": live_document(row),
        "own": tenant in (None, row.tenant),
        "named": named,
        "versions": [one.version for one in versions if one.live_at is not None],
        "rates": rates,
        "bars": _bars(rates["timeline"], now),
        "suggested": desk.usual(store, policy),
        "runs": [run_document(one) for one in store.policy_runs.page(policy=policy, limit=20)],
        "since": (now - timedelta(hours=24)).isoformat(timespec="minutes"),
        "until": now.isoformat(timespec="minutes"),
        "source": state.moderator.in_force.rule.source,
    }


def _bars(timeline: Sequence[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Give the last hour in minutes: for each the counts by action and their heights, 0 to 100."""
    minutes: dict[int, dict[str, int]] = {}
    for one in timeline:
        ago = int((now - datetime.fromisoformat(one["at"])).total_seconds() // 60)
        cell = minutes.setdefault(59 - min(59, max(0, ago)), {})
        cell[one["action"]] = cell.get(one["action"], 0) + one["count"]
    most = max((sum(cell.values()) for cell in minutes.values()), default=1)
    out = []
    for minute, cell in sorted(minutes.items()):
        at = 110.0
        for series, action in enumerate(("pass", "mark", "review", "block"), 1):
            high = 100 * cell.get(action, 0) / most
            at -= high
            if high:
                out.append({"x": 10 + minute * 10, "y": round(at, 2), "height": round(high, 2), "series": series})
    return out


def _plots(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give bars of what would change, by each kind of slice: rows with widths from 0 to 300."""
    plots = []
    for kind, slices in result["by"].items():
        shown = [(name, one) for name, one in slices.items() if one["changed"]][:_SHOWN]
        most = max((one["changed"] for _, one in shown), default=0)
        rows = [
            {
                "name": name or "–",
                "y": 10 + 24 * place,
                "stricter": one["stricter"],
                "milder": one["milder"],
                "decisions": one["decisions"],
                "changed": one["changed"],
                "w1": round(300 * one["stricter"] / most, 1),
                "w2": round(300 * one["milder"] / most, 1),
            }
            for place, (name, one) in enumerate(shown)
        ]
        plots.append({"kind": kind, "rows": rows, "height": 16 + 24 * len(rows)})
    return plots


AREA = Area(router, nav=(Nav(N_("Policies"), "/console/policies", "read"),))
