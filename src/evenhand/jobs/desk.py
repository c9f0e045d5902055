"""The desk where jobs are handed in: options are checked, and the same job is done only once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from evenhand import __version__
from evenhand.app import AsyncModerator
from evenhand.decode.media import MEDIA
from evenhand.decode.sniff import sniff
from evenhand.domain import JsonValue, is_language
from evenhand.errors import FetchError, InputError, NotFoundError, StoreError
from evenhand.jobs.registry import kinds
from evenhand.store import Store
from evenhand.store.blobs import Blobs
from evenhand.store.jobrecords import PRIORITIES, Job, NewJob

SUBMITTED = ("bulk", "media")  # kinds that callers may ask for
_MAX_ID = 1_024
_LONGEST_URL = 4_096
_HEAD = 4_096  # bytes by which a file is known


def submit(
    moderator: AsyncModerator,
    store: Store,
    *,
    kind: str,
    source: Mapping[str, JsonValue],
    options: Mapping[str, JsonValue] | None = None,
    priority: str = "interactive",
    tenant: str | None = None,
    caller_id: str | None = None,
    fresh: bool = False,
) -> tuple[Job, bool]:
    """Submit a job.

    Args:
        moderator: its policy and settings are those that the job is meant for.
        store: where.
        kind: one of SUBMITTED.
        source: `blob` and `size`, or `url`.
        options: business line (`line`), `all_scores`; of a recording also `lang`.
        priority: live, interactive or bulk.
        tenant: id of the API key that asks.
        caller_id: the caller's own id, given back.
        fresh: do it even if the same was done already.

    Returns:
        The job, and whether it is new.

    Raises:
        InputError: the kind, the priority or an option does not exist, or the URL may not be fetched.
        PolicyError: the business line does not exist.
        StoreError: nothing was submitted.
    """
    if kind not in SUBMITTED:
        raise InputError(f"There are no jobs of the kind {kind[:80]!r}; there are {', '.join(SUBMITTED)}.")
    if priority not in PRIORITIES:
        raise InputError(f"There is no priority {priority[:80]!r}; there are {', '.join(PRIORITIES)}.")
    if caller_id is not None and (len(caller_id) > _MAX_ID or "\0" in caller_id):
        raise InputError(f"id must have at most {_MAX_ID} characters, none of them NUL.")
    if kind == "bulk" and "blob" not in source:
        raise InputError("A bulk job takes items or a file of JSON lines, not a URL.")
    url = source.get("url")
    if url is not None:
        if not moderator.settings.fetch_urls:
            raise FetchError("Fetching URLs is switched off here (EVENHAND_FETCH_URLS); send the file itself.")
        if not str(url).startswith(("http://", "https://")) or len(str(url)) > _LONGEST_URL or "\0" in str(url):
            raise FetchError("Only http and https URLs are fetched; send the file itself.")
    chosen = dict(options or {})
    language = chosen.get("lang")
    if language is not None and not (isinstance(language, str) and is_language(language)):
        raise InputError('lang must be a language tag of BCP 47, such as "en".')
    moderator.policy_for(tenant).line(str(chosen.get("line", "default")))
    blob = source.get("blob")
    new = NewJob(
        kind=kind,
        priority=priority,
        tenant=tenant or "",
        caller_id=caller_id,
        options=chosen,
        source=source,
        content_hash=f"sha256:{blob}" if blob else None,
        dedup=None if fresh or not blob else _same(moderator, kind, str(blob), chosen, tenant),
        unit=kinds()[kind].unit,
        timeout_s=moderator.settings.jobs_timeout_s,
    )
    job, made = store.jobs.submit(new)
    if made and blob:
        try:
            Blobs(moderator.settings).path(str(blob))
        except NotFoundError:  # an earlier job with the same file ended, and took it along, just as this one began
            store.jobs.cancel(job.id)
            store.jobs.remove(job.id)
            raise StoreError("The file was deleted with an earlier job of the same file; send it again.") from None
    return job, made


def kind_of(path: Path) -> str:
    """Say what kind of job a file is meant for, by its bytes."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    return "media" if sniff(head) in MEDIA else "bulk"


def _same(moderator: AsyncModerator, kind: str, blob: str, options: Mapping[str, JsonValue], tenant: str | None) -> str:
    """Give the hash of all that decides the answer: who asks, for what, by which policy, lists and models."""
    policy, settings = moderator.policy, moderator.settings
    parts = [
        tenant or "",
        kind,
        blob,
        dict(options),
        [policy.name, policy.version],
        [[library.name, library.version] for library in moderator.libraries],
        moderator.shelves.revision,
        [__version__, settings.text_model, list(settings.disabled_detectors), str(settings.models or "")],
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode(errors="surrogatepass")).hexdigest()
