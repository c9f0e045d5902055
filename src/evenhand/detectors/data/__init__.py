"""Tables that the cheap detectors read; each says where it comes from."""
