"""The list of dialects, explicit and in order: the first that claims a request has it."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.api.auth import NATIVE
from evenhand.api.compat.alibaba import DIALECT as ALIBABA
from evenhand.api.compat.azure import DIALECT as AZURE
from evenhand.api.compat.base import Dialect
from evenhand.api.compat.google import DIALECT as GOOGLE
from evenhand.api.compat.openai import DIALECT as OPENAI
from evenhand.api.compat.perspective import DIALECT as PERSPECTIVE
from evenhand.api.compat.rekognition import DIALECT as REKOGNITION
from evenhand.api.compat.tencent import DIALECT as TENCENT
from evenhand.errors import InputError, SettingsError
from evenhand.policy import Policy
from evenhand.settings import Settings

ALL: tuple[Dialect, ...] = (PERSPECTIVE, OPENAI, AZURE, REKOGNITION, ALIBABA, GOOGLE, TENCENT)


def dialect_names(*, signed: bool = False) -> list[str]:
    """Give the names of all dialects, or of those whose callers sign."""
    return [dialect.name for dialect in ALL if dialect.signed or not signed]


def keyed_places(wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Check what an ordinary API key is to be limited to, and give it once each.

    Args:
        wanted: "native" and names of dialects; None: give all that there are.

    Raises:
        InputError: there is no such dialect, or its callers sign with a key pair, good for that alone.
    """
    known = (NATIVE, *(dialect.name for dialect in ALL if not dialect.signed))
    if wanted is None:
        return known
    if unknown := sorted(set(wanted) - set(known)):
        raise InputError(
            f"An API key cannot be for {', '.join(unknown)[:80]}: there are {', '.join(known)}. Callers of other "
            "dialects sign with a key pair (`evenhand keys create NAME --for DIALECT`)."
        )
    return tuple(dict.fromkeys(wanted))


def chosen(settings: Settings, policy: Policy) -> Sequence[Dialect]:
    """Give the dialects that are switched on.

    Raises:
        SettingsError: a setting names a dialect that there is not.
        PolicyError: a dialect is bound to a business line that the policy does not have.
    """
    named = dialect_names() if settings.dialects is None else settings.dialects
    bound = [key.partition("/")[0] for key in settings.dialect_lines]
    bound += [key.partition("/")[0] for key in settings.shadow_urls]
    if wrong := [url for url in settings.shadow_urls.values() if not url.startswith(("http://", "https://"))]:
        raise SettingsError(f"EVENHAND_SHADOW_URLS: {wrong[0][:100]!r} is no http(s) address.")
    if unknown := sorted({*named, *bound} - set(dialect_names())):
        raise SettingsError(
            f"There is no dialect {', '.join(unknown)} (EVENHAND_DIALECTS, EVENHAND_DIALECT_LINES); "
            f"there are {', '.join(dialect_names())}."
        )
    bound_shadows = {key.partition("/")[0] for key in settings.shadow_urls}
    if blind := [dialect.name for dialect in ALL if dialect.name in bound_shadows and not dialect.shadow]:
        raise SettingsError(f"EVENHAND_SHADOW_URLS: there is no shadow mode for {', '.join(blind)}; leave it out.")
    answers = (settings.human_loops_output or "").partition("/")[0]
    if answers and answers not in settings.s3_buckets:
        raise SettingsError(f"EVENHAND_HUMAN_LOOPS_OUTPUT: EVENHAND_S3_BUCKETS has no bucket {answers[:80]!r}.")
    for line in settings.dialect_lines.values():
        policy.line(line)
    return [dialect for dialect in ALL if dialect.name in named]
