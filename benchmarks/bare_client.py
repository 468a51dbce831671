"""A minimal bot on discord.py: `python -m benchmarks.bare_client URL [--answer]`.

It acknowledges interactions, and with `--answer` also answers one word.
"""

import os
import sys

import discord

from sandbox.local_discord.redirect import redirected


class BareClient(discord.Client):
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True)
        if "--answer" in sys.argv:
            await interaction.edit_original_response(content="Here.")


def main() -> None:
    with redirected(sys.argv[1]):
        intents = discord.Intents(guilds=True, dm_messages=True, guild_messages=True)
        BareClient(intents=intents).run(os.environ["DISCORD_TOKEN"], log_handler=None)


if __name__ == "__main__":
    main()
