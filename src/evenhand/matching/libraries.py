"""Library documents: YAML (with a text or CSV file beside it, if wanted) to domain.Library.

The format is described in docs/reference/library-format.md. Labels are held against the taxonomy here; whether one asks
for a protected attribute is for the caller to refuse (`evenhand.fairness.refuse_label`), which stands above this layer.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from evenhand.domain import TAXONOMY, Library, LibraryItem, LibraryKind, ListColour
from evenhand.errors import LibraryError
from evenhand.matching.libraries_items import COLUMNS, MAX_ITEMS, item_of, read_items
from evenhand.matching.libraries_yaml import Mapping, Node, Scalar, Sequence, read_yaml

MAX_DOCUMENT_BYTES = 16 * 2**20
MAX_FILE_BYTES = 64 * 2**20
MAX_LIBRARIES = 1_000

_KEYS = ("name", "kind", "list", "label", "version", "languages", "options", "items", "file", "bank")
_OPTIONS = {
    LibraryKind.WORDS: ("exact", "phonetic", "pinyin", "substring"),
    LibraryKind.IMAGES: ("no-quarantine",),
    LibraryKind.SOUNDS: (),
    LibraryKind.VIDEOS: (),
    LibraryKind.TEXTS: (),
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LABEL = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*){0,4}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


def load_libraries(folder: Path) -> tuple[Library, ...]:
    """Read every `*.yaml` and `*.yml` document of a folder, in order of file name.

    Raises:
        LibraryError: the folder cannot be read, or a document is wrong, or two have one name.
    """
    if not folder.is_dir():
        raise LibraryError(f"{folder} is no folder; give a folder of library documents (*.yaml)")
    paths = sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"} and path.is_file())
    if len(paths) > MAX_LIBRARIES:
        raise LibraryError(f"{folder} holds {len(paths)} documents, at most {MAX_LIBRARIES} are read; join some")
    found: dict[str, Path] = {}
    libraries = []
    for path in paths:
        library = load_library(path)
        if library.name in found:
            raise LibraryError(
                f"{path.name}: the name '{library.name}' is taken by {found[library.name].name}; rename one"
            )
        found[library.name] = path
        libraries.append(library)
    return tuple(libraries)


def load_library(path: Path) -> Library:
    """Read one document, with the file of items beside it if it names one.

    Raises:
        LibraryError: the document or its items are wrong.
    """
    text = read_text(path, limit=MAX_DOCUMENT_BYTES)
    return parse_library(text, path.name, folder=path.parent)


def parse_library(text: str, name: str, *, folder: Path | None = None) -> Library:
    """Read one document from text.

    Args:
        text: the YAML document.
        name: what to call it in messages, a file name say.
        folder: where a `file:` of items is looked for; None: such documents are refused.

    Raises:
        LibraryError: the document is wrong; the message gives the line and what to do.
    """
    node = read_yaml(text, where=name)
    if not isinstance(node, Mapping):
        raise LibraryError(f"{name} line {node.line}: a library begins with keys such as 'name: my-list'")
    return _Document(node, name, folder).library()


def read_text(path: Path, *, limit: int) -> str:
    """Read a UTF-8 file of at most `limit` bytes.

    Raises:
        LibraryError: it cannot be read, is too large or is not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise LibraryError(f"{path} cannot be read ({error.strerror}); check the name and its permissions") from error
    if len(data) > limit:
        raise LibraryError(f"{path.name} is larger than {limit >> 20} MiB; split it into several libraries")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LibraryError(f"{path.name} line {line}: not UTF-8; save the file as UTF-8") from error


class _Document:
    """One document being read."""

    def __init__(self, node: Mapping, name: str, folder: Path | None) -> None:
        self._node = node
        self._name = name
        self._folder = folder

    def library(self) -> Library:
        """Check every key and build the library."""
        for key in self._node.entries:
            if key not in _KEYS:
                raise self._fault(
                    self._node.lines[key], f"'{key[:50]}' is no key of a library; keys are {', '.join(_KEYS)}"
                )
        name = self._required("name")
        if not _NAME.fullmatch(name.value):
            raise self._fault(name.line, "a name is 1 to 64 lower-case letters, digits, '-' and '_'")
        kind = LibraryKind(self._choice("kind", [kind.value for kind in LibraryKind]))
        colour = ListColour(self._choice("list", [colour.value for colour in ListColour]))
        label = self._label("label")
        if label is not None and colour is ListColour.WHITE:
            raise self._fault(self._node.lines["label"], "a white list takes no label: a match is always known.white")
        version = self._scalar("version")
        options = self._words("options")
        for option in options:
            if option.value not in _OPTIONS[kind]:
                allowed = ", ".join(_OPTIONS[kind]) or "none"
                raise self._fault(
                    option.line, f"'{option.value[:50]}' is no option of {kind.value}; options are: {allowed}"
                )
        chosen = tuple(option.value for option in options)
        if "exact" in chosen and len(chosen) > 1:
            raise self._fault(options[0].line, "'exact' goes with no other option; make a second library")
        languages = self._words("languages")
        for language in languages:
            if not _LANGUAGE.fullmatch(language.value):
                raise self._fault(language.line, f"'{language.value[:50]}' is no language tag; write 'en' or 'zh-Hant'")
        bank = self._bank(kind)
        return Library(
            name=name.value,
            kind=kind,
            colour=colour,
            label=label,
            items=self._items(kind, colour) if bank is None else (),
            bank=bank,
            version=version.value if version is not None else "1",
            languages=tuple(language.value for language in languages),
            options=chosen,
        )

    def _items(self, kind: LibraryKind, colour: ListColour) -> tuple[LibraryItem, ...]:
        file, node = self._scalar("file"), self._node.entries.get("items")
        if (file is None) == (node is None):
            raise self._fault(self._node.line, "give either items: (a list) or file: (a file beside the document)")
        if file is not None:
            items = self._from_file(file, kind)
        elif isinstance(node, Sequence):
            if len(node.items) > MAX_ITEMS:
                raise self._fault(
                    node.line, f"{len(node.items)} items, at most {MAX_ITEMS} are read; split the library"
                )
            items = [self._item(entry, kind) for entry in node.items]
        else:
            raise self._fault(self._node.lines["items"], "items is a list; begin each line with '- '")
        for item, line in items:
            if item.label is not None:
                self._check_label(item.label, line)
                if colour is ListColour.WHITE:
                    raise self._fault(line, "items of a white list take no label: a match is always known.white")
        return tuple(item for item, _ in items)

    def _from_file(self, file: Scalar, kind: LibraryKind) -> list[tuple[LibraryItem, int]]:
        path = self._beside(file, "file", "file")
        return read_items(read_text(path, limit=MAX_FILE_BYTES), kind, where=path.name, table=path.suffix == ".csv")

    def _bank(self, kind: LibraryKind) -> str | None:
        found = self._scalar("bank")
        if found is None:
            return None
        if kind is not LibraryKind.IMAGES:
            raise self._fault(found.line, "only a library of kind images has a bank")
        if {"items", "file"} & set(self._node.entries):
            raise self._fault(found.line, "give one of items:, file: and bank:; import the items into the bank")
        return str(self._beside(found, "bank", "folder"))

    def _beside(self, named: Scalar, key: str, what: str) -> Path:
        """Give the path of a file or folder beside the document."""
        if self._folder is None:
            raise self._fault(named.line, f"this document may not name a {what}; give its items inline")
        path = self._folder / named.value
        # The document may come from a stranger: it reads its own folder and nothing else
        if not named.value or Path(named.value).name != named.value or path.resolve().parent != self._folder.resolve():
            raise self._fault(named.line, f"{key} names a {what} of the same folder: no '/', no link elsewhere")
        return path

    def _item(self, node: Node, kind: LibraryKind) -> tuple[LibraryItem, int]:
        if isinstance(node, Scalar):
            return item_of(node.value, kind, where=self._name, line=node.line), node.line
        if isinstance(node, Mapping) and "value" in node.entries and set(node.entries) <= set(COLUMNS):
            fields = {key: self._text(value, key) for key, value in node.entries.items()}
            return item_of(**fields, kind=kind, where=self._name, line=node.line), node.line
        raise self._fault(node.line, f"an item is a word, or a mapping of {', '.join(COLUMNS)}")

    def _required(self, key: str) -> Scalar:
        found = self._scalar(key)
        if found is None:
            raise self._fault(self._node.line, f"'{key}' is missing")
        return found

    def _scalar(self, key: str) -> Scalar | None:
        node = self._node.entries.get(key)
        return None if node is None else Scalar(value=self._text(node, key), line=node.line)

    def _text(self, node: Node, key: str) -> str:
        if not isinstance(node, Scalar):
            raise self._fault(node.line, f"'{key}' takes one value")
        return node.value

    def _choice(self, key: str, allowed: list[str]) -> str:
        found = self._required(key)
        if found.value not in allowed:
            raise self._fault(found.line, f"'{found.value[:50]}' is no {key}; it is one of {', '.join(allowed)}")
        return found.value

    def _words(self, key: str) -> list[Scalar]:
        node = self._node.entries.get(key)
        if node is None:
            return []
        if not isinstance(node, Sequence):
            raise self._fault(node.line, f"'{key}' is a list: [{key[:-1]}]")
        return [Scalar(value=self._text(entry, key), line=entry.line) for entry in node.items]

    def _label(self, key: Literal["label"]) -> str | None:
        found = self._scalar(key)
        return None if found is None else self._check_label(found.value, found.line)

    def _check_label(self, label: str, line: int) -> str:
        top = label.partition(".")[0]
        if not _LABEL.fullmatch(label) or top not in TAXONOMY:
            tops = ", ".join(name for name in TAXONOMY if "." not in name)
            raise self._fault(line, f"label '{label[:50]}' is outside the taxonomy; begin it with one of {tops}")
        return label

    def _fault(self, line: int, advice: str) -> LibraryError:
        return LibraryError(f"{self._name} line {line}: {advice}")
