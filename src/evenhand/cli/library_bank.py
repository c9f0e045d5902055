"""`evenhand library import`, `export`, `add`, `remove`, `compact`, `show`, `release`: banks of picture hashes."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.errors import LibraryError, NotFoundError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from evenhand.matching.exchange import Shape

Bank = Annotated[Path, typer.Argument(help="Folder of the bank.")]
Hashes = Annotated[list[str], typer.Argument(help="Hashes, 64 hexadecimal digits each.")]
Format = Annotated[
    str | None, typer.Option("--format", help="threatexchange, ncmec, stopncii or text; else told from the file.")
]
Days = Annotated[int | None, typer.Option("--expires-days", min=1, help="Days after which the hashes stop matching.")]


def import_list(
    bank: Annotated[Path, typer.Argument(help="Folder of the bank; it is made if it does not exist.")],
    files: Annotated[list[Path], typer.Argument(help="Hash lists: .json, .jsonl, .csv, or text with a hash a line.")],
    shape: Format = None,
    expires_days: Days = None,
    keep_plain: Annotated[bool, typer.Option(help="Take hashes of blank pictures too.")] = False,
) -> None:
    """Put hash lists into a bank; hashes that their source has withdrawn are removed from it."""
    from evenhand.matching.bank_writer import BankWriter
    from evenhand.matching.exchange_bank import import_entries
    from evenhand.matching.exchange_files import read_list

    chosen = _shape(shape)
    with BankWriter(bank) as writer:
        for file in files:
            entries = read_list(file, shape=chosen)
            done = import_entries(entries, writer, expires=_until(expires_days), keep_plain=keep_plain)
            left_out = "".join(f", {count} left out: {why}" for why, count in done.skipped.items())
            print(f"{file.name}: {done.added} added, {done.removed} removed{left_out}")
            for digest in done.plain:
                typer.echo(f"{file.name}: {digest} is a blank picture's hash and would match too much", err=True)
        if len(writer.segments) > _MANY:
            writer.compact()
        print(f"{bank.name}: {len(writer)} hashes")


def export(
    bank: Bank,
    shape: Annotated[str, typer.Option("--format", help="threatexchange, ncmec, stopncii or text.")] = "text",
    table: Annotated[bool, typer.Option("--csv", help="Write CSV rather than JSON.")] = False,
) -> None:
    """Print the hashes of a bank as a list that others read."""
    from evenhand.matching.bank import HashBank
    from evenhand.matching.exchange import Shape
    from evenhand.matching.exchange_bank import export_entries
    from evenhand.matching.exchange_files import write_list

    with HashBank(bank) as opened:
        chosen = _shape(shape) or Shape.TEXT
        write_list(export_entries(opened), sys.stdout, shape=chosen, table=table, now=int(time.time()))


def add(
    bank: Annotated[Path, typer.Argument(help="Folder of the bank; it is made if it does not exist.")],
    hashes: Hashes,
    tag: Annotated[str, typer.Option(help="What is told with a match, a case number say.")] = "",
    expires_days: Days = None,
) -> None:
    """Add hashes to a bank; running processes see them at once."""
    from evenhand.matching.bank_writer import BankWriter

    words = _words(hashes)
    with BankWriter(bank) as writer:
        print(f"{writer.add(words, expires=_until(expires_days), tag=tag[:64])} added, {len(writer)} in all")


def remove(bank: Bank, hashes: Hashes) -> None:
    """Remove hashes from a bank; running processes see it at once."""
    from evenhand.matching.bank_files import read_manifest
    from evenhand.matching.bank_writer import BankWriter

    words = _words(hashes)
    read_manifest(bank)  # refuses a folder that is no bank, where the writer would make one
    with BankWriter(bank) as writer:
        print(f"{writer.remove(words)} removed, {len(writer)} in all")


def compact(bank: Bank) -> None:
    """Join the files of a bank, and drop what was removed or is past its time. Others may search meanwhile."""
    from evenhand.matching.bank_files import read_manifest
    from evenhand.matching.bank_writer import BankWriter

    read_manifest(bank)
    with BankWriter(bank) as writer:
        writer.compact()
        print(f"{bank.name}: {len(writer)} hashes")


def show(bank: Bank) -> None:
    """Show how many hashes a bank holds, and which are in quarantine because they matched too much."""
    from evenhand.matching.bank import HashBank
    from evenhand.matching.floods import QuarantineFile

    with HashBank(bank) as opened:
        print(f"{bank.name}: {len(opened)} hashes, in parts of {', '.join(map(str, opened.segments))} rows")
    held = QuarantineFile(bank).all()
    print(f"in quarantine: {len(held)}")
    for one in held:
        since = time.strftime("%Y-%m-%d %H:%M", time.gmtime(one.since))
        print(f"  {one.hash} since {since} UTC, after {one.pictures} different pictures within an hour")


def release(bank: Bank, hashes: Hashes) -> None:
    """Let hashes out of quarantine, for good. To be rid of a hash, remove it instead."""
    from evenhand.matching.floods import QuarantineFile

    record = QuarantineFile(bank)
    for digest, words in zip(hashes, _words(hashes), strict=True):
        if not record.release(words.tobytes()):
            raise NotFoundError(f"{digest} is not in quarantine; 'evenhand library show' lists those that are")
    print(f"{len(hashes)} released")


_MANY = 4  # parts of a bank after an import, beyond which they are joined


def _shape(name: str | None) -> Shape | None:
    from evenhand.matching.exchange import Shape

    if name is None:
        return None
    if name not in set(Shape):
        raise typer.BadParameter(f"'{name}' is no format; it is one of {', '.join(Shape)}")
    return Shape(name)


def _until(days: int | None) -> int:
    from evenhand.matching.bank_files import NEVER

    return NEVER if days is None else min(NEVER - 1, int(time.time()) + days * 86_400)


def _words(digests: list[str]) -> NDArray[np.uint64]:
    import numpy as np

    from evenhand.matching.pdq import from_hex

    try:
        return np.stack([from_hex(digest) for digest in digests])
    except ValueError as error:
        raise LibraryError(f"{error}; 'evenhand library from-pictures' makes hashes") from error
