"""/suno watch in DMs and private channels."""

from tests.conftest import Env
from tests.messages import words
from tests.sample_tasks import DONE, FAST, SOON


async def test_a_promise_by_dm_is_withdrawn_when_the_watch_is_refused(env: Env) -> None:
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot(watches_per_user=1):
        await env.watch("task_0001", at=dm)
        refused = await env.watch("task_0002", at=dm)
    assert "you're watching 1 of 1." in refused["content"]
    assert [each["content"] for each in env.posted(dm)] == ["🔔 I'll DM you the songs of `task_0001`."]


async def test_in_a_dm(env: Env) -> None:
    env.gateway.add(SOON)
    dm = env.discord.world.dm_with(env.ben.user)
    async with env.bot(**FAST):
        answer = await env.watch(SOON.id, person=env.ben, at=dm)
        await env.finish()
        proof, post = await env.posts(2, at=dm)
    assert "完成后会私信给你" in answer["content"]
    assert "完成后会私信给你" in proof["content"]
    assert post["content"] == "🎵 **Harbour Lights** 已生成"
    assert len(post["attachments"]) == 2


async def test_a_closed_dm_is_reported_at_once(env: Env) -> None:
    env.discord.world.closed_dms.add(env.ada.id)
    dm = env.discord.world.dm_with(env.ada.user)
    async with env.bot():
        answer = await env.watch(DONE.id, at=dm)
        shown = await env.watches(at=dm)
    assert "I can't DM you" in answer["content"]
    assert "You aren't watching any tasks" in words(shown)


async def test_songs_for_a_channel_without_the_bot_go_to_a_dm(env: Env) -> None:
    """Installed for themselves, in a private channel of two people."""
    env.gateway.add(SOON)
    world = env.discord.world
    world.installed_by.add(env.ada.id)
    private = world.add_private_channel(env.ada.user, env.ben.user)
    async with env.bot(**FAST):
        answer = await env.watch(SOON.id, at=private)
        await env.finish()
        _, post = await env.posts(2, at=world.dm_with(env.ada.user))
    assert "I'll DM you the songs" in answer["content"]
    assert len(post["attachments"]) == 2
