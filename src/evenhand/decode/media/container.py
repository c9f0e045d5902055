"""Opens containers so that nothing in them can reach outside: one reader by name, no protocols, known codecs only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from evenhand.decode.media.values import MEDIA, MediaSource
from evenhand.errors import InputError, TooLargeError, UnsupportedError

if TYPE_CHECKING:
    from av.container import InputContainer


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# The codecs of what people record, edit and send. FFmpeg has some four hundred more, of games and of the last century,
# each of them code that hostile bytes could reach.
VIDEO_CODECS = _names(
    "h264 hevc vvc av1 libdav1d vp8 vp9 libvpx libvpx-vp9 mpeg4 mpeg2video mpeg1video mpegvideo mjpeg h263 h263p h263i "
    "flv msmpeg4v1 msmpeg4v2 msmpeg4 msmpeg4v3 wmv1 wmv2 wmv3 vc1 theora vp6 vp6f vp6a prores dnxhd ffv1 huffyuv "
    "ffvhuff png rawvideo v210 dvvideo cinepak svq1 svq3 rpza qtrle gif cfhd utvideo hap"
)
AUDIO_CODECS = _names(
    "aac aac_latm mp3 mp3float mp2 mp2float mp1 mp1float opus libopus vorbis flac alac ac3 eac3 dca truehd mlp wmav1 "
    "wmav2 wmapro wmalossless wmavoice amrnb amrwb amr_nb amr_wb libopencore_amrnb libopencore_amrwb speex gsm gsm_ms "
    "adpcm_ms adpcm_ima_wav adpcm_ima_qt adpcm_swf adpcm_yamaha nellymoser g722 g726 g729 ilbc wavpack tta ape "
    "pcm_alaw pcm_mulaw pcm_s8 pcm_u8 pcm_s16le pcm_s16be pcm_u16le pcm_u16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be "
    "pcm_f32le pcm_f32be pcm_f64le pcm_f64be pcm_s16le_planar pcm_s16be_planar pcm_s24le_planar pcm_s32le_planar "
    "pcm_bluray pcm_dvd"
)
SUBTITLE_CODECS = _names("mov_text subrip srt text ass ssa webvtt")
_OPTIONS = {
    # A name that no protocol has: every attempt to open anything is refused.
    "protocol_whitelist": "none-at-all",
    "format_whitelist": ",".join(
        {
            "mov,mp4,m4a,3gp,3g2,mj2",
            "matroska,webm",
            *(name for name in MEDIA.values() if name not in {"mov", "matroska"}),
        }
    ),
    "codec_whitelist": ",".join(sorted(VIDEO_CODECS | AUDIO_CODECS | SUBTITLE_CODECS)),
    "max_streams": "64",
    "probesize": "5000000",
    "analyzeduration": "10000000",
    "max_probe_packets": "2500",
}
_BUFFER = 1 << 18


@contextmanager
def opened(source: MediaSource, media: str, *, pixels: int) -> Iterator[InputContainer]:
    """Open a container for reading.

    Args:
        source: its bytes or its path.
        media: its media type, a key of MEDIA.
        pixels: most pixels of a picture that a decoder may make.

    Raises:
        UnsupportedError: the extra is not installed.
        InputError: it cannot be read as what it is.
    """
    with media_errors(media):
        import av

        stream: BinaryIO = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        with stream:
            container: InputContainer = av.open(
                _Bounded(stream),
                "r",
                format=MEDIA[media],
                options={**_OPTIONS, "max_pixels": str(pixels)},
                metadata_errors="replace",
                buffer_size=_BUFFER,
                io_open=_refuse,
            )
            with container:
                yield container


@contextmanager
def media_errors(media: str) -> Iterator[None]:
    """Turn whatever FFmpeg raises on hostile bytes into an InputError; each is the file's fault."""
    try:
        yield
    except InputError:
        raise
    except ModuleNotFoundError as error:
        extra = "audio" if media.startswith("audio/") else "video"
        raise UnsupportedError(f"reading {media} needs an extra: pip install 'evenhand[{extra}]'") from error
    except MemoryError as error:
        raise TooLargeError("decoding this takes more memory than there is; send a smaller file") from error
    except Exception as error:
        raise InputError(f"the {media} file is damaged or cut short; send the whole file") from error


def _refuse(*_: Any) -> Any:
    raise PermissionError("a media file may not open another")


class _Bounded:
    """The part of a file that FFmpeg may use: it reads and seeks, and sees no name."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Give up to `size` bytes."""
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Say where it is."""
        return self._stream.tell()

    def seekable(self) -> bool:
        """Say that it can be gone to any place."""
        return True

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def writable(self) -> bool:
        """Say that it cannot be written."""
        return False
