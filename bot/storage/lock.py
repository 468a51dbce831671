"""One process per database: two bots on one database would post everything twice.

Two system locks, which end with the process, however it ends. One is on a file beside the database, for its path; the
other on the database itself, under whatever name: through symbolic and hard links, or after the file beside it was
deleted.
"""

import errno
import os
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import DatabaseInUse, StorageError
from bot.storage.files import open_private

if sys.platform == "linux":
    from fcntl import F_OFD_SETLK, F_WRLCK, fcntl

_BYTE = 1 << 60  # the locked byte: far beyond all that SQLite reads, writes and locks
_LOCKED = (errno.EACCES, errno.EAGAIN)  # locked by another process
_NOT_SUPPORTED = (errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # the file system has no such locks

_locked_here: set[tuple[int, int]] = set()  # device and inode of the files that this process has locked

_Identity = tuple[int, int]


@contextmanager
def locked(path: Path) -> Iterator[Path]:
    """Locks the database; creates an empty file if there is none. Yields its real path. Raises StorageError."""
    file = Path(os.path.realpath(path))
    with ExitStack() as stack:
        try:
            stack.enter_context(_lock_path(file))
            stack.enter_context(_lock_inode(file))
        except (Timeout, _InUseError):
            raise DatabaseInUse(
                f"another bot is running on {path}: stop it first, or set another DATABASE_URL"
            ) from None
        except OSError as error:
            raise StorageError(f"{error.filename or file} cannot be written: {error.strerror}") from error
        yield file


class _InUseError(Exception):
    pass


def _lock_path(file: Path) -> FileLock:
    beside = Path(f"{file}.lock")
    os.close(open_private(beside))
    return FileLock(beside, timeout=0)


@contextmanager
def _lock_inode(file: Path) -> Iterator[None]:
    """Raises OSError, _InUseError and StorageError.

    SQLite's own locks in this process end when any descriptor of the file is closed. So no second one is opened in this
    process, and this one is closed last.
    """
    if file.exists() and _identity(file.stat()) in _locked_here:
        raise _InUseError
    descriptor = open_private(file)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StorageError(f"{file} is not a file that can be a database: set another DATABASE_URL")
        if not _lock(descriptor) and status.st_nlink > 1:
            raise StorageError(f"{file} has a second name, by a hard link, which is not safe here: make a copy instead")
        _locked_here.add(_identity(status))
        yield
    finally:
        _locked_here.discard(_identity(os.fstat(descriptor)))
        os.close(descriptor)


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino


def _lock(descriptor: int) -> bool:
    """Whether the file system supports the lock. Raises _InUseError, OSError."""
    if sys.platform != "linux":
        return False
    try:
        fcntl(descriptor, F_OFD_SETLK, struct.pack("hhqqi", F_WRLCK, os.SEEK_SET, _BYTE, 1, 0))
    except OSError as error:
        if error.errno in _LOCKED:
            raise _InUseError from None
        if error.errno in _NOT_SUPPORTED:
            return False
        raise
    return True
