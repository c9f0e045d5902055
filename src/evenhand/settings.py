"""Settings: one table of name, default and help. Read once from the environment, then injected; never a global.

Every setting is an environment variable with the prefix `EVENHAND_`, e.g. `EVENHAND_PORT=9000`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError as UnreadableError

from evenhand.errors import SettingsError


def _data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "evenhand"


class Settings(BaseSettings):
    """All settings. Unknown ones are ignored, wrong values are refused with the setting's name."""

    model_config = SettingsConfigDict(env_prefix="EVENHAND_", frozen=True, extra="ignore", env_ignore_empty=True)

    # What decides
    policy: Path | None = Field(None, description="Policy file (YAML); none: the policy that ships.")
    libraries: Path | None = Field(None, description="Folder of word lists and sample libraries (YAML).")
    disabled_detectors: tuple[str, ...] = Field((), description='Detectors never run, a JSON list: ["image.ocr"].')
    text_model: str = Field(
        "text-2026.5",
        description="Version of the text harm model; older ones, text-2026.4 to text-2026.2, need the extra 'past'.",
    )
    text_cascade: bool = Field(
        True, description="Texts that the lower part of the text model finds plainly harmless are not read further."
    )
    ocr_thorough: bool = Field(
        False,
        description="Search all of every picture for words, as slowly as that is; false: only where a quick first look "
        "sees anything like letters.",
    )
    speech_model: Path | None = Field(
        None, description="Folder of a Whisper model for CTranslate2, of any size; none: Whisper base, which ships."
    )
    speech_device: Literal["cpu", "cuda", "auto"] = Field("cpu", description="Where the speech model runs.")
    plugins: bool = Field(True, description="Load third-party detectors registered as entry points.")
    models: Path | None = Field(None, description="File that declares further models as detectors (YAML).")
    models_download: bool = Field(
        False, description="Fetch models that the models file names by hub id; otherwise only folders are read."
    )

    # What is stored
    data_dir: Path = Field(default_factory=_data_dir, description="Folder for the default database.")
    database_url: str | None = Field(
        None,
        repr=False,  # it may hold a password
        description="SQLAlchemy URL of the store. None: the server uses SQLite in data_dir, "
        "the command line and Python keep no record.",
    )
    keep_originals_days: int = Field(0, ge=0, description="Days to keep submitted content itself; 0: never kept.")
    keep_decisions_days: int = Field(0, ge=0, description="Days to keep decisions and evidence; 0: until deleted.")
    fingerprints: Literal["none", "acted", "all"] = Field(
        "acted",
        description="Of which decisions about texts and pictures fingerprints are kept, by which a mark finds stored "
        "near-same content: none, acted (all that do not pass), or all. Content cannot be had back from them.",
    )
    embeddings: Literal["none", "review", "acted", "all"] = Field(
        "none",
        description="Of which decisions about texts and pictures embeddings are kept, by which a mark shows stored "
        "alike content that is not kept itself, and an item those like it: none, review (what waits for a person), "
        "acted (all that do not pass), or all. Content cannot be had back from them. A text costs a second reading, a "
        "picture some 40 ms.",
    )
    keep_context_keys: tuple[str, ...] = Field(
        (),
        description='Keys of a content\'s context that are stored, a JSON list: ["channel"]; "author" and '
        '"conversation" too are kept only if named. None by default.',
    )

    # Limits on what comes in
    max_text_chars: int = Field(1_000_000, ge=1, description="Longest text, in code points.")
    max_file_bytes: int = Field(32 * 2**20, ge=1, description="Largest encoded file, in bytes.")
    max_pixels: int = Field(64_000_000, ge=1, description="Most pixels of one picture or of one animation frame.")
    max_frames: int = Field(16, ge=1, description="Most frames looked at in one animation; more are sampled evenly.")
    decode_timeout_s: float = Field(20.0, gt=0, description="Seconds that decoding one picture or animation may take.")
    max_media_bytes: int = Field(
        4 * 2**30, ge=1, description="Largest video or audio file read from a path; others: EVENHAND_MAX_FILE_BYTES."
    )
    max_media_s: float = Field(12 * 3600.0, gt=0, description="Longest video or sound, in seconds.")
    media_timeout_s: float = Field(
        120.0, gt=0, description="Seconds that reading a video or audio file through may take, and decoding a segment."
    )
    media_isolation: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Whether videos and sounds are decoded in processes apart, which may crash and may do little: auto "
        "where the system can (Linux), always, or never, for trusted files alone.",
    )
    media_memory_mb: int = Field(
        4_096, ge=256, description="Megabytes of address space that such a process may take for one file."
    )
    media_segment_s: float = Field(30.0, ge=5, description="Seconds of a segment of video or sound, cut on keyframes.")
    frame_interval_s: float = Field(
        2.0, gt=0, description="Longest time of a video between two frames that are looked at, in seconds."
    )
    keyframe_interval_s: float = Field(
        2.0,
        gt=0,
        description="The same where keyframes serve, which cost little to decode; a longer one than "
        "EVENHAND_FRAME_INTERVAL_S counts as that.",
    )
    fight_interval_s: float = Field(
        0.0,
        ge=0,
        description="Seconds between two looks, two seconds long, at how people move in a video, for fights; less than "
        "2 counts as 2. 0: none is taken. Costs decoding most frames.",
    )
    max_body_bytes: int = Field(48 * 2**20, ge=1, description="Largest HTTP request body, in bytes.")
    max_inflight_bytes: int = Field(
        512 * 2**20,
        ge=1,
        description="Most bytes of all HTTP request bodies at a time; more must come later.",
    )
    max_batch_items: int = Field(1_000, ge=1, description="Most items in one HTTP batch.")

    # Fetching URLs
    fetch_urls: bool = Field(True, description="Fetch http(s) URLs that callers submit.")
    fetch_timeout_s: float = Field(10.0, gt=0, description="Seconds a whole fetch may take.")
    fetch_redirects: int = Field(3, ge=0, description="Most redirects followed; each target is checked again.")
    fetch_allow_hosts: tuple[str, ...] = Field(
        (), description='Internal hosts that may be fetched all the same, a JSON list: ["media.internal:8080"].'
    )

    # Running
    threads: int = Field(
        0, ge=0, description="Threads a model may use; 0: one per core, a quarter where picture models run together."
    )
    detector_timeout_s: float = Field(
        30.0,
        gt=0,
        description="Seconds one detector may take over one batch; four times as long over its first, which loads its "
        "model.",
    )
    decode_threads: int = Field(2, ge=1, description="Files decoded at a time; the worst allowed one takes 1.1 GB.")
    batch_size: int = Field(256, ge=1, description="Contents decoded and checked together by check_many.")

    # The server
    console: bool = Field(True, description="Serve the console's pages beside the API, where its extra is installed.")
    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the server listens on; 0: any free one.")
    shutdown_timeout_s: int = Field(25, ge=0, description="Seconds that requests have to end when the server stops.")
    require_keys: bool | None = Field(
        None, description="Ask for an API key. None: only when listening beyond loopback."
    )
    rate_limit: int = Field(0, ge=0, description="Requests a minute for each API key or address; 0: no limit.")
    trusted_hosts: tuple[str, ...] = Field(
        (),
        description="Names under which a server on loopback that needs no login may be called, besides localhost, a "
        'JSON list: ["moderation.test"]. Others are refused: a web site could point its own name at this machine.',
    )

    # Accounts
    session_idle_s: float = Field(7_200.0, gt=0, description="Seconds without a request after which a login is over.")
    session_max_s: float = Field(43_200.0, gt=0, description="Seconds after which a login is over, however used.")
    require_totp: bool = Field(
        False, description="Whoever signs in with a password must set up one-time codes before anything else."
    )
    oidc_issuer: str | None = Field(
        None, description="OpenID Connect: address of the provider, as its own documents write it; none: not used."
    )
    oidc_client_id: str | None = Field(None, description="OpenID Connect: the client's id at the provider.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="OpenID Connect: the client's secret; none: a public client, which PKCE protects."
    )
    oidc_scopes: tuple[str, ...] = Field(
        ("openid", "profile", "email"), description="OpenID Connect: what is asked for, a JSON list."
    )
    oidc_name_claim: str = Field(
        "preferred_username", description="OpenID Connect: claim with the name of a new account; else email, else sub."
    )
    oidc_role_claim: str = Field(
        "groups", description="OpenID Connect: claim with the groups of a person, a text or a list."
    )
    oidc_roles: dict[str, str] = Field(
        {},
        description='OpenID Connect: role by group, a JSON object: {"moderators": "reviewer"}. Read at each login; '
        "whoever has none of the groups is not let in. Empty: roles are given here, and only known people are let in.",
    )
    oidc_allow_hosts: tuple[str, ...] = Field(
        (), description='OpenID Connect: internal hosts besides the issuer\'s, a JSON list: ["sso.internal:8443"].'
    )

    # Other vendors' APIs
    dialects: tuple[str, ...] | None = Field(
        None, description='Vendors\' APIs that the server speaks, a JSON list: ["perspective"]; none set: all of them.'
    )
    dialect_lines: dict[str, str] = Field(
        {}, description='Business line of a dialect, or of a service of it, a JSON object: {"perspective": "comments"}.'
    )
    human_loops_output: str | None = Field(
        None,
        description="Bucket of EVENHAND_S3_BUCKETS, and a folder in it, where answers of human loops are written for "
        'callers of Amazon\'s API: "uploads/answers". Else they are read over HTTP.',
    )
    public_url: str | None = Field(
        None,
        description="Address under which callers reach the server, for documents that name it (Perspective's discovery "
        "document); none: what the request says.",
    )
    shadow_urls: dict[str, str] = Field(
        {},
        description="Shadow mode: address of the old vendor by dialect, asked as well and compared, a JSON object: "
        '{"perspective": "https://commentanalyzer.googleapis.com"}. Contents are sent there.',
    )
    shadow_keys: dict[str, SecretStr] = Field({}, description="Keys for the old vendors, by dialect, a JSON object.")
    perspective_max_bytes: int = Field(20_480, ge=1, description="Longest comment of Perspective's API, in bytes.")
    dialect_incomplete: Literal["error", "worst"] = Field(
        "error",
        description="What callers of Perspective's, OpenAI's, Azure's and Google's APIs get when a detector gave no "
        "answer, for which these have no word. error: status 503; worst: the highest score wherever it could have "
        "spoken.",
    )
    openai_flagged: Literal["categories", "decision"] = Field(
        "categories",
        description="When OpenAI's `flagged` is true. categories: one of the thirteen is, or an operator's own list "
        "matched; decision: also whenever the business line reviews or blocks, for advertising, say.",
    )
    azure_max_text_chars: int = Field(10_000, ge=1, description="Longest text of Azure's text:analyze, in code points.")
    azure_max_items: int = Field(10_000, ge=1, description="Most items in one blocklist of Azure's API.")
    s3_buckets: dict[str, str] = Field(
        {},
        description="Folders that Rekognition's and Google's callers name as buckets, a JSON object: "
        '{"uploads": "/srv/uploads"}. Objects are the files below; all callers may read all of them.',
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Encrypts the key pairs of dialects that sign (`evenhand keys secret` makes one). Several, parted "
        "by commas: the first encrypts, all decrypt.",
    )
    signature_window_s: int = Field(
        900,
        ge=1,
        le=86_400,
        description="Seconds by which the date of a signed request may differ from the clock here.",
    )
    signature_repeat_s: int = Field(
        10,
        ge=0,
        le=60,
        description="Seconds around its date in which a signature of Rekognition's and Tencent Cloud's protocols, "
        "which have no nonce, is taken again under another id of the call, as two equal requests of one second have "
        "it; 0: never.",
    )
    signed_hosts: tuple[str, ...] = Field(
        (),
        description="Names under which clients reach the server where a proxy rewrites the Host header, a JSON list: "
        '["moderation.example.org"]. A signature over one of them holds too.',
    )

    # Durable jobs
    jobs_in_server: bool = Field(True, description="`evenhand serve` works on jobs too; false: only `evenhand worker`.")
    jobs_slots: int = Field(2, ge=1, le=256, description="Segments of jobs that one worker process does at a time.")
    jobs_live: int = Field(4, ge=1, le=256, description="Live streams that one worker process follows at a time.")
    jobs_per_tenant: int = Field(
        0, ge=0, description="Segments of one API key's jobs at a time, over all workers, a queue; 0: no limit."
    )
    jobs_rate: int = Field(0, ge=0, description="Segments a minute for each API key, over all workers; 0: no limit.")
    jobs_attempts: int = Field(5, ge=1, le=100, description="Tries of one segment before its job has failed.")
    jobs_backoff_s: float = Field(
        2.0, gt=0, description="Seconds before the second try; doubled for each further one, with jitter."
    )
    jobs_segment_timeout_s: float = Field(900.0, gt=0, description="Seconds that one try of a segment may take.")
    jobs_timeout_s: float = Field(86_400.0, gt=0, description="Seconds a whole job may take, waiting included.")
    jobs_heartbeat_s: float = Field(
        5.0, gt=0, le=600, description="Seconds between signs of life of a worker; with six missed it is dead."
    )
    jobs_chunk_items: int = Field(500, ge=1, le=10_000, description="Items of a bulk job that make one segment.")
    jobs_keep_days: int = Field(7, ge=0, description="Days to keep finished jobs and what was delivered; 0: for good.")
    blobs: Path | None = Field(
        None,
        description="Folder for submitted files until their job is done; workers on several machines need a shared "
        "one. None: `blobs` in data_dir.",
    )
    max_job_bytes: int = Field(4 * 2**30, ge=1, description="Largest file that is submitted as a job, in bytes.")

    # Live streams
    live_interval_s: float = Field(
        1.0, gt=0, le=60, description="Longest time of a live stream between two frames that are looked at, in seconds."
    )
    live_window_s: float = Field(2.0, gt=0, le=60, description="Seconds of pictures that are looked at together.")
    live_speech_s: float = Field(5.0, ge=2, le=30, description="Seconds of sound that are listened to together.")
    live_clip_s: float = Field(20.0, ge=1, le=300, description="Seconds of a stream that a clip of an incident holds.")
    live_patience_s: float = Field(
        300.0, gt=0, description="Seconds without anything from a stream after which it is given up."
    )
    live_allow_hosts: tuple[str, ...] = Field(
        (), description='Internal hosts that streams may come from, a JSON list: ["media.internal:1935"].'
    )

    # Review by people
    review_queues: Path | None = Field(
        None, description="File of review queues (YAML); none: all decisions that ask for a person wait in one queue."
    )
    review_lease_s: float = Field(
        900.0, gt=0, le=86_400, description="Seconds that a reviewer has a claimed item for; then others may claim it."
    )
    review_target_s: float = Field(
        86_400.0, gt=0, description="Service level of the default review queue: seconds within which items are done."
    )
    appeal_days: int = Field(
        180, ge=1, le=3_650, description="Days after a decision within which it may be appealed against."
    )
    appeal_target_s: float = Field(
        604_800.0, gt=0, description="Service level of appeals: seconds within which they are decided."
    )
    appeal_rate_limit: int = Field(
        20, ge=1, description="Requests a minute that one address may send to the public pages of appeals."
    )

    # Policies kept in the database
    policy_second_person: bool | None = Field(
        None,
        description="Whether somebody other than its author must approve a policy. None: as soon as two may "
        "(keys and people with the scope or role policy, or admin).",
    )
    policy_poll_s: float = Field(
        1.0, gt=0, le=60, description="Seconds between two looks of a process at which policies are in force."
    )
    policy_shadow_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of contents for which detectors that only a policy in shadow mode asks for are run, "
        "after the decision, so that what it says can be compared. Each is paid for.",
    )

    # Accounting
    grounds: Path | None = Field(
        None,
        description="File of grounds (YAML): which label rests on which law or clause, for statements of reasons.",
    )

    detector_hour_price: float | None = Field(
        None,
        ge=0,
        description="What an hour of a detector at work costs, in money of yours: the dashboard of detectors then says "
        "what each has cost. Left out, it gives seconds alone.",
    )

    # Webhooks
    webhook_timeout_s: float = Field(10.0, gt=0, description="Seconds one delivery may take.")
    webhook_attempts: int = Field(12, ge=1, le=100, description="Tries of one delivery, over some four hours.")
    webhook_allow_hosts: tuple[str, ...] = Field(
        (), description='Internal hosts that webhooks may be sent to, a JSON list: ["hooks.internal:8080"].'
    )

    # Seeing what happens
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe log shown.")
    log_format: Literal["json", "console"] = Field("json", description="Shape of log lines.")
    otlp_endpoint: str | None = Field(
        None, description="OTLP/HTTP endpoint for traces; needs the otel extra. None: no traces leave."
    )


_JSON = (tuple[str, ...], tuple[str, ...] | None, dict[str, str], dict[str, SecretStr])


def read_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment; overrides that are not None come first.

    Raises:
        SettingsError: a setting has a value that cannot be used; names the setting and what is wrong with it.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(f"EVENHAND_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"Settings cannot be used: {problems}.") from error
    except UnreadableError as error:
        lists = [name for name, field in Settings.model_fields.items() if field.annotation in _JSON]
        given = ", ".join(f"EVENHAND_{name.upper()}" for name in lists if f"EVENHAND_{name.upper()}" in os.environ)
        raise SettingsError(
            f'Lists and tables are written as JSON, such as ["a", "b"] and {{"a": "b"}}; look at {given}.'
        ) from error
