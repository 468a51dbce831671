"""`make migration SUBJECT="remember the mood"`: writes a new revision for the changes in bot/storage/schema.py.

The schema is compared with an empty database to which all other revisions were applied, so no real database is needed.
"""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from bot.storage.migrations import upgrade

_ROOT = Path(__file__).parents[1]


def new_revision(subject: str, config: Config) -> Path:
    """The file, with the next free number."""
    head = ScriptDirectory.from_config(config).get_current_head()
    with (
        closing(sqlite3.connect(":memory:")) as memory,
        create_engine("sqlite://", creator=lambda: memory).connect() as connection,
    ):
        upgrade(connection)
        config.attributes["connection"] = connection
        made = command.revision(config, subject, autogenerate=True, rev_id=f"{int(head or 0) + 1:04}")
    if made is None or isinstance(made, list):
        raise RuntimeError("Alembic makes one revision at a time")
    return Path(made.path)


def main(subject: str) -> int:
    if not subject.strip():
        sys.stderr.write('Say what it is for: make migration SUBJECT="remember the mood"\n')
        return 2
    made = new_revision(subject.strip(), Config(toml_file=_ROOT / "pyproject.toml"))
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", made], check=True)
    sys.stdout.write(f"Read it, and set REVISION in bot/storage/schema.py to {made.name[:4]}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
