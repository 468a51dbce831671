"""Watches, the tasks that they watch, and deliveries to Discord."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _create_tasks()
    _create_watches()
    _create_deliveries()


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.String, primary_key=True),
        sa.Column("gateway", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("first_asked_at", sa.Float),
        sa.Column("asked_at", sa.Float),
        sa.Column("changed_at", sa.Float),
        sa.Column("misses", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Float),
        sa.Column("lease_until", sa.Float, nullable=False),
    )
    op.create_index("tasks_due", "tasks", ["gateway", "due_at"], sqlite_where=sa.text("due_at IS NOT NULL"))


def _create_watches() -> None:
    op.create_table(
        "watches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("task_id", sa.String, sa.ForeignKey("tasks.task_id"), nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("guild_id", sa.BigInteger),
        sa.Column("mentions", sa.String, nullable=False),
        sa.Column("lyrics_id", sa.String, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("user_locale", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("told", sa.String, nullable=False),
        sa.Column("quiet_told", sa.Boolean, nullable=False),
        sa.Column("live_told", sa.Boolean, nullable=False),
        sa.Column("ending", sa.String, nullable=False),
        sa.Column("card_id", sa.BigInteger),
        sa.Column("card_shows", sa.String, nullable=False),
        sa.Column("card_due_at", sa.Float),
        sqlite_autoincrement=True,
    )
    open_ = sa.text("ending = ''")
    op.create_index("watches_of_task", "watches", ["task_id", "channel_id"], unique=True, sqlite_where=open_)
    with_lyrics = sa.text("ending = '' AND lyrics_id <> ''")
    op.create_index("watches_of_lyrics", "watches", ["lyrics_id"], sqlite_where=with_lyrics)
    op.create_index("watches_of_user", "watches", ["user_id"])
    op.create_index("watches_of_guild", "watches", ["guild_id"])
    with_card = sa.text("card_due_at IS NOT NULL")
    op.create_index("watches_with_card", "watches", ["card_due_at"], sqlite_where=with_card)


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("watch_id", sa.Integer, sa.ForeignKey("watches.id", ondelete="CASCADE"), nullable=False),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("topic", sa.String, nullable=False),
        sa.Column("clips", sa.String, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("lease_until", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("aside", sa.Boolean, nullable=False),
        sa.Column("tried_at", sa.Float),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("sent_at", sa.Float),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("state IN ('waiting', 'blocked')")
    op.create_index("deliveries_due", "deliveries", ["due_at"], sqlite_where=waiting)
    op.create_index("deliveries_in_line", "deliveries", ["channel_id", "created_at", "line"], sqlite_where=waiting)
    op.create_index("deliveries_of_watch", "deliveries", ["watch_id"])
