"""Files and folders that only their owner may open, whatever the umask."""

import os
import sys
from contextlib import suppress
from pathlib import Path

_FILE, _FOLDER = 0o600, 0o700


def open_private(file: Path) -> int:
    """A descriptor to read and write; an existing file keeps its mode. Raises OSError."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, _FILE)
    except FileExistsError:
        return os.open(file, os.O_RDWR | os.O_CREAT, _FILE)  # also the missing target of a symbolic link
    if sys.platform != "win32":
        os.fchmod(descriptor, _FILE)
        _give_to_owner_of_folder(file, descriptor)
    return descriptor


def _give_to_owner_of_folder(file: Path, descriptor: int) -> None:
    """A file that root creates with a command belongs to the user that runs the bot, so that the bot can use it."""
    if sys.platform != "win32" and os.geteuid() == 0:
        folder = file.parent.stat()
        with suppress(OSError):  # some file systems and containers do not allow it to root either
            os.fchown(descriptor, folder.st_uid, folder.st_gid)


def make_private_folder(folder: Path) -> None:
    """With its parents; existing folders keep their mode. Raises OSError."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(_FOLDER, exist_ok=True)
    folder.chmod(_FOLDER)
