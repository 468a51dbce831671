"""Files as Discord shows them."""

from typing import Any

import discord


class TitledFile(discord.File):
    """Of a name that Discord strips of all but ASCII, the title is shown in its place: that keeps its language."""

    def to_dict(self, index: int) -> dict[str, Any]:
        payload = super().to_dict(index)
        if not self.filename.isascii():
            payload["title"] = self.filename.rpartition(".")[0]
        return payload
