"""One process per database: two bots on one would post everything twice.

There are two locks of the system's, which lets go of them when the process ends, however it ends. One is on a file
beside the database, for its path; the other on the database itself, whatever it is called there and then: through
symbolic and hard links, or when the file beside it was deleted.
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

_BYTE = 1 << 60  # the one that is locked: far behind all that SQLite reads, writes and locks
_HELD = (errno.EACCES, errno.EAGAIN)  # by another process
_NOT_KNOWN_THERE = (errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # such locks

_held_here: set[tuple[int, int]] = set()  # device and inode of what this process holds

_Identity = tuple[int, int]


@contextmanager
def locked(path: Path) -> Iterator[Path]:
    """Hold the database; it is made, empty, if it is not there. Gives where it really is. Raises StorageError."""
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

    SQLite's own locks in this process end when any descriptor of the file is closed. So none is opened when this
    process holds the file already; and ours is closed last.
    """
    if file.exists() and _identity(file.stat()) in _held_here:
        raise _InUseError
    descriptor = open_private(file)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise StorageError(f"{file} is not a file that can be a database: set another DATABASE_URL")
        if not _lock(descriptor) and status.st_nlink > 1:
            raise StorageError(f"{file} has a second name, by a hard link, which is not safe here: make a copy instead")
        _held_here.add(_identity(status))
        yield
    finally:
        _held_here.discard(_identity(os.fstat(descriptor)))
        os.close(descriptor)


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino


def _lock(descriptor: int) -> bool:
    """Whether it could be locked here at all. Raises _InUseError, OSError."""
    if sys.platform != "linux":
        return False
    try:
        fcntl(descriptor, F_OFD_SETLK, struct.pack("hhqqi", F_WRLCK, os.SEEK_SET, _BYTE, 1, 0))
    except OSError as error:
        if error.errno in _HELD:
            raise _InUseError from None
        if error.errno in _NOT_KNOWN_THERE:
            return False
        raise
    return True
