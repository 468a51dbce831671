"""Orders of songs, and the ledger of allowances."""

from secrets import token_hex

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    _create_orders()
    _create_ledger()
    _create_creation_rules()
    _create_accounts()
    notes = sa.table("notes", sa.column("key"), sa.column("value"))
    op.bulk_insert(notes, [{"key": "ledger_key", "value": token_hex(32)}])  # key of the hashes of people in the ledger


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("guild_id", sa.BigInteger),
        sa.Column("channel_id", sa.BigInteger, nullable=False),
        sa.Column("gateway", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("request", sa.String, nullable=False),
        sa.Column("price", sa.Float),
        sa.Column("task_id", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reconciled", sa.Integer, nullable=False),
        sa.Column("at_once", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("placed_at", sa.Float),
        sa.Column("sent_at", sa.Float),
        sa.Column("due_at", sa.Float),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("user_locale", sa.String, nullable=False),
        sa.Column("announced", sa.String, nullable=False),
    )
    op.create_index("orders_due", "orders", ["gateway", "due_at"], sqlite_where=sa.text("due_at IS NOT NULL"))
    op.create_index("orders_by_state", "orders", ["state", "gateway", "placed_at"])
    op.create_index("orders_of_user", "orders", ["user_id", "created_at"])
    op.create_index("orders_of_guild", "orders", ["guild_id", "created_at"])
    op.create_index("orders_of_task", "orders", ["task_id"])
    untold = sa.text("announced <> state AND state <> 'draft'")
    op.create_index("orders_untold", "orders", ["placed_at"], sqlite_where=untold)
    op.create_index("orders_by_age", "orders", ["created_at"])


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("order_id", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("guild_id", sa.BigInteger, nullable=False),
        sa.Column("work", sa.String, nullable=False),
        sa.Column("entry", sa.String, nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("price", sa.Float),
        sa.Column("day", sa.String, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ledger_of_day", "ledger", ["day", "work", "guild_id", "owner", "amount"])
    op.create_index("ledger_of_order", "ledger", ["order_id"])
    op.create_index("ledger_of_owner", "ledger", ["owner", "at"])


def _create_creation_rules() -> None:
    op.create_table(
        "creation_rules",
        sa.Column("guild_id", sa.BigInteger, primary_key=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("roles", sa.String, nullable=False),
        sa.Column("songs_per_person", sa.Integer, nullable=False),
        sa.Column("songs_per_server", sa.Integer, nullable=False),
        sa.Column("lyrics_per_person", sa.Integer, nullable=False),
        sa.Column("at_once", sa.Integer, nullable=False),
        sa.Column("approval", sa.Boolean, nullable=False),
        sa.Column("channels", sa.String, nullable=False),
        sa.Column("models", sa.String, nullable=False),
        sa.Column("blocked", sa.String, nullable=False),
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("gateway", sa.String, primary_key=True),
        sa.Column("song_price", sa.Float),
        sa.Column("lyrics_price", sa.Float),
        sa.Column("credit_left", sa.Float),
        sa.Column("credit_used", sa.Float),
        sa.Column("limited", sa.Boolean, nullable=False),
        sa.Column("checked_at", sa.Float, nullable=False),
        sa.Column("closed", sa.String, nullable=False),
    )
    op.create_table(
        "abilities",
        sa.Column("gateway", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("present", sa.Integer, nullable=False),
        sa.Column("absent", sa.Integer, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("gateway", "name"),
    )
