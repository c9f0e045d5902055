"""The command line. One file a command; exit codes tell the user's fault from the system's.

0 clean · 1 something was flagged · 2 user error · 3 system error · 130 interrupted · 141 nobody reads the output
"""

from __future__ import annotations

import contextlib
import os
import sys

CLEAN, FLAGGED, USER_ERROR, SYSTEM_ERROR = 0, 1, 2, 3
INTERRUPTED, BROKEN_PIPE = 130, 141  # as shells number them


def main() -> None:
    """Run the command line on sys.argv and exit with its code."""
    from evenhand.cli.root import build
    from evenhand.errors import EvenhandError, PolicyError, UserError

    try:
        build()()
    except EvenhandError as error:
        print(f"evenhand: {error.message}", file=sys.stderr)
        if isinstance(error, PolicyError) and len(error.problems) > 1:
            for line, problem in error.problems:
                print(f"  line {line}: {problem}" if line else f"  {problem}", file=sys.stderr)
        sys.exit(USER_ERROR if isinstance(error, UserError) else SYSTEM_ERROR)
    except SystemExit as ended:
        # Typer says 1 for a closed pipe (`| head`), which here means "flagged".
        code = BROKEN_PIPE if isinstance(ended.__context__, BrokenPipeError) else ended.code
        if code in (INTERRUPTED, BROKEN_PIPE):
            # At once: a model may be running in a thread, and ends the process badly when the interpreter goes first.
            with contextlib.suppress(OSError):
                sys.stdout.flush()
            os._exit(code)
        raise
