"""People who joined a watch that somebody else began: it continues for them when that person leaves it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "followers",
        sa.Column(
            "watch_id", sa.Integer, sa.ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True, nullable=False
        ),
        sa.Column("user_id", sa.BigInteger, primary_key=True, nullable=False),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("since", sa.Float, nullable=False),
    )
    op.create_index("followers_of_user", "followers", ["user_id"])
    # Until now followers were only stored as mentions: apart from them, mentions contain only the watch's owner.
    op.execute(
        "INSERT INTO followers (watch_id, user_id, locale, since)"
        " SELECT watches.id, CAST(trim(each.value, '<@>') AS INTEGER), watches.user_locale,"
        " watches.created_at + each.key"
        " FROM watches, json_each(watches.mentions) AS each"
        " WHERE each.value LIKE '<@%' AND each.value NOT LIKE '<@&%'"
        " AND CAST(trim(each.value, '<@>') AS INTEGER) <> watches.user_id"
    )
