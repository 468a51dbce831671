"""The doctor's findings when something is wrong."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from bot.storage.schema import REVISION
from sandbox.local_discord.faults import Fault as DiscordFault
from sandbox.local_discord.permissions import Permission
from sandbox.local_gateway.fake_task import FakeTask
from sandbox.local_gateway.seen import refuses
from sandbox.local_gateway.server import Fault
from tests.bot_process import Command
from tests.conftest import KEY, TOKEN, Env

Doctor = Callable[..., Awaitable[tuple[int | None, str]]]
SLOW = FakeTask("task_slow", states=((0, "queued"),))


@pytest.fixture
def doctor(command: Command) -> Doctor:
    """Its exit code, and what it prints."""

    async def examine(*arguments: str, **settings: str | None) -> tuple[int | None, str]:
        code, output, errors = await command("doctor", *arguments, **settings)
        assert errors == ""
        assert not any(secret in output for secret in (KEY, TOKEN))
        return code, output

    return examine


@pytest.fixture
async def used(env: Env) -> Env:
    """The bot has run, and somebody watches a task in the channel."""
    env.gateway.add(SLOW)
    async with env.bot():
        await env.watch(SLOW.id)
    return env


def guild_of(env: Env) -> dict[str, Any]:
    guild = env.discord.world.guild_of(env.channel)
    assert guild
    return guild


async def test_a_file_to_which_not_all_was_moved(used: Env, doctor: Doctor) -> None:
    with closing(sqlite3.connect(used.database)) as database, database:
        database.execute("INSERT INTO notes VALUES ('moving', '{}')")
    code, output = await doctor("--offline")
    assert code == 1
    assert "not all was moved into this database: run `move` again, with the old DATABASE_URL." in output


async def test_all_is_well(used: Env, doctor: Doctor) -> None:
    code, output = await doctor()
    lines = output.splitlines()
    assert code == 0
    assert lines[-1] == "problems: 0, warnings: 0"
    assert all(line.startswith("ok ") for line in lines[:-2])
    for expected in (
        "token: it belongs to suno", "no privileged intent is on", "server install: on",
        "user install: on", "commands: Discord has all 4", "#songs in Studio: the bot may post there",
        f"gateway default: {used.gateway.url} answers", f"{used.gateway.media_host} is there", "clock: right",
        "MiB are free", "can be written", f"revision {REVISION}",
    ):  # fmt: skip
        assert expected in output


async def test_it_looks_beside_a_running_bot(env: Env, doctor: Doctor) -> None:
    env.gateway.add(SLOW)
    async with env.bot():
        await env.watch(SLOW.id)
        code, output = await doctor()
    assert (code, "#songs in Studio: the bot may post there" in output) == (0, True)


@pytest.mark.usefixtures("_before_the_first_start")
async def test_before_the_first_run(doctor: Doctor, tmp_path: Path) -> None:
    code, output = await doctor()
    assert code == 0
    assert "bot.db is not there yet" in output
    assert "skipped  commands, channels: they need the database" in output
    assert not list(tmp_path.iterdir())


async def test_offline_it_asks_nobody(used: Env, doctor: Doctor) -> None:
    asked = len(used.discord.requests), len(used.gateway.requests)
    code, output = await doctor("--offline")
    assert code == 0
    assert "skipped  Discord, gateways, media hosts, clock: they need the network" in output
    assert f"revision {REVISION}" in output
    assert (len(used.discord.requests), len(used.gateway.requests)) == asked


async def test_faulty_settings(doctor: Doctor, tmp_path: Path) -> None:
    code, output = await doctor(DISCORD_TOKEN=None, LOG_LEVEL="loud")
    assert code == 78
    assert "problem  settings: DISCORD_TOKEN is missing" in output
    assert "problem  settings: LOG_LEVEL takes debug, info, warning, error" in output
    assert f"there is no file {tmp_path}/.env" in output


async def test_a_refused_token(doctor: Doctor) -> None:
    code, output = await doctor(DISCORD_TOKEN="a.wrong.token")
    assert code == 1
    assert "problem  token: Discord refuses it. Developer portal" in output
    assert "a.wrong.token" not in output


@pytest.mark.parametrize("path", ["/users/@me", "/applications/.*/commands"])
async def test_a_discord_that_does_not_answer(used: Env, doctor: Doctor, path: str) -> None:
    used.discord.faults.order(DiscordFault(path, 503, times=100))
    code, output = await doctor()
    assert code == 1
    assert "problem  Discord: it cannot be reached (it answers with error 503)" in output
    assert "skipped  token, installation, commands, channels: they need Discord" in output
    assert "ok       gateway default" in output


@pytest.mark.parametrize(
    ("application", "code", "expected"),
    [
        ({"integration_types_config": {"1": {}}}, 1, "problem  server install: off"),
        ({"integration_types_config": {"0": {}}}, 0, "warning  user install: off"),
        ({"interactions_endpoint_url": "https://example.com"}, 1, "problem  commands: they go to a web address"),
        ({"bot_require_code_grant": True}, 1, "problem  invitation: the links do not work"),
        ({"bot_public": False}, 0, "ok       invitation: by its owner alone"),
        ({"flags": 1 << 19}, 0, "ok       intents: Message Content: on, and not needed"),
    ],
)
async def test_the_developer_portal(
    env: Env, doctor: Doctor, application: dict[str, Any], code: int, expected: str
) -> None:
    env.discord.world.application = application
    assert expected in (found := await doctor())[1]
    assert found[0] == code


async def test_commands_that_discord_has_lost(used: Env, doctor: Doctor) -> None:
    used.discord.world.commands.pop()
    _, output = await doctor()
    assert "warning  commands: Discord has others than this program" in output


@pytest.mark.parametrize(
    ("permission", "code", "expected"),
    [
        (Permission.SEND_MESSAGES, 1, "problem  #songs in Studio: nothing can be posted there"),
        (Permission.ATTACH_FILES, 0, "warning  #songs in Studio: songs come incomplete there"),
        (Permission.VIEW_CHANNEL, 1, "the bot cannot see it"),
    ],
)
async def test_a_missing_permission(
    used: Env, doctor: Doctor, permission: Permission, code: int, expected: str
) -> None:
    used.discord.changes.override(used.channel, guild_of(used)["roles"][0], deny=permission)
    found, output = await doctor()
    assert (found, expected in output) == (code, True)
    assert permission is Permission.VIEW_CHANNEL or "(denied to @everyone)" in output


async def test_a_thread_is_judged_by_its_channel(env: Env, doctor: Doctor) -> None:
    env.gateway.add(SLOW)
    thread = env.discord.world.add_thread(env.channel, "night shift")
    async with env.bot():
        await env.watch(SLOW.id, at=thread)
    env.discord.changes.override(env.channel, guild_of(env)["roles"][0], deny=Permission.SEND_MESSAGES_IN_THREADS)
    code, output = await doctor()
    assert code == 1
    assert "#night shift in Studio: nothing can be posted there" in output
    assert "Send Messages in Threads (denied to @everyone)" in output


async def test_deleted_channels_and_left_servers_are_reported(used: Env, doctor: Doctor) -> None:
    channel = used.discord.world.channels.pop(used.channel["id"])
    assert f"warning  channel {channel['id']} in Studio: it is gone" in (await doctor())[1]
    del used.discord.world.guilds[channel["guild_id"]]
    assert f"warning  server {channel['guild_id']}: the bot is no longer there" in (await doctor())[1]


@pytest.mark.parametrize(
    ("fault", "code", "expected"),
    [
        (Fault(401, b'{"error":{"message":"bad key"}}'), 1, 'problem  gateway default: it refuses the key ("bad key")'),
        (refuses(403, "your IP is not allowed"), 1, 'refuses the key ("your IP is not allowed (request id: '),
        (Fault(200, b"<!doctype html>", {"Content-Type": "text/html"}), 1, "there is a web page at"),
        (Fault(500, b"oops"), 1, "gives an answer that nobody can read"),
        (Fault(0), 1, "does not answer (ServerDisconnectedError)"),
        (Fault(429), 0, "warning  gateway default: it answers that it is busy"),
    ],
)
async def test_a_gateway(env: Env, doctor: Doctor, fault: Fault, code: int, expected: str) -> None:
    env.gateway.faults.append(fault)
    found, output = await doctor()
    assert (found, expected in output) == (code, True)


async def test_an_address_with_a_part_too_many(env: Env, doctor: Doctor) -> None:
    """It says at which address there is a gateway."""
    for typed in (f"{env.gateway.url}/api", f"{env.gateway.url}/api/relay"):
        code, output = await doctor(SUNO_BASE_URL=typed)
        assert code == 1
        assert f"there is no Suno at {typed}, but at {env.gateway.url}. Set SUNO_BASE_URL={env.gateway.url}" in output


async def test_files_that_others_can_read(used: Env, doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "bot.db").chmod(0o644)
    (tmp_path / ".env").write_text("LOG_LEVEL=info\n")
    (tmp_path / ".env").chmod(0o644)
    code, output = await doctor("--offline")
    assert code == 0
    assert f"everybody on this machine can read or change it: chmod 600 {tmp_path}/bot.db" in output
    assert "warning  .env: everybody on this machine can read or change it" in output
    assert used.channel["name"] not in output


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"SUNO_API_KEY": None}, "warning  settings: SUNO_API_KEY is empty"),
        ({"DISCORD_TOKEN": "a.b.c"}, "warning  settings: DISCORD_TOKEN does not look like"),
        ({"WATCHES_PER_USR": "5"}, "warning  settings: WATCHES_PER_USR is not a setting"),
    ],
)
async def test_likely_mistakes_are_reported(doctor: Doctor, settings: dict[str, str | None], expected: str) -> None:
    code, output = await doctor("--offline", **settings)
    assert (code, expected in output) == (0, True)


async def test_names_and_texts_of_strangers_are_safe_in_a_terminal(used: Env, doctor: Doctor) -> None:
    guild_of(used)["name"] = f"\x1b[2JStudio\nok  all is well\u202e {TOKEN}"
    words = f"bad \x1b]0;x\x07 {KEY}"
    used.gateway.faults.append(Fault(400, json.dumps({"error": {"message": words}}).encode()))
    _, output = await doctor()
    assert "#songs in \\x1b[2JStudio ok  all is well\\u202e [secret]: the bot may post there" in output
    assert "(400 bad \\x1b]0;x\\x07 [key])" in output


async def test_the_reason_for_a_refused_key_is_shown(env: Env, doctor: Doctor) -> None:
    env.gateway.usage = {
        "total_used": 120_000, "total_available": 0, "expires_at": 1_700_000_000, "model_limits_enabled": True,
        "model_limits": {"suno_lyrics": True},
    }  # fmt: skip
    env.gateway.faults.append(refuses(401, f"Invalid token {KEY}"))
    _, output = await doctor()
    assert 'refuses the key ("Invalid token [key]' in output
    assert "120,000 of its quota used, 0 left; expired on 2023-11-14; it may only use the models suno_lyrics" in output


async def test_the_settings_of_another_gateway_are_named(doctor: Doctor) -> None:
    _, output = await doctor(SUNO_GATEWAYS__BACKUP__BASE_URL="http://127.0.0.1:1")
    assert "problem  gateway backup: http://127.0.0.1:1 does not answer" in output
    assert "Check SUNO_GATEWAYS__BACKUP__BASE_URL" in output


async def test_a_media_host(doctor: Doctor) -> None:
    code, output = await doctor(MEDIA_ALLOW_HOSTS="127.0.0.1:1,localhost")
    assert code == 0
    assert "warning  media hosts: 127.0.0.1:1 does not answer" in output
    assert "ok       media hosts: localhost is there" in output
    assert "songs may come from any public address" in (await doctor(MEDIA_ALLOW_HOSTS=None))[1]


@pytest.mark.parametrize(
    ("date", "which"), [("Mon, 01 Jan 2001 00:00:00 GMT", "fast"), ("Fri, 01 Jan 2100 00:00:00 GMT", "slow")]
)
async def test_a_clock_that_is_wrong(env: Env, doctor: Doctor, date: str, which: str) -> None:
    env.discord.faults.order(DiscordFault("/gateway$", 200, body={"url": "ws://127.0.0.1"}, headers={"Date": date}))
    code, output = await doctor()
    assert code == 1
    assert f"s {which}. Let the system set it" in output


def change(file: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement, values)


@pytest.mark.parametrize(
    ("revision", "code", "expected"),
    [("0001", 0, "warning  database: it has revision 0001"), ("9999", 1, "bot.db: the database has revision 9999")],
)
async def test_a_database_of_another_revision(
    used: Env, doctor: Doctor, tmp_path: Path, revision: str, code: int, expected: str
) -> None:
    await asyncio.to_thread(change, tmp_path / "bot.db", "UPDATE alembic_version SET version_num = ?", revision)
    found, output = await doctor()
    assert (found, expected in output) == (code, True)
    assert used.channel["id"] not in output


async def test_a_database_that_lacks_a_table(used: Env, doctor: Doctor, tmp_path: Path) -> None:
    await asyncio.to_thread(change, tmp_path / "bot.db", "DROP TABLE notes")
    code, output = await doctor()
    assert code == 1
    assert "the database is damaged: it lacks notes. Restore a backup" in output
    assert used.gateway.url in output


@pytest.mark.parametrize("name", ["a b", "a%20%23%25é"])
async def test_every_command_means_the_same_file(
    env: Env, doctor: Doctor, command: Command, tmp_path: Path, name: str
) -> None:
    """With any name."""
    url = f"sqlite:///{tmp_path}/{name}.db"
    async with env.bot(database_url=url):
        pass
    code, output = await doctor(DATABASE_URL=url)
    assert (code, f"{unquote(name)}.db has revision {REVISION}" in output) == (0, True)
    assert "commands: Discord has all" in output
    code, _, errors = await command("backup", "copy.db", DATABASE_URL=url)
    assert (code, errors) == (0, "")


@pytest.mark.usefixtures("_before_the_first_start")
async def test_a_database_of_another_program(doctor: Doctor, tmp_path: Path) -> None:
    await asyncio.to_thread(change, tmp_path / "bot.db", "CREATE TABLE bookmarks (title)")
    code, output = await doctor("--offline")
    assert code == 1
    assert "belongs to another program: set another DATABASE_URL" in output


async def test_a_file_that_is_no_database(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "bot.db").write_bytes(b"not a database " * 1000)
    code, output = await doctor("--offline")
    assert code == 1
    assert "problem  database:" in output
    assert "Restore a backup" in output
