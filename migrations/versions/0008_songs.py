"""Songs with their tasks; titles apart from the answers, for suggestions; and the ignored words of lists."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "songs",
        sa.Column("clip_id", sa.String, primary_key=True),
        sa.Column("task_id", sa.String, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    op.create_index("songs_of_task", "songs", ["task_id"])
    op.create_index("songs_by_age", "songs", ["seen_at"])
    op.add_column("answers", sa.Column("title", sa.String, nullable=False, server_default=""))
    op.execute(
        "UPDATE answers SET title = substr(coalesce(nullif(json_extract(task, '$.lyrics.title'), ''),"
        " (SELECT json_extract(clip.value, '$.title') FROM json_each(task, '$.clips') AS clip"
        " WHERE json_extract(clip.value, '$.title') <> '' LIMIT 1), ''), 1, 200)"
    )
    op.create_index("answers_titles", "answers", ["task_id", "title"])
    op.create_index("watches_open_of_user", "watches", ["user_id", "task_id"], sqlite_where=sa.text("ending = ''"))
    op.add_column("batches", sa.Column("words", sa.String, nullable=False, server_default="[]"))
    # The known songs of watched tasks.
    op.execute(
        "INSERT OR IGNORE INTO songs (clip_id, task_id, seen_at)"
        " SELECT json_extract(clip.value, '$.id'), tasks.task_id, coalesce(tasks.asked_at, 0)"
        " FROM answers JOIN tasks USING (task_id), json_each(answers.task, '$.clips') AS clip"
        " WHERE length(json_extract(clip.value, '$.id')) BETWEEN 6 AND 80"
        " AND json_extract(clip.value, '$.id') <> tasks.task_id"
    )
