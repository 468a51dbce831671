"""A bot of hikari's: it offers /play, and answers it with a file. Its arguments: Discord's address, token, application.

It runs in .venv/hikari, which has nothing but hikari: hikari wants an older multidict than the bot has.
"""

import asyncio
import sys

import hikari


async def main(url: str, token: str, application: int) -> None:
    bot = hikari.GatewayBot(
        token,
        intents=hikari.Intents.GUILDS,
        banner=None,
        logs=None,
        rest_url=f"{url}/api/v10",
        suppress_optimization_warning=True,
    )

    @bot.listen()
    async def on_interaction(event: hikari.InteractionCreateEvent) -> None:
        assert isinstance(event.interaction, hikari.CommandInteraction)
        await event.interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_CREATE)
        await event.interaction.edit_initial_response("here", attachment=hikari.Bytes(b"sound", "song.mp3"))

    await bot.start(check_for_updates=False)
    await bot.rest.set_application_commands(application, [bot.rest.slash_command_builder("play", "plays")])
    await bot.join()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
