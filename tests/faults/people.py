"""What people do to the bot, on purpose or not: they get an explanation, and nobody else is affected."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sandbox.local_discord.messages import Upload
from sandbox.local_discord.people import Person
from sandbox.local_discord.permissions import Permission
from tests import forged
from tests.faults.rows import Begin, Fate, Row, says
from tests.faults.scenario import OTHER, TASK, Scenario
from tests.messages import Message, words

_OFTEN = 70  # times; a person has 60 commands a minute

Act = Callable[[Scenario, Person], Awaitable[Message]]


def does(act: Act, key: str) -> Begin:
    """Somebody else on the server; `told`: the key of what they read, or nothing."""

    @asynccontextmanager
    async def begin(scenario: Scenario) -> AsyncIterator[None]:
        env = scenario.env
        env.discord.world.locales[env.ben.id] = "en-US"
        answer = await act(scenario, env.ben)
        assert not key or says(key, words(answer)), words(answer)
        yield

    return begin


def row(name: str, act: Act, key: str = "") -> Row:
    return Row(name, does(act, key), doer=key, fate=Fate.ARRIVES)


def gives(text: str) -> Act:
    """As a file, to /suno batch."""

    async def act(scenario: Scenario, person: Person) -> Message:
        file = Upload("ids.txt", text.encode(), "text/plain")
        return await scenario.env.finished(await person.slash(scenario.env.channel, "suno batch", file=file))

    return act


def types(text: str) -> Act:
    async def act(scenario: Scenario, person: Person) -> Message:
        return await scenario.env.finished(await person.slash(scenario.env.channel, "suno watch", ids=text))

    return act


async def calls(scenario: Scenario, person: Person) -> Message:
    """The bot, with a text that has no id in it; and then goes on as before."""
    person.say(scenario.env.channel, f"<@{scenario.discord.world.bot['id']}> " + "<@" + "1" * 1_900)
    return await types("nothing")(scenario, person)


async def batches_without_end(scenario: Scenario, person: Person) -> Message:
    for number in range(_OFTEN):
        ids = "\n".join(f"task-{number}x{each}" for each in range(500)).encode()
        asked = await person.slash(scenario.env.channel, "suno batch", file=Upload("ids.txt", ids, "text/plain"))
        if asked.message and says("allowed.often", words(asked.message)):
            return asked.message
    raise AssertionError("never too often")


async def suggestions_without_end(scenario: Scenario, person: Person) -> Message:
    """Beyond the limit nothing is offered."""
    await scenario.env.status(TASK.id, person=person)
    offered = [await person.autocomplete(scenario.env.channel, "suno status", id="") for _ in range(3 * _OFTEN)]
    assert offered[0]
    assert offered[-1] == []
    return {}


async def puts_a_chart_where_the_bot_may_not_write(scenario: Scenario, _: Person) -> Message:
    """A manager does."""
    env = scenario.env
    guild = env.discord.world.guilds[env.channel["guild_id"]]
    channel = env.discord.changes.add_channel(guild, "weekly")
    env.discord.changes.override(channel, guild["roles"][0], deny=Permission.SEND_MESSAGES)
    return await env.finished(await env.ada.slash(env.channel, "suno-admin charts", channel=channel))


def presses(custom_id: Callable[[Scenario], str]) -> Act:
    """A button that the bot never made."""

    async def act(scenario: Scenario, person: Person) -> Message:
        scenario.env.gateway.add(OTHER)
        card = await scenario.env.status(OTHER.id, person=person)
        pressed = await forged.press(person, card, custom_id(scenario))
        await scenario.env.discord.hub.until(lambda: bool(pressed.follow_ups) or pressed.message not in (None, card))
        return pressed.follow_ups[-1] if pressed.follow_ups else await scenario.env.finished(pressed)

    return act


ROWS = (
    row("60 kB of a mention that never ends", gives("<@" + "1" * 60_000), "id.none"),
    row("60 kB of the beginnings of addresses", gives("http://a" * 7_500), "id.none"),
    row("60 kB of JSON that is never closed", gives('{"id":' * 10_000), "id.none"),
    row("a path in place of an id", types("../../etc/passwd"), "id.odd"),
    row("a mention of the bot with a text that never ends", calls),
    row("batches of 500 ids without end", batches_without_end, "allowed.often"),
    row("suggestions asked for without end", suggestions_without_end),
    row(
        "a weekly chart in a channel where the bot may not write",
        puts_a_chart_where_the_bot_may_not_write,
        "chart.missing",
    ),
    row("a forged button of a song that is not there", presses(lambda _: "s1:io:0:9"), "library.gone"),
    row("a forged button of another's watch", presses(lambda _: "s1:st:0:1"), "watch.not_yours"),
    row("a forged button that does nothing", presses(lambda _: "s1:zz:0:1"), "err.button"),
)
