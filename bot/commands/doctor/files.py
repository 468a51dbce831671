"""Checks whether other users of the machine can read or change files with secrets or personal data."""

import shlex
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.commands.doctor.findings import Finding, warning

_GROUP, _OTHERS = stat.S_IRGRP | stat.S_IWGRP, stat.S_IROTH | stat.S_IWOTH
_GIVEN_BY_DOCKER = Path("/run/secrets")  # readable for all, but only inside the container


def check_secret_files(files: Iterable[Path]) -> Iterator[Finding]:
    for file in files:
        if file.absolute().is_relative_to(_GIVEN_BY_DOCKER):
            continue
        if who := _others(file):
            yield warning(str(file), f"{who} on this machine can read or change it: chmod 600 {shlex.quote(str(file))}")


def _others(file: Path) -> str:
    """Who else has access, in words; empty: nobody. The owner's private group does not count."""
    if sys.platform == "win32":  # permissions are not mode bits there
        return ""
    status = file.stat()
    if status.st_mode & _OTHERS:
        return "everybody"
    if status.st_mode & _GROUP and status.st_gid != status.st_uid:
        return f"group {status.st_gid}"
    return ""
