"""Attached files with titles."""

from typing import Any

import discord


class TitledFile(discord.File):
    """Discord strips non-ASCII characters from file names; the title, which it shows instead, keeps them."""

    def to_dict(self, index: int) -> dict[str, Any]:
        payload = super().to_dict(index)
        if not self.filename.isascii():
            payload["title"] = self.filename.rpartition(".")[0]
        return payload


class KeptFile(discord.Attachment):
    """A file that stays in a message while that is edited: all that are not listed are removed.

    `covered`: as a spoiler, behind which its player is until somebody opens it; None: as it is. Discord takes that also
    for files that are there already, but discord.py 2.7 cannot say it.
    """

    def __init__(self, file_id: int, *, covered: bool | None = None) -> None:
        self.id = file_id
        self._covered = covered

    def to_dict(self) -> Any:
        return {"id": self.id} | ({} if self._covered is None else {"is_spoiler": self._covered})
