"""Checks whether the bot may post in the channels that it posts to."""

import re
from collections.abc import Sequence

import discord
from discord.ext import commands

from bot.commands.doctor.findings import Finding, ok, problem, warning
from bot.commands.name import program_name
from bot.storage.post_channels import PostChannel
from bot.ui.interactions.permissions import NEEDED_TO_POST, Missing, missing_for
from bot.ui.render.locales import language_for

_CHOOSE = "Choose another in /suno-admin setup."


async def check_channels(bot: commands.Bot, channels: Sequence[PostChannel]) -> list[Finding]:
    findings = []
    for guild_id in dict.fromkeys(target.guild_id for target in channels):
        channel_ids = [target.channel_id for target in channels if target.guild_id == guild_id]
        findings += await _check_server(bot, guild_id, channel_ids)
    return findings or [ok("channels", "nothing is to be posted in any")]


async def _check_server(bot: commands.Bot, guild_id: int, channel_ids: Sequence[int]) -> list[Finding]:
    try:
        guild = await bot.fetch_guild(guild_id, with_counts=False)
        me = await guild.fetch_member(bot.user.id if bot.user else 0)
    except (discord.NotFound, discord.Forbidden):
        back = f"Bring it back: {program_name()} invite"
        return [warning(f"server {guild_id}", f"the bot is no longer there. {back}")]
    return [await _check_channel(bot, me, channel_id) for channel_id in channel_ids]


async def _check_channel(bot: commands.Bot, me: discord.Member, channel_id: int) -> Finding:
    """A fetched thread does not contain its channel, so that is fetched, too."""
    subject = f"channel {channel_id} in {me.guild.name}"
    try:
        place = await bot.fetch_channel(channel_id)
        thread = isinstance(place, discord.Thread)
        channel = await bot.fetch_channel(place.parent_id) if isinstance(place, discord.Thread) else place
    except discord.NotFound:
        return warning(subject, f"it is gone: songs for it go to people's DMs. {_CHOOSE}")
    except discord.Forbidden:
        return problem(subject, "the bot cannot see it. Edit Channel > Permissions: allow it View Channel.")
    if not isinstance(channel, discord.abc.GuildChannel):
        return warning(subject, f"nothing can be posted there. {_CHOOSE}")
    return _judge(f"#{place} in {me.guild.name}", missing_for(me, channel, in_thread=thread), me.guild)


def _judge(subject: str, missing: Sequence[Missing], guild: discord.Guild) -> Finding:
    if not missing:
        return ok(subject, "the bot may post there")
    silent = any(each.permission in NEEDED_TO_POST for each in missing)
    text = "nothing can be posted there" if silent else "songs come incomplete there"
    named = ", ".join(_in_words(each, guild) for each in missing)
    return (problem if silent else warning)(subject, f"{text}. Edit Channel > Permissions: allow the bot {named}.")


def _in_words(missing: Missing, guild: discord.Guild) -> str:
    name = language_for("en-US")(f"perm.{missing.name}")
    return f"{name} (denied to {_name(missing.denied_by, guild)})" if missing.denied_by else name


def _name(mention: str, guild: discord.Guild) -> str:
    """The name of a mentioned role or member, for a terminal."""
    number = re.search(r"\d+", mention)
    role = guild.get_role(int(number[0])) if number else None
    return role.name if role else mention if number is None else "the bot itself"
