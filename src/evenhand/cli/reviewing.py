"""What the commands of people's work share: the store, and who acts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli.common import read_settings

if TYPE_CHECKING:
    from evenhand.store import Store
    from evenhand.store.reviewrecords import Person

As = Annotated[
    str | None,
    typer.Option("--as", help="Who acts: id or name of an API key that may review; else the machine's own operator."),
]


@contextmanager
def opened() -> Iterator[Store]:
    """Open the store of the settings, migrated; what it finds wrong with a value is the caller's fault."""
    from evenhand.errors import InputError
    from evenhand.store import open_store

    store = open_store(settings=read_settings())
    store.migrate()
    try:
        yield store
    except ValueError as error:
        raise InputError(f"That cannot be done: {error}.") from error
    finally:
        store.close()


def person(store: Store, name: str | None) -> Person:
    """Give who acts. Who can run commands on the machine may do everything.

    Raises:
        NotFoundError: no such key may review.
    """
    from evenhand.store.reviewrecords import LOCAL, Person

    return Person(id=LOCAL, name=LOCAL, senior=True) if name is None else store.reviews.person(name)


def dump(document: Any) -> None:
    """Print JSON."""
    import orjson

    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()
