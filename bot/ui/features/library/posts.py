"""The posts of songs, read again: addresses of attachments are signed, and expire."""

import logging

import aiohttp
import discord

from bot.client import Interaction
from bot.domain.library import Song
from bot.services.archives.songs import PostedFiles
from bot.ui.interactions.library_search import viewable_by
from bot.ui.render.cards import is_file_of, name_ending

_OTHER_POSTS = 3  # of a song that are read: each costs a request
_UNREAD = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)

log = logging.getLogger(__name__)


async def posted_files(interaction: Interaction, song: Song) -> PostedFiles:
    """In its post, or else in another of the same song that the person may view. Without addresses if there is none."""
    files = await _files_in_post(interaction, song)
    if files.audio_url:
        return files
    library = interaction.client.services.library
    for other in (await library.other_posts(song, interaction.user.id, viewable_by(interaction)))[:_OTHER_POSTS]:
        files = await _files_in_post(interaction, other)
        if files.audio_url:
            return files
    return PostedFiles()


async def _files_in_post(interaction: Interaction, song: Song) -> PostedFiles:
    """Without addresses if the post, or the file in it, is gone or cannot be read."""
    if not song.place.message_id:
        return PostedFiles()
    channel = interaction.client.get_partial_messageable(song.place.channel_id)
    try:
        message = await channel.fetch_message(song.place.message_id)
    except discord.NotFound:
        await interaction.client.services.library.lost(song)
        return PostedFiles()
    except _UNREAD as error:
        log.info("the post of song %d cannot be read: %s", song.id, error)
        return PostedFiles()
    file = next((each for each in message.attachments if is_file_of(each, song.clip_id, song.number)), None)
    return PostedFiles(file.url, _cover(message, song)) if file else PostedFiles()


def _cover(message: discord.Message, song: Song) -> str:
    """Files that embeds show are not among a message's attachments."""
    ending = name_ending(song.clip_id, song.number)
    pictures = (embed.thumbnail.url or "" for embed in message.embeds)
    return next((url for url in pictures if ending in url), "")
