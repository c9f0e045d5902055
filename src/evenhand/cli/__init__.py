"""The command line. One file a command; exit codes tell the user's fault from the system's.

0 clean · 1 something was flagged · 2 user error · 3 system error
"""

from __future__ import annotations

import sys

CLEAN, FLAGGED, USER_ERROR, SYSTEM_ERROR = 0, 1, 2, 3


def main() -> None:
    """Run the command line on sys.argv and exit with its code."""
    from evenhand.cli.root import build
    from evenhand.errors import EvenhandError, PolicyError, UserError

    try:
        build()()
    except EvenhandError as error:
        print(f"evenhand: {error.message}", file=sys.stderr)
        if isinstance(error, PolicyError):
            for line, problem in error.problems:
                print(f"  line {line}: {problem}" if line else f"  {problem}", file=sys.stderr)
        sys.exit(USER_ERROR if isinstance(error, UserError) else SYSTEM_ERROR)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read the output has had enough (`| head`); keep the interpreter from complaining at exit.
        sys.stderr.close()
        sys.exit(SYSTEM_ERROR)
