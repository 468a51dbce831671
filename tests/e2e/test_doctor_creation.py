"""What the doctor says of creating songs: what turning it on means for the bill, and what each gateway tells."""

import pytest

from tests.bot_process import Command
from tests.conftest import Env
from tests.e2e.test_create import ON, turn_on

UNIT = 500_000


async def doctor(command: Command, **settings: str) -> tuple[int | None, str]:
    code, output, errors = await command("doctor", CREATE="on", **settings)
    assert errors == ""
    return code, "\n".join(line for line in output.splitlines() if " creation" in line)


async def test_off_is_said_with_what_on_would_mean(env: Env, command: Command) -> None:
    code, output, _ = await command("doctor", "--offline")
    assert code == 0
    assert "ok       creation: off: nothing can be ordered" in output
    assert "spend the credit of your key" in output
    assert not [each for each in env.gateway.requests if each.path.startswith("/api")]


async def test_on_says_how_much_a_day_may_cost_and_what_the_gateway_tells(env: Env, command: Command) -> None:
    env.gateway.sells = True
    env.gateway.orders.credit = 3 * UNIT
    async with env.bot(**ON):
        await turn_on(env)
    code, said = await doctor(command, CREATE_PER_DAY="20", SUNO_PRICE="0.25", SUNO_MODELS="chirp-hawk,chirp-crow")
    assert code == 0
    assert "in the 1 server where a manager has turned it on" in said
    assert "At most 20 songs a day (CREATE_PER_DAY), which is 5.00 (SUNO_PRICE)" in said
    assert "a song costs 0.25 (SUNO_PRICE)" in said
    assert "3.00 left on the key" in said
    assert "chirp-hawk, chirp-crow (SUNO_MODELS)" in said
    assert "warning" not in said


async def test_the_price_list_is_used_where_nobody_has_set_a_price(env: Env, command: Command) -> None:
    env.gateway.sells = True
    _, said = await doctor(command)
    assert "a song costs about 0.10" in said
    assert "in no server yet" in said
    assert "the key has no limit" in said


async def test_what_is_not_told_is_said_with_what_to_set(env: Env, command: Command) -> None:
    code, said = await doctor(command, CREATE_KEEP_BALANCE="5")
    assert code == 0
    assert "Set SUNO_PRICE" in said
    assert "CREATE_KEEP_BALANCE keeps nothing there" in said
    assert env.gateway.orders.posts == [], "it never orders anything"


@pytest.mark.parametrize(("credit", "told"), [(2.0, "CREATE_KEEP_BALANCE=2.5"), (0.05, "too little for a song")])
async def test_a_key_that_is_used_up_is_a_problem(env: Env, command: Command, credit: float, told: str) -> None:
    env.gateway.sells = True
    env.gateway.orders.credit = credit * UNIT
    code, said = await doctor(command, **({"CREATE_KEEP_BALANCE": "2.5"} if credit > 1 else {}))
    assert code == 1
    assert told in said


async def test_a_key_that_may_not_use_songs_is_told_before_anybody_orders(env: Env, command: Command) -> None:
    env.gateway.sells = True
    env.gateway.orders.models = ("gpt-5",)
    _, said = await doctor(command)
    assert "no suno_music for this key" in said
