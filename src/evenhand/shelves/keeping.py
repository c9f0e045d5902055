"""Changes of libraries that the store keeps, as HTTP and the command line ask for them. Blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evenhand.domain import Library, LibraryItem, LibraryKind, ListColour
from evenhand.errors import ConflictError, InputError, LibraryError
from evenhand.matching.regexes import MOST_EXPRESSIONS
from evenhand.settings import Settings
from evenhand.shelves.entries import read_entries, read_head
from evenhand.shelves.refusing import refuse_library
from evenhand.shelves.samples import sample_of, sample_of_decision, text_sample
from evenhand.shelves.sharing import Form, Read, read
from evenhand.store import Store
from evenhand.store.libraryrecords import Change, Kept
from evenhand.store.libraryrows import digest_of

_SPARE = 200  # expressions that those of the folder may have besides


class Keeping:
    """Makes and changes libraries.

    Args:
        store: where they are kept.
        settings: limits on samples, and the folder of other libraries.
        taken: names of libraries that do not stand in the store.
    """

    def __init__(self, store: Store, settings: Settings, *, taken: Iterable[str] = ()) -> None:
        self._store, self._settings, self._taken = store, settings, frozenset(taken)

    def create(self, name: str, kind: str, colour: str, *, actor: str, **said: Any) -> Kept:
        """Make a library; arguments and errors as `read_head`, and ConflictError: the name is taken."""
        found, head = read_head(name, kind, colour, **said)
        if name in self._taken:
            raise ConflictError(f"a library {name!r} stands in the folder of libraries; take another name")
        return self._store.shelf.create(name, found, head, actor=actor)

    def edit(self, name: str, *, actor: str, changes: Mapping[str, Any]) -> Kept:
        """Change what is said of a library as a whole: list, label, languages, options, note.

        Raises:
            NotFoundError: there is none of this name.
            LibraryError, RefusedLabelError: it cannot be that, or its entries cannot be in such a list.
        """
        kept = self._store.shelf.get(name)
        head = kept.head
        said = {
            "label": changes.get("label", head.label),
            "languages": changes.get("languages", head.languages),
            "options": changes.get("options", head.options),
            "note": changes.get("note", head.note),
        }
        _, new = read_head(name, kept.kind, changes.get("list", head.colour), **said)
        items = self._store.shelf.page(name, limit=None)
        if new.colour == ListColour.WHITE and any(item.label for item in items):
            raise LibraryError(f"Library {name}: entries of a white list take no label; remove the labels first.")
        refuse_library(
            Library(name=name, kind=LibraryKind(kept.kind), colour=ListColour(new.colour), items=tuple(items))
        )
        return self._store.shelf.edit(name, new, actor=actor)

    def add(
        self, name: str, rows: Sequence[Mapping[str, Any]], *, actor: str, remove: Sequence[str] = (), note: str = ""
    ) -> Change:
        """Add entries and remove others, all or none.

        Raises:
            NotFoundError: there is no such library.
            LibraryError, RefusedLabelError: an entry cannot be taken.
        """
        kept = self._store.shelf.get(name)
        items = read_entries(rows, kept)
        self._room(kept, items)
        return self._store.shelf.change(name, actor=actor, add=items, remove=remove, note=note)

    def sample(
        self,
        name: str,
        *,
        actor: str,
        text: str | None = None,
        data: bytes | None = None,
        decision_id: str | None = None,
        value: str | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> tuple[Change, str]:
        """Add one sample, made of a text, a file, or what is kept of a decided content; give its value as well.

        Raises:
            NotFoundError: there is no such library or decision, or nothing is kept of it.
            InputError: it cannot be read, or never be recognised.
        """
        kept = self._store.shelf.get(name)
        kind = LibraryKind(kept.kind)
        given = [one for one in (text, data, decision_id, value) if one is not None]
        if len(given) != 1:
            raise InputError("Give one of text, data, decision_id and value.")
        if kind is LibraryKind.WORDS:
            raise InputError(f"Library {name} holds words: add the words themselves as entries.")
        if text is not None:
            if kind is not LibraryKind.TEXTS:
                raise InputError(f"Library {name} holds {kind.value}: give a file.")
            value = text_sample(text)
        elif data is not None:
            value = sample_of(data, kind, self._settings)
        elif decision_id is not None:
            value = sample_of_decision(self._store, decision_id, kind, self._settings)
        row = {key: one for key, one in (fields or {}).items() if one is not None}
        (item,) = read_entries([{**row, "value": value}], kept)
        return self._store.shelf.change(name, actor=actor, add=[item], note=row.get("note", "")), item.value

    def bring(
        self,
        name: str,
        text: str,
        *,
        actor: str,
        form: Form | None = None,
        replace: bool = False,
        note: str = "",
    ) -> tuple[Change, Read]:
        """Bring a list in, as one version; what its source has withdrawn is removed.

        Args:
            name: of the library.
            text: the list.
            actor: id of who does it.
            form: how it is written; None: told from the text.
            replace: remove what the list does not hold.
            note: for the history.

        Raises:
            NotFoundError: there is no such library.
            LibraryError, RefusedLabelError: it cannot be read, or an entry cannot be taken.
        """
        kept = self._store.shelf.get(name)
        found = read(text, kept, form)
        self._room(kept, found.items, replace=replace)
        gone: list[str] = []
        if found.gone and not replace:
            here = self._store.shelf.page(name, limit=None)
            gone = [item.id for item in here if digest_of(item) in found.gone]
        change = self._store.shelf.change(
            name, actor=actor, add=found.items, remove=gone, action="import", note=note, replace=replace
        )
        return change, found

    def _room(self, kept: Kept, items: Sequence[LibraryItem], *, replace: bool = False) -> None:
        """Refuse more expressions than are searched for: the whole of all lists would otherwise give no answer."""
        new = sum(item.match.value == "regex" for item in items)
        if not new:
            return
        counts = self._store.shelf.expressions()
        if replace:
            counts.pop(kept.name, None)
        total = sum(counts.values()) + new
        if total > MOST_EXPRESSIONS - _SPARE:
            raise LibraryError(
                f"{total} regular expressions in all libraries, at most {MOST_EXPRESSIONS - _SPARE} are kept: join "
                "some with '|', or list words."
            )
