"""The store as others see it: one object, safe to share between threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from evenhand.store.records import Deleted, Filters, Original, Page, Record
from evenhand.store.reviewrecords import LOCAL

if TYPE_CHECKING:  # SQLAlchemy is imported when a store is opened, not before
    from evenhand.store.accountlogins import Logins
    from evenhand.store.accounts import Accounts
    from evenhand.store.accountsessions import Sessions
    from evenhand.store.alerts import Alerts
    from evenhand.store.appeals import Appeals
    from evenhand.store.auditlog import AuditLog
    from evenhand.store.belonging import Belonging
    from evenhand.store.blocklists import Blocklists
    from evenhand.store.classes import Classes
    from evenhand.store.database import Database
    from evenhand.store.decisions import Decisions
    from evenhand.store.dialects import DialectKeys, Nonces, Suggestions
    from evenhand.store.golden import Golden
    from evenhand.store.humanloops import HumanLoops
    from evenhand.store.idempotency import Idempotency
    from evenhand.store.jobs import Jobs
    from evenhand.store.jobtasks import Tasks
    from evenhand.store.keys import Keys
    from evenhand.store.libraries import Shelf
    from evenhand.store.policies import PolicyVersions
    from evenhand.store.policieslive import PoliciesLive
    from evenhand.store.policycounts import PolicyCounts, PolicyRuns
    from evenhand.store.policydecisions import PastDecisions
    from evenhand.store.policyundo import PolicyUndo
    from evenhand.store.prints import Prints
    from evenhand.store.proposals import Proposals
    from evenhand.store.quality import Quality
    from evenhand.store.qualitycalibration import Calibrations
    from evenhand.store.reports import Reports
    from evenhand.store.retention import Retention
    from evenhand.store.review import Reviews
    from evenhand.store.reviewfollows import ReviewFollows
    from evenhand.store.reviewmarks import Marks
    from evenhand.store.reviewstats import ReviewTotals
    from evenhand.store.reviewtraits import TraitStore
    from evenhand.store.streams import Streams
    from evenhand.store.tallies import Tallies
    from evenhand.store.vectors import DecisionVectors, MarkVectors
    from evenhand.store.versions import Libraries, Policies
    from evenhand.store.webhooks import Webhooks
    from evenhand.store.wellness import Wellness


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Decisions, kept content, API keys, idempotent answers, versions of policies and libraries, custom
    classes, and what callers in other vendors' protocols need: key pairs, nonces, suggested scores, blocklists;
    jobs, what workers do with them, and webhooks; what people review and mark, and the audit log.

    Made by `open_store`. Methods block: asynchronous callers use a thread. Each raises StoreError when the database
    refuses or cannot be reached, with what to do about it; the next call tries a fresh connection.
    """

    database: Database
    log: Decisions
    retention: Retention
    keys: Keys
    accounts: Accounts
    belonging: Belonging
    sessions: Sessions
    logins: Logins
    idempotency: Idempotency
    policies: Policies
    libraries: Libraries
    shelf: Shelf
    prints: Prints
    vectors: DecisionVectors
    mark_vectors: MarkVectors
    proposals: Proposals
    classes: Classes
    dialect_keys: DialectKeys
    nonces: Nonces
    suggestions: Suggestions
    blocklists: Blocklists
    human_loops: HumanLoops
    jobs: Jobs
    tasks: Tasks
    webhooks: Webhooks
    audit: AuditLog
    reviews: Reviews
    review_follows: ReviewFollows
    review_totals: ReviewTotals
    wellness: Wellness
    traits: TraitStore
    golden: Golden
    quality: Quality
    calibrations: Calibrations
    appeals: Appeals
    marks: Marks
    streams: Streams
    policy_versions: PolicyVersions
    policies_live: PoliciesLive
    policy_counts: PolicyCounts
    policy_runs: PolicyRuns
    policy_undo: PolicyUndo
    past_decisions: PastDecisions
    tallies: Tallies
    alerts: Alerts
    reports: Reports

    def within(self, tenant: str | None) -> Store:
        """Give the store as a tenant's people may use it: decisions, what is counted of them, the audit log, policies.

        The other parts take the tenant with each call. None: the store itself.
        """
        if tenant is None:
            return self
        return replace(
            self,
            log=self.log.within(tenant),
            audit=self.audit.within(tenant),
            tallies=self.tallies.within(tenant),
            reports=self.reports.within(tenant),
            review_totals=self.review_totals.within(tenant),
            quality=self.quality.within(tenant),
            golden=self.golden.within(tenant),
            calibrations=self.calibrations.within(tenant),
            appeals=self.appeals.within(tenant),
            policy_versions=self.policy_versions.within(tenant),
            policies_live=self.policies_live.within(tenant),
            policy_counts=self.policy_counts.within(tenant),
            policy_runs=self.policy_runs.within(tenant),
            past_decisions=self.past_decisions.within(tenant),
        )

    @property
    def address(self) -> str:
        """The database's URL without its password."""
        return self.database.address

    def migrate(self) -> None:
        """Make or upgrade the tables. Safe from several processes at once, and while another version serves."""
        from evenhand.store.migrate import migrate

        migrate(self.database)

    def check(self) -> None:
        """Check that the database answers and is migrated: readiness. Raises StoreError otherwise."""
        from evenhand.store.migrate import check

        check(self.database)

    def record(self, results: Sequence[Record]) -> None:
        """Store decisions, all in one transaction; see `Decisions.record`."""
        self.log.record(results)

    def decision(self, decision_id: str) -> dict[str, object]:
        """Give a decision as `Result.as_dict()` gave it, with what was said of it since; see `Decisions.get`.

        Raises NotFoundError for none.
        """
        return self.log.get(decision_id)

    def decision_with_context(self, decision_id: str) -> tuple[dict[str, object], dict[str, object]]:
        """Give a decision and the context kept with it, read together. Raises NotFoundError for none."""
        return self.log.with_context(decision_id)

    def decisions(self, **filters: Unpack[Filters]) -> Page:
        """List decisions, newest first; see `Filters` and `Decisions.page`."""
        return self.log.page(**filters)

    def context(self, decision_id: str) -> dict[str, object]:
        """Give the context kept with a decision. Raises NotFoundError for none."""
        return self.log.context(decision_id)

    def original(self, content_hash: str) -> Original:
        """Give kept content. Raises NotFoundError where it was not, or is no longer, kept."""
        return self.retention.original(content_hash)

    def purge(self, now: datetime | None = None, *, actor: str = LOCAL) -> Deleted:
        """Delete what has expired; see `Retention.purge`."""
        return self.retention.purge(now, actor=actor)

    def delete_content(self, content_hash: str, *, decisions_too: bool = False, actor: str = LOCAL) -> Deleted:
        """Delete what is kept of one content; see `Retention.delete_content`."""
        return self.retention.delete_content(content_hash, decisions_too=decisions_too, actor=actor)

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
