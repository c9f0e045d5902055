"""The list of commands, explicit and in order."""

from __future__ import annotations

import typer

from evenhand.cli.accounts import accounts
from evenhand.cli.alerts import alerts
from evenhand.cli.appeals import appeals
from evenhand.cli.audit import audit
from evenhand.cli.auditlog import auditlog
from evenhand.cli.check import check
from evenhand.cli.classes import classes
from evenhand.cli.dashboard import dashboard
from evenhand.cli.db import db
from evenhand.cli.demo import demo
from evenhand.cli.eval import evaluate
from evenhand.cli.jobs import jobs
from evenhand.cli.keys import keys
from evenhand.cli.library import library
from evenhand.cli.likeness import likeness
from evenhand.cli.listing import detectors, labels
from evenhand.cli.mark import mark
from evenhand.cli.migrate import migrate
from evenhand.cli.policy import policy
from evenhand.cli.proposals import proposals
from evenhand.cli.quality import quality
from evenhand.cli.redact import redact
from evenhand.cli.replay import replay
from evenhand.cli.report import report
from evenhand.cli.review import review
from evenhand.cli.serve import serve
from evenhand.cli.settings import settings
from evenhand.cli.statement import statement
from evenhand.cli.version import version
from evenhand.cli.watch import watch
from evenhand.cli.webhooks import webhooks
from evenhand.cli.wellness import wellness
from evenhand.cli.worker import worker


def build() -> typer.Typer:
    """Make the command line."""
    app = typer.Typer(
        name="evenhand",
        help="Self-hosted content moderation: labels, evidence, and decisions by a policy you wrote.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        rich_markup_mode=None,
    )
    app.command()(check)
    app.command()(watch)
    app.command()(redact)
    app.command("eval")(evaluate)
    app.command()(audit)
    app.command()(serve)
    app.command()(worker)
    app.command()(demo)
    app.add_typer(jobs, name="jobs")
    app.add_typer(webhooks, name="webhooks")
    review.add_typer(quality, name="quality")
    app.add_typer(review, name="review")
    app.add_typer(appeals, name="appeals")
    app.add_typer(wellness, name="wellness")
    app.add_typer(mark, name="mark")
    app.add_typer(proposals, name="proposals")
    app.add_typer(auditlog, name="audit-log")
    app.add_typer(statement, name="statement")
    app.command()(replay)
    app.command()(report)
    app.command()(dashboard)
    app.add_typer(alerts, name="alerts")
    app.command()(labels)
    app.command()(detectors)
    app.add_typer(policy, name="policy")
    library.command("likeness")(likeness)
    app.add_typer(library, name="library")
    app.add_typer(classes, name="classes")
    app.add_typer(accounts, name="accounts")
    app.add_typer(keys, name="keys")
    app.add_typer(migrate, name="migrate")
    app.add_typer(db, name="db")
    app.command()(settings)
    app.command()(version)
    return app
