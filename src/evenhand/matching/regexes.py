"""Regular expressions of word lists, by RE2: linear in the text whatever the expression.

Every expression is bounded in length and in the size of its program, and reports a bounded number of places, so that
going on to the next place cannot make the whole quadratic either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

MOST_CHARS = 500  # of one expression
MOST_EXPRESSIONS = 1_000  # in all lists together
_MEMORY = 1 << 20  # bytes that the program of one expression may take, some 8,000 instructions
_MOST_PLACES = 100  # of one expression in one text
_LONGEST_ERROR = 200


def check_expression(expression: str) -> None:
    """Refuse what cannot be searched for.

    Raises:
        ValueError: with what to do.
    """
    _compiled(expression)


def _compiled(expression: str) -> Any:
    import re2  # type: ignore[import-untyped]

    if len(expression) > MOST_CHARS:
        raise ValueError(f"a regular expression has at most {MOST_CHARS} characters; cut it in several")
    try:
        made = re2.compile(expression, _options())
    except re2.error as error:
        said = error.args[0] if error.args else error
        words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        if "too large" in words:
            words = "it is too large; use smaller counts in braces"
        elif "invalid perl operator" in words or "invalid escape sequence" in words:
            words += "; look-around and references back are not part of RE2"
        raise ValueError(f"no regular expression that RE2 takes: {words[:_LONGEST_ERROR]}") from error
    except UnicodeError as error:
        raise ValueError("a regular expression is made of valid Unicode") from error
    if made.search("") is not None:
        raise ValueError(
            "this regular expression matches the empty text, so everything; ask for one character at least"
        )
    return made


def _options() -> Any:
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    return options


class Expressions:
    """Finds many regular expressions in texts, in any case of letters. Safe to share between threads.

    Args:
        expressions: each good for `check_expression`.

    Raises:
        ValueError: one is not, or there are too many.
    """

    def __init__(self, expressions: Sequence[str]) -> None:
        if len(expressions) > MOST_EXPRESSIONS:
            raise ValueError(f"{len(expressions)} regular expressions, at most {MOST_EXPRESSIONS} are searched for")
        # One by one: RE2's set of expressions says nothing when it runs out of memory, which would read as clean.
        self._each = [_compiled(expression) for expression in expressions]

    def find(self, text: str) -> list[tuple[int, int, int]]:
        """Give number, start and end (code points) of what is found, at most 100 places of each expression."""
        found = []
        for number, expression in enumerate(self._each):
            for count, match in enumerate(expression.finditer(text)):
                if count == _MOST_PLACES:
                    break
                start, end = match.span()
                if end > start:
                    found.append((number, start, end))
        return found
