"""Recent lookups of people, for suggestions while an id is typed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "notes", sa.Column("key", sa.String, primary_key=True), sa.Column("value", sa.String, nullable=False)
    )
    op.create_table(
        "recents",
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("task_id", sa.String, nullable=False),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("gateway", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("looked_up_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "task_id"),
    )
    op.create_index("recents_of_channel", "recents", ["channel_id", "looked_up_at"])
