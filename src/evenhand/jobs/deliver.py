"""Kind `webhook`: one event for one webhook, until the receiver has it."""

from __future__ import annotations

from datetime import UTC, datetime

from evenhand.actions.webhook import headers
from evenhand.actions.webhook_send import send
from evenhand.errors import NotFoundError, SystemFault, UserError
from evenhand.jobs.kinds import Ending, Outcome, Plan, Work
from evenhand.jobs.retries import Retries
from evenhand.settings import Settings
from evenhand.store.jobrecords import NewSegment

_FIRST_S, _MOST_S = 15.0, 3_600.0
_GONE = 410  # the receiver says for good that nothing may come here any more


class UndeliveredError(SystemFault):
    """The receiver did not take a delivery."""

    code = "undelivered"
    status = 502


class RefusedError(UserError):
    """The receiver refuses this delivery for good, or it is not wanted any more."""

    code = "delivery_refused"


class Deliver:
    """Sends a delivery. Source: `delivery`, its id."""

    name = "webhook"
    unit = "deliveries"
    spares = False

    def retries(self, settings: Settings) -> Retries:
        """Say how often it is sent."""
        first = min(_FIRST_S, settings.jobs_backoff_s * _FIRST_S / 2)
        return Retries(attempts=settings.webhook_attempts, first_s=first, most_s=_MOST_S)

    def plan(self, work: Work) -> Plan:
        """There is one thing to do."""
        work.store.webhooks.again(str(work.task.job.source["delivery"]))
        return Plan(segments=[NewSegment(spec={})])

    def segment(self, work: Work) -> Outcome:
        """Send it once."""
        log = work.store.webhooks
        delivery = log.delivery(str(work.task.job.source["delivery"]))
        if delivery.state == "delivered":  # and the worker died before it could say so
            return Outcome(result={"delivery": delivery.id})
        try:
            webhook = log.get(delivery.webhook_id)
            why = "the webhook was switched off" if webhook.disabled_at is not None else None
        except NotFoundError:
            why = "the webhook was removed"
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if why is not None:
            log.tried(delivery.id, {"at": at, "status": None, "error": why, "ms": 0}, state="failed")
            raise RefusedError(why)
        body = delivery.body.encode()
        sent = send(webhook.url, body, headers(delivery.id, body, webhook.secrets), work.settings)
        last = self.retries(work.settings).after(work.task.attempts + 1) is None or sent.status == _GONE
        state = "delivered" if sent.good else "failed" if last else "queued"
        log.tried(delivery.id, {"at": at, "status": sent.status, "error": sent.error, "ms": sent.ms}, state=state)
        if sent.status == _GONE:
            raise RefusedError("the receiver answered 410: nothing may be sent there any more")
        if not sent.good:
            raise UndeliveredError(sent.error or "the receiver did not take it")
        return Outcome(result={"delivery": delivery.id})

    def final(self, work: Work) -> Ending:
        """It has been delivered."""
        return Ending(result={"delivery": work.task.job.source["delivery"]}, forget_segments=True)
