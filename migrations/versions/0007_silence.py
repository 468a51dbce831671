"""Since when a delivery waits for a song's audio, without earlier delays."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("silent_since", sa.Float))
