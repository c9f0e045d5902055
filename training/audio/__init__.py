"""Rebuild the sound weights from pinned sources."""
