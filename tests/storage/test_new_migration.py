"""`make migration`: the next revision, with what the schema has beyond the others."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Column, String, Table

from bot.storage.schema import REVISION, metadata
from sandbox.migration import main, new_revision

MIGRATIONS = Path(__file__).parents[2] / "migrations"
NEXT = f"{int(REVISION) + 1:04}"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """That of a copy, which a test may add to."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


@pytest.fixture
def one_table_more() -> Iterator[None]:
    table = Table("moods", metadata, Column("mood", String, primary_key=True))
    yield
    metadata.remove(table)


@pytest.mark.usefixtures("one_table_more")
def test_it_has_the_next_number_and_what_is_new_in_the_schema(config: Config) -> None:
    made = new_revision("Remember the mood", config)
    assert made.name == f"{NEXT}_remember_the_mood.py"
    found = ScriptDirectory.from_config(config).get_revision("head")
    assert (found.revision, found.down_revision, found.doc) == (NEXT, REVISION, "Remember the mood.")
    text = made.read_text(encoding="utf-8")
    assert "op.create_table('moods'" in text
    assert text.count("op.") == 1, "the rest of the schema is what the other revisions make"


def test_without_a_change_there_is_nothing_in_it(config: Config) -> None:
    assert "op." not in new_revision("Move rows", config).read_text(encoding="utf-8").partition("def upgrade")[2]


def test_it_wants_to_know_what_it_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(" ") == 2
    assert "make migration SUBJECT=" in capsys.readouterr().err
