"""Alembic's entry point: uses the connection of bot/storage/migrations.py or sandbox/migration.py."""

from alembic import context
from alembic.util import CommandError

from bot.storage.schema import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise CommandError("To migrate: python -m bot migrate. To make a revision: make migration SUBJECT='...'")
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
