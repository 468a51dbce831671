"""Which take was chosen is stored with it, so that takes that arrive later are folded away, too.

Posts of earlier choices are edited anew: the other take's player is covered since this version.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("library", sa.Column("chosen", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE library SET chosen = TRUE WHERE NOT folded AND NOT removed AND EXISTS ("
        "SELECT 1 FROM library AS other WHERE other.task_id = library.task_id AND other.folded AND NOT other.removed"
        " AND CASE WHEN other.maker_id != 0 THEN other.maker_id ELSE other.user_id END"
        " = CASE WHEN library.maker_id != 0 THEN library.maker_id ELSE library.user_id END)"
    )
    op.execute(
        "INSERT INTO star_counts (message_id, channel_id, due_at)"
        " SELECT message_id, MIN(channel_id), 0.0 FROM library WHERE folded AND NOT removed AND message_id != 0"
        " AND message_id NOT IN (SELECT message_id FROM star_counts) GROUP BY message_id"
    )
