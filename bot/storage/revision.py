"""The revision of a database: its last applied migration."""

import re
from collections.abc import Collection, Sequence

from bot.errors import StorageError
from bot.storage.schema import REVISION, metadata

USABLE_FROM = "usable_from"  # the key of the oldest revision whose programs can work on the database; absent: its own
_MAX_SHOWN = 40  # characters of a stranger's text


class OfAnotherProgram(StorageError):
    def __init__(self) -> None:
        super().__init__("the database belongs to another program: set another DATABASE_URL")


def usable_revision(found: Sequence[object], tables: Collection[str], usable_from: str | None = None) -> str:
    """The revision, if this program can use or upgrade it. Raises StorageError.

    `tables`: those that are there. `usable_from`: the oldest revision whose programs may use it; None: its own.
    """
    if len(found) != 1:
        raise StorageError(f"the database is damaged: it has {len(found)} revisions, not one. Restore a backup")
    revision = str(found[0])
    if not re.fullmatch(r"\d{4}", revision, re.ASCII) or revision == "0000":
        shown = ascii(revision[:_MAX_SHOWN])
        raise StorageError(
            f"the database has revision {shown}, which is none of this program's: it is damaged, or another program's. "
            "Restore a backup, or set another DATABASE_URL"
        )
    if (usable_from or revision) > REVISION:
        raise StorageError(f"the database has revision {revision}, this program knows {REVISION}: install a newer bot")
    if revision >= REVISION and (lacking := metadata.tables.keys() - set(tables)):
        raise StorageError(f"the database is damaged: it lacks {', '.join(sorted(lacking))}. Restore a backup")
    return revision
