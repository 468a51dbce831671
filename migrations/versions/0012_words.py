"""Renames columns to the program's current terms; the data does not change."""

from alembic import op

revision = "0012"
down_revision = "0011"

_COLUMNS = (
    ("watches", "told", "announced"),
    ("watches", "quiet_told", "quiet_announced"),
    ("watches", "live_told", "live_announced"),
    ("watches", "ending", "outcome"),
    ("deliveries", "line", "seq"),
    ("deliveries", "aside", "parked"),
    ("deliveries", "silent_since", "audio_missing_since"),
)


def upgrade() -> None:
    # Not with alter_column, which copies the whole table on SQLite. Indexes are updated automatically.
    for table, old, new in _COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
