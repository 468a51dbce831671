"""Posts on their way: requests to Discord, and rows of the bot's database."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.conftest import Env

POSTS = r"^/channels/\d+/messages$"  # where messages are posted


def sends(env: Env) -> int:
    """How many posts the bot has tried to send."""
    return sum(each.method == "POST" and "nonce" in (each.body or {}) for each in env.discord.requests)


def rows(path: Path, table: str) -> int:
    """How many rows a table of the bot's database has; a condition may follow its name."""
    with closing(sqlite3.connect(path / "bot.db")) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
