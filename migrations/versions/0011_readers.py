"""A queue for each person in a channel; and the language of notices to people who joined a watch."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("locale", sa.String, nullable=False, server_default=sa.text("''")))
    op.add_column("deliveries", sa.Column("user_id", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.execute(
        "UPDATE deliveries SET user_id = (SELECT user_id FROM watches WHERE watches.id = deliveries.watch_id)"
        " WHERE watch_id IN (SELECT id FROM watches)"
    )
    op.drop_index("deliveries_in_line", "deliveries")
    waiting = sa.text("state IN ('waiting', 'blocked')")
    columns = ["channel_id", "user_id", "created_at", "line"]
    op.create_index("deliveries_in_line", "deliveries", columns, sqlite_where=waiting)
