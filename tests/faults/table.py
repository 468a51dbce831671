"""The fault matrix as a page: `python -m tests.faults.table` writes docs/faults.md."""

from collections.abc import Iterator
from pathlib import Path

from tests.faults import discord, forum, gateway, library, machine, media, people
from tests.faults.rows import HOUR, MINUTE, Fate, Row, sentence

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"

_HEAD = """# What happens when something fails

`python -m tests.faults.table` makes this page of the rows in `tests/faults`. `tests/e2e/test_faults.py` causes each of
these faults and checks what is written here: the real bot, a real database file, real HTTP. In each row a task was
watched before the fault began; meanwhile the task finishes, and somebody types `/suno status`.
"""
_COLUMNS = ("Fault", "What people see", "What happens to the watched task", "How it recovers")
_GROUPS = {
    "The gateway": gateway.ROWS,
    "The host of the songs": media.ROWS,
    "Discord": discord.ROWS,
    "Forum channels": forum.ROWS,
    "Songs that are found again": library.ROWS,
    "What people do": people.ROWS,
    "The machine": (*machine.ROWS, *machine.AT_A_RESTART, *machine.AT_THE_START),
}


def page() -> str:
    return "\n".join([_HEAD, *(line for name, rows in _GROUPS.items() for line in _group(name, rows))])


def _group(name: str, rows: tuple[Row, ...]) -> Iterator[str]:
    yield f"## {name}\n"
    yield _line(*_COLUMNS)
    yield _line(*["---"] * len(_COLUMNS))
    for row in rows:
        yield _line(row.name, " ".join(_sees(row)), _fate(row), _recovery(row))
    yield ""


def _line(*cells: str) -> str:
    return f"| {' | '.join(' '.join(cell.split()) for cell in cells)} |"


def _sees(row: Row) -> Iterator[str]:
    if row.exits is not None:
        yield f"The bot is offline. It ends with exit code {row.exits:d} and says: “{row.log}”."
        return
    if row.no_response:
        yield "Discord says that the application did not respond."
    else:
        yield _said(row.answer) if row.answer else "The songs."
    texts = {
        "To the person who does it": row.doer,
        "To /suno watch": row.watch,
        "In the channel": row.channel,
        "By DM": row.person,
        "The owner, by DM": row.owner,
    }
    yield from (f"{where}: {_said(key)}" for where, key in texts.items() if key)


def _said(key: str) -> str:
    return f"“{sentence(key)}”"


def _fate(row: Row) -> str:
    return row.fate if row.post in ("", "post.songs", row.answer) else f"{row.fate} {_said(row.post)}"


def _recovery(row: Row) -> str:
    if row.exits is not None:
        return "When the cause is fixed and the bot is started again."
    if row.fate is not Fate.WAITS:
        return "By itself; nothing has to wait."
    return f"By itself, within {_duration(row.within)}."


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.0f} seconds"
    return "an hour" if seconds == HOUR else f"{seconds / MINUTE:.0f} minutes"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
