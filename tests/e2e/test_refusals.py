"""Posts that Discord refuses: simpler forms, retries, and finally a notice to the person."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.delivery import RECHECK
from sandbox.local_discord.faults import Asked
from sandbox.local_discord.permissions import Permission
from tests.conftest import Env
from tests.faults.scenario import asyncio_on
from tests.messages import buttons, links, words
from tests.sample_tasks import DONE, FAST, LATER, ONE, SOON

pytestmark = pytest.mark.faults

Refused = Callable[[Asked], Any]


def has_files(asked: Asked) -> bool:
    return bool(asked.uploads)


def has_cover(asked: Asked) -> bool:
    return any("thumbnail" in embed for embed in (asked.body or {}).get("embeds", ()))


def is_reply(asked: Asked) -> bool:
    return "message_reference" in (asked.body or {})


def always(_asked: Asked) -> bool:
    return True


def refuse(env: Env, status: int, code: int, when: Refused = always) -> None:
    """In the channel; DMs still work."""
    env.discord.faults.fail(rf"^/channels/{env.channel['id']}/messages$", status, code, times=1_000, when=when)


@pytest.fixture
def dm(env: Env) -> dict[str, Any]:
    return env.discord.world.dm_with(env.ada.user)


async def test_lyrics_that_automod_blocks_stay_behind(env: Env, guild: dict[str, Any], dm: dict[str, Any]) -> None:
    env.gateway.add(DONE)
    env.discord.world.blocked_words[guild["id"]].add("salt on the rail")
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2
    assert "Salt on the rail" not in words(post)
    assert "Lyrics" in buttons(post)
    assert env.posted(dm) == []


async def test_a_song_whose_title_automod_blocks_goes_to_its_persons_dms(
    env: Env, guild: dict[str, Any], dm: dict[str, Any]
) -> None:
    env.gateway.add(DONE)
    env.discord.world.blocked_words[guild["id"]].add("harbour")
    async with env.bot():
        await env.watch(DONE.id)
        (notice,) = await env.posts(at=dm)
        songs = await env.finished(await env.ada.press(notice, "Audio here"))
        await env.discord.hub.until(lambda: len(songs["attachments"]) == 2)
        shown = await env.finished(await env.ada.slash(env.channel, "suno-admin deliveries"))
    assert env.posted() == []
    assert "**Harbour Lights** is finished, but I couldn't post it." in notice["content"]
    assert "this server's AutoMod blocks it" in notice["content"]
    assert "200000" in words(shown)


async def test_people_who_joined_are_notified_once_in_their_language(env: Env, dm: dict[str, Any]) -> None:
    env.gateway.add(SOON)
    bens = env.discord.world.dm_with(env.ben.user)
    refuse(env, 400, 50035)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        await env.watch(SOON.id, person=env.ben)
        await env.finish()
        await env.posts(at=dm)
        (notice,) = await env.posts(at=bens)
        await env.clock.advance(2 * RECHECK, step=600)
        songs = await env.finished(await env.ben.press(notice, "获取音频"))
        await env.discord.hub.until(lambda: len(songs["attachments"]) == 2)
    assert "已完成，但我无法发送" in notice["content"]
    assert "代码 50035" in notice["content"]
    assert len(env.posted(dm)) == len([each for each in env.posted(bens) if each is not songs]) == 1


async def test_people_who_joined_are_notified_of_a_missing_permission(
    env: Env, guild: dict[str, Any], dm: dict[str, Any]
) -> None:
    env.gateway.add(SOON)
    bens = env.discord.world.dm_with(env.ben.user)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        await env.watch(SOON.id, person=env.ben)
        env.discord.changes.override(env.channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
        await env.finish()
        await env.posts(at=dm)
        (notice,) = await env.posts(at=bens)
        env.discord.changes.override(env.channel, guild["roles"][0])
        await env.posts()
        await env.clock.advance(2 * RECHECK, step=600)
    assert "有内容等待发送到" in notice["content"]
    assert len(env.posted(dm)) == len(env.posted(bens)) == 1


async def test_after_a_deleted_channel_the_first_person_gets_the_songs_and_others_a_notice(
    env: Env, dm: dict[str, Any]
) -> None:
    """Also where the first of them takes no DMs at all."""
    env.gateway.add(SOON)
    bens = env.discord.world.dm_with(env.ben.user)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        await env.watch(SOON.id, person=env.ben)
        env.discord.changes.delete_channel(env.channel)
        await env.finish()
        (moved,) = await env.posts(at=dm)
        (notice,) = await env.posts(at=bens)
        await env.clock.advance(2 * RECHECK, step=600)
    assert len(moved["attachments"]) == 2
    assert "该频道已不存在" in notice["content"]
    assert len(env.posted(dm)) == len(env.posted(bens)) == 1


async def test_people_are_notified_after_discord_refused_to_open_dms(env: Env) -> None:
    env.gateway.add(SOON)
    bens = env.discord.world.dm_with(env.ben.user)
    refuse(env, 400, 50035)
    env.discord.faults.fail("/users/@me/channels", 400, 40003, times=3)
    async with env.bot(**FAST):
        await env.watch(SOON.id)
        await env.watch(SOON.id, person=env.ben)
        await env.finish()
        await env.clock.advance(60, step=5)
        for place in (bens, env.discord.world.dm_with(env.ada.user)):
            assert len(await env.posts(at=place)) == 1


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
async def test_a_refused_part_waits_and_the_rest_is_posted(
    env: Env, status: int, code: int, when: Refused, files: int
) -> None:
    env.gateway.add(DONE)
    refuse(env, status, code, when)
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert len(post["attachments"]) == files
    assert files or {"Download 1", "Download 2"} <= links(post).keys()


async def test_a_refused_reply_is_sent_as_a_plain_message(env: Env) -> None:
    env.gateway.add(LATER)
    refuse(env, 400, 160002, is_reply)
    async with env.bot():
        await env.watch(LATER.id, live=True)
        await env.posts()
        await env.clock.advance(660, step=20)
        _, post = await env.posts(2)
    assert (len(post["attachments"]), "message_reference" in post) == (1, False)


async def test_an_unknown_error_code_is_retried_then_simplified_then_reported(env: Env, dm: dict[str, Any]) -> None:
    env.gateway.add(DONE)
    refuse(env, 400, 987654)
    async with env.bot():
        await env.watch(DONE.id)
        await env.clock.advance(60, step=5)
        (notice,) = await env.posts(at=dm)
        await env.says(env.watches, "One result couldn't be posted.")
    assert "code 987654" in notice["content"]


async def test_a_simpler_form_saves_what_an_unknown_code_refuses(env: Env) -> None:
    env.gateway.add(DONE)
    refuse(env, 400, 987654, has_cover)
    async with env.bot():
        await env.watch(DONE.id)
        await env.clock.advance(60, step=5)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2


@pytest.mark.parametrize(("status", "code"), [(403, 40333), (400, 40004), (400, 40006), (429, 40062)])
async def test_temporary_refusals_are_waited_for(env: Env, dm: dict[str, Any], status: int, code: int) -> None:
    env.gateway.add(DONE)
    refuse(env, status, code)
    async with env.bot():
        await env.watch(DONE.id)
        await env.clock.advance(600, step=60)
        env.discord.faults.clear()
        await env.clock.advance(RECHECK, step=600)
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2
    assert env.posted(dm) == []


@pytest.mark.parametrize("code", [160005, 160009, 50024, 50009, 20026])
async def test_a_refusal_that_somebody_must_fix_is_reported_and_the_post_waits(
    env: Env, dm: dict[str, Any], code: int
) -> None:
    env.gateway.add(DONE)
    refuse(env, 403, code)
    async with env.bot():
        await env.watch(DONE.id)
        (notice,) = await env.posts(at=dm)
        env.discord.faults.clear()
        await env.clock.advance(RECHECK + 60, step=600)
        (post,) = await env.posts()
    assert "Something is waiting for" in notice["content"]
    assert len(post["attachments"]) == 2


async def test_files_that_never_get_through_become_links(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discord.http.asyncio", asyncio_on(env.clock))
    monkeypatch.setattr("discord.webhook.async_.asyncio", asyncio_on(env.clock))
    env.gateway.add(DONE)
    env.discord.faults.fail("/messages", 504, times=1_000, when=has_files)
    async with env.bot():
        await env.watch(DONE.id)
        await env.clock.advance(180, step=1)
        (post,) = await env.posts()
        began = env.clock.now()
        asked = await env.ada.slash(env.channel, "suno status", id=DONE.id)
        await env.clock.advance(80, step=1)
        answer = await env.finished(asked)
        await env.discord.hub.until(lambda: "Download 1" in links(answer))
    assert env.clock.now() - began < 90
    for message in (post, answer):
        assert message["attachments"] == []
        assert {"Download 1", "Download 2"} <= links(message).keys()
        assert "Discord didn't accept the files" in message["content"]


async def test_many_songs_at_once_keep_to_discords_rates(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discord.http.asyncio", asyncio_on(env.clock))
    fakes = [replace(DONE, id=f"task_{number:04}") for number in range(8)]
    env.gateway.add(*fakes)
    env.discord.rest.limits.enforced = True
    async with env.bot():
        await env.watch(*(fake.id for fake in fakes))
        await env.clock.advance(30, step=1)
        await env.posts(len(fakes))
    assert len(env.posted()) == len(fakes)
    assert all(len(post["attachments"]) == 2 for post in env.posted())


async def test_a_locked_thread_is_waited_for_and_posted_to_when_it_is_unlocked(env: Env, dm: dict[str, Any]) -> None:
    env.gateway.add(SOON)
    thread = env.discord.changes.add_thread(env.channel, "takes")
    async with env.bot(**FAST):
        await env.watch(SOON.id, channel=thread)
        env.discord.changes.lock(thread)
        await env.finish()
        await env.posts(at=dm)
        assert env.posted(thread) == []
        env.discord.changes.unlock(thread)
        (post,) = await env.posts(at=thread, patience=15)
    assert len(post["attachments"]) == 2


async def test_an_answer_that_automod_blocks_comes_without_lyrics_or_is_a_sentence(
    env: Env, guild: dict[str, Any]
) -> None:
    env.gateway.add(DONE, replace(DONE, id="task_other"))
    blocked = env.discord.world.blocked_words[guild["id"]]
    async with env.bot():
        blocked.add("salt on the rail")
        answer = await env.status(DONE.id)
        await env.discord.hub.until(lambda: len(answer["attachments"]) == 2)
        lyrics = await env.finished(await env.ada.press(answer, "Lyrics"))
        blocked.add("harbour")
        other = await env.status("task_other")
        await env.discord.hub.until(lambda: "AutoMod" in words(other))
    assert "Salt on the rail" not in words(answer)
    assert "This server's AutoMod blocks my answer." in words(lyrics)
    assert "Something went wrong" not in words(other)


async def test_posts_wait_for_a_hidden_channel_and_nobody_is_named(
    env: Env, guild: dict[str, Any], dm: dict[str, Any]
) -> None:
    """Its cache goes on saying that it is hidden after a role has given the right back."""
    env.gateway.add(SOON)
    world, changes, everyone = env.discord.world, env.discord.changes, guild["roles"][0]
    role, bot = world.add_role(guild, "Suno"), world.member(guild, world.bot["id"])
    assert bot
    bot["roles"].append(role["id"])
    everyone["permissions"] = str(int(everyone["permissions"]) & ~Permission.VIEW_CHANNEL)
    async with env.bot(**FAST):
        answer = await env.watch(SOON.id)  # by the owner, who sees every channel
        checked = await env.finished(await env.ada.press(answer, "Check again"))
        await env.finish()
        await env.posts(at=dm)
        changes.allow_role(guild, role, Permission.VIEW_CHANNEL)
        (post,) = await env.posts()
        again = await env.finished(await env.ada.press(answer, "Check again"))
    assert "Watching" in answer["content"]
    assert "**View Channel** (I can't see that channel)" in answer["content"]
    assert "@everyone" not in answer["content"]
    assert "I can't see" in checked["content"]
    assert len(post["attachments"]) == 2
    assert "I have every permission I need" in again["content"]


async def test_a_private_thread_without_the_bot_is_reported_at_once_and_posts_wait(
    env: Env, dm: dict[str, Any]
) -> None:
    env.gateway.add(SOON)
    thread = env.discord.changes.add_thread(env.channel, "secret", env.ada.user)
    async with env.bot(**FAST):
        answer = await env.watch(SOON.id, at=thread)
        await env.finish()
        await env.posts(at=dm)
        env.ada.say(thread, f"<@{env.discord.world.bot['id']}> come in")
        await env.discord.hub.until(lambda: any(post["attachments"] for post in env.posted(thread)))
    assert "I'm not in that private thread" in answer["content"]


@pytest.mark.parametrize("missing", [Permission.READ_MESSAGE_HISTORY, Permission.EMBED_LINKS, Permission.ATTACH_FILES])
async def test_a_call_is_answered_as_well_as_it_can_be(env: Env, guild: dict[str, Any], missing: Permission) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        env.discord.changes.override(env.channel, guild["roles"][0], deny=missing)
        env.ben.say(env.channel, f"<@{env.discord.world.bot['id']}> {DONE.id}")
        (answer,) = await env.posts()
        if missing is not Permission.ATTACH_FILES:
            await env.discord.hub.until(lambda: len(answer["attachments"]) >= 2)
        else:
            await env.discord.hub.until(lambda: links(answer))
    assert "Harbour Lights" in words(answer)


async def test_a_bot_that_is_timed_out_says_so(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(DONE)
    async with env.bot():
        env.discord.changes.time_out(guild, env.discord.world.bot, env.clock.now() + 600)
        answer = await env.watch(DONE.id)
        await env.posts(at=env.discord.world.dm_with(env.ada.user))
        env.discord.changes.time_out(guild, env.discord.world.bot, None)
        (post,) = await env.posts()
    assert "timed out in this server" in answer["content"]
    assert len(post["attachments"]) == 2


async def test_a_failed_card_edit_keeps_the_rest_of_the_card_alive(env: Env, guild: dict[str, Any]) -> None:
    env.gateway.add(replace(LATER, songs=(ONE,)))
    async with env.bot():
        await env.watch(LATER.id, live=True)
        (card,) = await env.posts()
        env.discord.world.blocked_words[guild["id"]].add("slow jazz")
        await env.clock.advance(660, step=5)
        await env.discord.hub.until(lambda: "Here is the result" in words(card))
