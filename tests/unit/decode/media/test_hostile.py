"""Hostile and broken recordings: a clear error, or what is missing is named. Nothing hangs, nothing opens anything."""

from __future__ import annotations

import random
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from evenhand.decode import decode
from evenhand.decode.media import MEDIA, MediaReader, plan
from evenhand.decode.sniff import sniff
from evenhand.domain import Content, ContentKind
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings
from tests.recordings import landscape, sound, tone, video

SETTINGS = Settings()


def read_all(data: bytes, settings: Settings = SETTINGS) -> dict[str, Any]:
    """Plan and decode everything; give what came of it."""
    made = plan(data, sniff(data) or "", settings)
    incomplete = dict(made.incomplete)
    frames, heard, texts = 0, 0.0, 0
    with MediaReader(data, made, settings) as reader:
        for segment in made.segments:
            parts = reader.segment(segment.number)
            heard += sum(part.seconds for part in parts.sound())
            texts += sum(len(part.text) for part in parts.texts())
            frames += len(list(parts.frames()))
            incomplete.update(parts.incomplete)
    return {"plan": made, "frames": frames, "heard": heard, "texts": texts, "incomplete": incomplete}


# Playlists and references to other files

PLAYLISTS = [
    b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:1/secret.ts\n#EXT-X-ENDLIST\n",
    b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n",
    b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    b"<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><Period/></MPD>",
    b"[playlist]\nFile1=/etc/passwd\n",
    b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
]


@pytest.mark.parametrize("data", PLAYLISTS)
def test_a_playlist_is_a_text_and_never_a_video(data: bytes) -> None:
    """Whatever somebody says it is."""
    for said in ("video/mp4", "application/vnd.apple.mpegurl", "audio/x-mpegurl", None):
        decoded = decode(Content(data=data, media_type=said, kind=ContentKind.VIDEO), SETTINGS)
        assert decoded.kind is ContentKind.TEXT
        assert decoded.plan is None


def test_playlists_are_not_among_the_readers() -> None:
    assert not {"hls", "dash", "concat", "applehttp", "sdp", "rtsp", "lavfi", "image2"} & set(MEDIA.values())


def quicktime_reference(target: bytes) -> bytes:
    """Build a QuickTime file whose samples lie in another file (a data reference)."""

    def atom(name: bytes, *bodies: bytes) -> bytes:
        body = b"".join(bodies)
        return struct.pack(">I", 8 + len(body)) + name + body

    alias = atom(b"url ", b"\0\0\0\0", target + b"\0")
    dinf = atom(b"dinf", atom(b"dref", bytes(4), struct.pack(">I", 1), alias))
    entry = atom(b"raw ", bytes(6), struct.pack(">H", 1), bytes(8), struct.pack(">HHHHI", 1, 16, 0, 0, 8000 << 16))
    tables = (
        atom(b"stsd", bytes(4), struct.pack(">I", 1), entry)
        + atom(b"stts", bytes(4), struct.pack(">III", 1, 1000, 1))
        + atom(b"stsc", bytes(4), struct.pack(">IIII", 1, 1, 1000, 1))
        + atom(b"stsz", bytes(4), struct.pack(">II", 2, 1000))
        + atom(b"stco", bytes(4), struct.pack(">II", 1, 0))
    )
    header = bytes(4) + struct.pack(">IIII", 0, 0, 8000, 1000)
    media = atom(
        b"mdia",
        atom(b"mdhd", header, bytes(4)),
        atom(b"hdlr", bytes(8), b"soun", bytes(12)),
        atom(b"minf", atom(b"smhd", bytes(8)), dinf, atom(b"stbl", tables)),
    )
    track = atom(b"trak", atom(b"tkhd", bytes(3) + b"\1", bytes(80)), media)
    return atom(b"ftyp", b"qt  ", bytes(4)) + atom(b"moov", atom(b"mvhd", bytes(100)), track)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port at which somebody would notice a visit."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def visited(server: socket.socket) -> bool:
    """Say whether somebody connected."""
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def test_a_quicktime_reference_is_not_followed(listener: socket.socket, tmp_path: Path) -> None:
    """Neither to the network nor to a file: what is heard are this file's own bytes."""
    host, port = listener.getsockname()[:2]
    secret = tmp_path / "secret.raw"
    secret.write_bytes(b"\x00" * 1000)  # full negative swing, in unsigned bytes
    for target in (f"http://{host}:{port}/secret.raw", f"file://{secret}", str(secret)):
        data = quicktime_reference(target.encode())
        made = plan(data, "video/mp4", SETTINGS)
        with MediaReader(data, made, SETTINGS) as reader:
            heard = [part.samples for part in reader.segment(0).sound()]
        assert not any((samples < -0.99).mean() > 0.9 for samples in heard)
    assert not visited(listener)


def test_what_ffmpeg_would_open_by_itself_is_refused(listener: socket.socket, tmp_path: Path) -> None:
    host, port = listener.getsockname()[:2]
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://{host}:{port}/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(av.FFmpegError):  # so it would be without our care: it goes there
        av.open(str(playlist), options={"protocol_whitelist": "file,http,tcp"}, timeout=1).close()
    assert visited(listener)
    with pytest.raises(UnsupportedError, match="no video and no sound"):
        decode(Content(path=playlist), SETTINGS)
    for media in MEDIA:
        with suppress(InputError):
            plan(playlist, media, SETTINGS)
    assert not visited(listener)


# Damage


@pytest.fixture(scope="module")
def clip() -> dict[str, bytes]:
    """One recording in several containers."""
    rate = 44_100
    kinds = {"mp4": "libx264", "matroska": "libx264", "mpegts": "libx264", "avi": "mpeg4", "flv": "flv"}
    return {
        fmt: video(seconds=6, fmt=fmt, codec=codec, gop=10, sounds=[tone(6, rate=rate)], rate=rate)
        for fmt, codec in kinds.items()
    }


@pytest.mark.parametrize("fmt", ["mp4", "matroska", "mpegts", "avi", "flv"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.97])
def test_cut_short(clip: dict[str, bytes], fmt: str, share: float) -> None:
    """What is left is looked at, or the file is refused; both are fine, anything else is not."""
    data = clip[fmt][: int(len(clip[fmt]) * share)]
    try:
        result = read_all(data)
    except InputError as error:
        assert error.message  # noqa: PT017
        return
    assert result["plan"].duration <= 6.5
    assert result["frames"] or result["heard"] or result["incomplete"]


@pytest.mark.parametrize("fmt", ["mp4", "matroska", "mpegts", "avi", "flv"])
def test_flipped_bytes(clip: dict[str, bytes], fmt: str) -> None:
    """Twenty files with fifty bytes changed each, at fixed places: errors of ours or an answer, and never another."""
    dice = random.Random(7)
    for _ in range(20):
        data = bytearray(clip[fmt])
        for _ in range(50):
            data[dice.randrange(12, len(data))] = dice.randrange(256)
        try:
            read_all(bytes(data))
        except InputError as error:
            assert error.message  # noqa: PT017


def test_nothing_at_all_and_stumps() -> None:
    for data in (b"\x1aE\xdf\xa3", b"OggS\x00" + bytes(60), b"\x00\x00\x00\x18ftypisom" + bytes(12), b"fLaC\x00"):
        with pytest.raises(InputError):
            decode(Content(data=data), SETTINGS)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"")
    with pytest.raises(UnsupportedError):
        decode(Content(path=path), SETTINGS)
    with pytest.raises(InputError, match="is empty"):
        decode(Content(data=b"", media_type="video/mp4"), SETTINGS)
    with pytest.raises(InputError, match="cannot be read"):
        decode(Content(path=tmp_path / "none.mp4"), SETTINGS)


def patched_duration(data: bytes, seconds: int) -> bytes:
    """Let an MP4's headers lie about how long it is."""
    out = bytearray(data)
    for name, at in ((b"mvhd", 12 + 12), (b"tkhd", 12 + 16), (b"mdhd", 12 + 12)):
        place = -1
        while (place := out.find(name, place + 1)) >= 0:
            out[place - 4 + at + 4 : place - 4 + at + 8] = struct.pack(">I", seconds * 1000)
    return bytes(out)


@pytest.mark.parametrize("said", [1, 360_000])
def test_a_lying_duration_is_not_believed(clip: dict[str, bytes], said: int) -> None:
    result = read_all(patched_duration(clip["mp4"], said))
    assert result["plan"].duration == pytest.approx(6, abs=0.3)
    assert result["frames"] >= 3


def test_ten_hours_with_few_frames() -> None:
    """Sparse time stamps cost what there is, not what the clock says; a sound between them is not made up."""
    times = [3600.0 * hour for hour in range(11)]
    data = video(lambda m: landscape(m, (64, 48)), times=times, fmt="matroska", sounds=[tone(5)], sound_codec="flac")
    result = read_all(data)
    assert result["plan"].duration == pytest.approx(36_000, rel=0.01)
    assert result["heard"] == pytest.approx(5, abs=0.2)
    assert result["frames"] >= 2
    assert len(result["plan"].segments) <= 12
    with pytest.raises(TooLargeError, match="EVENHAND_MAX_MEDIA_S"):
        read_all(data, Settings(max_media_s=3600))


def test_one_frame() -> None:
    result = read_all(video(times=[0.0]))
    assert (result["frames"], result["incomplete"]) == (1, {})


def test_a_thousand_frames_a_second() -> None:
    data = video(lambda m: landscape(m, (64, 48)), seconds=2, fps=1000, fmt="matroska", gop=1)
    result = read_all(data)
    assert result["frames"] <= 8
    assert result["incomplete"] == {}


def test_a_huge_picture_is_refused_before_it_is_decoded() -> None:
    plain = Image.new("RGB", (7680, 4320), (90, 120, 60))
    data = video(lambda _: plain, times=[0.0, 1.0], codec="mpeg4", fmt="matroska")
    with pytest.raises(InputError, match="EVENHAND_MAX_PIXELS"):
        read_all(data, Settings(max_pixels=20_000_000))


def test_eight_thousand_pixels_wide_is_looked_at_smaller() -> None:
    plain = Image.new("RGB", (7680, 4320), (90, 120, 60))
    data = video(lambda _: plain, times=[0.0, 1.0], codec="mpeg4", fmt="matroska")
    made = plan(data, "video/x-matroska", SETTINGS)
    with MediaReader(data, made, SETTINGS) as reader:
        (part,) = reader.segment(0).frames()
    assert part.size == (1600, 900)


def test_a_bomb_of_subtitles_is_cut_off() -> None:
    data = video(seconds=4, fmt="matroska", subtitles=[(1 + n / 1000, 2, f"{n} " + "word " * 800) for n in range(300)])
    result = read_all(data)
    assert result["texts"] <= 60_000
    assert "too many words" in result["incomplete"]["decode.subtitle"]


def test_limits_on_bytes_and_time(tmp_path: Path, clip: dict[str, bytes]) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip["mp4"])
    with pytest.raises(TooLargeError, match="EVENHAND_MAX_MEDIA_BYTES"):
        decode(Content(path=path), Settings(max_media_bytes=1000))
    with pytest.raises(TooLargeError, match="EVENHAND_MEDIA_TIMEOUT_S"):
        decode(Content(path=path), Settings(media_timeout_s=1e-9))
    made = plan(path, "video/mp4", SETTINGS)
    with MediaReader(path, made, Settings(media_timeout_s=1e-9)) as reader:
        parts = reader.segment(0)
        assert list(parts.frames()) == []
        assert parts.sound() == []
    assert "EVENHAND_MEDIA_TIMEOUT_S" in parts.incomplete["decode.video"]
    assert "EVENHAND_MEDIA_TIMEOUT_S" in parts.incomplete["decode.audio"]


def test_many_streams_are_refused_or_left_out() -> None:
    data = video(None, sounds=[tone(1)] * 40, fmt="matroska", sound_codec="flac")
    result = read_all(data)
    assert result["heard"] == pytest.approx(4, abs=0.2)
    assert "more tracks" in result["incomplete"]["decode.audio"]


def test_a_codec_that_is_not_read_is_named() -> None:
    data = video(seconds=1, fmt="matroska", codec="snow", options={"strict": "experimental"}, sounds=[tone(1)])
    result = read_all(data)
    assert result["plan"].kind is ContentKind.AUDIO or result["incomplete"]
    assert "decode.video" in result["incomplete"]


@pytest.mark.parametrize("kind", ["silent", "clipped", "offset", "nan"])
def test_strange_sounds(kind: str) -> None:
    samples = {
        "silent": np.zeros(32_000, np.float32),
        "clipped": np.clip(tone(2) * 100, -4, 4),
        "offset": tone(2) * 0.2 + 0.7,
        "nan": np.full(32_000, np.nan, np.float32),
    }[kind]
    data = sound(samples.astype(np.float32), codec="pcm_f32le")
    made = plan(data, "audio/wav", SETTINGS)
    with MediaReader(data, made, SETTINGS) as reader:
        (part,) = reader.segment(0).sound()
    assert len(part.samples) == 32_000
    assert np.isfinite(part.samples).all()
    assert np.abs(part.samples).max() <= 1.0


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Ten times the length needs no more memory, in a process of its own: the difference is under 60 MB."""
    peaks = []
    for seconds in (60, 600):
        path = tmp_path / f"{seconds}.mkv"
        path.write_bytes(
            video(
                lambda m: landscape(m, (320, 180)), seconds=seconds, fps=5, gop=25, fmt="matroska",
                sounds=[tone(seconds)], options={"preset": "ultrafast"},
            )
        )  # fmt: skip
        code = (
            "import sys, resource\n"
            "from pathlib import Path\n"
            "from evenhand.decode.media import MediaReader, plan\n"
            "from evenhand.settings import Settings\n"
            "path, settings = Path(sys.argv[1]), Settings()\n"
            "made = plan(path, 'video/x-matroska', settings)\n"
            "with MediaReader(path, made, settings) as reader:\n"
            "    for segment in made.segments:\n"
            "        parts = reader.segment(segment.number)\n"
            "        parts.sound()\n"
            "        for _ in parts.frames(): pass\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=True, timeout=300)
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] < peaks[0] + 60, peaks


def test_bytes_and_paths_are_read_alike(tmp_path: Path, clip: dict[str, bytes]) -> None:
    path = tmp_path / "clip"
    path.write_bytes(clip["matroska"])
    one = plan(path, "video/x-matroska", SETTINGS)
    assert one == plan(clip["matroska"], "video/x-matroska", SETTINGS)
