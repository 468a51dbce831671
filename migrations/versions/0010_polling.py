"""The kind of a task before its first answer, because lyrics finish in seconds; and indexes for all queries."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("kind", sa.String, nullable=False, server_default=sa.text("''")))
    op.create_index("recents_of_task", "recents", ["task_id", "looked_up_at"])
    op.create_index("watches_in_channel", "watches", ["channel_id", "task_id"])
    op.create_index("watches_ended", "watches", ["created_at"], sqlite_where=sa.text("ending <> ''"))
    op.create_index("watches_about_lyrics", "watches", ["lyrics_id"], sqlite_where=sa.text("lyrics_id <> ''"))
    op.create_index("watches_about_task", "watches", ["task_id"])
    op.create_index("batches_of_user", "batches", ["user_id"])
    op.create_index("deliveries_unsent", "deliveries", ["state", "created_at"], sqlite_where=sa.text("state <> 'sent'"))
    op.create_index("guilds_paused", "guilds", ["guild_id"], sqlite_where=sa.text("paused = 1"))
    # From now on a task is deleted with the last watch on it.
    op.execute(
        "DELETE FROM tasks WHERE task_id NOT IN (SELECT task_id FROM watches UNION SELECT lyrics_id FROM watches)"
    )
