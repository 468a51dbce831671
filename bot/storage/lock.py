"""One process per database file: two bots on one file would post everything twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import DatabaseInUse, StorageError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold `path`; the system lets go of it when the process ends, however it ends. Raises StorageError."""
    lock = FileLock(f"{path}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise DatabaseInUse(f"another bot is running on {path}: stop it first, or set another DATABASE_URL") from None
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()
