"""The kinds of jobs, explicit and in order."""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.jobs.bulk import Bulk
from evenhand.jobs.deliver import Deliver
from evenhand.jobs.kinds import Kind
from evenhand.jobs.media import Media
from evenhand.jobs.policies import PolicyWork


def kinds() -> Mapping[str, Kind]:
    """Give the kinds by their names."""
    listed: tuple[Kind, ...] = (Bulk(), Media(), Deliver(), PolicyWork())
    return {kind.name: kind for kind in listed}
