"""A copy of the project as its next version might be: one migration further."""

import re
import shutil
from pathlib import Path

from bot.storage.schema import REVISION

_PROJECT = Path(__file__).parents[1]
_PACKAGES = ("bot", "cogs", "migrations", "sandbox", "suno_watch")
_MIGRATION = '''"""The mood of a recent task."""

import sqlalchemy as sa
from alembic import op

revision = "{new}"
down_revision = "{old}"
additive = {additive}


def upgrade() -> None:
    op.add_column("recents", sa.Column("mood", sa.String, nullable=False, server_default=""))
    op.create_table("moods", sa.Column("name", sa.String, primary_key=True))
'''


def make_next_version(folder: Path, *, additive: bool) -> str:
    """Its revision. `additive`: programs of this version can use its database."""
    for name in _PACKAGES:
        shutil.copytree(_PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    new = f"{int(REVISION) + 1:04}"
    migration = _MIGRATION.format(new=new, old=REVISION, additive=additive)
    (folder / "migrations" / "versions" / f"{new}_moods.py").write_text(migration, "utf-8")
    schema = folder / "bot" / "storage" / "schema.py"
    text = schema.read_text("utf-8")
    text = text.replace(f'REVISION = "{REVISION}"', f'REVISION = "{new}"')
    mood = '    Column("mood", Text, nullable=False, server_default=""),\n'
    text = re.sub(r'(recents = Table\(\n    "recents",\n    metadata,\n)', rf"\1{mood}", text)
    schema.write_text(f'{text}\nTable("moods", metadata, Column("name", Text, primary_key=True))\n', "utf-8")
    return new
