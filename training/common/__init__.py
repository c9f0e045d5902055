"""Shared by the trainers of every medium: fetching pinned sources and writing model cards."""
