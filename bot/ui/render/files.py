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
