"""Submitted files: what is said of them says nothing of where they lie."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from evenhand.errors import StoreError
from evenhand.settings import Settings
from evenhand.store.blobs import Blobs


def test_messages_do_not_say_where_files_lie(tmp_path: Path) -> None:
    blobs = Blobs(Settings(blobs=tmp_path / "a (1)"))
    name, _ = blobs.put(BytesIO(b"x"))
    path = blobs.path(name)
    assert blobs.unnamed(f"{path} is no video") == "the file is no video"
    assert blobs.unnamed(f"{path.parent}/{'0' * 32}.part: gone") == "the file: gone"
    assert blobs.unnamed("5.0 s of it") == "5.0 s of it"


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    blobs = Blobs(Settings(blobs=tmp_path / "file"))
    with pytest.raises(StoreError) as caught:
        blobs.put(BytesIO(b"x"))
    assert str(tmp_path) not in blobs.unnamed(str(caught.value))
    assert "EVENHAND_BLOBS" in blobs.unnamed(str(caught.value))
