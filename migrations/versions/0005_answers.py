"""Moves answers to a table of their own: the times are written at every poll, an answer only when it is new."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "answers",
        sa.Column(
            "task_id", sa.String, sa.ForeignKey("tasks.task_id", ondelete="CASCADE"), primary_key=True, nullable=False
        ),
        sa.Column("task", sa.String, nullable=False),
    )
    op.execute("INSERT INTO answers (task_id, task) SELECT task_id, task FROM tasks WHERE task <> ''")
    op.execute("ALTER TABLE tasks DROP COLUMN task")  # in place: other tables refer to this one
    op.add_column("tasks", sa.Column("digest", sa.LargeBinary, nullable=False, server_default=sa.text("x''")))
    op.add_column("tasks", sa.Column("live", sa.Boolean, nullable=False, server_default=sa.text("0")))
