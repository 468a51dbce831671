"""Settings of people and servers."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("user_id", sa.BigInteger, primary_key=True),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("direct", sa.Boolean, nullable=False),
    )
    op.create_table(
        "guilds",
        sa.Column("guild_id", sa.BigInteger, primary_key=True),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("channel_id", sa.BigInteger),
        sa.Column("roles", sa.String, nullable=False),
        sa.Column("watches_per_user", sa.Integer),
        sa.Column("audio", sa.Boolean, nullable=False),
        sa.Column("error_channel_id", sa.BigInteger),
        sa.Column("paused", sa.Boolean, nullable=False),
    )
