"""HLS playlists are read with suspicion."""

from __future__ import annotations

import pytest

from evenhand.errors import FetchError
from evenhand.intake.addresses import RefusedStreamError
from evenhand.intake.playlist import read_playlist

BASE = "https://media.example.org/a/live.m3u8"


def media(*lines: str) -> str:
    return "\n".join(["#EXTM3U", "#EXT-X-TARGETDURATION:4", *lines])


def test_segments_are_numbered_and_resolved() -> None:
    text = media("#EXT-X-MEDIA-SEQUENCE:7", "#EXTINF:4.0,", "b.ts", "#EXT-X-DISCONTINUITY", "#EXTINF:3,title", "/c.ts")
    read = read_playlist(text, BASE)
    assert [(one.number, one.url, one.seconds, one.fresh) for one in read.pieces] == [
        (7, "https://media.example.org/a/b.ts", 4.0, False),
        (8, "https://media.example.org/c.ts", 3.0, True),
    ]
    assert not read.ended
    assert read_playlist(text + "\n#EXT-X-ENDLIST", BASE).ended


def test_an_initialisation_section_belongs_to_the_segments_after_it() -> None:
    read = read_playlist(media('#EXT-X-MAP:URI="i.mp4"', "#EXTINF:2,", "1.m4s"), BASE)
    assert read.pieces[0].head == "https://media.example.org/a/i.mp4"


def test_the_variant_of_720_lines_with_its_sound_is_followed() -> None:
    text = "\n".join(
        [
            "#EXTM3U",
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="sound.m3u8"',
            '#EXT-X-STREAM-INF:BANDWIDTH=900,RESOLUTION=1280x720,AUDIO="a"',
            "apart.m3u8",
            "#EXT-X-STREAM-INF:BANDWIDTH=100,RESOLUTION=640x360",
            "low.m3u8",
            "#EXT-X-STREAM-INF:BANDWIDTH=800,RESOLUTION=1280x720",
            "good.m3u8",
            "#EXT-X-STREAM-INF:BANDWIDTH=9000,RESOLUTION=3840x2160",
            "huge.m3u8",
        ]
    )
    assert read_playlist(text, BASE).best().url.endswith("/good.m3u8")


@pytest.mark.parametrize(
    "name", ["file:///etc/passwd", "concat:/etc/passwd|x", "gopher://127.0.0.1/", "data:text/plain,x"]
)
def test_what_is_no_web_address_is_refused(name: str) -> None:
    with pytest.raises(RefusedStreamError):
        read_playlist(media("#EXTINF:2,", name), BASE)
    with pytest.raises(RefusedStreamError):
        read_playlist(media(f'#EXT-X-MAP:URI="{name}"', "#EXTINF:2,", "1.m4s"), BASE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        media('#EXT-X-KEY:METHOD=AES-128,URI="k"', "#EXTINF:2,", "1.ts"),
        media("#EXTINF:nan,", "1.ts"),
        media("#EXT-X-MEDIA-SEQUENCE:1e400", "#EXTINF:2,", "1.ts"),
        media("#EXT-X-BYTERANGE:5@0", "#EXTINF:2,", "1.ts"),
        media(*(line for n in range(30_000) for line in ("#EXTINF:2,", f"{n}.ts"))),
    ],
    ids=["empty", "html", "encrypted", "no number", "huge number", "byte range", "bomb"],
)
def test_what_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(FetchError):
        read_playlist(text, BASE)
