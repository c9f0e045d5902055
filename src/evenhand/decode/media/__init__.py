"""Video and audio files, taken apart a segment at a time: hours of them need no more memory than half a minute.

    plan(source, ...)              reads the file through without decoding it: tracks, true length, segments: MediaPlan
    MediaReader(source, plan, ...) opens it for decoding
    reader.segment(number)         sampled frames, a stretch of sound, subtitles of one segment: SegmentParts
    stills(source, plan, ...)      the frames at given moments

A plan is JSON-able and the segments are independent of each other, so that they may be worked on by several processes.
Only FFmpeg's readers of plain containers are used, on bytes that we hand them: nothing in a file can make it open
another file or a network connection (`container`).
"""

from evenhand.decode.media.planning import plan
from evenhand.decode.media.reading import MediaReader
from evenhand.decode.media.segmentparts import SegmentParts
from evenhand.decode.media.stills import stills
from evenhand.decode.media.values import MEDIA, MediaPlan, MediaSource, Segment, Track

__all__ = ["MEDIA", "MediaPlan", "MediaReader", "MediaSource", "Segment", "SegmentParts", "Track", "plan", "stills"]
