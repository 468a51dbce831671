"""Weekly charts, playlists, chosen takes, and who ordered a song.

The words of songs are folded anew while the bot runs: see bot/services/library/reindex.py.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_Text = sa.String().with_variant(sa.VARCHAR(collation="C"), "postgresql")
_Id = sa.Integer().with_variant(sa.BigInteger, "postgresql")


def upgrade() -> None:
    _create_charts()
    _create_playlists()
    _add_takes()
    op.execute("INSERT INTO notes (key, value) SELECT 'lines_after', '0' FROM library LIMIT 1")


def _create_charts() -> None:
    op.create_table(
        "charts",
        sa.Column("guild_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("weekday", sa.Integer, nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("counted_until", sa.Float, nullable=False),
        sa.Column("due_at", sa.Float),
    )
    _create_partial_index("charts_due", "charts", "due_at IS NOT NULL")
    op.create_index("charts_of_user", "charts", ["user_id"])
    op.create_table(
        "chart_posts",
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("week", _Text, nullable=False),
        sa.Column("id", _Text, nullable=False, unique=True),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
        sa.Column("state", _Text, nullable=False),
        sa.Column("reason", _Text, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("tried_at", sa.Float),
        sa.Column("reported", sa.Boolean, nullable=False),
        sa.Column("message_id", sa.BigInteger),
        sa.PrimaryKeyConstraint("guild_id", "week"),
    )
    _create_partial_index("chart_posts_due", "chart_posts", "state IN ('waiting', 'blocked')")
    op.create_index("chart_posts_by_age", "chart_posts", ["until"])


def _create_partial_index(name: str, table: str, where: str) -> None:
    op.create_index(name, table, ["due_at"], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _create_playlists() -> None:
    op.create_table(
        "playlists",
        sa.Column("id", _Id, primary_key=True),
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("name", _Text, nullable=False),
        sa.Column("plain_name", _Text, nullable=False),
        sa.Column("posted", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("playlists_by_name", "playlists", ["owner_id", "guild_id", "plain_name"], unique=True)
    op.create_index("playlists_of_guild", "playlists", ["guild_id"])
    op.create_index("playlists_of_user", "playlists", ["user_id"])
    op.create_table(
        "playlist_songs",
        sa.Column("playlist_id", _Id, sa.ForeignKey("playlists.id", ondelete="CASCADE"), nullable=False),
        sa.Column("task_id", _Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("added_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("playlist_id", "task_id", "number"),
    )
    op.create_index("playlist_songs_of_song", "playlist_songs", ["task_id", "number"])
    op.create_index("playlist_songs_of_user", "playlist_songs", ["user_id"])
    op.add_column("guilds", sa.Column("open_playlists", sa.Boolean, nullable=False, server_default=sa.false()))


def _add_takes() -> None:
    op.add_column("library", sa.Column("folded", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("library", sa.Column("maker_id", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.create_index("library_of_maker", "library", ["maker_id", "posted_at"])
