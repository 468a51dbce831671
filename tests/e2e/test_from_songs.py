"""From what was made to the next song: the buttons under posts and answers, /suno extend, /suno cover, fine tuning."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.order import OrderState
from sandbox.local_discord.people import Person, components
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask, Song
from sandbox.local_gateway.server import Fault
from tests.conftest import Env
from tests.e2e.test_create import ON, card, fill, let_in, orders, press, turn_on, with_role
from tests.messages import buttons, words
from tests.sample_tasks import DONE, FAST, ONE, TWO, WORDS

FAILED = FakeTask("44444444-2222-4333-8444-555555555555", states=((0, "failed"),), reason="no GPU was free")


async def pressed(env: Env, person: Person, message: dict[str, Any], label: str) -> dict[str, Any]:
    """The private answer to a press on a button of a post."""
    name = next(each for each in buttons(message) if each.startswith(label))
    return await env.finished(await person.press(message, name))


async def first_post(env: Env, task: FakeTask = DONE) -> dict[str, Any]:
    env.gateway.add(task)
    await env.watch(task.id)
    return (await env.posts())[0]


async def sent(env: Env, count: int = 1) -> dict[str, Any]:
    """The body of the newest order that reached the gateway."""
    await env.discord.hub.until(lambda: len(env.gateway.orders.posts) == count)
    return env.gateway.orders.posts[-1].body


def rows(message: dict[str, Any]) -> list[list[str]]:
    return [[each["label"] for each in row["components"]] for row in message["components"]]


async def test_under_a_finished_song_its_extension_is_ordered_with_a_card(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        post = await first_post(env)
        assert rows(post)[1] == ["Again", "Extend", "#1 · 0", "#2 · 0"], "and no Cover where it may be dropped"
        shown = await pressed(env, env.ada, post, "Extend")
        assert "Goes on from **Harbour Lights · 1/2** at 0:03" in shown["content"]
        assert env.gateway.orders.posts == [], "no button pays"
        opened = await env.ada.press(shown, "Edit")
        await env.changed(await fill(env.ada, opened, field1="0:01.5", field2="[Bridge]\nOut at sea"))
        await env.settle_down(0.1)
        assert "at 0:01.5" in shown["content"]
        await press(env, env.ada, shown, "Create")
        body = await sent(env)
    assert body | {"task": "extend", "task_id": DONE.id, "continue_clip_id": ONE.clip_id, "continue_at": 1.5} == body
    assert (body["prompt"], body["tags"], body["title"]) == ("[Bridge]\nOut at sea", "slow jazz", "Harbour Lights")


async def test_the_other_song_of_a_task_is_chosen_in_the_form(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        env.gateway.add(DONE)
        await env.status(DONE.id)
        (first, second) = await env.ada.autocomplete(env.channel, "suno extend", song="harbour")
        assert [first["name"], second["name"]] == ["Harbour Lights · 1/2", "Harbour Lights · 2/2"]
        opened = await env.ada.slash(env.channel, "suno extend", song=first["value"], at="0:01")
        assert opened.modal
        for field in (each["component"] for each in opened.modal["components"]):
            if field["type"] == 3 and field["options"][0]["label"].startswith("Harbour"):
                field["options"][0]["default"], field["options"][1]["default"] = False, True
        shown = await env.finished(await fill(env.ada, opened, field2="Out at sea"))
        assert "Goes on from **Harbour Lights · 2/2** at 0:01" in shown["content"]
        await press(env, env.ada, shown, "Create")
        assert (await sent(env))["continue_clip_id"] == TWO.clip_id


@pytest.mark.parametrize(("at", "told"), [("9:99", "isn't a moment in a song"), ("1:00", "over before that moment")])
async def test_a_moment_that_cannot_be_is_told_and_nothing_typed_is_lost(env: Env, at: str, told: str) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        env.gateway.add(DONE)
        opened = await env.ada.slash(env.channel, "suno extend", song=DONE.id)
        shown = await env.finished(await fill(env.ada, opened, field1=at, field2="Out at sea"))
        assert told in shown["content"]
        assert not any(each.startswith("Create") for each in buttons(shown))
        opened = await env.ada.press(shown, "Edit")
        assert opened.modal
        assert opened.modal["components"][2]["component"]["value"] == "Out at sea"
        answer = await env.finished(await env.ada.slash(env.channel, "suno extend", song=DONE.id, at="soon"))
        assert "isn't a moment in a song" in answer["content"]


async def test_where_the_gateway_takes_its_time_the_card_comes_instead_of_the_form(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        env.gateway.add(DONE)
        slow = Fault(path="/suno/fetch", delay=2.0, change=bytes, headers={"Content-Type": "application/json"})
        env.gateway.faults.append(slow)
        asked = await env.ada.slash(env.channel, "suno extend", song=DONE.id)
        shown = await env.finished(asked)
        assert asked.modal is None
        assert "Goes on from **Harbour Lights · 1/2**" in shown["content"]


async def test_cover_is_for_gateways_that_are_known_to_cover(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        env.gateway.add(DONE)
        answer = await env.finished(await env.ada.slash(env.channel, "suno cover", song=DONE.id, style="polka"))
        assert "isn't known to make covers" in answer["content"]
    async with env.bot(**ON, suno_can="cover"):
        opened = await env.ada.slash(env.channel, "suno cover", song=f"{DONE.id}#2", style="polka")
        shown = await env.finished(await fill(env.ada, opened))
        assert "Covers **Harbour Lights · 2/2**" in shown["content"]
        await press(env, env.ada, shown, "Create")
        body = await sent(env)
    assert (body["task"], body["cover_clip_id"], body["tags"]) == ("cover", TWO.clip_id, "polka")
    assert body["prompt"] == TWO.lyrics


async def test_a_cover_wants_a_style_first(env: Env) -> None:
    async with env.bot(**ON, suno_can="cover"):
        await turn_on(env)
        post = await first_post(env)
        assert rows(post)[1] == ["Again", "Extend", "Cover", "#1 · 0", "#2 · 0"]
        shown = await pressed(env, env.ada, post, "Cover")
        assert "There is no style yet" in shown["content"]
        assert not any(each.startswith("Create") for each in buttons(shown))


async def test_what_somebody_wrote_for_a_song_is_theirs_when_others_press_again(env: Env) -> None:
    env.gateway.orders.takes = 3.0
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON):
        await let_in(env, await turn_on(env), role)
        await press(env, env.ada, await card(env, about="a secret wish of mine"), "Create")
        await env.clock.advance(30, step=1)
        await env.discord.hub.until(lambda: any(each["attachments"] for each in env.posted()))
        post = next(each for each in env.posted() if each["attachments"])
        mine = await pressed(env, env.ada, post, "Again")
        assert "a secret wish of mine" in mine["content"]
        theirs = await pressed(env, env.ben, post, "Again")
        assert "自己" not in theirs["content"]
        opened = await env.ben.press(theirs, "编辑")
        assert opened.modal
        assert [each["component"].get("value") for each in opened.modal["components"]][1] == "folk, warm"
        await press(env, env.ben, theirs, "创作")
        assert "gpt_description_prompt" not in await sent(env, 2)


async def test_lyrics_become_a_song(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        env.gateway.add(WORDS)
        answer = await env.status(WORDS.id)
        assert rows(answer)[1] == ["Make a song of it"], "these were not ordered here"
        shown = await pressed(env, env.ada, answer, "Make a song of it")
        assert "**Words**" in shown["content"]
        await press(env, env.ada, shown, "Create")
        assert (await sent(env))["prompt"] == WORDS.text


async def test_lyrics_that_were_ordered_can_be_edited_before_they_become_a_song(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        shown = await env.finished(await env.ada.slash(env.channel, "suno write", about="harbours"))
        await press(env, env.ada, shown, "Create")
        await env.clock.advance(30, step=1)
        await env.discord.hub.until(lambda: any("Edit" in buttons(each) for each in env.posted()))
        post = next(each for each in env.posted() if "Edit" in buttons(each))
        opened = await env.ada.press(post, "Edit")
        made = await env.finished(await fill(env.ada, opened, field1="shanty"))
        assert made["id"] != post["id"], "the post stays as it is"
        await press(env, env.ada, made, "Create")
        body = await sent(env, 2)
    assert (body["tags"], "harbours" in body["prompt"]) == ("shanty", True)


async def failed_post(env: Env) -> dict[str, Any]:
    """Of a song that was ordered, and that Suno could not make."""
    env.gateway.orders.fails = "Song Description contained artist name: Nobody"
    await press(env, env.ada, await card(env, about="a secret wish of mine"), "Create")
    await env.clock.advance(30, step=1)
    await env.discord.hub.until(lambda: any("Edit and try again" in buttons(each) for each in env.posted()))
    env.gateway.orders.fails = ""
    return next(each for each in env.posted() if "Edit and try again" in buttons(each))


async def test_a_song_that_failed_is_edited_and_tried_again_by_who_wrote_it(env: Env) -> None:
    env.gateway.orders.takes = 3.0
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON):
        await let_in(env, await turn_on(env), role)
        post = await failed_post(env)
        assert "was given back" in post["content"]
        told = await pressed(env, env.ben, post, "Edit and try again")
        assert "只有下单的人可以重试" in told["content"]
        shown = await pressed(env, env.ada, post, "Edit and try again")
        assert "a secret wish of mine" in shown["content"]
        await env.clock.advance(31)
        await press(env, env.ada, shown, "Create")
        await sent(env, 2)
        answer = await env.status(env.gateway.orders.posts[0].task_id)
        assert "Edit and try again" in buttons(answer)


async def test_under_what_failed_elsewhere_there_is_nothing_to_try_again(env: Env) -> None:
    env.gateway.add(FAILED)
    async with env.bot(**ON):
        await turn_on(env)
        assert "Edit and try again" not in buttons(await env.status(FAILED.id))


async def test_the_notice_in_a_dm_leads_to_an_order_in_the_server_it_was_of(env: Env) -> None:
    env.gateway.orders.plan = ["refuses"]
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON):
        await let_in(env, await turn_on(env), role)
        await press(env, env.ben, await card(env, env.ben), "创作")
        await env.clock.advance(40, step=5)
        dm = env.discord.world.dm_with(env.ben.user)
        await env.discord.hub.until(lambda: any("编辑后重试" in buttons(each) for each in env.posted(dm)))
        shown = await pressed(env, env.ben, env.posted(dm)[-1], "编辑后重试")
        assert f"<#{env.channel['id']}>" in shown["content"]
        await press(env, env.ben, shown, "创作")
        await sent(env, 2)
        env.discord.changes.override(
            env.channel, env.discord.world.guilds[env.channel["guild_id"]]["roles"][0], deny=Permission.SEND_MESSAGES
        )
        told = await pressed(env, env.ben, env.posted(dm)[-1], "编辑后重试")
        assert "你不能在那个频道发送消息" in told["content"]


async def test_old_posts_answer_with_one_sentence_when_creating_was_turned_off(env: Env) -> None:
    async with env.bot(**ON, suno_can="cover"):
        panel = await turn_on(env)
        post = await first_post(env)
        await env.changed(await env.ada.press(panel, "Turn creating off"))
        for label in ("Again", "Extend", "Cover"):
            assert "Creating is off in this server" in (await pressed(env, env.ada, post, label))["content"]
        assert "Again" not in buttons(await env.status(DONE.id))
    async with env.bot(**FAST):
        for label in ("Again", "Extend", "Cover"):
            assert "CREATE=on" in (await pressed(env, env.ada, post, label))["content"]
        answer = await env.finished(await env.ada.slash(env.channel, "suno extend", song=DONE.id))
        assert "CREATE=on" in answer["content"]
    assert await orders(env) == []


async def test_in_a_dm_the_buttons_are_for_who_may_create_there(env: Env) -> None:
    env.gateway.add(DONE)
    dm = env.discord.world.dm_with(env.ada.user)
    listed = {"private_users": env.ada.id, "create_in_dms": "listed"}
    async with env.bot(**ON):
        answer = await env.finished(await env.ada.slash(dm, "suno status", id=DONE.id))
        assert "Again" not in buttons(answer)
    async with env.bot(**ON, **listed):
        answer = await env.finished(await env.ada.slash(dm, "suno status", id=DONE.id))
        shown = await pressed(env, env.ada, answer, "Again")
        assert "this DM" in shown["content"]
        await press(env, env.ada, shown, "Create")
        await sent(env)
    assert [state for _, state in await orders(env)] == [OrderState.ACCEPTED]


async def test_fine_tuning_is_told_on_the_card_and_what_may_be_ignored_of_it(env: Env) -> None:
    async with env.bot(**ON, suno_can="weights"):
        await turn_on(env)
        env.gateway.add(DONE)
        shown = await pressed(env, env.ada, await env.status(DONE.id), "Again")
        opened = await env.ada.press(shown, "Fine tuning")
        await env.changed(await fill(env.ada, opened, field0="metal", field1="60", field2="lots"))
        await env.settle_down(0.1)
        assert "Style weight: 60% · Not this style: metal" in shown["content"]
        assert '"lots" isn\'t a number from 0 to 100' in shown["content"]
        assert "This gateway may ignore: what the style is not." in shown["content"]
        await press(env, env.ada, shown, "Create")
        body = await sent(env)
    assert body["metadata"]["control_sliders"] == {"style_weight": 0.6}


@pytest.mark.parametrize(
    ("drops", "told"),
    [(True, "This gateway ignores: what the style is not"), (False, "")],
    ids=["dropped", "passed on"],
)
async def test_what_comes_of_orders_tells_what_the_gateway_ignores(env: Env, *, drops: bool, told: str) -> None:
    """Of two songs that were ordered without metal, neither tells of it; or the first does."""
    env.gateway.orders.drops, env.gateway.orders.takes = drops, 3.0
    async with env.bot(**ON):
        await turn_on(env)
        env.gateway.add(DONE)
        answer = await env.status(DONE.id)
        for number in range(1, 3):
            shown = await pressed(env, env.ada, answer, "Again")
            opened = await env.ada.press(shown, "Fine tuning")
            await env.changed(await fill(env.ada, opened, field0="metal"))
            await env.settle_down(0.1)
            if drops or number == 1:
                assert "This gateway may ignore: what the style is not." in shown["content"]
            await press(env, env.ada, shown, "Create")
            assert (await sent(env, number))["negative_tags"] == "metal", "it is sent in any case"
            await env.clock.advance(60, step=5)
        shown = await pressed(env, env.ada, answer, "Again")
        opened = await env.ada.press(shown, "Fine tuning")
        await env.changed(await fill(env.ada, opened, field0="metal"))
        await env.settle_down(0.1)
    assert told in shown["content"]
    assert "may ignore" not in shown["content"]


async def test_a_description_has_nothing_to_tune(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        assert "Fine tuning" not in buttons(await card(env))


async def test_the_menu_on_a_post_with_these_buttons_still_finds_its_task(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        post = await first_post(env)
        answer = await env.finished(await env.ada.menu(post, "Suno: look up tasks"))
        assert "Harbour Lights" in words(answer)
    assert components(post)


async def test_a_forged_number_of_a_song_is_answered(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        post = await first_post(env)
        forged = f"s1:sx:99:{DONE.id}"
        next(each for each in components(post) if each.get("label") == "Extend")["custom_id"] = forged
        answer = await env.finished(await env.ada.press(post, forged))
        assert "99" in answer["content"]


async def test_a_song_without_an_id_of_its_own_cannot_be_extended(env: Env) -> None:
    nameless = FakeTask("55555555-2222-4333-8444-555555555555", "code-1", songs=(Song("x", "Plain"),))
    env.gateway.add(nameless)
    async with env.bot(**ON):
        await turn_on(env)
        answer = await env.finished(await env.ada.slash(env.channel, "suno extend", song=nameless.id))
        assert "doesn't tell the song's own id" in answer["content"]


async def test_models_of_watched_songs_are_offered(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        await first_post(env)
        await env.clock.advance(3_700, step=300)
        await env.settle_down()
        offered = await env.ada.autocomplete(env.channel, "suno create", model="")
    assert [each["value"] for each in offered] == ["chirp-auk"], "the songs are said to be of v4.5"


async def test_what_was_under_way_at_one_look_counts_at_the_next(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        await env.clock.advance(3_590, step=300)
        env.gateway.add(replace(DONE, states=((0, "running"), (60, "done"))))
        await env.watch(DONE.id)
        await env.clock.advance(120, step=10)
        await env.posts()
        await env.clock.advance(3_600, step=300)
        await env.settle_down()
        offered = await env.ada.autocomplete(env.channel, "suno create", model="")
    assert [each["value"] for each in offered] == ["chirp-auk"]
