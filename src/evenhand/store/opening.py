"""Opens a store. Nothing of SQLAlchemy is imported before that."""

from __future__ import annotations

from evenhand.settings import Settings
from evenhand.store.store import Store


def open_store(url: str | None = None, *, settings: Settings | None = None) -> Store:
    """Open the store at a database URL. Connects on first use; makes no tables: see `Store.migrate`.

    Args:
        url: `sqlite:////folder/evenhand.db` or `postgresql://user:password@host/database`; None: the URL of the
            settings, or else SQLite in their data folder.
        settings: what is kept and how long; None: read from the environment.

    Raises:
        SettingsError: the URL cannot be used, or PostgreSQL's driver is not installed.
        StoreError: the SQLite file cannot be made.
    """
    from evenhand.store.accountlogins import Logins
    from evenhand.store.accounts import Accounts
    from evenhand.store.accountsessions import Sessions
    from evenhand.store.address import read_url
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
    from evenhand.store.quorum import Judging
    from evenhand.store.reports import Reports
    from evenhand.store.retention import Retention
    from evenhand.store.review import Reviews
    from evenhand.store.reviewfollows import ReviewFollows
    from evenhand.store.reviewmarks import Marks
    from evenhand.store.reviewqueues import read_queues
    from evenhand.store.reviewstats import ReviewTotals
    from evenhand.store.reviewtraits import TraitStore
    from evenhand.store.sealing import Seal
    from evenhand.store.streams import Streams
    from evenhand.store.tallies import Tallies
    from evenhand.store.vectors import DecisionVectors, MarkVectors
    from evenhand.store.versions import Libraries, Policies
    from evenhand.store.webhooks import Webhooks
    from evenhand.store.wellness import Wellness

    settings = settings or Settings()
    database = Database(read_url(url or settings.database_url, settings))
    log = Decisions(database, settings)
    audit = AuditLog(database)
    wellness = Wellness(database, audit)
    queues = read_queues(settings)
    golden = Golden(database, queues, audit)
    return Store(
        database=database,
        log=log,
        retention=Retention(database, settings),
        keys=Keys(database, audit),
        accounts=Accounts(database, audit),
        belonging=Belonging(database),
        sessions=Sessions(database, settings, audit),
        logins=Logins(database, settings, audit),
        idempotency=Idempotency(database),
        policies=Policies(database),
        libraries=Libraries(database),
        shelf=Shelf(database, audit),
        prints=Prints(database),
        vectors=DecisionVectors(database),
        mark_vectors=MarkVectors(database),
        proposals=Proposals(database, audit),
        classes=Classes(database),
        dialect_keys=DialectKeys(database, Seal(settings)),
        nonces=Nonces(database),
        suggestions=Suggestions(database),
        blocklists=Blocklists(database),
        human_loops=HumanLoops(database, log, audit),
        jobs=Jobs(database, settings),
        tasks=Tasks(database, settings, log),
        webhooks=Webhooks(database, settings),
        audit=audit,
        reviews=Reviews(database, settings, audit, wellness, Judging(database, queues), golden),
        review_follows=ReviewFollows(database),
        review_totals=ReviewTotals(database),
        wellness=wellness,
        traits=TraitStore(database),
        golden=golden,
        quality=Quality(database, audit),
        calibrations=Calibrations(database, audit),
        appeals=Appeals(database, settings, queues, audit),
        marks=Marks(database, audit),
        streams=Streams(database, settings),
        policy_versions=PolicyVersions(database, settings, audit),
        policies_live=PoliciesLive(database, audit),
        policy_counts=PolicyCounts(database),
        policy_runs=PolicyRuns(database),
        past_decisions=PastDecisions(database),
        policy_undo=PolicyUndo(database, audit, queues),
        tallies=Tallies(database),
        alerts=Alerts(database),
        reports=Reports(database),
    )
