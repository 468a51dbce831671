"""What to do about the errors of SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import StorageError

_ADDRESS = "Start the server, or correct its address in DATABASE_URL"
_REMEDIES = {
    "not a database": "Restore a backup, or set another DATABASE_URL",
    "malformed": "Restore a backup",
    "no such": "It is damaged: restore a backup",
    "full": "Make room on its disk",
    "readonly": "Give the file and its folder to the user that runs the bot",
    "unable to open": "Give the file and its folder to the user that runs the bot",
    "lock timeout": "Another session holds a lock there, such as psql or pg_dump: end it, and try again",
    "locked": "Another program is using it: stop that program",
    "Connection refused": _ADDRESS,
    "failed to resolve": _ADDRESS,
    "timeout expired": _ADDRESS,
    "password authentication failed": "Set the right user and password in DATABASE_URL",
    "FATAL: database": "Make it with createdb, or correct its name in DATABASE_URL",
    "permission denied for": "Run the bot as the database's user to whom the tables belong",
    "hot standby": "It is a replica: name the primary in DATABASE_URL, alone or beside it",
    "disk I/O": "Look at its disk: it may be full or broken",
}


def with_remedy(error: object) -> str:
    """The engine's own message in one line and what to do, as the end of a sentence."""
    text = " ".join(str(error).split())
    end = "" if text.endswith("?") else "."
    return next((f"{text}{end} {remedy}" for words, remedy in _REMEDIES.items() if words in text), text)


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Raises StorageError for what SQLAlchemy raises."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StorageError(f"the database cannot be used: {with_remedy(getattr(error, 'orig', error))}") from error
