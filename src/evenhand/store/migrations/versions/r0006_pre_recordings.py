"""What a decision about a video or a sound says beside its findings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("decisions", sa.Column("recording", sa.JSON(none_as_null=True)))
