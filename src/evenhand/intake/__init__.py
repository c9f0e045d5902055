"""Live streams: followed as they come, for hours, and told of while it matters.

    addresses.py  which addresses may be opened, and how they are told apart
    relay.py      RTMP and RTSP: a pinned, checked connection between FFmpeg and the server
    playlist.py   HLS playlists read; hls.py fetches what they name, every address checked
    srt.py        SRT, by the system's ffmpeg
    sources.py    opens any of them, or a file read as if it were live
    clock.py      one time line over reconnects, jumps and drifting clocks
    sampling.py   frames worth looking at; hearing.py  sound cut where it is quiet
    reader.py     a thread for each stream: connects, decodes, connects again
    sink.py       from that thread to the event loop
    copying.py    frames that resemble a known video's become copies
    tracker.py    findings become incidents that open, grow and close: each is told of once
    follower.py   checks the windows of one stream, decides, keeps clips, writes the journal
    keeper.py     takes streams up for a worker, under a lease, and takes over those of dead workers

A stream is no job of the queue's: it has no end that could be waited for, no pieces that could be done twice, and it
must go on elsewhere within seconds. It has a lease instead: a row with a counter that its worker raises.
"""
