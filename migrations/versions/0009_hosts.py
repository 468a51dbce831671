"""The media host of a delivery's songs, so that a slow host does not delay the others."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("host", sa.String, nullable=False, server_default=sa.text("''")))
