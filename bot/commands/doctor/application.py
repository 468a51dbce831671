"""Checks the application in Discord's developer portal: its settings and commands."""

import discord
from discord.ext import commands

from bot.client import SYNCED, declared_commands, fingerprint
from bot.commands.doctor.findings import Finding, ok, problem, warning
from bot.commands.name import program_name
from bot.storage.key_values import KeyValueStore
from bot.ui.render.locales import Translator
from cogs import EXTENSIONS

_PORTAL = "Developer portal > your application"


def refused() -> Finding:
    return problem("token", f"Discord refuses it. {_PORTAL} > Bot > Reset Token; put the new one into DISCORD_TOKEN.")


def check_application(application: discord.AppInfo) -> list[Finding]:
    return [
        ok("token", f"it belongs to {application.name}"),
        _intents(application.flags),
        *_installation(application),
        *_obstacles(application),
    ]


def _intents(flags: discord.ApplicationFlags) -> Finding:
    named = {
        "Message Content": flags.gateway_message_content or flags.gateway_message_content_limited,
        "Server Members": flags.gateway_guild_members or flags.gateway_guild_members_limited,
        "Presence": flags.gateway_presence or flags.gateway_presence_limited,
    }
    on = ", ".join(name for name, is_on in named.items() if is_on)
    if on:
        return ok("intents", f"{on}: on, and not needed. {_PORTAL} > Bot > Privileged Gateway Intents may all be off.")
    return ok("intents", "no privileged intent is on, and none is needed")


def _installation(application: discord.AppInfo) -> list[Finding]:
    page = f"{_PORTAL} > Installation > Installation Contexts"
    server, own = application.guild_integration_config, application.user_integration_config
    return [
        ok("server install", "on") if server else problem("server install", f"off. {page}: tick Guild Install."),
        ok("user install", "on")
        if own
        else warning("user install", f"off: nobody can use the bot where it is no member. {page}: tick User Install."),
    ]


def _obstacles(application: discord.AppInfo) -> list[Finding]:
    """Settings that keep the bot from working."""
    found = []
    if application.interactions_endpoint_url:
        where = f"{_PORTAL} > General Information > Interactions Endpoint URL"
        found.append(problem("commands", f"they go to a web address and not to the bot. {where}: clear it."))
    if application.bot_require_code_grant:
        where = f"{_PORTAL} > Bot > Requires OAuth2 Code Grant"
        found.append(problem("invitation", f"the links do not work. {where}: switch it off."))
    if not application.bot_public:
        found.append(ok("invitation", f"by its owner alone. For others: {_PORTAL} > Bot > Public Bot."))
    return found


async def check_commands(bot: commands.Bot, key_values: KeyValueStore) -> Finding:
    """Whether Discord's commands are those that the bot sent last, and those of this version."""
    for extension in EXTENSIONS:
        await bot.load_extension(extension)
    translator = Translator()
    await bot.tree.set_translator(translator)
    declared = await declared_commands(bot.tree, translator)
    given = await bot.tree.fetch_commands()
    if await key_values.get_value(SYNCED) == fingerprint(bot.application_id, declared, given):
        return ok("commands", f"Discord has all {len(given)}")
    start = f"Start the bot: {program_name()} run gives them."
    return warning("commands", f"Discord has others than this program. {start}")
