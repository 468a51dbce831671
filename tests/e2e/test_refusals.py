"""What Discord refuses, and what becomes of it: simpler forms, patience, and a word to the person in the end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.delivery import RECHECK
from sandbox.local_discord.faults import Asked
from sandbox.local_discord.permissions import Permission
from tests.conftest import Town
from tests.e2e.test_watch import DONE, FAST, LATER, ONE, SOON
from tests.faults.scene import in_time_of
from tests.messages import buttons, links, words

Refused = Callable[[Asked], Any]


def has_files(asked: Asked) -> bool:
    return bool(asked.uploads)


def has_cover(asked: Asked) -> bool:
    return any("thumbnail" in embed for embed in (asked.body or {}).get("embeds", ()))


def is_reply(asked: Asked) -> bool:
    return "message_reference" in (asked.body or {})


def always(_asked: Asked) -> bool:
    return True


def refuse(town: Town, status: int, code: int, when: Refused = always) -> None:
    """In the channel: people can be told."""
    town.discord.faults.fail(rf"^/channels/{town.channel['id']}/messages$", status, code, times=1_000, when=when)


@pytest.fixture
def guild(town: Town) -> dict[str, Any]:
    (found,) = town.discord.world.guilds.values()
    return found


@pytest.fixture
def dm(town: Town) -> dict[str, Any]:
    return town.discord.world.dm_with(town.ada.user)


async def test_lyrics_that_automod_blocks_stay_behind(town: Town, guild: dict[str, Any], dm: dict[str, Any]) -> None:
    town.gateway.add(DONE)
    town.discord.world.blocked_words[guild["id"]].add("salt on the rail")
    async with town.bot():
        await town.watch(DONE.id)
        (post,) = await town.posts()
    assert len(post["attachments"]) == 2
    assert "Salt on the rail" not in words(post)
    assert "Lyrics" in buttons(post)
    assert town.posted(dm) == []


async def test_a_title_that_automod_blocks_is_told_to_its_person_who_gets_it_there(
    town: Town, guild: dict[str, Any], dm: dict[str, Any]
) -> None:
    town.gateway.add(DONE)
    town.discord.world.blocked_words[guild["id"]].add("harbour")
    async with town.bot():
        await town.watch(DONE.id)
        (told,) = await town.posts(at=dm)
        songs = await town.finished(await town.ada.press(told, "Audio here"))
        await town.discord.hub.until(lambda: len(songs["attachments"]) == 2)
        shown = await town.finished(await town.ada.slash(town.channel, "suno-admin deliveries"))
    assert town.posted() == []
    assert "**Harbour Lights** is finished, but I couldn't post it." in told["content"]
    assert "this server's AutoMod blocks it" in told["content"]
    assert "200000" in words(shown)


async def test_who_joined_a_watch_is_told_too_in_their_language_and_once(town: Town, dm: dict[str, Any]) -> None:
    town.gateway.add(SOON)
    bens = town.discord.world.dm_with(town.ben.user)
    refuse(town, 400, 50035)
    async with town.bot(**FAST):
        await town.watch(SOON.id)
        await town.watch(SOON.id, person=town.ben)
        await town.finish()
        await town.posts(at=dm)
        (told,) = await town.posts(at=bens)
        await town.clock.pass_(2 * RECHECK, step=600)
        songs = await town.finished(await town.ben.press(told, "获取音频"))
        await town.discord.hub.until(lambda: len(songs["attachments"]) == 2)
    assert "已完成，但我无法发送" in told["content"]
    assert "代码 50035" in told["content"]
    assert len(town.posted(dm)) == len([each for each in town.posted(bens) if each is not songs]) == 1


async def test_who_joined_a_watch_hears_of_a_missing_permission(
    town: Town, guild: dict[str, Any], dm: dict[str, Any]
) -> None:
    town.gateway.add(SOON)
    bens = town.discord.world.dm_with(town.ben.user)
    async with town.bot(**FAST):
        await town.watch(SOON.id)
        await town.watch(SOON.id, person=town.ben)
        town.discord.changes.override(town.channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        await town.finish()
        await town.posts(at=dm)
        (told,) = await town.posts(at=bens)
        town.discord.changes.override(town.channel, guild["roles"][0])
        await town.posts()
        await town.clock.pass_(2 * RECHECK, step=600)
    assert "有内容等待发送到" in told["content"]
    assert len(town.posted(dm)) == len(town.posted(bens)) == 1


async def test_where_the_channel_is_gone_who_began_gets_the_songs_and_who_joined_hears_of_it(
    town: Town, dm: dict[str, Any]
) -> None:
    """Also where the first of them takes no DMs at all."""
    town.gateway.add(SOON)
    bens = town.discord.world.dm_with(town.ben.user)
    async with town.bot(**FAST):
        await town.watch(SOON.id)
        await town.watch(SOON.id, person=town.ben)
        town.discord.changes.delete_channel(town.channel)
        await town.finish()
        (moved,) = await town.posts(at=dm)
        (told,) = await town.posts(at=bens)
        await town.clock.pass_(2 * RECHECK, step=600)
    assert len(moved["attachments"]) == 2
    assert "该频道已不存在" in told["content"]
    assert len(town.posted(dm)) == len(town.posted(bens)) == 1


async def test_that_discord_opens_no_dms_for_a_while_keeps_nobody_from_being_told(town: Town) -> None:
    town.gateway.add(SOON)
    bens = town.discord.world.dm_with(town.ben.user)
    refuse(town, 400, 50035)
    town.discord.faults.fail("/users/@me/channels", 400, 40003, times=3)
    async with town.bot(**FAST):
        await town.watch(SOON.id)
        await town.watch(SOON.id, person=town.ben)
        await town.finish()
        await town.clock.pass_(60, step=5)
        for place in (bens, town.discord.world.dm_with(town.ada.user)):
            assert len(await town.posts(at=place)) == 1


@pytest.mark.parametrize(
    ("status", "code", "when", "files"),
    [
        (400, 20009, has_cover, 2),
        (400, 400001, has_files, 0),
        (400, 50045, has_files, 0),
        (400, 50046, has_cover, 2),
        (400, 50046, has_files, 0),
    ],
)
async def test_what_is_refused_stays_behind_and_the_rest_comes_at_once(
    town: Town, status: int, code: int, when: Refused, files: int
) -> None:
    town.gateway.add(DONE)
    refuse(town, status, code, when)
    async with town.bot():
        await town.watch(DONE.id)
        (post,) = await town.posts()
    assert len(post["attachments"]) == files
    assert files or {"Download 1", "Download 2"} <= links(post).keys()


async def test_a_reply_that_is_refused_is_no_reply(town: Town) -> None:
    town.gateway.add(LATER)
    refuse(town, 400, 160002, is_reply)
    async with town.bot():
        await town.watch(LATER.id, live=True)
        await town.posts()
        await town.clock.pass_(660, step=20)
        _, post = await town.posts(2)
    assert (len(post["attachments"]), "message_reference" in post) == (1, False)


async def test_a_code_that_nobody_knows_is_tried_then_simplified_then_told(town: Town, dm: dict[str, Any]) -> None:
    town.gateway.add(DONE)
    refuse(town, 400, 987654)
    async with town.bot():
        await town.watch(DONE.id)
        await town.clock.pass_(60, step=5)
        (told,) = await town.posts(at=dm)
        await town.says(town.watches, "One result couldn't be posted.")
    assert "code 987654" in told["content"]


async def test_a_simpler_form_saves_what_an_unknown_code_refuses(town: Town) -> None:
    town.gateway.add(DONE)
    refuse(town, 400, 987654, has_cover)
    async with town.bot():
        await town.watch(DONE.id)
        await town.clock.pass_(60, step=5)
        (post,) = await town.posts()
    assert len(post["attachments"]) == 2


@pytest.mark.parametrize(("status", "code"), [(403, 40333), (400, 40004), (400, 40006), (429, 40062)])
async def test_what_passes_is_waited_for(town: Town, dm: dict[str, Any], status: int, code: int) -> None:
    town.gateway.add(DONE)
    refuse(town, status, code)
    async with town.bot():
        await town.watch(DONE.id)
        await town.clock.pass_(600, step=60)
        town.discord.faults.clear()
        await town.clock.pass_(RECHECK, step=600)
        (post,) = await town.posts()
    assert len(post["attachments"]) == 2
    assert town.posted(dm) == []


@pytest.mark.parametrize("code", [160005, 160009, 50024, 50009, 20026])
async def test_what_somebody_has_to_change_is_told_and_waited_for(town: Town, dm: dict[str, Any], code: int) -> None:
    town.gateway.add(DONE)
    refuse(town, 403, code)
    async with town.bot():
        await town.watch(DONE.id)
        (told,) = await town.posts(at=dm)
        town.discord.faults.clear()
        await town.clock.pass_(RECHECK + 60, step=600)
        (post,) = await town.posts()
    assert "Something is waiting for" in told["content"]
    assert len(post["attachments"]) == 2


async def test_files_that_never_get_through_become_links(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discord.http.asyncio", in_time_of(town.clock))
    monkeypatch.setattr("discord.webhook.async_.asyncio", in_time_of(town.clock))
    town.gateway.add(DONE)
    town.discord.faults.fail("/messages", 504, times=1_000, when=has_files)
    async with town.bot():
        await town.watch(DONE.id)
        await town.clock.pass_(180, step=1)
        (post,) = await town.posts()
        began = town.clock.now()
        asked = await town.ada.slash(town.channel, "suno status", id=DONE.id)
        await town.clock.pass_(80, step=1)
        answer = await town.finished(asked)
        await town.discord.hub.until(lambda: "Download 1" in links(answer))
    assert town.clock.now() - began < 90
    for message in (post, answer):
        assert message["attachments"] == []
        assert {"Download 1", "Download 2"} <= links(message).keys()
        assert "Discord didn't accept the files" in message["content"]


async def test_many_songs_at_once_keep_to_discords_rates(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discord.http.asyncio", in_time_of(town.clock))
    lives = [replace(DONE, id=f"task_{number:04}") for number in range(8)]
    town.gateway.add(*lives)
    town.discord.rest.limits.enforced = True
    async with town.bot():
        await town.watch(*(life.id for life in lives))
        await town.clock.pass_(30, step=1)
        await town.posts(len(lives))
    assert len(town.posted()) == len(lives)
    assert all(len(post["attachments"]) == 2 for post in town.posted())


async def test_a_locked_thread_is_waited_for_and_posted_to_when_it_is_unlocked(town: Town, dm: dict[str, Any]) -> None:
    town.gateway.add(SOON)
    thread = town.discord.changes.add_thread(town.channel, "takes")
    async with town.bot(**FAST):
        await town.watch(SOON.id, channel=thread)
        town.discord.changes.lock(thread)
        await town.finish()
        await town.posts(at=dm)
        assert town.posted(thread) == []
        town.discord.changes.unlock(thread)
        (post,) = await town.posts(at=thread, patience=15)
    assert len(post["attachments"]) == 2


async def test_an_answer_that_automod_blocks_comes_without_lyrics_or_is_a_sentence(
    town: Town, guild: dict[str, Any]
) -> None:
    town.gateway.add(DONE, replace(DONE, id="task_other"))
    blocked = town.discord.world.blocked_words[guild["id"]]
    async with town.bot():
        blocked.add("salt on the rail")
        answer = await town.status(DONE.id)
        await town.discord.hub.until(lambda: len(answer["attachments"]) == 2)
        lyrics = await town.finished(await town.ada.press(answer, "Lyrics"))
        blocked.add("harbour")
        other = await town.status("task_other")
        await town.discord.hub.until(lambda: "AutoMod" in words(other))
    assert "Salt on the rail" not in words(answer)
    assert "This server's AutoMod blocks my answer." in words(lyrics)
    assert "Something went wrong" not in words(other)


async def test_a_hidden_channel_is_waited_for_and_nobody_is_named(
    town: Town, guild: dict[str, Any], dm: dict[str, Any]
) -> None:
    """Its cache goes on saying that it is hidden after a role has given the right back."""
    town.gateway.add(SOON)
    world, changes, everyone = town.discord.world, town.discord.changes, guild["roles"][0]
    role, bot = world.add_role(guild, "Suno"), world.member(guild, world.bot["id"])
    assert bot
    bot["roles"].append(role["id"])
    everyone["permissions"] = str(int(everyone["permissions"]) & ~Permission.VIEW_CHANNEL)
    async with town.bot(**FAST):
        answer = await town.watch(SOON.id)  # by the owner, who sees every channel
        checked = await town.finished(await town.ada.press(answer, "Check again"))
        await town.finish()
        await town.posts(at=dm)
        changes.allow_role(guild, role, Permission.VIEW_CHANNEL)
        (post,) = await town.posts()
        again = await town.finished(await town.ada.press(answer, "Check again"))
    assert "Watching" in answer["content"]
    assert "**View Channel** (I can't see that channel)" in answer["content"]
    assert "@everyone" not in answer["content"]
    assert "I can't see" in checked["content"]
    assert len(post["attachments"]) == 2
    assert "I have every permission I need" in again["content"]


async def test_a_private_thread_without_the_bot_is_told_at_once_and_waited_for(town: Town, dm: dict[str, Any]) -> None:
    town.gateway.add(SOON)
    thread = town.discord.changes.add_thread(town.channel, "secret", town.ada.user)
    async with town.bot(**FAST):
        answer = await town.watch(SOON.id, at=thread)
        await town.finish()
        await town.posts(at=dm)
        town.ada.say(thread, f"<@{town.discord.world.bot['id']}> come in")
        await town.discord.hub.until(lambda: any(post["attachments"] for post in town.posted(thread)))
    assert "I'm not in that private thread" in answer["content"]


@pytest.mark.parametrize("missing", [Permission.READ_MESSAGE_HISTORY, Permission.EMBED_LINKS, Permission.ATTACH_FILES])
async def test_a_call_is_answered_as_well_as_it_can_be(town: Town, guild: dict[str, Any], missing: Permission) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        town.discord.changes.override(town.channel, guild["roles"][0], deny=missing)
        town.ben.say(town.channel, f"<@{town.discord.world.bot['id']}> {DONE.id}")
        (answer,) = await town.posts()
        if missing is not Permission.ATTACH_FILES:
            await town.discord.hub.until(lambda: len(answer["attachments"]) >= 2)
        else:
            await town.discord.hub.until(lambda: links(answer))
    assert "Harbour Lights" in words(answer)


async def test_a_bot_that_is_timed_out_says_so(town: Town, guild: dict[str, Any]) -> None:
    town.gateway.add(DONE)
    async with town.bot():
        town.discord.changes.time_out(guild, town.discord.world.bot, town.clock.now() + 600)
        answer = await town.watch(DONE.id)
        await town.posts(at=town.discord.world.dm_with(town.ada.user))
        town.discord.changes.time_out(guild, town.discord.world.bot, None)
        (post,) = await town.posts()
    assert "timed out in this server" in answer["content"]
    assert len(post["attachments"]) == 2


async def test_a_failed_card_edit_keeps_the_rest_of_the_card_alive(town: Town, guild: dict[str, Any]) -> None:
    town.gateway.add(replace(LATER, songs=(ONE,)))
    async with town.bot():
        await town.watch(LATER.id, live=True)
        (card,) = await town.posts()
        town.discord.world.blocked_words[guild["id"]].add("slow jazz")
        await town.clock.pass_(660, step=5)
        await town.discord.hub.until(lambda: "Here is the result" in words(card))
