"""Work on a version that takes a while, wherever it is done: in a job, or by the command line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evenhand.errors import EvenhandError
from evenhand.fairness import refuse_label
from evenhand.policy import Policy, load_policy
from evenhand.publishing.auditing import Check, audit_policy
from evenhand.publishing.desk import blast_of, chosen
from evenhand.publishing.undoing import preview, read_bad, revert, undo
from evenhand.store import Store
from evenhand.store.policydecisions import Chosen
from evenhand.store.policyrecords import Run

KINDS = ("audit", "blast", "preview", "undo", "revert")
_TELL_S = 0.5  # seconds between two notes of progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What such work needs of the process that does it."""

    current: Policy  # what is in force
    check: Check  # runs detectors over texts
    kept: Sequence[str]  # keys of the context that records keep
    reads: Mapping[str, str]  # detector -> kind that it reads
    stop: Callable[[], None] = field(default=lambda: None)  # raises once the work is not wanted any more


def perform(store: Store, run_id: str, tools: Tools, *, told: Callable[[int, int], None] | None = None) -> Run:
    """Do a run, and store what came of it.

    Args:
        store: where.
        run_id: which.
        tools: of this process.
        told: how many are done of how many, besides the store.

    Raises:
        EvenhandError: it failed; the run says so, too.
    """
    run, last = store.policy_runs.get(run_id), 0.0
    if run.state in ("done", "failed"):
        return run
    # What is a tenant's is judged by that tenant's decisions, and undone there alone.
    store = store.within(store.policy_versions.get(run.version_id).tenant)
    store.policy_runs.change(run_id, state="running")

    def progress(done: int, total: int) -> None:
        nonlocal last
        tools.stop()
        if told is not None:
            told(done, total)
        if time.monotonic() - last >= _TELL_S:
            last = time.monotonic()
            store.policy_runs.change(run_id, done=done, total=total)

    try:
        result, done = _WORK[run.kind](store, run, tools, progress)
    except EvenhandError as error:
        if error.code != "stopped":
            store.policy_runs.change(run_id, state="failed", error=error.message[:2_000])
        raise
    store.policy_runs.change(run_id, state="done", result=result, done=done, total=done)
    return store.policy_runs.get(run_id)


_Progress = Callable[[int, int], None]


def _audit(store: Store, run: Run, tools: Tools, progress: _Progress) -> tuple[Any, int]:
    version = store.policy_versions.get(run.version_id)
    policy = load_policy(version.document, check_label=refuse_label)
    outcome = audit_policy(policy, tools.check, languages=run.asked.get("languages"), progress=progress)
    short = {name: outcome[name] for name in ("passed", "failures", "sentences", "at")} | {"run": run.id}
    if run.asked.get("languages") is None:  # some languages only are no audit to publish by
        store.policy_versions.audited(version.id, version.sha256, short, actor=run.actor)
        if outcome["passed"]:
            store.policies_live.due()
    return outcome, int(outcome["sentences"])


def _blast(store: Store, run: Run, tools: Tools, progress: _Progress) -> tuple[Any, int]:
    version = store.policy_versions.get(run.version_id)
    blast = blast_of(store, tools.current, version.document, kept=tools.kept, reads=tools.reads)
    wanted = _chosen(run.asked)
    total = store.past_decisions.count(wanted)
    blast.run(store.past_decisions.pages(wanted), progress=lambda done: progress(done, total))
    about = {"since": wanted.since.isoformat(), "until": wanted.until.isoformat(), "sha256": version.sha256}
    current = {"current": f"{tools.current.name}@{tools.current.version}"}
    return {**about, **current, **blast.as_dict()}, total


def _chosen(asked: Mapping[str, Any]) -> Chosen:
    return chosen(asked.get("days"), asked.get("lines"))


def _preview(store: Store, run: Run, tools: Tools, progress: _Progress) -> tuple[Any, int]:
    bad = read_bad(run.asked)
    total = store.past_decisions.count(bad.chosen())
    seen = preview(store, tools.current, bad, progress=lambda done: progress(done, total))
    return seen.as_dict(), seen.decisions


def _undo(store: Store, run: Run, tools: Tools, progress: _Progress) -> tuple[Any, int]:
    bad = read_bad(run.asked)
    total = store.past_decisions.count(bad.chosen())
    result = undo(store, tools.current, bad, run, progress=lambda done: progress(done, total))
    return result, int(result["decisions"])


def _revert(store: Store, run: Run, tools: Tools, progress: _Progress) -> tuple[Any, int]:
    undone = str(run.asked["run"])
    total = store.policy_undo.count(undone)[0]
    result = revert(store, undone, run, progress=lambda done: progress(done, total))
    return result, int(result["restored"])


_WORK: Mapping[str, Callable[[Store, Run, Tools, _Progress], tuple[Any, int]]] = {
    "audit": _audit,
    "blast": _blast,
    "preview": _preview,
    "undo": _undo,
    "revert": _revert,
}
