"""The library: songs to be found again, and their stars.

What was posted before is added while the bot runs: see bot/services/library/backfill.py.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    _create_library()
    _create_stars()
    op.create_table(
        "left_guilds",
        sa.Column("guild_id", sa.BigInteger, primary_key=True),
        sa.Column("left_at", sa.Float, nullable=False),
    )
    op.create_index("left_guilds_by_age", "left_guilds", ["left_at"])
    op.add_column("people", sa.Column("named", sa.Boolean, nullable=False, server_default=sa.text("1")))
    op.execute(
        "INSERT INTO notes (key, value)"
        " SELECT 'library_before', CAST(seq + 1 AS VARCHAR) FROM deliveries ORDER BY seq DESC LIMIT 1"
    )


def _create_library() -> None:
    op.create_table(
        "library",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("task_id", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("clip_id", sa.String, nullable=False),
        sa.Column("gateway", sa.String, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("parent_id", sa.BigInteger, nullable=False),
        sa.Column("restricted", sa.Boolean, nullable=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("style", sa.String, nullable=False),
        sa.Column("duration", sa.Float),
        sa.Column("posted_at", sa.Float, nullable=False),
        sa.Column("removed", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("library_of_place", "library", ["channel_id", "task_id", "number", "owner_id"], unique=True)
    op.create_index("library_of_channel", "library", ["channel_id", "posted_at"])
    op.create_index("library_of_guild", "library", ["guild_id", "posted_at"])
    op.create_index("library_of_parent", "library", ["guild_id", "parent_id", "restricted", "channel_id"])
    op.create_index("library_of_user", "library", ["user_id", "posted_at"])
    op.create_index("library_of_owner", "library", ["owner_id", "posted_at"])
    op.create_index("library_of_task", "library", ["task_id", "number"])
    op.create_table(
        "library_texts",
        sa.Column("song_id", sa.Integer, sa.ForeignKey("library.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("lyrics", sa.String, nullable=False),
        sa.Column("line", sa.String, nullable=False),
    )


def _create_stars() -> None:
    op.create_table(
        "stars",
        sa.Column("song_id", sa.Integer, sa.ForeignKey("library.id", ondelete="CASCADE"), nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("starred_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("song_id", "user_id"),
    )
    op.create_index("stars_of_user", "stars", ["user_id", "starred_at"])
    op.create_table(
        "star_counts",
        sa.Column("message_id", sa.BigInteger, primary_key=True),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
    )
    op.create_index("star_counts_due", "star_counts", ["due_at"])
