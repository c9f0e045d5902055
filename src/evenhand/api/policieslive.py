"""`/v1/policies/state` and the rest: what decides, rollouts, shadows, brakes, blast radii, undoing; `/v1/lines`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from evenhand.api.policies import KNOWN, READ, STEP, acting, answer, called, reading
from evenhand.api.policyschemas import (
    AuditIn,
    BlastIn,
    BrakeOut,
    BrakeSetIn,
    LineIn,
    LinesOut,
    LiveOut,
    RatesOut,
    ReasonIn,
    RolloutIn,
    RunOut,
    RunsOut,
    ShadowIn,
    ShadowOut,
    StateOut,
    UndoIn,
)
from evenhand.api.reviewpeople import person_of
from evenhand.api.state import State, state_of
from evenhand.errors import ConflictError
from evenhand.jobs.policies import submit_run
from evenhand.publishing import desk
from evenhand.publishing.brakes import read_brake, watched
from evenhand.publishing.documents import (
    lines_document,
    live_document,
    moment,
    quoting,
    run_document,
    shadow_document,
)
from evenhand.store import Store
from evenhand.store.policyrecords import Live, Run

router = APIRouter(tags=["policies"])

PATH = "/v1/policies"
_VERSION = PATH + "/versions/{version_id}"
_LIVE = PATH + "/live/{policy}"
SOURCES = {
    "file": "A policy file decides (EVENHAND_POLICY). What is published here waits until that setting is gone.",
    "given": "A policy that the program was given decides; what is published here has no effect.",
    "store": "What is published here decides.",
    "shipped": "Nothing is published: the policy that ships decides.",
}
Policy = Annotated[str, Path(max_length=64, description="Name of a policy.")]


@router.get(PATH + "/state", response_model=StateOut, responses=READ, summary="What decides?")
async def state_now(request: Request) -> Response:
    """Say what decides: where it comes from, and each policy's live version, rollout, shadow and brake."""
    state = state_of(request)
    tenant = (await state.guard.caller(request, "read")).tenant
    return answer(await asyncio.to_thread(situation, state, tenant))


@router.get(_LIVE, response_model=LiveOut, responses=KNOWN, summary="What decides for a policy?")
async def live(request: Request, policy: Policy) -> Response:
    """Give a policy's live version, rollout, shadow and brake."""
    store = await reading(request)
    return answer(live_document(await asyncio.to_thread(store.policies_live.of, policy)))


@router.post(_LIVE + "/rollout", response_model=LiveOut, responses=STEP, summary="Roll a version out further")
async def rollout(request: Request, policy: Policy, body: RolloutIn) -> Response:
    """Change the share of contents that the candidate decides; 1 makes it the live version."""
    return await _change(
        request, lambda store, actor: store.policies_live.rollout(policy, body.share, actor=actor, by=body.by)
    )


@router.post(_LIVE + "/rollback", response_model=LiveOut, responses=STEP, summary="Roll back")
async def rollback(request: Request, policy: Policy, body: ReasonIn) -> Response:
    """Stop the version that is rolled out, or else the live one: the earlier one decides again, at once."""

    def work(store: Store, actor: str) -> Live:
        done = store.policies_live.rollback(policy, actor=actor, reason=body.reason)
        return done if done is not None else store.policies_live.of(policy)

    return await _change(request, work)


@router.put(_LIVE + "/brake", response_model=LiveOut, responses=STEP, summary="Set the brake")
async def brake(request: Request, policy: Policy, body: BrakeSetIn) -> Response:
    """Say which rates stop a version by itself; null: none do."""

    def work(store: Store, actor: str) -> Live:
        if isinstance(body.brake, str):
            made: Mapping[str, Any] | None = desk.usual(store, policy)
        else:
            made = None if body.brake is None else read_brake(body.brake.model_dump())
        return store.policies_live.brake(policy, made, actor=actor)

    return await _change(request, work)


@router.get(_LIVE + "/brake/suggestion", response_model=BrakeOut, responses=KNOWN, summary="Suggest a brake")
async def suggestion(request: Request, policy: Policy) -> Response:
    """Suggest bands by what was usual in the last seven days."""
    store = await reading(request)
    return answer({"brake": await asyncio.to_thread(desk.usual, store, policy)})


@router.get(_LIVE + "/rates", response_model=RatesOut, responses=KNOWN, summary="What does the version lead to?")
async def rates(request: Request, policy: Policy, minutes: Annotated[int, Query(ge=1, le=2_880)] = 60) -> Response:
    """Count what the version that a brake watches led to in the last minutes. Counted only while a brake is set."""
    store = await reading(request)
    return answer(await asyncio.to_thread(rates_of, store, policy, minutes))


@router.post(_VERSION + "/shadow", response_model=LiveOut, responses=STEP, summary="Shadow mode")
async def shadow(request: Request, version_id: str, body: ShadowIn) -> Response:
    """Have a version judge beside the live one, without acting; `on: false` ends that."""

    def work(store: Store, actor: str) -> Live:
        found = store.policy_versions.get(version_id)
        chosen = version_id if body.on else None
        return store.policies_live.shadow(found.policy, chosen, actor=actor)

    return await _change(request, work)


@router.get(_VERSION + "/shadow", response_model=ShadowOut, responses=KNOWN, summary="Report of shadow mode")
async def shadow_report(request: Request, version_id: str) -> Response:
    """Give what a version in shadow mode would have done: counts, and decisions that would differ."""
    store = await reading(request)
    await asyncio.to_thread(store.policy_versions.get, version_id)
    return answer(await asyncio.to_thread(shadow_document, store, version_id))


# Work that takes a while


@router.post(_VERSION + "/audit", status_code=202, response_model=RunOut, responses=STEP, summary="Audit a version")
async def audit(request: Request, version_id: str, body: AuditIn) -> Response:
    """Start the fairness audit of a version; ask for the run until it is done."""
    return await _start(request, "audit", version_id, body.model_dump(exclude_none=True))


@router.post(_VERSION + "/blast-radius", status_code=202, response_model=RunOut, responses=STEP, summary="Blast radius")
async def blast_radius(request: Request, version_id: str, body: BlastIn) -> Response:
    """Start deciding the decisions of the last days again under a version; ask for the run until it is done."""
    return await _start(request, "blast", version_id, body.model_dump(exclude_none=True))


@router.post(PATH + "/undo/preview", status_code=202, response_model=RunOut, responses=STEP, summary="Preview an undo")
async def undo_preview(request: Request, body: UndoIn, policy: Annotated[str, Query(max_length=64)]) -> Response:
    """Start finding out what undoing a version's decisions would change; nothing is changed."""
    return await _undo(request, "preview", policy, body)


@router.post(PATH + "/undo", status_code=202, response_model=RunOut, responses=STEP, summary="Undo a version")
async def undo(request: Request, body: UndoIn, policy: Annotated[str, Query(max_length=64)]) -> Response:
    """Start undoing what a version did between two moments. What people have judged stays; so does the record of it."""
    return await _undo(request, "undo", policy, body)


@router.post(
    PATH + "/runs/{run_id}/revert", status_code=202, response_model=RunOut, responses=STEP, summary="Undo an undo"
)
async def revert(request: Request, run_id: str) -> Response:
    """Start putting back what an undo changed."""
    store, actor = await acting(request)

    def work() -> Run:
        run = store.policy_runs.get(run_id)
        if run.kind != "undo" or run.state in ("queued", "running"):
            raise ConflictError("only an undo that has ended can be put back")
        started = store.policy_runs.start("revert", run.policy, run.version_id, {"run": run.id}, actor=actor)
        return submit_run(store, started)

    return answer(run_document(await called(work)), 202)


@router.get(PATH + "/runs", response_model=RunsOut, responses=READ, summary="List runs")
async def listed_runs(
    request: Request,
    version_id: Annotated[str | None, Query(max_length=100)] = None,
    policy: Annotated[str | None, Query(max_length=64)] = None,
    kind: Annotated[Literal["audit", "blast", "preview", "undo", "revert"] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """List audits, blast radii and undos, newest first."""
    store = await reading(request)
    clean = {"version_id": version_id, "policy": policy}
    given: Mapping[str, Any] = {name: value and value.replace("\x00", "") for name, value in clean.items()}
    found = await asyncio.to_thread(partial(store.policy_runs.page, **given, kind=kind, limit=limit))
    return answer({"runs": [run_document(one) for one in found]})


@router.get(PATH + "/runs/{run_id}", response_model=RunOut, responses=KNOWN, summary="Give a run")
async def show_run(request: Request, run_id: str) -> Response:
    """Say how far a run is, and what came of it."""
    store = await reading(request)
    found = await asyncio.to_thread(store.policy_runs.get, run_id)
    return answer(await asyncio.to_thread(quoting, store, run_document(found)))


# Business lines


@router.get("/v1/lines", response_model=LinesOut, responses=READ, summary="List business lines")
async def lines(request: Request) -> Response:
    """List the business lines, with what decides for each."""
    state = state_of(request)
    tenant = (await state.guard.caller(request, "read")).tenant
    return answer({"lines": await asyncio.to_thread(lines_of, state, tenant)})


@router.put("/v1/lines/{name}", response_model=LinesOut, responses=STEP, summary="Bind a business line")
async def bind(
    request: Request,
    name: Annotated[str, Path(max_length=64, pattern="^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$")],
    body: LineIn,
) -> Response:
    """Have a policy decide for a business line: by its line of that name, or else by its `default` line."""
    state, person = state_of(request), await person_of(request, state_of(request), scope="policy")
    bind_it = state.store.within(person.tenant).policies_live.bind
    await called(partial(bind_it, name, body.policy, body.description, actor=person.id))
    return await _lines(state, person.tenant)


@router.delete("/v1/lines/{name}", response_model=LinesOut, responses=STEP, summary="Unbind a business line")
async def unbind(request: Request, name: Annotated[str, Path(max_length=64)]) -> Response:
    """Forget that a line has a policy of its own; what is left is what the policy of `default` says of it."""
    state, person = state_of(request), await person_of(request, state_of(request), scope="policy")
    unbind_it = state.store.within(person.tenant).policies_live.unbind
    await called(partial(unbind_it, name.replace("\x00", ""), actor=person.id))
    return await _lines(state, person.tenant)


def situation(state: State, tenant: str | None = None) -> dict[str, Any]:
    """Give what decides, for pages too: for a tenant's people what is theirs or nobody's; None: all."""
    source, store = state.moderator.in_force.rule.source, state.store.within(tenant)
    return {
        "source": source,
        "note": SOURCES[source],
        "second_person": store.policy_versions.second_person(),
        "policies": [live_document(one) for one in store.policies_live.all()],
        "lines": lines_of(state, tenant),
    }


def lines_of(state: State, tenant: str | None) -> list[dict[str, Any]]:
    """Give the business lines that a tenant's people may know of; None: all."""
    bound = state.store.within(tenant).policies_live.lines()
    return lines_document(state.moderator.in_force.policy(tenant), bound)


def rates_of(store: Store, policy: str, minutes: int) -> dict[str, Any]:
    """Count what the watched version of a policy led to, for pages too. Raises NotFoundError."""
    version_id = watched(store.policies_live.of(policy)) or store.policies_live.of(policy).live
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    counts = store.policy_counts
    timeline = counts.timeline(version_id, since) if version_id else []
    return {
        "version_id": version_id,
        "counts": counts.ruled(version_id, since) if version_id else {},
        "timeline": [{"at": moment(at), "action": action, "count": count} for at, action, count in timeline],
    }


async def _lines(state: State, tenant: str | None) -> Response:
    await asyncio.to_thread(state.moderator.in_force.look)
    return answer({"lines": await asyncio.to_thread(lines_of, state, tenant)})


async def _change(request: Request, work: Callable[[Store, str], Live]) -> Response:
    store, actor = await acting(request)
    found = await called(work, store, actor)
    await asyncio.to_thread(state_of(request).moderator.in_force.look)  # here at once; elsewhere within a second
    return answer(live_document(found))


async def _start(request: Request, kind: str, version_id: str, asked: Mapping[str, Any]) -> Response:
    store, actor = await acting(request)

    def work() -> Run:
        version = store.policy_versions.get(version_id)
        return submit_run(store, store.policy_runs.start(kind, version.policy, version.id, asked, actor=actor))

    return answer(run_document(await called(work)), 202)


async def _undo(request: Request, kind: str, policy: str, body: UndoIn) -> Response:
    store, actor = await acting(request)

    def work() -> Run:
        started = desk.start_undo(
            store,
            kind,
            policy,
            body.version,
            since=body.since,
            until=body.until,
            mode=body.mode,
            action=body.action,
            actor=actor,
        )
        return submit_run(store, started)

    return answer(run_document(await called(work)), 202)
