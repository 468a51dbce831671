"""Words that signs part are found as one, too: the words of songs are folded anew while the bot runs, see
bot/services/library/reindex.py.
"""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("DELETE FROM notes WHERE key = 'lines_after'")
    op.execute("INSERT INTO notes (key, value) SELECT 'lines_after', '0' FROM library LIMIT 1")
