"""The kinds of jobs that a worker knows, those that dialects need among them."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.api.compat.alibaba.pushes import Push
from evenhand.jobs.kinds import Kind
from evenhand.jobs.registry import kinds


def all_kinds() -> Mapping[str, Kind]:
    """Give the kinds by their names."""
    more: tuple[Kind, ...] = (Push(),)
    return {**kinds(), **{kind.name: kind for kind in more}}
