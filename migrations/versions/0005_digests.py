"""Remember by which bytes a task was told last."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("digest", sa.LargeBinary, nullable=False, server_default=sa.text("x''")))
