"""A decoded frame as the viewer sees it: upright, square pixels, RGB, high dynamic range brought down, never huge."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray
    from PIL.Image import Image

LONG_SIDE = 1_600  # pixels; the detectors look at no more
_SMALL = (64, 36)  # width and height of the form by which frames are compared
_OTHER = 20.0  # of 255, mean difference of small forms from which they are of different scenes
_PQ, _HLG = 16, 18  # transfer curves of high dynamic range, ITU-T H.273
_WHITE = 203.0  # candela a square metre of a white page in HDR, ITU-R BT.2408
_KNEE = 0.7  # share of white up to which light stays as it is
# ITU-T H.273 matrix coefficients -> libswscale's names of them.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
# Rec. 2020 primaries to Rec. 709, linear light (ITU-R BT.2087).
_TO_709 = ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))


def picture(frame: VideoFrame, *, aspect: float = 1.0, longest: int = LONG_SIDE) -> Image:
    """Give the frame as a Pillow image in RGB.

    Args:
        frame: decoded, in any pixel format.
        aspect: width of a pixel over its height.
        longest: pixels of its longer side at most.
    """
    from PIL import Image as Pillow

    width, height = _flat_size(frame, aspect, longest)
    if is_bright(frame):
        image = Pillow.fromarray(_tone_mapped(frame, width, height))
    else:
        flat = frame.reformat(width, height, "rgb24", src_colorspace=matrix_of(frame), interpolation="AREA")
        image = Pillow.fromarray(flat.to_ndarray())
    return _turned(image, frame.rotation)


def size_of(frame: VideoFrame, *, aspect: float = 1.0, longest: int = LONG_SIDE) -> tuple[int, int]:
    """Give the width and height of `picture` without making it."""
    width, height = _flat_size(frame, aspect, longest)
    return (height, width) if round(frame.rotation / 90) % 2 else (width, height)


def is_bright(frame: VideoFrame) -> bool:
    """Say whether a frame is of high dynamic range."""
    return frame.color_trc in (_PQ, _HLG)


def matrix_of(frame: VideoFrame) -> int:
    """Give libswscale's name of the matrix by which a frame's colours are coded."""
    return _MATRICES.get(int(frame.colorspace), 1 if frame.height >= 720 else 5)


def _flat_size(frame: VideoFrame, aspect: float, longest: int) -> tuple[int, int]:
    aspect = aspect if 0.25 <= aspect <= 4.0 else 1.0
    wide, high = frame.width * max(1.0, aspect), frame.height / min(1.0, aspect)
    scale = min(1.0, longest / max(wide, high))
    return max(1, round(wide * scale)), max(1, round(high * scale))


def _turned(image: Image, degrees: int) -> Image:
    """Turn counter-clockwise by a multiple of 90 degrees; players ignore others too."""
    from PIL.Image import Transpose

    turns = {90: Transpose.ROTATE_90, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_270}
    turn = round(degrees / 90) * 90 % 360
    return image.transpose(turns[turn]) if turn in turns else image


def _tone_mapped(frame: VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    """Bring PQ or HLG down to what a standard screen shows: light to 142 nits as it is, brighter light compressed."""
    import numpy as np

    deep = (
        frame.reformat(width, height, "rgb48le", src_colorspace=9, interpolation="AREA").to_ndarray().astype(np.uint16)
    )
    table = _light_table(frame.color_trc == _PQ)
    light = table[deep >> 4].astype(np.float32)  # linear, 1.0 is white
    flat = np.clip(light @ np.asarray(_TO_709, np.float32).T, 0.0, None)
    # Judged by the brightest channel, so that hues stay.
    peak = flat.max(axis=2, keepdims=True)
    over = _KNEE + (1 - _KNEE) * (1 - np.exp(-np.maximum(peak - _KNEE, 0) / (1 - _KNEE)))
    flat *= np.where(peak > _KNEE, over / np.maximum(peak, _KNEE), 1.0)
    np.clip(flat, 0.0, 1.0, out=flat)
    coded = np.where(flat <= 0.0031308, 12.92 * flat, 1.055 * flat ** (1 / 2.4) - 0.055)
    return np.asarray(coded * 255 + 0.5, np.float32).astype(np.uint8)


def _light_table(perceptual: bool) -> NDArray[np.float32]:
    """Give linear light for 4,096 code values, 1.0 for a white page."""
    import numpy as np

    code = np.arange(4096) / 4095
    if perceptual:  # SMPTE ST 2084
        m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
        power = code ** (1 / m2)
        nits = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
        return (nits / _WHITE).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073  # ARIB STD-B67; 75% is white
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    return (scene / 0.265).astype(np.float32)


def small(image: Image) -> NDArray[np.int16]:
    """Give a small form, luma and colours, int16 [3, 36, 64], by which frames are compared."""
    import numpy as np
    from PIL.Image import Resampling

    return np.asarray(image.resize(_SMALL, Resampling.BOX).convert("YCbCr"), np.int16).transpose(2, 0, 1)


def same(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    """Say whether two small forms show the same: no cell, a 2,300th of the picture, differs by more than 6 of 255."""
    import numpy as np

    return int(np.abs(one - other).max()) <= 6


def form_of(frame: VideoFrame) -> NDArray[np.int16]:
    """Give the small form of a frame by which frames of one video are compared, as it is coded: int16 [3, 36, 64]."""
    import numpy as np

    if is_bright(frame):  # codes of high dynamic range are not even steps of light
        return small(picture(frame, longest=_SMALL[0] * 4))
    matrix = matrix_of(frame)
    flat = frame.reformat(*_SMALL, "yuv444p", src_colorspace=matrix, dst_colorspace=matrix, interpolation="AREA")
    return np.asarray(flat.to_ndarray(), np.int16)


def other_scene(one: NDArray[np.int16], other: NDArray[np.int16]) -> bool:
    """Say whether two small forms are of different scenes, and not of one in which something moves."""
    import numpy as np

    return float(np.abs(one[0] - other[0]).mean()) > _OTHER
