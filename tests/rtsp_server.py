"""A real RTSP server on loopback, of GStreamer. For Debian's own Python, which has its bindings: it imports nothing of
ours. Usage: /usr/bin/python3 tests/rtsp_server.py FILE.mkv; writes its port and serves the file at /program, at 1x.
"""

import sys

PARTS = (
    "( filesrc location={path} ! matroskademux name=parts "
    "parts.video_0 ! queue ! rtph264pay name=pay0 pt=96 config-interval=1 "
    "parts.audio_0 ! queue ! rtpmp4gpay name=pay1 pt=97 )"
)


def main(path: str) -> None:
    """Serve until killed."""
    import gi  # type: ignore[import-untyped, import-not-found, unused-ignore]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-untyped, import-not-found, unused-ignore]

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PARTS.format(path=path))
    server.get_mount_points().add_factory("/program", factory)
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1])
