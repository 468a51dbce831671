"""Remember since when a song's audio is waited for: what held the message up before is no part of that."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("silent_since", sa.Float))
