"""Codes of a second factor: time-based ones (RFC 6238), and recovery codes for when the device is lost."""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import secrets
from datetime import datetime

from evenhand.errors import SettingsError

STEP_S = 30
_WINDOW = 1  # steps before and after that are taken too: clocks differ
_RECOVERY = 10
_RECOVERY_CHARS = "abcdefghijkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """Give a secret of 160 bits, in base 32.

    Raises:
        SettingsError: the extra `console` is not installed.
    """
    try:
        import pyotp
    except ImportError as error:
        raise SettingsError("Accounts need the extra 'console': pip install 'evenhand[console]'.") from error
    return pyotp.random_base32()


def uri(secret: str, *, name: str, issuer: str = "evenhand") -> str:
    """Give the `otpauth://` address that authenticator apps read."""
    import pyotp

    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=name, issuer_name=issuer)


def drawn(address: str) -> str:
    """Give an address as the SVG of a QR code, dark on white, without outer declarations."""
    import segno

    into = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        into, kind="svg", xmldecl=False, svgns=True, scale=4, border=4, dark="#000", light="#fff", svgclass=None
    )
    return into.getvalue().decode()


def matched_step(secret: str, code: str, now: datetime) -> int | None:
    """Give the time step that a code belongs to; None: it is wrong.

    Args:
        secret: in base 32.
        code: six digits; spaces do not count.
        now: aware.
    """
    import pyotp

    digits = re.sub(r"\s", "", code)
    if re.fullmatch("[0-9]{6}", digits) is None:
        return None
    totp, current = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
    found = None
    for step in range(max(0, current - _WINDOW), current + _WINDOW + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Give ten codes of some 50 bits, each good for one login."""
    made = ("".join(secrets.choice(_RECOVERY_CHARS) for _ in range(10)) for _ in range(_RECOVERY))
    return tuple(f"{code[:5]}-{code[5:]}" for code in made)


def recovery_hash(code: str, *, owner: str) -> str:
    """Give what is stored of a recovery code: random, and tries are few, so a plain hash does.

    Args:
        code: as it was typed; case, spaces and dashes do not count.
        owner: id of the user.
    """
    plain = re.sub(r"[\s-]", "", code).lower()
    return hashlib.sha256(f"evenhand recovery\0{owner}\0{plain}".encode(errors="surrogatepass")).hexdigest()
