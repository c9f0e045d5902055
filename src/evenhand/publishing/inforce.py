"""What decides: a file's policy, those that are published in the store, or the one that ships.

Every process looks once a second (EVENHAND_POLICY_POLL_S) whether something was published, in a thread of its own, so
that no check waits for it. The same thread writes counts, publishes what is due, and pulls the brakes.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import structlog

from evenhand.errors import EvenhandError, StoreError
from evenhand.fairness import refuse_label
from evenhand.policy import Line, Policy, default_policy, load_policy
from evenhand.publishing.brakes import pull
from evenhand.publishing.course import Counts, Course
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.policyrecords import SHIPPED, Live, Situation

_NO_COURSES: Mapping[str, Course] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What decides at one moment."""

    policy: Policy  # the lines of all live versions
    courses: Mapping[str, Course] = field(default_factory=lambda: _NO_COURSES)  # lines that have more than that
    source: str  # "file", "given", "store" or "shipped"
    revision: int = 0
    brakes: bool = False  # one is set somewhere
    owners: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # line -> tenant that it is for
    _seen: dict[str, Policy] = field(default_factory=dict, repr=False, compare=False)  # by tenant

    def seen_by(self, tenant: str | None) -> Policy:
        """Give the policy with the lines that a tenant's contents may be decided by; None: all lines."""
        if tenant is None or not self.owners:
            return self.policy
        if tenant not in self._seen:
            lines = {name: line for name, line in self.policy.lines.items() if self.owners.get(name, tenant) == tenant}
            self._seen[tenant] = replace(self.policy, lines=MappingProxyType(lines))
        return self._seen[tenant]


class InForce:
    """Holds what decides.

    Args:
        settings: how often to look.
        store: where policies are published; None: nowhere.
        fixed: the policy of a file, or one that the caller gave: it decides, whatever is published.
        source: "file" or "given"; of `fixed`.

    Raises:
        PolicyError: a published document cannot be used any more.
        StoreError: the database refused or cannot be reached.
    """

    def __init__(
        self, settings: Settings, *, store: Store | None, fixed: Policy | None = None, source: str = "given"
    ) -> None:
        self._store = store if fixed is None else None
        self._poll_s, self._counts = settings.policy_poll_s, Counts()
        self._loaded: dict[str, Policy] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._shipped = default_policy() if fixed is None else fixed
        self.rule = Rule(policy=self._shipped, source=source if fixed is not None else "shipped")
        if self._store is not None:
            self._take(self._store.policies_live.situation())
            self._watch()

    def policy(self, tenant: str | None = None) -> Policy:
        """Give the lines of all live versions as one policy: those that are a tenant's, or nobody's; None: all."""
        return self.rule.seen_by(tenant)

    def course(self, line: str) -> Course | None:
        """Give what there is to a business line besides its live version; None: nothing."""
        return self.rule.courses.get(line)

    def look(self) -> None:
        """Look now whether something else decides, and write what was counted. Blocks.

        Raises:
            StoreError: the database refused or cannot be reached.
        """
        store = self._store
        if store is None:
            return
        self._flush(store)
        store.policies_live.due()
        if self.rule.brakes:
            pull(store)
        if store.policies_live.revision() != self.rule.revision:
            self._take(store.policies_live.situation())

    def close(self) -> None:
        """Stop looking, and write what was counted."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5)
        if self._store is not None:
            try:
                self._flush(self._store)
            except StoreError as error:
                structlog.get_logger().warning("counts of policies were lost", why=error.message)

    def _flush(self, store: Store) -> None:
        counted, told = self._counts.take()
        if not counted:
            return
        try:
            store.policy_counts.add(counted, told)
        except StoreError:
            self._counts.back(counted)
            raise

    # What decides, out of what the store says

    def _take(self, situation: Situation) -> None:
        live = {one.policy: self._load(one.live, situation) for one in situation.live}
        rows = {one.policy: one for one in situation.live}
        bound = {line.name: line.policy for line in situation.lines if line.policy in live}
        # Before anything is published, what runs in shadow mode runs beside the policy that ships.
        shadows = (one.policy for one in situation.live if one.shadow and one.tenant is None)
        main = bound.get("default") or next(shadows, None)
        base = live.get(main, self._shipped) if main else self._shipped
        lines = {name: base.lines[name] for name in base.lines}
        lines |= {name: _named(live[policy], name) for name, policy in bound.items()}
        courses: dict[str, Course] = {}
        for name in lines:
            row = rows.get(bound.get(name) or main or "")
            course = self._course(name, row, situation, tuple(lines)) if row is not None else None
            if course is not None:
                courses[name] = course
        used = {policy for policy in (*bound.values(), main) if policy}
        kept = {one for row in rows.values() for one in (row.live, row.candidate, row.shadow) if one}
        self._loaded = {version_id: policy for version_id, policy in self._loaded.items() if version_id in kept}
        self.rule = Rule(
            policy=replace(base, lines=MappingProxyType(lines)),
            courses=MappingProxyType(courses),
            source="store" if any(rows[policy].live not in (None, SHIPPED) for policy in used) else "shipped",
            revision=situation.revision,
            brakes=any(row.brake for row in rows.values()),
            owners=MappingProxyType({line.name: line.tenant for line in situation.lines if line.tenant is not None}),
        )

    def _course(self, name: str, row: Live, situation: Situation, names: tuple[str, ...]) -> Course | None:
        if not (row.candidate or row.shadow or row.brake):
            return None
        candidate = self._load(row.candidate, situation) if row.candidate else None
        shadow = self._load(row.shadow, situation) if row.shadow else None
        return Course(
            line=name,
            live_id=row.live or SHIPPED,
            counts=self._counts,
            counted=row.brake is not None,
            candidate=named_lines(candidate, names) if candidate else None,
            candidate_id=row.candidate or "",
            share=row.share,
            by=row.by,
            shadow=named_lines(shadow, names) if shadow else None,
            shadow_id=row.shadow or "",
        )

    def _load(self, version_id: str | None, situation: Situation) -> Policy:
        if version_id is None or version_id == SHIPPED:
            return self._shipped
        if version_id not in self._loaded:
            _, document = situation.documents[version_id]
            self._loaded[version_id] = load_policy(document, check_label=refuse_label)
        return self._loaded[version_id]

    # Looking

    def _watch(self) -> None:
        # A weak reference: who forgets to close a moderator does not keep it, and its thread, for ever.
        arguments = (weakref.ref(self), self._stop, self._poll_s)
        self._thread = threading.Thread(target=_look_on, args=arguments, name="evenhand-policies", daemon=True)
        self._thread.start()


def _look_on(held: weakref.ref[InForce], stop: threading.Event, every_s: float) -> None:
    said = ""
    while not stop.wait(every_s):
        inforce = held()
        if inforce is None:
            return
        try:
            inforce.look()
            said = ""
        except EvenhandError as error:
            # What decided until now goes on deciding.
            if error.message != said and not stop.is_set():
                structlog.get_logger().error("policies cannot be looked after", why=error.message)
            said = error.message
        del inforce


def _named(policy: Policy, name: str) -> Line:
    """Give a policy's line for a business line: the one of that name, or else `default`, under that name."""
    line = policy.lines.get(name) or policy.line("default")
    return line if line.name == name else replace(line, name=name, clean=replace(line.clean, line=name))


def named_lines(policy: Policy, names: Iterable[str]) -> Policy:
    """Give a policy that has just these business lines."""
    return replace(policy, lines=MappingProxyType({name: _named(policy, name) for name in names}))
