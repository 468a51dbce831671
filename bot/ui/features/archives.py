"""Songs as ZIP files, sent one after the other to who asks, as they become ready."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from io import BufferedRandom

import aiohttp
import discord

from bot.client import Interaction
from bot.errors import GatewayError, MediaNoRoom, MediaTooBig, NotInLibrary
from bot.services.archives.service import MAX_SONGS, ArchivePart, LeftOut
from bot.services.archives.songs import ArchiveSong, ReadPost, no_post
from bot.ui.interactions.access import language_of
from bot.ui.interactions.errors import sentence
from bot.ui.render.cards import MAX_REQUEST
from bot.ui.render.files import TitledFile
from bot.ui.render.locales import Language
from bot.ui.render.text import megabytes, one_line

_TOO_LARGE_STATUS, _TOO_LARGE_CODE = 413, 40005  # HTTP's and Discord's
_MAX_BYTES = 50 * 1024 * 1024  # bytes of a ZIP: with the next song it is within a person's part of the disk
# In bytes. Discord documents that a request has 25 MiB at most, but takes more in boosted servers: that is tried first.
_LIMITS = (MAX_REQUEST, *(mib * 1024 * 1024 for mib in (20, 10, 8)))
_ANSWERABLE = 15 * 60.0  # seconds for which Discord lets us change an answer
_LATEST = 13 * 60.0  # seconds after which no more is sent
_UPLOAD_PATIENCE = 120.0  # seconds
_LAST_WORDS = 2.0  # seconds, while the bot is stopping
_NAMED, _TITLE = 10, 60  # songs that are named, and characters of each title

log = logging.getLogger(__name__)


async def send_archive(
    interaction: Interaction, songs: Sequence[ArchiveSong], name: str, *, read_post: ReadPost = no_post
) -> None:
    """`name`: of the files, without an extension. The interaction is deferred."""
    async with interaction.client.services.archives.turn(interaction.user.id):
        await _Sending(interaction, songs[:MAX_SONGS], name, read_post).run(beyond=len(songs[MAX_SONGS:]))


class _OutOfTime(Exception):
    """Discord would not let us answer any more, or does not take a file in time."""


class _Sending:
    def __init__(self, interaction: Interaction, songs: Sequence[ArchiveSong], name: str, read_post: ReadPost) -> None:
        self._interaction = interaction
        self._language = language_of(interaction)
        self._songs = songs
        self._name = name
        self._read_post = read_post
        self._limit = min(interaction.filesize_limit or interaction.client.services.upload_limit, _MAX_BYTES)
        self._until = time.monotonic() + _LATEST
        self._taken = self._packed = self._files = 0  # songs that were dealt with, songs and files that were sent
        self._left_out: list[LeftOut] = []
        self._private = True

    async def run(self, *, beyond: int) -> None:
        message = await self._say_packing()
        self._private = message.flags.ephemeral
        try:
            while self._taken < len(self._songs):
                await self._send_parts()
        except _OutOfTime:
            log.info("an archive took too long: %d of %d songs are sent", self._taken, len(self._songs))
        except MediaNoRoom as error:
            log.info("an archive is not made: %s", error)
            await self._tell("\n".join([self._summary(beyond), self._language("zip.noroom")]).strip())
            return
        except asyncio.CancelledError:
            await self._say_stopped()
            raise
        await self._tell(self._summary(beyond))

    async def _say_packing(self) -> discord.InteractionMessage:
        """With the time at which it would be over: if the bot is killed, nobody can change the message any more."""
        until = f"<t:{self._interaction.created_at.timestamp() + _ANSWERABLE:.0f}:t>"
        return await self._tell(self._language("zip.packing", n=self._taken, all=len(self._songs), until=until))

    async def _say_stopped(self) -> None:
        """The bot is stopping: nobody would ever change what is said now."""
        with suppress(discord.HTTPException, aiohttp.ClientError, OSError):
            async with asyncio.timeout(_LAST_WORDS):
                waiting = len(self._songs) - self._taken
                lines = [*self._outcome(), self._language("zip.stopped", n=waiting)]
                await self._tell("\n".join(lines))

    async def _send_parts(self) -> None:
        """From where it is, until all are sent or Discord refuses one for its size, which lowers the limit."""
        parts = self._interaction.client.services.archives.parts(
            self._songs,
            limit=self._limit,
            person=self._interaction.user.id,
            read_post=self._read_post,
            before=self._taken,
        )
        async with aclosing(parts):
            async for part in parts:
                if time.monotonic() > self._until:
                    raise _OutOfTime
                if part.file and not await self._send(part, part.file):
                    return
                self._taken += part.taken
                self._packed += part.songs
                self._left_out += part.left_out
                if self._taken < len(self._songs):
                    await self._say_packing()

    async def _send(self, part: ArchivePart, file: BufferedRandom) -> bool:
        """False: Discord takes less than it said."""
        is_only = not self._files and self._taken + part.taken == len(self._songs)
        name = f"{self._name}.zip" if is_only else f"{self._name}-{self._files + 1}.zip"
        try:
            async with asyncio.timeout(_UPLOAD_PATIENCE):
                await self._interaction.followup.send(file=TitledFile(file, name), ephemeral=self._private)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            if _may_be_too_large(part.size, error):
                log.info("Discord does not take %d bytes: %r", part.size, error)
                self._limit = next((each for each in _LIMITS if each < part.size), part.size - 1)
                return False
            if isinstance(error, TimeoutError):
                raise _OutOfTime from None
            raise
        self._files += 1
        return True

    async def _tell(self, text: str) -> discord.InteractionMessage:
        return await self._interaction.edit_original_response(content=text[:2_000])

    def _outcome(self) -> list[str]:
        """What was sent, and what could not be had."""
        language = self._language
        key = "zip.done" if self._files == 1 else "zip.done_parts"
        lines = [language(key, n=self._packed, files=self._files)] if self._packed else []
        named = [each for each in self._left_out if not isinstance(each.error, NotInLibrary)]
        lines += [_reason(each, language, self._limit) for each in named[:_NAMED]]
        if more := len(named[_NAMED:]):
            lines.append(language("zip.more", n=more))
        if gone := len(self._left_out) - len(named):
            lines.append(language("zip.gone", n=gone))
        return lines

    def _summary(self, beyond: int) -> str:
        language, waiting, lines = self._language, len(self._songs) - self._taken, self._outcome()
        if waiting:
            lines.append(language("zip.late", n=waiting))
        if beyond:
            lines.append(language("zip.beyond", n=beyond, most=MAX_SONGS))
        return "\n".join(lines) or language("zip.none")


def _may_be_too_large(size: int, error: Exception) -> bool:
    """Of what is beyond the documented size, Discord may also cut the connection, or not read on."""
    if not isinstance(error, discord.HTTPException):
        return size > MAX_REQUEST
    return size > MAX_REQUEST or error.status == _TOO_LARGE_STATUS or error.code == _TOO_LARGE_CODE


def _reason(left_out: LeftOut, language: Language, limit: int) -> str:
    title = one_line(left_out.song.title, _TITLE) or language("card.untitled")
    error = left_out.error
    if isinstance(error, MediaTooBig):
        return language("zip.toobig", title=title, limit=megabytes(limit))
    if isinstance(error, GatewayError):
        return language("zip.failed", title=title, why=sentence(error, language) or "")
    return language("zip.absent", title=title)
