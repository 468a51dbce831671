"""Permissions that a watch needs: of the person who asks, and of the bot."""

from sandbox.local_discord.permissions import ALL, Permission
from tests import forged
from tests.conftest import Env
from tests.messages import links
from tests.sample_tasks import DONE


async def test_only_people_with_permission_can_have_a_role_mentioned(env: Env) -> None:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    role = env.discord.world.add_role(guild, "Singers")
    env.gateway.add(DONE)
    async with env.bot():
        refused = await env.watch(DONE.id, person=env.ben, mention=role)
        other = await env.watch(DONE.id, person=env.ben, mention=env.ada.user)
        everyone = await env.watch(DONE.id, mention=guild["roles"][0])
        await env.watch(DONE.id, mention=role)
        (post,) = await env.posts()
    assert "Singers" in refused["content"]
    assert "Ada" in other["content"] or "ada" in other["content"]
    assert "everyone" in everyone["content"]
    assert post["mention_roles"] == [role["id"]]


async def test_people_cannot_make_the_bot_post_where_they_may_not(env: Env) -> None:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    staff = env.discord.changes.add_channel(guild, "staff")
    env.discord.changes.override(staff, guild["roles"][0], deny=Permission.SEND_MESSAGES)
    async with env.bot():
        answer = await env.watch(DONE.id, person=env.ben, channel=staff)
    assert "你不能在那个频道发送消息" in answer["content"]


async def test_a_role_is_mentioned_where_the_person_could_mention_it(env: Env) -> None:
    """And not only where the command was typed."""
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    singers, everyone = env.discord.world.add_role(guild, "Singers"), guild["roles"][0]
    env.discord.changes.override(env.channel, everyone, allow=Permission.MENTION_EVERYONE)
    stage = env.discord.changes.add_channel(guild, "stage")
    async with env.bot():
        here = await env.watch("task_abcd", person=env.ben, mention=singers)
        there = await env.watch("task_abcd", person=env.ben, mention=singers, channel=stage)
    assert "已关注" in here["content"]
    assert "不能替你提及 `Singers`" in there["content"]


async def test_a_forged_check_tells_nothing_of_another_server(env: Env) -> None:
    world = env.discord.world
    other = world.add_guild("Other", owner=world.add_user("Eve"))
    secret = world.add_channel(other, "secret")
    async with env.bot():
        mine = await env.watch("task_0001")
        answer = await env.finished(await forged.press(env.ada, mine, f"s1:ck:0:{secret['id']}"))
    assert "That channel is gone" in answer["content"]


async def test_missing_permissions_are_named_before_anything_is_lost(env: Env) -> None:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    bot_role = env.discord.world.add_role(guild, "Bots")
    member = env.discord.world.member(guild, env.discord.world.bot["id"])
    assert member
    member["roles"].append(bot_role["id"])
    everyone = guild["roles"][0]
    everyone["permissions"] = str(int(everyone["permissions"]) & ~Permission.ATTACH_FILES)
    env.channel["permission_overwrites"] = [
        {"id": bot_role["id"], "type": 0, "allow": "0", "deny": str(int(Permission.SEND_MESSAGES))}
    ]
    env.gateway.add(DONE)
    async with env.bot():
        answer = await env.watch(DONE.id)
        assert "Watching" in answer["content"], "it is kept all the same"
        assert f"**Send Messages** (denied to <@&{bot_role['id']}> in that channel)" in answer["content"]
        assert "**Attach Files** (none of my roles has it)" in answer["content"]
        still = await env.finished(await env.ada.press(answer, "Check again"))
        assert "Send Messages" in still["content"]
        env.discord.changes.override(env.channel, bot_role)
        env.discord.changes.allow_role(guild, everyone, ALL & ~Permission.ADMINISTRATOR)
        good = await env.finished(await env.ada.press(answer, "Check again"))
        assert "✅ I have every permission I need" in good["content"]
        (post,) = await env.posts()
    assert len(post["attachments"]) == 2


async def test_without_attach_files_there_are_links_and_a_word(env: Env) -> None:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    everyone = guild["roles"][0]
    env.discord.changes.override(env.channel, everyone, deny=Permission.ATTACH_FILES | Permission.EMBED_LINKS)
    env.gateway.add(DONE)
    async with env.bot():
        await env.watch(DONE.id)
        (post,) = await env.posts()
    assert (post["attachments"], post["embeds"]) == ([], [])
    assert "I can't attach files here" in post["content"]
    assert len(links(post)) == 4
