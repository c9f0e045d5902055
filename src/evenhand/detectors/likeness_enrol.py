"""Puts sample pictures into a library's bank of likenesses. The pictures themselves are not kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evenhand.decode import decode
from evenhand.detectors.face_share import MOST_FACE, FaceShare
from evenhand.detectors.imagehash import hash_part
from evenhand.detectors.likeness import bank_folder, landmarks_of
from evenhand.domain import Content, ImagePart, Library, LibraryKind, ListColour
from evenhand.errors import InputError, LibraryError, TooLargeError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from evenhand.matching.held import Held

_BATCH = 64  # pictures added in one write


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What came of it."""

    added: int
    rows: int  # in the bank now
    left_out: tuple[tuple[str, str], ...]  # file name, why


def enrol(library: Library, pictures: Sequence[Path], *, folder: Path, settings: Settings | None = None) -> Enrolled:
    """Add pictures to the bank of a library.

    Only pictures whose hash stands in the library or its hash bank are taken, so that these stay the list of what is
    known; what is later removed from them no longer matches. Pictures that are mostly a face are left out: their
    vectors could be compared as an identity. So are pictures too plain to be told apart.

    Args:
        library: a black or review library of pictures.
        pictures: paths.
        folder: the folder of library documents.
        settings: limits on size; None: the defaults and the environment.

    Raises:
        LibraryError: the library is of another kind, or the bank cannot be written.
        ModelError: weights are missing or not what their cards describe.
    """
    from evenhand.inference.general import GeneralEmbedder
    from evenhand.inference.space import PictureSpace
    from evenhand.matching.held import Held
    from evenhand.matching.likeness import append

    if library.kind is not LibraryKind.IMAGES or library.colour is ListColour.WHITE:
        raise LibraryError(f"{library.name}: likenesses are kept for black and review libraries of pictures only")
    settings = settings or Settings()
    embedder, space, faces = (
        GeneralEmbedder(threads=settings.threads),
        PictureSpace(),
        FaceShare(threads=settings.threads),
    )
    held = Held(library)
    target, left_out = bank_folder(folder, library.name), list[tuple[str, str]]()
    added, rows = append(target, [], space.compact(embedder.embeddings([])), [], space=space.version)
    for start in range(0, len(pictures), _BATCH):
        taken: list[ImagePart] = []
        keys = []
        for path in pictures[start : start + _BATCH]:
            try:
                part = open_picture(path, settings)
            except InputError as error:
                left_out.append((path.name, error.message))
                continue
            why = _unfit(part, held, faces)
            if why is None:
                taken.append(part)
                keys.append(hash_part(part).hex)
            else:
                left_out.append((path.name, why))
        if taken:
            vectors = space.compact(embedder.of_many(taken))
            more, rows = append(target, keys, vectors, [landmarks_of(part) for part in taken], space=space.version)
            added += more
    held.close()
    return Enrolled(added=added, rows=rows, left_out=tuple(left_out))


def open_picture(path: Path, settings: Settings) -> ImagePart:
    """Decode the first picture of a file, under the limits of the settings.

    Raises:
        TooLargeError: the file, or the picture, is over a limit.
        InputError: the file cannot be read, or is no picture.
    """
    try:
        if path.stat().st_size > settings.max_file_bytes:
            raise TooLargeError(f"{path} is over {settings.max_file_bytes} bytes; raise the setting max_file_bytes")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path") from error
    for part in decode(Content(data=data), settings).parts:
        if isinstance(part, ImagePart):
            return part
    raise InputError(f"{path} is no picture")


def _unfit(part: ImagePart, held: Held, faces: FaceShare) -> str | None:
    from evenhand.matching import landmarks

    if hash_part(part).hex not in held:
        return "its hash is not in the library; add it there first (evenhand library from-pictures, or add for a bank)"
    if len(landmarks_of(part)) < landmarks.LEAST:
        return "too plain: it has too few points by which a copy could be told"
    if faces.of(part) > MOST_FACE:
        return "mostly a face; a vector of it could be compared as an identity, so it is matched by its hash only"
    return None
