"""The people of a watch: Notify me, joining, stopping, and the list of watches."""

from sandbox.local_discord.people import components
from sandbox.local_gateway.fake_task import FakeTask
from tests import forged
from tests.conftest import Env
from tests.messages import buttons, words
from tests.sample_tasks import FAST, LATER, ONE


async def test_notify_me_says_so_and_turns_into_its_opposite(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        card = await env.status(LATER.id)
        answer = await env.finished(await env.ben.press(card, "Notify me"))
        assert "届时会提及你" in answer["content"]
        assert buttons(answer) == ["取消提醒"]
        await env.ben.press(answer, "取消提醒")
        await env.discord.hub.until(lambda: buttons(answer) == ["完成提醒"])
        assert "已取消关注" in answer["content"]
        await env.ben.press(answer, "完成提醒")
        await env.discord.hub.until(lambda: buttons(answer) == ["取消提醒"])
    async with env.bot():  # the button of a post is a switch, too, also after a restart
        off = await env.finished(await env.ben.press(card, "Notify me"))
        assert "已取消关注" in off["content"]
        await env.clock.advance(700, step=50)
        await env.settle_down()
        assert env.posted() == []


async def test_notify_me_of_two_people_is_each_ones_own(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        card = await env.status(LATER.id)
        await env.finished(await env.ada.press(card, "Notify me"))
        await env.finished(await env.ben.press(card, "Notify me"))
        hers = await env.finished(await env.ada.press(card, "Notify me"))
        await env.clock.advance(700, step=50)
        (post,) = await env.posts()
    assert "won't be mentioned. Others still watch it." in hers["content"]
    assert [user["id"] for user in post["mentions"]] == [env.ben.id]


async def test_a_manager_can_stop_other_peoples_watches(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        answer = await env.watch(LATER.id, person=env.ben)
        not_hers = await env.finished(await env.ada.press(answer, "取消关注"))
        assert "You stopped watching" in not_hers["content"], "who manages the server may"
        again = await env.finished(await env.ben.press(answer, "取消关注"))
        assert again["content"] == "该任务已不在关注中。"
        await env.clock.advance(700, step=50)
        await env.settle_down()
        assert env.posted() == []


async def test_a_joined_person_can_leave_and_a_stranger_cannot_stop_the_watch(env: Env) -> None:
    carl = env.discord.world.add_user("Carl")
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    env.discord.world.add_member(guild, carl)
    env.gateway.add(LATER)
    async with env.bot():
        mine = await env.watch(LATER.id)
        await env.watch(LATER.id, person=env.ben, mention=env.ben.user)
        stopped = await env.finished(await env.ben.press(mine, "Stop"))
        refused = await env.finished(await env.discord.person(carl).press(mine, "Stop"))
        await env.clock.advance(700, step=50)
        (post,) = await env.posts()
    assert "不会提及你" in stopped["content"]
    assert "Only the person who started this" in refused["content"]
    assert post["mentions"] == []


async def test_a_watch_continues_for_a_person_who_joined_it(env: Env) -> None:
    env.gateway.add(LATER)
    async with env.bot():
        await env.watch(LATER.id)
        await env.watch(LATER.id, person=env.ben, mention=env.ben.user)
        hers = await env.finished(await env.ada.slash(env.channel, "suno unwatch", id="all"))
        his_list = await env.watches(env.ben)
        await env.clock.advance(700, step=50)
        (post,) = await env.posts()
    assert "You stopped watching" in hers["content"]
    assert "你关注的任务：1 个" in words(his_list)
    assert [user["id"] for user in post["mentions"]] == [env.ben.id]


async def test_unwatch_one_and_all(env: Env) -> None:
    env.gateway.add(LATER, FakeTask("task_other", songs=(ONE,), states=((0, "running"),)))
    async with env.bot(**FAST):
        await env.watch(LATER.id, "task_other", "task_third")
        await env.says(env.watches, "Harbour Lights")
        offered = await env.ada.autocomplete(env.channel, "suno unwatch", id="")
        assert [each["value"] for each in offered] == ["all", "task_third", "task_other", LATER.id]
        assert [each["value"] for each in await env.ada.autocomplete(env.channel, "suno unwatch", id="harb")] == [
            "task_other",
            LATER.id,
        ]
        assert await env.ben.autocomplete(env.channel, "suno unwatch", id="") == []
        one = await env.finished(await env.ada.slash(env.channel, "suno unwatch", id="task_other"))
        not_his = await env.finished(await env.ben.slash(env.channel, "suno unwatch", id=LATER.id))
        every = await env.finished(await env.ada.slash(env.channel, "suno unwatch", id="all"))
        none = await env.finished(await env.ada.slash(env.channel, "suno unwatch", id="all"))
    assert one["content"] == "🔕 You stopped watching `task_other`."
    assert "你没有关注" in not_his["content"]
    assert every["content"] == "🔕 You stopped watching 2 tasks."
    assert none["content"] == "You aren't watching any tasks."


async def test_the_list_of_watches(env: Env) -> None:
    ids = [f"task_{number:04}" for number in range(10)]
    async with env.bot():
        await env.watch(*ids)
        await env.watch("task_bens", person=env.ben)
        shown = await env.watches()
        assert "Your watched tasks: 10" in words(shown)
        assert words(shown).count("`task_") == 8
        await env.ada.press(shown, "➡️")
        await env.discord.hub.until(lambda: words(shown).count("`task_") == 2)
        await env.ada.press(shown, "Stop")
        await env.discord.hub.until(lambda: "Your watched tasks: 9" in words(shown))
        everybodys = await env.watches(scope="server")
        assert "Watched tasks in this server: 10" in words(everybodys)
        assert f"<@{env.ben.id}>" in words(everybodys)
        refused = await env.watches(env.ben, scope="server")
        assert "只有发起人" in words(refused)
        nothing = await env.watches(env.ben, env.discord.world.dm_with(env.ben.user))
        assert "task_bens" in words(nothing)


async def test_a_forged_button_stops_nobody_elses_watch(env: Env) -> None:
    async with env.bot():
        mine = await env.watch("task_0001")
        bens = await env.watches(env.ben)
        watch_id = next(each["custom_id"] for each in components(mine) if "custom_id" in each).split(":")[-1]
        for scope in ("mine", "server", "odd"):
            await forged.press(env.ben, bens, f"s1:ws:0:{scope}.{watch_id}")
            await forged.press(env.ben, bens, f"s1:wd:0:{scope}.{watch_id}")
        await forged.press(env.ben, bens, "s1:ws:0:mine.not-a-number")
        await forged.press(env.ben, bens, f"s1:st:0:{'9' * 70}")
        await env.settle_down()
        shown = await env.watches()
    assert "Your watched tasks: 1" in words(shown)
