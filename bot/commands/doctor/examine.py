"""Runs all checks, in the order in which things are set up."""

import asyncio

import discord
from discord.ext import commands
from discord.http import Route
from msgspec.structs import replace

from bot.commands.connection import logged_in
from bot.commands.doctor.application import check_application, check_commands, refused
from bot.commands.doctor.channels import check_channels
from bot.commands.doctor.clock import check_clock
from bot.commands.doctor.creation import check_accounts, check_creation
from bot.commands.doctor.database import check_database, is_current
from bot.commands.doctor.files import check_secret_files
from bot.commands.doctor.findings import Finding, ok, problem, skipped, warning
from bot.commands.doctor.gateways import check_gateway, check_media_hosts
from bot.commands.doctor.server import check_server
from bot.config import Settings, doubts, settings_files, where_settings_are
from bot.errors import DiscordUnreachable, SettingsError, StorageError
from bot.log import Redactor, visible
from bot.storage.database import open_read_only
from bot.storage.key_values import KeyValueStore
from bot.storage.post_channels import PostChannelStore


def examine_faulty(error: SettingsError) -> list[Finding]:
    """The findings when the settings cannot be used."""
    findings = [problem("settings", fault) for fault in error.faults]
    findings.append(skipped("everything else", f"it needs the settings. {where_settings_are()}"))
    return [_fit(each, Redactor(())) for each in findings]


async def examine(settings: Settings, *, offline: bool) -> list[Finding]:
    findings = [*_check_settings(settings), *await _check_database(settings), *await check_creation(settings)]
    if offline:
        findings.append(skipped("Discord, gateways, media hosts, clock", "they need the network (--offline)"))
    else:
        findings += await _check_network(settings)
    redact = Redactor(settings.secrets)
    return [_fit(each, redact) for each in findings]


async def _check_database(settings: Settings) -> list[Finding]:
    file = settings.database_file
    return await check_server(settings) if file is None else check_database(file)


def _check_settings(settings: Settings) -> list[Finding]:
    return [
        ok("settings", f"all of them can be used. {where_settings_are()}"),
        *(warning("settings", f"{doubt}.") for doubt in doubts(settings)),
        *check_secret_files(settings_files()),
    ]


def _fit(finding: Finding, redact: Redactor) -> Finding:
    return replace(finding, subject=_line(finding.subject, redact), text=_line(finding.text, redact))


def _line(text: str, redact: Redactor) -> str:
    """One line that is safe for a terminal: names and messages of servers and gateways are not trusted."""
    return visible(redact(" ".join(text.splitlines())))


async def _check_network(settings: Settings) -> list[Finding]:
    addresses = [f"{Route.BASE}/gateway", *(each.base_url for each in settings.gateways.values())]
    discord_, gateways, accounts, media, clock = await asyncio.gather(
        _check_discord(settings),
        asyncio.gather(*(check_gateway(*each) for each in settings.gateways.items())),
        check_accounts(settings),
        check_media_hosts(settings.media_allow_hosts),
        check_clock(addresses),
    )
    return [*discord_, *gateways, *accounts, *media, clock]


async def _check_discord(settings: Settings) -> list[Finding]:
    try:
        async with logged_in(settings.discord_token.get_secret_value()) as bot:
            return [*check_application(await bot.application_info()), *await _check_stored(bot, settings)]
    except discord.LoginFailure:
        return [refused()]
    except DiscordUnreachable as error:
        text = (
            f"it cannot be reached ({error}). The bot needs HTTPS to discord.com: check the network and the firewall."
        )
        return [problem("Discord", text), skipped("token, installation, commands, channels", "they need Discord")]


async def _check_stored(bot: commands.Bot, settings: Settings) -> list[Finding]:
    """Compares what the database says about Discord with Discord."""
    if not await is_current(settings):
        return [skipped("commands, channels", "they need the database")]
    try:
        async with open_read_only(settings.database_url) as engine:
            channels = await PostChannelStore(engine).all()
            return [await check_commands(bot, KeyValueStore(engine)), *await check_channels(bot, channels)]
    except StorageError as error:
        return [problem("database", f"it cannot be read ({error}). Restore a backup.")]
