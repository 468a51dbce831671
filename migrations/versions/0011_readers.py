"""Tell those who joined a watch what became of it, each in their own language."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("locale", sa.String, nullable=False, server_default=sa.text("''")))
