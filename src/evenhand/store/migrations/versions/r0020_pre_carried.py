"""What was found in marked contents: a mark about nearly the same content softens nothing that carries more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evenhand.store.columns import ident

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_PRINTS = sa.table("mark_prints", sa.column("mark_id", ident()), sa.column("carried", sa.JSON(none_as_null=True)))
_MARKS = sa.table(
    "marks", sa.column("id", ident()), sa.column("decision_id", ident()), sa.column("content_hash", ident())
)
_DECISIONS = sa.table(
    "decisions",
    sa.column("decision_id", ident()),
    sa.column("content_hash", ident()),
    sa.column("findings", sa.JSON()),
)


def upgrade() -> None:
    """Add the column, and fill it from the decisions that marks speak of; the previous release leaves it empty."""
    op.add_column("mark_prints", sa.Column("carried", sa.JSON(none_as_null=True)))
    connection = op.get_bind()
    near = sa.select(_MARKS).join(_PRINTS, _PRINTS.c.mark_id == _MARKS.c.id)
    for mark in connection.execute(near).all():
        own = _DECISIONS.c.decision_id == mark.decision_id
        if mark.decision_id is None:
            own = _DECISIONS.c.content_hash == mark.content_hash
        query = sa.select(_DECISIONS.c.findings).where(own).order_by(_DECISIONS.c.decision_id.desc()).limit(1)
        found = connection.execute(query).scalar_one_or_none()
        if found:
            carried: dict[str, float] = {}
            for one in found:
                if one["detector"] != "review.mark":
                    carried[one["label"]] = max(carried.get(one["label"], 0.0), one["score"])
            connection.execute(sa.update(_PRINTS).where(_PRINTS.c.mark_id == mark.id).values(carried=carried))
