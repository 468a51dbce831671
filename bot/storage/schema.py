"""The tables as the newest migration leaves them. Times are Unix seconds; Discord's ids are integers."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, MetaData, PrimaryKeyConstraint, String, Table

REVISION = "0001"  # the newest migration; a test compares it with migrations/versions

metadata = MetaData()

notes = Table(
    "notes",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
    comment="single facts about ourselves, such as which commands Discord has",
)

recents = Table(
    "recents",
    metadata,
    Column("user_id", BigInteger, nullable=False),
    Column("task_id", String, nullable=False),
    Column("channel_id", BigInteger, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("gateway", String, nullable=False),
    Column("title", String, nullable=False),
    Column("looked_up_at", Float, nullable=False),
    PrimaryKeyConstraint("user_id", "task_id"),
    Index("recents_of_channel", "channel_id", "looked_up_at"),
    comment="which tasks a person looked up last, and where; offered by autocomplete",
)
