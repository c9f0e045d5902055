"""Other vendors' APIs, spoken by this server, so that a platform moves here by changing one URL.

A dialect only translates: the vendor's request to contents, a result to the vendor's answer, a problem to the vendor's
error. Nothing is detected or decided here, and nothing is done twice: keys, scopes, rate limits, idempotency, records
and limits on bodies are those of the native API.

    base.py       Dialect: what a dialect is
    registry.py   the list of dialects, in order; which of them are switched on
    mount.py      how requests find their dialect, and errors their shape
    calls.py      Call: one request that was let in: check, once, reply
    signing.py    for dialects whose callers sign: key pairs, dates, replays

To add a dialect:

1. Write `NAME.py` (with `NAME_parts.py` beside it where it would grow beyond 400 lines), which makes one
   `DIALECT = Dialect(name=..., title=..., routes=[Route(...)], claims=..., shape=...)`. `claims` looks at method, path
   and headers of a request and says whether it is this dialect's: several vendors post to `/`, so look at the header
   that only this one sends. `shape` turns a `Problem` into the vendor's own error; it gets every error there is: yours,
   401, 403, 404, 405, 413, 422, 429, 500 and 503.
2. A route is `async def endpoint(request: Request) -> Response`. With a plain key: `call = await admit(request, NAME,
   token=...)`. With a signature: `pair = await key_pair(request, NAME, access_id)`, compute the vendor's signature from
   `pair.secret`, `compare` it, `await accept(request, pair, moment=..., nonce=...)` (which refuses old dates and
   replays), `call = await admit_pair(request, NAME, pair)`.
   Then `return await call.once(work)`, where `work` reads `call.json()`, makes contents, awaits `call.check(...)` or
   `call.check_many(...)`, and gives `call.reply(document, results)`, which puts the decision ids into `X-Decision-Id`.
3. Raise what the rest of evenhand raises (`evenhand.errors`); where the vendor's error carries more, subclass
   UserError in your module and look at `problem.error` in `shape`.
4. `call.line("SERVICE")` gives the business line: of EVENHAND_DIALECT_LINES "NAME/SERVICE", else "NAME", else default.
5. Add the dialect to `registry.ALL`; describe it in docs/reference/dialects.md (a test looks) and in a how-to page.
"""

from evenhand.api.compat.base import Dialect
from evenhand.api.compat.calls import Call, admit, admit_pair
from evenhand.api.compat.mount import Claim, DialectRoute
from evenhand.api.compat.registry import chosen, dialect_names, keyed_places

__all__ = ["Call", "Claim", "Dialect", "DialectRoute", "admit", "admit_pair", "chosen", "dialect_names", "keyed_places"]
