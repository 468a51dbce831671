"""Creating songs, as people do it in Discord: the card, the press, the post; and who may not."""

from typing import Any

import msgspec
import pytest

from bot.domain.order import OrderState
from bot.domain.song_request import SongRequest
from bot.storage.database import open_read_only
from sandbox.local_discord.people import Person, components
from sandbox.local_discord.permissions import Permission
from tests.conftest import Env
from tests.messages import buttons, words
from tests.sample_tasks import FAST

ON = {**FAST, "create": "on"}


async def turn_on(env: Env) -> dict[str, Any]:
    panel = await env.finished(await env.ada.slash(env.channel, "suno-admin create"))
    await env.changed(await env.ada.press(panel, "Turn creating on"))
    await env.settle_down(0.1)
    return panel


async def order_without_answer(env: Env) -> None:
    """Ada's, whose answer gets lost; the bot has run for it, and was stopped."""
    env.gateway.orders.plan = ["lost"]
    async with env.bot(**ON):
        await turn_on(env)
        await press(env, env.ada, await card(env), "Create")
        await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
        await env.settle_down(0.3)


async def card(env: Env, person: Person | None = None, **options: Any) -> dict[str, Any]:
    options = options or {"about": "rain on the harbour"}
    return await env.finished(await (person or env.ada).slash(env.channel, "suno create", **options))


async def press(env: Env, person: Person, message: dict[str, Any], label: str) -> None:
    name = next(each for each in buttons(message) if each.startswith(label))
    await env.changed(await person.press(message, name))
    await env.settle_down(0.1)


async def fill(person: Person, opened: Any, **texts: str) -> Any:
    """A form, with its fields as they are but for those texts, by their place."""
    sent = []
    for number, label in enumerate(opened.modal["components"]):
        field = label["component"]
        if field["type"] == 4:
            value = texts.get(f"field{number}", field.get("value", ""))
            filled = {"type": 4, "custom_id": field["custom_id"], "value": value}
        else:
            chosen = [each["value"] for each in field.get("options", ()) if each.get("default")]
            filled = {"type": field["type"], "custom_id": field["custom_id"], "values": chosen}
        sent.append({"type": 18, "component": filled})
    return await person.submit(opened, sent)


async def give_id(env: Env) -> None:
    """Ada has found the task of her order, whose answer got lost, in the gateway's log."""
    shown = await env.finished(await env.ada.slash(env.channel, "suno orders"))
    opened = await env.ada.press(shown, "It's this id")
    found = await env.finished(await fill(env.ada, opened, field0=env.gateway.orders.posts[0].task_id))
    assert "It was ordered once" in found["content"]


async def let_in(env: Env, panel: dict[str, Any], role: dict[str, Any]) -> None:
    """Who has that role may order from now on."""
    opened = await env.ada.press(panel, "People and channels")
    assert opened.modal
    fields = [label["component"] for label in opened.modal["components"]]
    chosen = [[role["id"]], *([] for _ in fields[1:])]
    sent = [
        {"type": 18, "component": {"type": field["type"], "custom_id": field["custom_id"], "values": values}}
        for field, values in zip(fields, chosen, strict=True)
    ]
    await env.changed(await env.ada.submit(opened, sent, {"roles": {role["id"]: role}}))


def with_role(env: Env, person: Person, name: str) -> dict[str, Any]:
    """A new role, which they have."""
    guild = env.discord.world.guilds[env.channel["guild_id"]]
    role = env.discord.world.add_role(guild, name)
    next(each for each in guild["members"] if each["user"]["id"] == person.id)["roles"].append(role["id"])
    return role


async def orders(env: Env) -> list[tuple[str, OrderState]]:
    async with open_read_only(env.settings["database_url"].replace("sqlite:", "sqlite+aiosqlite:")) as engine:
        async with engine.connect() as connection:
            rows = (await connection.exec_driver_sql("SELECT request, state FROM orders")).mappings().all()
        return [(msgspec.json.decode(row["request"], type=SongRequest).name, OrderState(row["state"])) for row in rows]


async def test_while_it_is_off_every_command_answers_with_one_sentence(env: Env) -> None:
    async with env.bot(**FAST):
        for command, options in (("create", {"about": "rain"}), ("create", {}), ("write", {"about": "rain"})):
            answer = await env.finished(await env.ada.slash(env.channel, f"suno {command}", **options))
            assert "CREATE=on" in answer["content"]
            assert not answer["components"]
        panel = await env.finished(await env.ada.slash(env.channel, "suno-admin create"))
        assert "CREATE=on" in words(panel)
    assert env.gateway.orders.posts == []


async def test_a_song_is_made_with_two_presses_and_posted_for_its_maker(env: Env) -> None:
    env.gateway.orders.takes = 3.0
    env.gateway.sells = True
    async with env.bot(**ON):
        await turn_on(env)
        shown = await card(env)
        assert "rain on the harbour" in shown["content"]
        assert "≈0.10" in shown["content"]
        assert env.gateway.orders.posts == [], "nothing is paid before the press"
        await press(env, env.ada, shown, "Create")
        await env.clock.advance(30, step=1)
        posts = await env.posts(2)
        assert any(f"Made by <@{env.ada.id}>" in post["content"] and post["attachments"] for post in posts)
        assert not any("Requested by" in post["content"] for post in posts)
    assert len(env.gateway.orders.posts) == len(env.gateway.orders.charges) == 1
    ((name, state),) = await orders(env)
    assert (name, state in (OrderState.ACCEPTED, OrderState.FINISHED)) == ("rain on the harbour", True)


async def test_two_presses_at_once_are_one_order(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        shown = await card(env)
        name = next(each for each in buttons(shown) if each.startswith("Create"))
        for _ in range(2):
            await env.ada.press(shown, name)
        await env.settle_down()
    assert len(env.gateway.orders.posts) == 1


async def test_a_person_without_a_role_is_told_who_may_order(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        answer = await card(env, env.ben)
        assert "/suno-admin create" in answer["content"]
    assert env.gateway.orders.posts == []


async def test_own_lyrics_are_typed_into_a_form_and_edited_on_the_card(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        begin = await env.finished(await env.ada.slash(env.channel, "suno create"))
        opened = await env.ada.press(begin, "Own lyrics")
        await env.changed(await fill(env.ada, opened, field0="Harbour", field1="folk", field2="[Verse]\nSalt"))
        await env.settle_down(0.1)
        assert "Lyrics 12 / 5,000 · Style 4 / 1,000" in begin["content"], "the card takes the place of the question"
        opened = await env.ada.press(begin, "Edit")
        await env.changed(await fill(env.ada, opened, field0="Harbour Lights"))
        await env.settle_down(0.1)
        await press(env, env.ada, begin, "Create")
        await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
    body = env.gateway.orders.posts[0].body
    assert (body["title"], body["tags"], body["prompt"]) == ("Harbour Lights", "folk", "[Verse]\nSalt")


async def test_options_of_the_command_are_used_by_the_form(env: Env) -> None:
    stage = env.discord.changes.add_channel(env.discord.world.guilds[env.channel["guild_id"]], "stage")
    async with env.bot(**ON):
        await turn_on(env)
        chosen = {"channel": stage, "voice": "female", "model": "chirp-crow"}
        begin = await env.finished(await env.ada.slash(env.channel, "suno create", **chosen))
        opened = await env.ada.press(begin, "Describe it")
        await env.changed(await fill(env.ada, opened, field0="rain on the harbour"))
        await env.settle_down(0.1)
        assert f"<#{stage['id']}>" in begin["content"]
        await press(env, env.ada, begin, "Create")
        await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
    assert env.gateway.orders.posts[0].body["mv"] == "chirp-crow"
    assert "female" in str(env.gateway.orders.posts[0].body).lower()


async def test_a_channel_in_which_they_may_not_write_cannot_be_forged(env: Env) -> None:
    guild = env.discord.world.guilds[env.channel["guild_id"]]
    staff = env.discord.changes.add_channel(guild, "staff")
    role = with_role(env, env.ben, "Singers")
    env.discord.changes.override(staff, guild["roles"][0], deny=Permission.SEND_MESSAGES)
    async with env.bot(**ON):
        await let_in(env, await turn_on(env), role)
        begin = await env.finished(await env.ben.slash(env.channel, "suno create"))
        components(begin)[1]["custom_id"] = f"s1:cd:0:{staff['id']}.any."
        opened = await env.ben.press(begin, f"s1:cd:0:{staff['id']}.any.")
        sent = await fill(env.ben, opened, field0="rain")
        (told,) = await env.discord.hub.until(lambda: sent.follow_ups)
    assert "你不能在那个频道发送消息" in told["content"]
    assert await orders(env) == []


async def test_a_request_that_is_too_long_is_refused_and_kept(env: Env) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        shown = await card(env, about="rain " * 200, model="chirp-crow")
        assert "1,000 / 500" in shown["content"]
        assert not any(each.startswith("Create") for each in buttons(shown))
    assert (await orders(env))[0][1] is OrderState.DRAFT


async def test_a_member_with_a_role_orders_and_a_manager_approves(env: Env) -> None:
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON):
        panel = await turn_on(env)
        await press(env, env.ada, panel, "Ask for approval")
        await let_in(env, panel, role)
        shown = await card(env, env.ben)
        await press(env, env.ben, shown, "创作")
        assert "批准" in shown["content"]
        assert env.gateway.orders.posts == []
        asked = await env.finished(await env.ada.slash(env.channel, "suno-admin orders"))
        assert "rain on the harbour" in words(asked)
        await press(env, env.ada, asked, "Approve")
        await env.discord.hub.until(lambda: len(env.gateway.orders.posts) == 1)


async def test_a_lost_answer_is_found_by_its_id_and_posted(env: Env) -> None:
    env.gateway.orders.plan, env.gateway.orders.takes = ["lost"], 3.0
    async with env.bot(**ON):
        await turn_on(env)
        await press(env, env.ada, await card(env), "Create")
        await env.clock.advance(20, step=5)
        dm = env.discord.world.dm_with(env.ada.user)
        await env.discord.hub.until(lambda: any("No answer came" in each["content"] for each in env.posted(dm)))
        await give_id(env)
        await env.clock.advance(20, step=1)
        await env.discord.hub.until(lambda: any(each["attachments"] for each in env.posted()))
    assert len(env.gateway.orders.posts) == 1


async def test_a_refused_order_is_told_and_can_be_tried_again(env: Env) -> None:
    env.gateway.orders.plan = ["refuses"]
    async with env.bot(**ON):
        await turn_on(env)
        await press(env, env.ada, await card(env), "Create")
        await env.clock.advance(40, step=5)
        dm = env.discord.world.dm_with(env.ada.user)
        await env.discord.hub.until(lambda: any('"Nobody"' in each["content"] for each in env.posted(dm)))
        shown = await env.finished(await env.ada.slash(env.channel, "suno orders"))
        again = await env.finished(await env.ada.press(shown, "Edit and try again"))
        await press(env, env.ada, again, "Create")
        await env.discord.hub.until(lambda: len(env.gateway.orders.posts) == 2)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("suno orders", "You have no orders yet.\n-# Begin with /suno create."),
        ("suno usage", "Songs: 0 of 3 used"),
        ("suno-admin orders", "No order needs a manager"),
    ],
)
async def test_lists_are_there_before_anything_was_ordered(env: Env, command: str, told: str) -> None:
    async with env.bot(**ON):
        await turn_on(env)
        assert told in words(await _answer(env, env.ada, command))


@pytest.mark.parametrize("command", ["suno orders", "suno usage"])
async def test_who_cannot_order_is_told_so_instead_of_what_is_left(env: Env, command: str) -> None:
    async with env.bot(**FAST):
        off = words(await _answer(env, env.ada, command))
    async with env.bot(**ON):
        not_here = words(await _answer(env, env.ada, command))
    assert "the bot's owner can turn it on" in off
    assert "Creating is off in this server" in not_here
    for each in (off, not_here):
        assert not any(wrong in each for wrong in ("Begin with", " left"))


async def test_a_manager_orders_an_unsure_one_again_warned_that_it_may_cost_twice(env: Env) -> None:
    env.gateway.orders.plan = ["lost"]
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON):
        await let_in(env, await turn_on(env), role)
        await press(env, env.ben, await card(env, env.ben), "创作")
        await env.discord.hub.until(lambda: bool(env.gateway.orders.posts))
        await env.settle_down(0.2)
        mine = await env.finished(await env.ben.slash(env.channel, "suno orders"))
        assert "重试" not in buttons(mine), "only who manages the server may risk that"
        asked = await env.finished(await env.ada.slash(env.channel, "suno-admin orders"))
        again = await env.finished(await env.ada.press(asked, "Try again"))
        assert "may cost twice" in again["content"]
        assert len(env.gateway.orders.posts) == 1, "nothing is paid before the press"
        await press(env, env.ada, again, "Create")
        await env.discord.hub.until(lambda: len(env.gateway.orders.posts) == 2)


async def test_managers_choose_the_models(env: Env) -> None:
    async with env.bot(**ON, suno_models=("chirp-hawk", "chirp-crow", "chirp-goose")):
        panel = await turn_on(env)
        assert "all that the gateway has" in words(panel)
        opened = await env.ada.press(panel, "Models")
        assert opened.modal
        field = opened.modal["components"][0]["component"]
        chosen = {"type": 3, "custom_id": field["custom_id"], "values": ["chirp-crow"]}
        await env.changed(await env.ada.submit(opened, [{"type": 18, "component": chosen}]))
        await env.settle_down(0.1)
        assert "Models: v5" in words(panel)
        offered = await env.ada.autocomplete(env.channel, "suno create", model="")
        assert [each["value"] for each in offered] == ["chirp-crow"]
        shown = await card(env)
        assert "New song · v5" in shown["content"], "the first that may be chosen is the usual one"
        assert any(each.startswith("Create") for each in buttons(shown))
        refused = await card(env, about="rain", model="chirp-hawk")
        assert "not offered in this server" in refused["content"]


async def test_orders_lead_to_their_posts_and_managers_see_who_ordered_how_much(env: Env) -> None:
    env.gateway.orders.takes, env.gateway.sells = 3.0, True
    role = with_role(env, env.ben, "Singers")
    async with env.bot(**ON, suno_price=0.3):
        await let_in(env, await turn_on(env), role)
        await press(env, env.ben, await card(env, env.ben), "创作")
        await env.clock.advance(30, step=1)
        await env.discord.hub.until(lambda: any(each["attachments"] for each in env.posted()))
        post = next(each for each in env.posted() if each["attachments"])
        link = f"https://discord.com/channels/{env.channel['guild_id']}/{env.channel['id']}/{post['id']}"
        await env.says(lambda: _answer(env, env.ben, "suno orders"), link)
        told = words(await _answer(env, env.ada, "suno usage"))
        assert f"<@{env.ben.id}>: songs 1, lyrics 0 · 0.30" in told
        assert f"<@{env.ben.id}>" not in words(await _answer(env, env.ben, "suno usage"))


async def _answer(env: Env, person: Person, command: str) -> dict[str, Any]:
    return await env.finished(await person.slash(env.channel, command))
