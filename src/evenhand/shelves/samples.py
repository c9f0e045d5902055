"""Files and texts as samples of libraries: their hashes, fingerprints and sketches; the originals are not kept."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from evenhand.domain import LibraryKind
from evenhand.errors import InputError, LibraryError, NotFoundError, TooLargeError
from evenhand.settings import Settings
from evenhand.shelves.prints import as_sample
from evenhand.store import Store

_TEXT = "text/plain"


def sample_of(data: bytes, kind: LibraryKind, settings: Settings) -> str:
    """Give what a library keeps of a sample.

    Args:
        data: an encoded picture, sound or video; a text in UTF-8.
        kind: of the library; words have no samples.
        settings: limits.

    Raises:
        InputError: it cannot be read as this kind, or is too plain or too short ever to be told from others.
        TooLargeError: it is over a limit.
    """
    if len(data) > settings.max_file_bytes:
        raise TooLargeError(f"the file is over {settings.max_file_bytes} bytes; raise EVENHAND_MAX_FILE_BYTES")
    if kind is LibraryKind.TEXTS:
        try:
            return text_sample(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise InputError("a sample text is UTF-8; save it so") from error
    if kind is LibraryKind.IMAGES:
        from evenhand.detectors.imagehash import hash_image
        from evenhand.matching.pdq import MIN_QUALITY

        digest, quality = hash_image(data, settings=settings)
        if quality < MIN_QUALITY:
            raise InputError(f"the picture is too plain to be recognised (quality {quality} of 100, 50 needed)")
        return digest
    if kind is LibraryKind.WORDS:
        raise LibraryError("a word list has no samples; add the words themselves")
    with TemporaryDirectory(prefix="evenhand-sample-") as folder:
        path = Path(folder) / "sample"
        path.write_bytes(data)
        return _recorded(path, kind, settings)


def _recorded(path: Path, kind: LibraryKind, settings: Settings) -> str:
    if kind is LibraryKind.SOUNDS:
        from evenhand.detectors.sound_enrol import fingerprint_file
        from evenhand.matching.audioprint import STEPS, as_text

        words = fingerprint_file(path, settings=settings)
        if len(words) < STEPS:
            raise InputError("the sound is silent, or under a second long: it cannot be recognised")
        return as_text(words)
    from evenhand.detectors.video_enrol import print_video
    from evenhand.matching.videoprint import LEAST
    from evenhand.matching.videoprint import as_text as video_text

    made = print_video(path, settings=settings)
    if len(made) < LEAST:
        raise InputError("the video hardly changes; put a picture of it into a library of pictures")
    return video_text(made)


def text_sample(text: str) -> str:
    """Give the sketch of a text.

    Raises:
        InputError: it is too short.
    """
    from evenhand.matching.textsketch import LEAST_CHARS, as_text, sketch

    made = sketch(text)
    if made is None:
        raise InputError(
            f"the text has under {LEAST_CHARS} letters and digits: too many others would be alike; put "
            "its words into a word list"
        )
    return as_text(made)


def sample_of_decision(store: Store, decision_id: str, kind: LibraryKind, settings: Settings) -> str:
    """Give what a library keeps of a content that was decided on: of its fingerprint, or of the content if it is kept.

    Raises:
        NotFoundError: there is no such decision, or nothing of its content is kept.
        InputError: the content is of another kind.
    """
    document = store.decision(decision_id)
    found = store.prints.of([str(document["decision_id"])]).get(decision_id)
    wanted = {LibraryKind.IMAGES: "image", LibraryKind.TEXTS: "text"}.get(kind)
    if found is not None and found.kind == wanted:
        return as_sample(found)
    try:
        original = store.original(str(document["content_hash"]))
    except NotFoundError as error:
        raise NotFoundError(
            "neither this content nor a fingerprint of it is kept: upload it, or set EVENHAND_FINGERPRINTS or "
            "EVENHAND_KEEP_ORIGINALS_DAYS for what comes"
        ) from error
    if (original.media_type == _TEXT) != (kind is LibraryKind.TEXTS):
        raise InputError(f"this content is {original.media_type}, which is no sample of {kind.value}")
    return sample_of(original.body, kind, settings)
