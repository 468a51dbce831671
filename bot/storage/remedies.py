"""What to do about the errors of SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import StorageError

_ADDRESS = "Start the server, or correct its address in DATABASE_URL"
_CONNECTIONS = "End other programs' connections, or allow more: a bot that leads needs up to 11, a standby one"
_MAY_CREATE = "As its owner: GRANT CREATE ON SCHEMA public TO the bot's user"
_AFTER_THE_QUESTION_MARK = "Correct what follows the question mark in DATABASE_URL"
_REMEDIES = {
    "not a database": "Restore a backup, or set another DATABASE_URL",
    "malformed": "Restore a backup",
    "no such": "It is damaged: restore a backup",
    "full": "Make room on its disk",
    "No space left": "Make room on its disk",
    "readonly": "Give the file and its folder to the user that runs the bot",
    "unable to open": "Give the file and its folder to the user that runs the bot",
    "lock timeout": "Another session holds a lock there, such as psql or pg_dump: end it, and try again",
    "locked": "Another program is using it: stop that program",
    "Connection refused": _ADDRESS,
    "failed to resolve": _ADDRESS,
    "timeout expired": _ADDRESS,
    "password authentication failed": "Set the right user and password in DATABASE_URL",
    "FATAL: database": "Make it with createdb, or correct its name in DATABASE_URL",
    "permission denied for schema": _MAY_CREATE,
    "no schema has been selected": _MAY_CREATE,
    "permission denied for": "Run the bot as the database's user to whom the tables belong",
    "no pg_hba.conf entry": "Allow the bot's user and machine in the server's pg_hba.conf",
    "not permitted to log in": "Set the right user in DATABASE_URL",
    "SSL": "Correct sslmode in DATABASE_URL, or the server's certificate",
    "invalid connection option": _AFTER_THE_QUESTION_MARK,
    "invalid sslmode": _AFTER_THE_QUESTION_MARK,
    "unrecognized configuration parameter": _AFTER_THE_QUESTION_MARK,
    "starting up": "It is about to answer: there is nothing to do",
    "too many c": _CONNECTIONS,
    "connection slots": _CONNECTIONS,
    "read-only transaction": "Its server was made read-only, perhaps because its disk is full: correct that there",
    "statement timeout": "It is busy or locked: look at its load, its disk and pg_stat_activity",
    "hot standby": "It is a replica: name the primary in DATABASE_URL, alone or beside it",
    "disk I/O": "Look at its disk: it may be full or broken",
}


def with_remedy(error: object) -> str:
    """The engine's own message in one line and what to do, as the end of a sentence."""
    text = " ".join(str(error).split())
    end = "" if text.endswith("?") else "."
    return next((f"{text}{end} {remedy}" for words, remedy in _REMEDIES.items() if words in text), text)


def encoding_fault(encoding: object) -> str:
    """Of a PostgreSQL database; empty: it can store every text."""
    if encoding == "UTF8":
        return ""
    return f"its encoding is {encoding}, not UTF8. Make one with: createdb --encoding=UTF8 --template=template0 NAME"


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Raises StorageError for what SQLAlchemy raises."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StorageError(f"the database cannot be used: {with_remedy(_said_by(error))}") from error


def _said_by(error: SQLAlchemyError) -> object:
    """The engine's own sentence, without the statement that PostgreSQL adds."""
    orig = getattr(error, "orig", error)
    return getattr(getattr(orig, "diag", None), "message_primary", None) or orig
